import { gatewayApi } from "./support/crds.ts";
import { compareWithCatalog } from "./support/matrix.ts";

const MODULE = { path: "github.com/cert-manager/cert-manager", version: "v1.11.5" };
const OWN_CRDS = { module: MODULE, folder: "deploy/crds" };
/** Those that issue certificates. The one for Gateways, gateway-shim, only asks for them. */
const LOOPS = [
  "issuers",
  "clusterissuers",
  "certificates-trigger",
  "certificates-issuing",
  "certificates-readiness",
  "certificates-key-manager",
  "certificates-request-manager",
  "certificates-revision-manager",
  "orders",
  "challenges",
];

await compareWithCatalog({
  release: {
    id: "cert-manager-controller",
    version: "1.11.5",
    image: "quay.io/jetstack/cert-manager-controller:v1.11.5",
    program: { module: MODULE, package: "./cmd/controller" },
    namespace: "cert-manager",
    args: ({ kubeconfig }) => [
      `--kubeconfig=${kubeconfig}`,
      "--feature-gates=ExperimentalGatewayAPISupport=true",
      "--leader-elect=false",
      "--cluster-resource-namespace=cert-manager",
      "--v=5",
    ],
    signs: {
      ready: LOOPS.map((name) => new RegExp(`cert-manager/${name} "msg"="starting worker"`)),
      skip: /Failed to watch \*\w+\.(?<kind>\w+)/,
      reason: /do not seem to be present|failed to list|error waiting for/,
      // Its Deployment had no probe before 1.12.
      liveness: null,
      // It has started all within a second, and waits for what it cannot read without an end.
      patienceMs: 20_000,
    },
  },
  baseline: [gatewayApi("v1.0.0", "experimental"), OWN_CRDS],
  bundles: [
    { title: "v1.6.0 standard alone", folders: [gatewayApi("v1.6.0", "standard"), OWN_CRDS] },
    { title: "no Gateway API", folders: [OWN_CRDS] },
  ],
});

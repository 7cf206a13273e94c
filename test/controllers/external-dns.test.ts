import { gatewayApi } from "./support/crds.ts";
import { compareWithCatalog } from "./support/matrix.ts";

await compareWithCatalog({
  release: {
    id: "external-dns",
    version: "0.14.2",
    image: "registry.k8s.io/external-dns/external-dns:v0.14.2",
    program: { module: { path: "sigs.k8s.io/external-dns", version: "v0.14.2" }, package: "." },
    namespace: "external-dns",
    args: ({ kubeconfig }) => [
      ...["httproute", "grpcroute", "tlsroute", "tcproute", "udproute"].map((kind) => `--source=gateway-${kind}`),
      "--provider=inmemory",
      "--inmemory-zone=example.org",
      "--metrics-address=127.0.0.1:28179",
      `--kubeconfig=${kubeconfig}`,
    ],
    signs: {
      // It has read its sources once, and compared them with the zone.
      ready: [/All records are already up to date/],
      reason: /level=fatal|failed to sync/,
      // charts/external-dns/values.yaml
      liveness: "http://127.0.0.1:28179/healthz",
      // It waits for its caches for a minute.
      patienceMs: 90_000,
    },
  },
  baseline: [gatewayApi("v1.0.0", "experimental")],
  bundles: [
    { title: "v1.0.0 standard alone", folders: [gatewayApi("v1.0.0", "standard")] },
    {
      title: "v1.1.0 standard over v1.0.0 experimental",
      folders: [gatewayApi("v1.0.0", "experimental"), gatewayApi("v1.1.0", "standard")],
    },
  ],
});

import { compareWithCatalog } from "./support/matrix.ts";

const MODULE = { path: "github.com/external-secrets/external-secrets", version: "v0.16.1" };
const LOOPS = [
  "externalsecret",
  "secretstore",
  "clustersecretstore",
  "clusterexternalsecret",
  "pushsecret",
  "clusterpushsecret",
  "generatorstate",
];

await compareWithCatalog({
  release: {
    id: "external-secrets",
    version: "0.16.1",
    image: "ghcr.io/external-secrets/external-secrets:v0.16.1",
    program: { module: MODULE, package: "." },
    namespace: "external-secrets",
    args: () => ["--concurrent=1", "--metrics-addr=127.0.0.1:28380"],
    signs: {
      ready: LOOPS.map((name) => new RegExp(`"Starting workers","controller":"${name}"`)),
      reason: /unable to|no matches for kind|timed out waiting for cache|problem running/,
      // Its Deployment has no liveness probe.
      liveness: null,
      // controller-runtime waits for caches for two minutes, and gives up then.
      patienceMs: 150_000,
    },
  },
  baseline: [{ module: MODULE, folder: "config/crds/bases" }],
  bundles: [],
});

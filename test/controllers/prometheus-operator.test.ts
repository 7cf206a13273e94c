import { compareWithCatalog } from "./support/matrix.ts";

const MODULE = { path: "github.com/prometheus-operator/prometheus-operator", version: "v0.70.0" };

await compareWithCatalog({
  release: {
    id: "prometheus-operator",
    version: "0.70.0",
    image: "quay.io/prometheus-operator/prometheus-operator:v0.70.0",
    program: { module: MODULE, package: "./cmd/operator" },
    namespace: "monitoring",
    args: () => ["--web.listen-address=127.0.0.1:28480"],
    signs: {
      ready: ["prometheus", "alertmanager", "thanos"].map(
        (name) => new RegExp(`component=${name}operator msg="successfully synced all caches"`),
      ),
      skip: /msg="resource \\"(?<kind>\w+)\\".* not installed in the cluster/,
      reason: /not installed|failed to|cache not yet synced/i,
      liveness: "http://127.0.0.1:28480/healthz",
      // It has read all within a second, and waits for what it cannot read without an end.
      patienceMs: 20_000,
    },
  },
  baseline: [{ module: MODULE, folder: "example/prometheus-operator-crd" }],
  bundles: [],
});

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { compareWithCatalog } from "./support/matrix.ts";

const MODULE = { path: "github.com/fluxcd/source-controller", version: "v1.3.0" };
const LOOPS = ["gitrepository", "helmrepository", "helmchart", "bucket", "ocirepository"];

await compareWithCatalog({
  release: {
    id: "flux-source-controller",
    version: "1.3.0",
    image: "ghcr.io/fluxcd/source-controller:v1.3.0",
    program: { module: MODULE, package: "." },
    namespace: "flux-system",
    args: ({ workDir }) => [
      "--enable-leader-election=false",
      `--storage-path=${join(workDir, "flux-storage")}`,
      "--storage-addr=127.0.0.1:28541",
      "--storage-adv-addr=127.0.0.1:28541",
      "--metrics-addr=127.0.0.1:28542",
      "--health-addr=127.0.0.1:28543",
      "--events-addr=",
    ],
    env: { RUNTIME_NAMESPACE: "flux-system" },
    prepare: async ({ workDir }) => {
      await mkdir(join(workDir, "flux-storage"));
    },
    signs: {
      ready: LOOPS.map((name) => new RegExp(`"msg":"Starting workers","controller":"${name}"`)),
      reason: /unable to|no matches for kind|timed out waiting for cache|problem running/,
      // config/manager/deployment.yaml
      liveness: "http://127.0.0.1:28543/healthz",
      // controller-runtime waits for caches for two minutes, and gives up then.
      patienceMs: 150_000,
    },
  },
  baseline: [{ module: MODULE, folder: "config/crd/bases" }],
  bundles: [],
});

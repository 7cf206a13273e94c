import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gatewayApi } from "./support/crds.ts";
import { compareWithCatalog } from "./support/matrix.ts";

const MODULE = { path: "github.com/projectcontour/contour", version: "v1.30.0" };
const OWN_CRDS = { module: MODULE, folder: "examples/contour", file: "01-crds.yaml" };
const CONFIGURATION = "gateway:\n  gatewayRef:\n    namespace: projectcontour\n    name: contour\n";

await compareWithCatalog({
  release: {
    id: "contour",
    version: "1.30.0",
    image: "ghcr.io/projectcontour/contour:v1.30.0",
    program: { module: MODULE, package: "./cmd/contour" },
    namespace: "projectcontour",
    args: ({ kubeconfig, workDir }) => [
      "serve",
      `--kubeconfig=${kubeconfig}`,
      `--config-path=${join(workDir, "contour.yaml")}`,
      "--insecure",
      "--xds-address=127.0.0.1",
      "--xds-port=28201",
      "--http-address=127.0.0.1",
      "--http-port=28202",
      "--health-address=127.0.0.1",
      "--health-port=28203",
      "--debug-http-port=28204",
    ],
    settings: { "projectcontour/contour/contour.yaml": CONFIGURATION },
    prepare: ({ workDir }) => writeFile(join(workDir, "contour.yaml"), CONFIGURATION),
    signs: {
      ready: [/the initial dag is built/, /started xDS server/],
      reason: /failed to create informer|no matches for|level=fatal|timed out waiting for cache/,
      // examples/contour/03-contour.yaml
      liveness: "http://127.0.0.1:28203/healthz",
      // controller-runtime waits for caches for two minutes, and gives up then.
      patienceMs: 150_000,
    },
  },
  baseline: [gatewayApi("v1.1.0", "experimental"), OWN_CRDS],
  bundles: [
    { title: "v1.1.0 standard alone", folders: [gatewayApi("v1.1.0", "standard"), OWN_CRDS] },
    { title: "v1.0.0 experimental alone", folders: [gatewayApi("v1.0.0", "experimental"), OWN_CRDS] },
    {
      title: "v1.4.1 standard over v1.1.0 experimental",
      folders: [gatewayApi("v1.1.0", "experimental"), gatewayApi("v1.4.1", "standard"), OWN_CRDS],
    },
  ],
});

import { compareWithCatalog } from "./support/matrix.ts";

const MODULE = { path: "github.com/kubernetes-csi/external-snapshotter/v8", version: "v8.2.0" };
const CLIENT = { path: "github.com/kubernetes-csi/external-snapshotter/client/v8", version: "v8.2.0" };

await compareWithCatalog({
  release: {
    id: "snapshot-controller",
    version: "8.2.0",
    image: "registry.k8s.io/sig-storage/snapshot-controller:v8.2.0",
    program: { module: MODULE, package: "./cmd/snapshot-controller" },
    namespace: "kube-system",
    args: ({ kubeconfig }) => [
      `--kubeconfig=${kubeconfig}`,
      "--feature-gates=CSIVolumeGroupSnapshot=true",
      "--http-endpoint=127.0.0.1:28190",
    ],
    signs: {
      ready: [/Starting snapshot controller/],
      reason: /Failed to list|Exiting due to failure/,
      // Its Deployment has no probe.
      liveness: null,
      // --retry-crd-interval-max
      patienceMs: 60_000,
    },
  },
  baseline: [{ module: CLIENT, folder: "config/crd" }],
  bundles: [],
});

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ControllerRelease } from "./support/controller.ts";
import { gatewayApi } from "./support/crds.ts";
import { compareWithCatalog } from "./support/matrix.ts";

/** Where ServiceImport comes from. */
const MCS_API = { module: { path: "sigs.k8s.io/mcs-api", version: "v0.1.0" }, folder: "config/crd" };

await compareWithCatalog({
  release: ciliumOperator("1.15.6", ["gatewayclass", "gateway", "referencegrant", "httproute", "grpcroute", "tlsroute"]),
  baseline: [gatewayApi("v1.0.0", "experimental")],
  bundles: [
    {
      title: "v1.1.0 standard over v1.0.0 experimental",
      folders: [gatewayApi("v1.0.0", "experimental"), gatewayApi("v1.1.0", "standard")],
    },
    { title: "v1.1.0 standard alone", folders: [gatewayApi("v1.1.0", "standard")] },
    { title: "v1.2.1 experimental alone", folders: [gatewayApi("v1.2.1", "experimental")] },
  ],
});

await compareWithCatalog({
  release: ciliumOperator("1.17.0", ["gatewayclass", "gateway", "referencegrant", "httproute", "grpcroute"]),
  baseline: [gatewayApi("v1.2.1", "experimental"), MCS_API],
  bundles: [
    { title: "v1.2.1 standard alone", folders: [gatewayApi("v1.2.1", "standard"), MCS_API] },
    { title: "v1.0.0 experimental alone", folders: [gatewayApi("v1.0.0", "experimental"), MCS_API] },
    {
      title: "v1.5.1 standard over v1.2.1 standard",
      folders: [gatewayApi("v1.2.1", "standard"), gatewayApi("v1.5.1", "standard"), MCS_API],
    },
  ],
});

/** @param controllers of Gateway API that it starts, as it names them in its log. */
function ciliumOperator(version: string, controllers: readonly string[]): ControllerRelease {
  // What its chart writes for `gatewayAPI.enabled: true`. Without the second, it waits for a CRD that nothing creates.
  const settings = {
    "enable-gateway-api": "true",
    "enable-envoy-config": "true",
    "kube-proxy-replacement": "true",
    "gateway-api-service-externaltrafficpolicy": "Cluster",
    // What it goes on without, it tells at this level alone.
    debug: "true",
  };
  return {
    id: "cilium-operator",
    version,
    image: `quay.io/cilium/operator-generic:v${version}`,
    program: { module: { path: "github.com/cilium/cilium", version: `v${version}` }, package: "./operator" },
    namespace: "kube-system",
    args: ({ kubeconfig, workDir }) => [
      `--config-dir=${join(workDir, "cilium-config")}`,
      `--k8s-kubeconfig-path=${kubeconfig}`,
      "--k8s-namespace=kube-system",
      "--identity-allocation-mode=crd",
      "--ipam=kubernetes",
    ],
    settings: Object.fromEntries(Object.entries(settings).map(([key, value]) => [`kube-system/cilium-config/${key}`, value])),
    async prepare({ workDir }) {
      // It reads its ConfigMap as the folder that the kubelet mounts it to.
      const folder = join(workDir, "cilium-config");
      await mkdir(folder);
      for (const [key, value] of Object.entries(settings)) await writeFile(join(folder, key), value);
    },
    signs: {
      ready: controllers.map((name) => new RegExp(`Starting workers.*controller=${name} `)),
      skip: /will not handle it.*Kind=(?<kind>\w+)/,
      stops: /Required GatewayAPI resources are not found/,
      reason: /no matches for kind|timed out waiting for cache|level=fatal|level=error/,
      // install/kubernetes/cilium/templates/cilium-operator/deployment.yaml
      liveness: "http://127.0.0.1:9234/healthz",
      // controller-runtime waits for caches for two minutes, and gives up then.
      patienceMs: 150_000,
    },
  };
}

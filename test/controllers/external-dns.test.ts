import type { ControllerRelease } from "./support/controller.ts";
import { gatewayApi } from "./support/crds.ts";
import { compareWithCatalog } from "./support/matrix.ts";

await compareWithCatalog({
  release: externalDns("0.14.2", 28_179),
  baseline: [gatewayApi("v1.0.0", "experimental")],
  bundles: [
    { title: "v1.0.0 standard alone", folders: [gatewayApi("v1.0.0", "standard")] },
    {
      title: "v1.1.0 standard over v1.0.0 experimental",
      folders: [gatewayApi("v1.0.0", "experimental"), gatewayApi("v1.1.0", "standard")],
    },
  ],
});

await compareWithCatalog({
  release: externalDns("0.15.0", 28_180),
  baseline: [gatewayApi("v1.1.0", "experimental")],
  bundles: [
    { title: "v1.0.0 experimental alone", folders: [gatewayApi("v1.0.0", "experimental")] },
    {
      title: "v1.6.0 standard over v1.1.0 experimental",
      folders: [gatewayApi("v1.1.0", "experimental"), gatewayApi("v1.6.0", "standard")],
    },
  ],
});

/** @param port for its probe and metrics: each its own, so that they can be run side by side. */
function externalDns(version: string, port: number): ControllerRelease {
  return {
    id: "external-dns",
    version,
    image: `registry.k8s.io/external-dns/external-dns:v${version}`,
    program: { module: { path: "sigs.k8s.io/external-dns", version: `v${version}` }, package: "." },
    namespace: "external-dns",
    args: ({ kubeconfig }) => [
      ...["httproute", "grpcroute", "tlsroute", "tcproute", "udproute"].map((kind) => `--source=gateway-${kind}`),
      "--provider=inmemory",
      "--inmemory-zone=example.org",
      `--metrics-address=127.0.0.1:${String(port)}`,
      `--kubeconfig=${kubeconfig}`,
    ],
    signs: {
      // It has read its sources once, and compared them with the zone.
      ready: [/All records are already up to date/],
      reason: /level=fatal|failed to sync/,
      // charts/external-dns/values.yaml
      liveness: `http://127.0.0.1:${String(port)}/healthz`,
      // It waits for its caches for a minute.
      patienceMs: 90_000,
    },
  };
}

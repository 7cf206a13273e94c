import { gatewayApi } from "./support/crds.ts";
import { compareWithCatalog } from "./support/matrix.ts";

const MODULE = { path: "github.com/traefik/traefik/v3", version: "v3.0.0" };
const OWN_CRDS = {
  module: MODULE,
  folder: "docs/content/reference/dynamic-configuration",
  file: "kubernetes-crd-definition-v1.yml",
};

await compareWithCatalog({
  release: {
    id: "traefik",
    version: "3.0.0",
    image: "docker.io/library/traefik:v3.0.0",
    program: { module: MODULE, package: "./cmd/traefik" },
    namespace: "traefik",
    args: () => [
      "--providers.kubernetescrd",
      "--experimental.kubernetesgateway",
      "--providers.kubernetesgateway",
      "--providers.kubernetesgateway.experimentalchannel",
      "--ping",
      "--entrypoints.traefik.address=127.0.0.1:28085",
      "--entrypoints.web.address=127.0.0.1:28086",
      "--entrypoints.traefik.transport.lifecycle.gracetimeout=0",
      "--entrypoints.web.transport.lifecycle.gracetimeout=0",
      "--log.level=DEBUG",
      "--log.nocolor",
    ],
    signs: {
      // Each provider gives what it read to the router.
      ready: [/Configuration received .*providerName=kubernetescrd/, /Configuration received .*providerName=kubernetesgateway/],
      reason: /failed to list|Failed to watch|no matches for kind/,
      liveness: "http://127.0.0.1:28085/ping",
      // It has read all within a second, and waits for what it cannot read without an end.
      patienceMs: 20_000,
    },
  },
  baseline: [gatewayApi("v1.0.0", "experimental"), OWN_CRDS],
  bundles: [
    { title: "v1.1.0 experimental alone", folders: [gatewayApi("v1.1.0", "experimental"), OWN_CRDS] },
    { title: "v1.0.0 standard alone", folders: [gatewayApi("v1.0.0", "standard"), OWN_CRDS] },
    {
      title: "v1.6.0 standard over v1.0.0 experimental",
      folders: [gatewayApi("v1.0.0", "experimental"), gatewayApi("v1.6.0", "standard"), OWN_CRDS],
    },
  ],
});

import { compareWithCatalog } from "./support/matrix.ts";
import { gatewayApi } from "./support/crds.ts";
import { envoyGateway, ownCrds } from "./support/envoy-gateway.ts";

await compareWithCatalog({
  release: envoyGateway("1.0.2"),
  baseline: [gatewayApi("v1.0.0", "experimental"), ownCrds("1.0.2")],
  bundles: [
    {
      title: "v1.1.0 standard over v1.0.0 experimental",
      folders: [gatewayApi("v1.0.0", "experimental"), gatewayApi("v1.1.0", "standard"), ownCrds("1.0.2")],
    },
    { title: "v1.1.0 experimental alone", folders: [gatewayApi("v1.1.0", "experimental"), ownCrds("1.0.2")] },
  ],
});

await compareWithCatalog({
  release: envoyGateway("1.2.0"),
  baseline: [gatewayApi("v1.2.1", "experimental"), ownCrds("1.2.0")],
  bundles: [
    {
      title: "v1.1.0 standard over v1.0.0 experimental",
      folders: [gatewayApi("v1.0.0", "experimental"), gatewayApi("v1.1.0", "standard"), ownCrds("1.2.0")],
    },
    { title: "v1.1.0 standard alone", folders: [gatewayApi("v1.1.0", "standard"), ownCrds("1.2.0")] },
    { title: "v1.4.1 experimental alone", folders: [gatewayApi("v1.4.1", "experimental"), ownCrds("1.2.0")] },
  ],
});

await compareWithCatalog({
  release: envoyGateway("1.8.0"),
  baseline: [gatewayApi("v1.5.1", "experimental"), ownCrds("1.8.0")],
  bundles: [
    { title: "v1.4.1 standard alone", folders: [gatewayApi("v1.4.1", "standard"), ownCrds("1.8.0")] },
    { title: "v1.5.1 standard alone", folders: [gatewayApi("v1.5.1", "standard"), ownCrds("1.8.0")] },
  ],
});

await compareWithCatalog({
  release: envoyGateway("1.9.1"),
  baseline: [gatewayApi("v1.6.0", "experimental"), ownCrds("1.9.1")],
  bundles: [
    { title: "v1.4.1 standard alone", folders: [gatewayApi("v1.4.1", "standard"), ownCrds("1.9.1")] },
    { title: "v1.5.1 standard alone", folders: [gatewayApi("v1.5.1", "standard"), ownCrds("1.9.1")] },
    { title: "v1.6.0 standard alone", folders: [gatewayApi("v1.6.0", "standard"), ownCrds("1.9.1")] },
  ],
});

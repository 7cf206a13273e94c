/** @file Every release of Gateway API over the one before, in both channels: what is said of it where nobody runs and nothing lives, and where something does. */
import { describe, expect, it } from "vitest";
import { rules } from "../../../src/rules/checks/index.ts";
import { sharedPath } from "../../e2e/support/shared.ts";
import { EXPERIMENTAL_HTTP_ROUTE, GATEWAY_CLASS_WITH_FEATURES } from "../../support/gateway-api-releases.ts";
import { ask } from "./support.ts";

const RELEASES = ["v1.0.0", "v1.1.0", "v1.2.1", "v1.3.0"] as const;
const folder = (release: string, channel: string): string => `crds/gateway-api/${release}/${channel}`;

const UPGRADES = RELEASES.slice(1).map((to, at) => ({ from: RELEASES[at] ?? "", to }));
const GATEWAY_CLASSES = "gatewayclasses.gateway.networking.k8s.io";
const HTTP_ROUTES = "httproutes.gateway.networking.k8s.io";

/** What the API server refuses by itself: a version goes in which objects may be stored. */
const REFUSED_ANYWAY = /^stored-version-removed=deny /;

describe.skipIf(sharedPath("crds/gateway-api") === null)("releases of Gateway API", () => {
  it.each([
    ...UPGRADES.flatMap(({ from, to }) =>
      ["standard", "experimental"].map((channel) => ({ from: folder(from, channel), to: folder(to, channel) })),
    ),
    ...RELEASES.map((release) => ({ from: folder(release, "standard"), to: folder(release, "experimental") })),
  ])("$from → $to: denies nothing where nobody runs and nothing lives", async ({ from, to }) => {
    const { findings } = await ask({ cluster: [from], apply: [to] });
    const denials = findings.filter((finding) => finding.includes("=deny ") && !REFUSED_ANYWAY.test(finding));
    expect(denials).toEqual([]);
  });

  it("v1.1.0 → v1.2.1 experimental: warns that supportedFeatures takes objects in place of texts", async () => {
    const answer = await ask({ cluster: [folder("v1.1.0", "experimental")], apply: [folder("v1.2.1", "experimental")] });
    expect(answer.findings).toContain(`schema-narrowed=warn ${GATEWAY_CLASSES}`);
    expect(answer.said).toContain("status.supportedFeatures[]");
  });

  it.skipIf(!isRule("object-rejected"))(
    "v1.1.0 → v1.2.1 experimental: denies for a GatewayClass that has texts there",
    async () => {
      const answer = await ask({
        cluster: [folder("v1.1.0", "experimental"), GATEWAY_CLASS_WITH_FEATURES],
        apply: [folder("v1.2.1", "experimental")],
      });
      expect(answer.findings).toContain(`object-rejected=deny ${GATEWAY_CLASSES}`);
      expect(answer.said).toContain("status.supportedFeatures[");
      expect(answer.said).toContain("cilium");
    },
  );

  it.skipIf(!isRule("object-pruned"))(
    "v1.2.1 experimental → standard: denies for an HTTPRoute that retries, and names it",
    async () => {
      const answer = await ask({
        cluster: [folder("v1.2.1", "experimental"), EXPERIMENTAL_HTTP_ROUTE],
        apply: [folder("v1.2.1", "standard")],
      });
      expect(answer.findings).toContain(`object-pruned=deny ${HTTP_ROUTES}`);
      expect(answer.said).toContain("spec.rules[].retry");
      expect(answer.said).toContain("shop/checkout");
    },
  );
});

/** These two come with the reading of live objects. */
function isRule(id: string): boolean {
  return rules.some((rule) => rule.id === id);
}

import { describe, expect, it } from "vitest";
import { bundleMixed } from "../../../../src/health/checks/bundle-mixed.ts";
import { crd } from "../../../support/builders.ts";
import { healthFacts } from "../../../support/health.ts";

const of = (name: string, version: string, channel: string | null = "standard") =>
  crd({ name: `${name}.own.dev`, served: ["v1"], bundle: { version, channel } });
const bundle = {
  name: "gateway-api",
  title: "Gateway API",
  version: "1.10.0",
  channel: "standard",
  releasedOn: "2026-01-01",
  installUrl: null,
  crds: new Map(),
};

describe("bundle-mixed", () => {
  it("warns of several releases, newest first by number, and offers one as a whole", () => {
    const crds = [of("gears", "v1.9.0"), of("wheels", "v1.10.0"), of("cogs", "v1.10.0")];

    expect(bundleMixed.find(healthFacts({ crds, bundles: [bundle] }))).toEqual([
      {
        subject: { kind: "bundle", title: "Gateway API" },
        field: "metadata.annotations",
        fact: {
          kind: "bundle-mixed",
          isOfOneRelease: false,
          parts: [
            { version: "v1.10.0", channel: "standard", crds: ["cogs.own.dev", "wheels.own.dev"] },
            { version: "v1.9.0", channel: "standard", crds: ["gears.own.dev"] },
          ],
        },
        remedies: [{ kind: "find-release" }, { kind: "install-whole-bundle", bundle }],
      },
    ]);
  });

  it("notes two channels of one release, which some controllers ask for", () => {
    const crds = [of("gears", "v1.2.0"), of("wheels", "v1.2.0", "experimental")];

    expect(bundleMixed.find(healthFacts({ crds }))).toMatchObject([
      { severity: "note", fact: { isOfOneRelease: true }, remedies: [] },
    ]);
  });

  it.each([
    { title: "one release", crds: [of("gears", "v1.2.0"), of("wheels", "v1.2.0")] },
    { title: "definitions of no bundle", crds: [of("gears", "v1.2.0"), crd({ served: ["v1"] })] },
    { title: "what is being deleted", crds: [of("gears", "v1.2.0"), { ...of("wheels", "v1.1.0"), isTerminating: true }] },
  ])("says nothing of $title", ({ crds }) => {
    expect(bundleMixed.find(healthFacts({ crds }))).toEqual([]);
  });
});

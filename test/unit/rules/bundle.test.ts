import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bundle, compareBundles, compareMarks, compareReleases, findBundle } from "../../../src/rules/bundle.ts";
import type { Crd } from "../../../src/crd/crd.ts";
import { crd, requirement } from "../../support/builders.ts";

function bundle(version: string, channel: string, crds: readonly Crd[]): Bundle {
  return {
    name: "mill",
    title: "Mill",
    version,
    channel,
    releasedOn: "2026-01-01",
    installUrl: null,
    crds: new Map(crds.map((one) => [one.name, one])),
  };
}

const v1 = requirement({ versions: ["v1"] });
const old = bundle("1.0.0", "standard", [crd({ served: ["v1beta1"] })]);
const experimental = bundle("1.1.0", "experimental", [crd({ served: ["v1", "v1beta1"] })]);
const standard = bundle("1.2.0", "standard", [crd({ served: ["v1"] })]);
const newest = bundle("1.10.0", "standard", [crd({ served: ["v1"] })]);
const all = [newest, standard, experimental, old];
const nothing = new Map<string, Crd>();

describe("findBundle", () => {
  it.each([
    { title: "takes the oldest that serves what is missing, whatever its channel", installed: nothing, found: experimental },
    {
      title: "takes none that is older than what is installed",
      installed: new Map([["gears.own.dev", crd({ served: ["v1beta1"], bundle: { version: "v1.2.0", channel: "standard" } })]]),
      found: standard,
    },
    {
      title: "finds none where all that help are older",
      installed: new Map([["gears.own.dev", crd({ served: ["v2"], bundle: { version: "v2.0.0", channel: null } })]]),
      found: null,
    },
  ])("$title", ({ installed, found }) => {
    expect(findBundle([v1], [v1], all, installed)).toBe(found);
  });

  it("takes none that breaks another need", () => {
    const both = [v1, requirement({ versions: ["v1beta1"] })];

    expect(findBundle([v1], both, all, nothing)).toBe(experimental);
    expect(findBundle([v1], both, [standard, newest], nothing)).toBeNull();
  });

  it("finds none for an API that no bundle knows", () => {
    expect(findBundle([{ ...v1, resource: "cogs" }], [], all, nothing)).toBeNull();
  });

  it("does not hang on the order of the bundles", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        expect(findBundle([v1], [v1], shuffled, nothing)).toBe(experimental);
      }),
    );
  });
});

describe("compareReleases", () => {
  it.each([
    { left: "1.9.0", right: "1.10.0", sign: -1 },
    { left: "v1.2.0", right: "1.2.0", sign: 0 },
    { left: "1.2.1", right: "1.2.0", sign: 1 },
    { left: "2.0.0", right: "1.99.99", sign: 1 },
  ])("$left against $right gives $sign", ({ left, right, sign }) => {
    expect(Math.sign(compareReleases(left, right))).toBe(sign);
  });
});

describe("compareBundles", () => {
  it("puts the older release first, and of one release the standard channel", () => {
    const later = bundle("1.1.0", "standard", []);

    expect([newest, experimental, later, old].toSorted(compareBundles)).toEqual([old, later, experimental, newest]);
  });
});

describe("compareMarks", () => {
  it.each([
    { left: "v1.2.0", right: "v1.1.9", sign: 1 },
    { left: "v1.10.0", right: "v1.9.0", sign: 1 },
    { left: "1.2.0", right: "v1.2.0", sign: 0 },
    { left: "v1.2.0+build.1", right: "v1.2.0", sign: 0 },
    { left: "v1.2.0", right: "v1.2.0-rc.1", sign: 1 },
    { left: "v1.2.0-rc.10", right: "v1.2.0-rc.9", sign: 1 },
    { left: "v1.2.0-rc", right: "v1.2.0-beta", sign: 1 },
    { left: "v1.2.0-rc.1", right: "v1.2.0-rc", sign: 1 },
    { left: "v1.2.0-rc", right: "v1.2.0-1", sign: 1 },
    { left: "v1.2", right: "v1.2.0", sign: null },
    { left: "monthly-2026.01", right: "v1.2.0", sign: null },
  ])("$left against $right: $sign", ({ left, right, sign }) => {
    const order = compareMarks(left, right);
    const back = compareMarks(right, left);

    expect(order === null ? null : Math.sign(order)).toBe(sign);
    expect(back === null ? null : Math.sign(back) + 0).toBe(sign === null ? null : 0 - sign);
  });
});

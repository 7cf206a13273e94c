import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Bundle } from "../../../src/rules/bundle.ts";
import { compareBundles } from "../../../src/rules/bundle.ts";
import { fitOf, minimumBundle, type Needy, recommendedBundle } from "../../../src/rules/compatibility.ts";
import type { Outcome } from "../../../src/rules/requirement.ts";
import { crd, requirement } from "../../support/builders.ts";

function bundle(version: string, channel: string, served: readonly string[], unserved: readonly string[] = []): Bundle {
  const gears = crd({ served, unserved });
  return {
    name: "mill",
    title: "Mill",
    version,
    channel,
    releasedOn: "2026-01-01",
    installUrl: null,
    crds: new Map([[gears.name, gears]]),
  };
}

function needing(version: string, outcome: Outcome): Needy {
  return { needs: [{ requirement: requirement({ versions: [version], outcome }), effect: "stands still" }] };
}

const BUNDLES = [
  bundle("1.0.0", "standard", ["v1beta1"]),
  bundle("1.0.0", "experimental", ["v1beta1", "v1"]),
  bundle("1.1.0", "standard", ["v1"], ["v1beta1"]),
  bundle("1.1.0", "experimental", ["v1", "v1beta1"]),
  bundle("1.2.0", "standard", ["v1"]),
];
const places = (choice: ReturnType<typeof minimumBundle>): string | null =>
  choice && `${choice.bundle.version} ${choice.bundle.channel}`;

describe("fitOf", () => {
  it.each([
    { title: "works where it is served", needy: needing("v1", "crashes"), verdict: "works", states: [] },
    {
      title: "breaks where a hard need is unserved",
      needy: needing("v1beta1", "crashes"),
      verdict: "breaks",
      states: ["unserved"],
    },
    {
      title: "loses a feature where a soft need is unserved",
      needy: needing("v1beta1", "loses-feature"),
      verdict: "loses-feature",
      states: ["unserved"],
    },
    {
      title: "breaks where the version is not listed",
      needy: needing("v2", "stops-working"),
      verdict: "breaks",
      states: ["unlisted"],
    },
  ])("$title", ({ needy, verdict, states }) => {
    const [, , standard = BUNDLES[0]] = BUNDLES;
    const fit = fitOf(needy, standard ?? bundle("0.0.0", "standard", []));

    expect([fit.verdict, fit.losses.map(({ state }) => state)]).toEqual([verdict, states]);
  });
});

describe("minimum and recommended bundle", () => {
  it.each([
    {
      title: "of one who needs v1",
      needy: [needing("v1", "crashes")],
      minimum: "1.0.0 experimental",
      recommended: "1.2.0 standard",
    },
    {
      title: "of two who need both versions",
      needy: [needing("v1", "crashes"), needing("v1beta1", "crashes")],
      minimum: "1.0.0 experimental",
      recommended: "1.1.0 experimental",
    },
    {
      title: "of one who does better with v1beta1: what is lost counts before the channel",
      needy: [needing("v1", "crashes"), needing("v1beta1", "loses-feature")],
      minimum: "1.0.0 experimental",
      recommended: "1.1.0 experimental",
    },
    { title: "of one whom nothing suits", needy: [needing("v3", "crashes")], minimum: null, recommended: null },
    { title: "of nobody", needy: [], minimum: "1.0.0 standard", recommended: "1.2.0 standard" },
  ])("$title", ({ needy, minimum, recommended }) => {
    expect([places(minimumBundle(needy, BUNDLES)), places(recommendedBundle(needy, BUNDLES))]).toEqual([minimum, recommended]);
  });

  const needies = fc.array(
    fc.record({ version: fc.constantFrom("v1", "v1beta1", "v2"), outcome: fc.constantFrom("crashes", "loses-feature") } as const),
    { maxLength: 4 },
  );

  it("never gets a newer minimum by more bundles, whatever their order", () => {
    fc.assert(
      fc.property(needies, fc.shuffledSubarray(BUNDLES), (shapes, some) => {
        const needy = shapes.map(({ version, outcome }) => needing(version, outcome));
        const fewer = minimumBundle(needy, some);
        const more = minimumBundle(needy, BUNDLES.toReversed());

        if (fewer !== null) expect(more !== null && compareBundles(more.bundle, fewer.bundle) <= 0).toBe(true);
      }),
    );
  });

  it("never lets a bundle suit that did not, by one more who needs something", () => {
    fc.assert(
      fc.property(needies, needies, (shapes, others) => {
        const needy = shapes.map(({ version, outcome }) => needing(version, outcome));
        const more = [...needy, ...others.map(({ version, outcome }) => needing(version, outcome))];
        const suiting = (all: readonly Needy[]): readonly Bundle[] => BUNDLES.filter((one) => minimumBundle(all, [one]) !== null);

        expect(suiting(needy)).toEqual(expect.arrayContaining([...suiting(more)]));
      }),
    );
  });

  it("recommends by whatever order of bundles the same, and never an older one than the minimum", () => {
    fc.assert(
      fc.property(needies, fc.shuffledSubarray(BUNDLES, { minLength: BUNDLES.length }), (shapes, shuffled) => {
        const needy = shapes.map(({ version, outcome }) => needing(version, outcome));
        const minimum = minimumBundle(needy, BUNDLES);
        const recommended = recommendedBundle(needy, shuffled);

        expect(recommended).toEqual(recommendedBundle(needy, BUNDLES));
        expect(recommended === null).toBe(minimum === null);
        if (minimum !== null && recommended !== null) {
          expect(compareBundles(recommended.bundle, minimum.bundle)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

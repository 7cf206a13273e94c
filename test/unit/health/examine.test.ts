import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checks } from "../../../src/health/checks/index.ts";
import { examine } from "../../../src/health/examine.ts";
import type { HealthFacts } from "../../../src/health/facts.ts";
import { gradedSeverity, SEVERITIES } from "../../../src/health/severity.ts";
import { crd } from "../../support/builders.ts";
import { healthFacts } from "../../support/health.ts";
import { HEALTH_EXAMPLES } from "../../support/health-examples.ts";

describe("an examination", () => {
  it("finds nothing in a cluster that is well", () => {
    expect(examine(healthFacts({ crds: [crd({ served: ["v1"] })] }))).toEqual([]);
  });

  it.each(checks.map(({ id }) => id))("changes nothing of its facts: %s", (id) => {
    const facts = deepFrozen(HEALTH_EXAMPLES[id] ?? healthFacts());

    expect(() => examine(facts)).not.toThrow();
  });

  it("tells the same, whatever the order of CRDs", () => {
    const crds = ["gears", "cogs", "wheels"].map((plural) =>
      crd({ name: `${plural}.own.dev`, served: ["v1", "v1alpha1"], stored: ["v1alpha1", "v1"] }),
    );
    const told = (order: readonly (typeof crds)[number][]) => examine(healthFacts({ crds: order }));

    fc.assert(
      fc.property(fc.shuffledSubarray(crds, { minLength: 3 }), (order) => {
        expect(told(order)).toEqual(told(crds));
      }),
    );
  });

  it("leaves out a check that is off", () => {
    const facts = healthFacts({ crds: [crd({ served: ["v1", "v1beta1"], stored: ["v1beta1", "v1"] })] });

    expect(examine(facts).map(({ check }) => check)).toEqual(["migration-due"]);
    expect(examine(facts, new Map([["migration-due", "off"]]))).toEqual([]);
    expect(examine(facts, new Map([["migration-due", "error"]]))).toMatchObject([{ severity: "error" }]);
  });
});

describe("the severity of a finding", () => {
  it.each([
    { title: "is its own without a setting", own: "error", byDefault: "warning", setting: null, expected: "error" },
    {
      title: "is the setting where it is as bad as the default",
      own: "warning",
      byDefault: "warning",
      setting: "error",
      expected: "error",
    },
    {
      title: "is not raised where it is milder than the default",
      own: "note",
      byDefault: "error",
      setting: "error",
      expected: "note",
    },
    {
      title: "is lowered by a setting that is milder still",
      own: "warning",
      byDefault: "error",
      setting: "note",
      expected: "note",
    },
  ] as const)("$title", ({ own, byDefault, setting, expected }) => {
    expect(gradedSeverity(own, byDefault, setting)).toBe(expected);
  });

  it("is never raised above the setting", () => {
    const severity = fc.constantFrom(...SEVERITIES);

    fc.assert(
      fc.property(severity, severity, severity, (own, byDefault, setting) => {
        const rank = (each: (typeof SEVERITIES)[number]) => SEVERITIES.toReversed().indexOf(each);
        expect(rank(gradedSeverity(own, byDefault, setting))).toBeLessThanOrEqual(rank(setting));
      }),
    );
  });
});

function deepFrozen(facts: HealthFacts): HealthFacts {
  freeze(facts);
  return facts;
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of value instanceof Map ? [...value.values()] : Object.values(value)) freeze(inner);
}

import { describe, expect, it } from "vitest";
import { lookAtPolicies } from "../../../../src/explain/policy-looks.ts";
import { policyMalformed } from "../../../../src/health/checks/policy-malformed.ts";
import { healthFacts } from "../../../support/health.ts";
import { exceptionEntry, rawPolicy } from "../../../support/policies.ts";

const NOW = Date.parse("2026-06-15T12:00:00Z");

describe("policy-malformed", () => {
  it.each([
    {
      title: "warns of an entry that does not count",
      spec: { rules: [{ id: "object-deleted", enforcement: "warn" }] },
      look: {
        counts: true,
        problems: ['spec.rules[0].id: "object-deleted" is no rule; "objects-deleted" may be meant'],
      },
    },
    {
      title: "warns of a policy of which nothing counts",
      spec: { crds: { name: "gears.own.dev" } },
      look: { counts: false, problems: ['spec.crds.name: unknown member; "names" may be meant'] },
    },
  ])("$title", ({ spec, look }) => {
    const guardPolicies = lookAtPolicies([rawPolicy("mill", spec)], NOW);

    expect(policyMalformed.find(healthFacts({ guardPolicies }))).toEqual([
      {
        subject: { kind: "guard-policy", name: "mill" },
        field: "spec",
        fact: { kind: "policy-malformed", policy: { name: "mill", ...look, lapsed: [], lapsing: [] } },
        remedies: [{ kind: "correct-policy", name: "mill" }],
      },
    ]);
  });

  it("says nothing of a policy that counts as a whole, with its exceptions", () => {
    const guardPolicies = lookAtPolicies([rawPolicy("default"), rawPolicy("mill", { exceptions: [exceptionEntry()] })], NOW);

    expect(policyMalformed.find(healthFacts({ guardPolicies }))).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { lookAtPolicies } from "../../../../src/explain/policy-looks.ts";
import { exceptionLapsed } from "../../../../src/health/checks/exception-lapsed.ts";
import { healthFacts } from "../../../support/health.ts";
import { exceptionEntry, rawPolicy } from "../../../support/policies.ts";

describe("exception-lapsed", () => {
  const policies = [rawPolicy("mill", { exceptions: [exceptionEntry({ expires: "2026-06-15T12:00:00Z" })] })];

  it.each([
    { title: "notes one that is over", now: "2026-06-15T12:00:00Z", lapsed: 1, lapsing: 0 },
    { title: "notes one that is long over", now: "2027-06-15T12:00:00Z", lapsed: 1, lapsing: 0 },
    { title: "notes one that will be over in a second", now: "2026-06-15T11:59:59Z", lapsed: 0, lapsing: 1 },
    { title: "notes one that will be over in a fortnight", now: "2026-06-01T12:00:00Z", lapsed: 0, lapsing: 1 },
  ])("$title", ({ now, lapsed, lapsing }) => {
    const guardPolicies = lookAtPolicies(policies, Date.parse(now));
    const [policy] = guardPolicies;

    expect(exceptionLapsed.find(healthFacts({ guardPolicies }))).toEqual([
      {
        subject: { kind: "guard-policy", name: "mill" },
        field: "spec.exceptions",
        fact: { kind: "exception-lapsed", policy },
        remedies: [{ kind: "renew-exceptions", name: "mill" }],
      },
    ]);
    expect([policy?.lapsed.length, policy?.lapsing.length]).toEqual([lapsed, lapsing]);
  });

  it("says nothing of one that holds for longer, nor of policies without any", () => {
    const guardPolicies = lookAtPolicies([...policies, rawPolicy("default")], Date.parse("2026-06-01T11:59:59Z"));

    expect(exceptionLapsed.find(healthFacts({ guardPolicies }))).toEqual([]);
  });
});

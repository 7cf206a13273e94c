import { describe, expect, it } from "vitest";
import { guardNotRegistered } from "../../../../src/health/checks/guard-not-registered.ts";
import { EXPLAINER, guard, healthFacts, registration } from "../../../support/health.ts";

const SERVERS = [{ kind: "Deployment", namespace: "crdguard", name: "crdguard" }] as const;

describe("guard-not-registered", () => {
  it("is an error of a server that nobody asks", () => {
    expect(guardNotRegistered.find(healthFacts({ guard: guard({ registrations: [] }) }))).toEqual([
      {
        subject: { kind: "guard" },
        field: "webhooks",
        fact: { kind: "guard-not-registered", missing: ["validating", "explainer"], servers: SERVERS },
        remedies: [{ kind: "register-guard", missing: ["validating", "explainer"] }],
      },
    ]);
  });

  it.each([
    { title: "the explainer alone is a warning", registrations: [registration()], severity: "warning" },
    { title: "all but the explainer is an error", registrations: [EXPLAINER], severity: undefined },
  ])("missing $title", ({ registrations, severity }) => {
    const [finding] = guardNotRegistered.find(healthFacts({ guard: guard({ registrations }) }));

    expect(finding).toBeDefined();
    expect(finding?.severity).toBe(severity);
  });

  it.each([
    { title: "both registrations", evidence: guard() },
    { title: "a cluster without crdguard", evidence: guard({ servers: [], registrations: [] }) },
    { title: "what was not examined", evidence: { kind: "not-examined" } as const },
  ])("says nothing of $title", ({ evidence }) => {
    expect(guardNotRegistered.find(healthFacts({ guard: evidence }))).toEqual([]);
  });
});

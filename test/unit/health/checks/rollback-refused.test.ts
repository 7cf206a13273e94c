import { describe, expect, it } from "vitest";
import { rollbackRefused } from "../../../../src/health/checks/rollback-refused.ts";
import { healthFacts } from "../../../support/health.ts";

const policy = (name: string, ...denyingBindings: readonly string[]) => ({ name, denyingBindings });

describe("rollback-refused", () => {
  it("notes Gateway API's own policy, and how to lift it", () => {
    const safeUpgrades = policy("safe-upgrades.gateway.networking.k8s.io", "safe-upgrades");

    expect(rollbackRefused.find(healthFacts({ policies: [safeUpgrades] }))).toEqual([
      {
        subject: { kind: "admission-policy", name: safeUpgrades.name },
        field: "spec.validations",
        fact: { kind: "rollback-refused", policy: safeUpgrades, isSafeUpgrades: true },
        remedies: [{ kind: "lift-policy", policy: safeUpgrades }],
      },
    ]);
  });

  it("bids to look at any other one", () => {
    expect(rollbackRefused.find(healthFacts({ policies: [policy("ours", "ours")] }))).toMatchObject([
      { fact: { isSafeUpgrades: false }, remedies: [{ kind: "look-at-policy" }] },
    ]);
  });

  it("says nothing of a policy that is not bound to deny", () => {
    expect(rollbackRefused.find(healthFacts({ policies: [policy("safe-upgrades.gateway.networking.k8s.io")] }))).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { declarationMalformed } from "../../../../src/health/checks/declaration-malformed.ts";
import { healthFacts } from "../../../support/health.ts";

const declaration = {
  workload: { kind: "Deployment", namespace: "mill", name: "turner" },
  key: "crdguard.dev/requires",
  value: "gears",
  problem: "not of the form",
} as const;

describe("declaration-malformed", () => {
  it("warns of each annotation that cannot be read", () => {
    expect(declarationMalformed.find(healthFacts({ unreadableDeclarations: [declaration] }))).toEqual([
      {
        subject: { kind: "workload", workload: declaration.workload },
        field: "metadata.annotations[crdguard.dev/requires]",
        fact: { kind: "declaration-malformed", declaration },
        remedies: [{ kind: "correct-declaration", declaration }],
      },
    ]);
  });

  it("says nothing where all can be read", () => {
    expect(declarationMalformed.find(healthFacts())).toEqual([]);
  });
});

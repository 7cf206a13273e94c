import { describe, expect, it } from "vitest";
import { guardRegistrationDrifted } from "../../../../src/health/checks/guard-registration-drifted.ts";
import { guard, healthFacts, registration } from "../../../support/health.ts";

const DIFFERENCE = { field: "webhooks[changes.crdguard.dev].timeoutSeconds", expected: "10", found: "29" };

describe("guard-registration-drifted", () => {
  it("warns of what was changed", () => {
    const { differences: _, ...own } = registration();
    const registrations = [registration({ differences: [DIFFERENCE] })];

    expect(guardRegistrationDrifted.find(healthFacts({ guard: guard({ registrations }) }))).toEqual([
      {
        subject: { kind: "registration", registration: own },
        field: DIFFERENCE.field,
        fact: { kind: "guard-registration-drifted", differences: [DIFFERENCE] },
        remedies: [{ kind: "restore-registration", registration: own }],
      },
    ]);
  });

  it("says nothing of what is as rendered, nor of what was not examined", () => {
    expect(guardRegistrationDrifted.find(healthFacts({ guard: guard() }))).toEqual([]);
    expect(guardRegistrationDrifted.find(healthFacts())).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { guardUnreachable } from "../../../../src/health/checks/guard-unreachable.ts";
import { endpoint, guard, healthFacts, registration } from "../../../support/health.ts";

const of = (kind: "service-missing" | "no-endpoints" | "listening", isBlocking = true) =>
  guard({ registrations: [registration({ isBlocking, endpoints: [endpoint({ reach: { kind } })] })] });

describe("guard-unreachable", () => {
  it("is an error where changes are refused for want of an answer, and tells how to unblock them", () => {
    const own = registration({ endpoints: [endpoint({ reach: { kind: "no-endpoints" } })] });

    expect(guardUnreachable.find(healthFacts({ guard: guard({ registrations: [own] }) }))).toEqual([
      {
        subject: { kind: "registration", registration: own },
        field: "webhooks.clientConfig",
        fact: {
          kind: "guard-unreachable",
          endpoint: endpoint({ reach: { kind: "no-endpoints" } }),
          reach: { kind: "no-endpoints" },
          isBlocking: true,
        },
        remedies: [
          { kind: "look-at-endpoint", endpoint: endpoint({ reach: { kind: "no-endpoints" } }) },
          { kind: "unblock", registration: own },
        ],
      },
    ]);
  });

  it("is a warning of one that fails open, and of an address that refuses us alone", () => {
    const refused = registration({ endpoints: [endpoint({ reach: { kind: "refused", reason: "ECONNREFUSED" } })] });

    expect(guardUnreachable.find(healthFacts({ guard: of("service-missing", false) }))).toMatchObject([{ severity: "warning" }]);
    expect(guardUnreachable.find(healthFacts({ guard: guard({ registrations: [refused] }) }))).toMatchObject([
      { severity: "warning" },
    ]);
  });

  it("says nothing of one that listens, nor of what was not examined", () => {
    expect(guardUnreachable.find(healthFacts({ guard: of("listening") }))).toEqual([]);
    expect(guardUnreachable.find(healthFacts())).toEqual([]);
  });
});

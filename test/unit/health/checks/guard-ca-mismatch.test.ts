import { describe, expect, it } from "vitest";
import { guardCaMismatch } from "../../../../src/health/checks/guard-ca-mismatch.ts";
import { certificate, endpoint, guard, healthFacts, registration } from "../../../support/health.ts";
import type { EndpointEvidence } from "../../../../src/health/facts.ts";

const of = (shape: Partial<EndpointEvidence>, isBlocking = true) =>
  healthFacts({ guard: guard({ registrations: [registration({ isBlocking, endpoints: [endpoint(shape)] })] }) });
const served = (distrust: string | null) => ({ served: { kind: "seen", certificate: certificate(), distrust } }) as const;
const URL_TARGET = { target: { kind: "url", url: "https://guard.own.dev" } } as const;

describe("guard-ca-mismatch", () => {
  it("is an error of a certificate that the caBundle does not vouch for", () => {
    const own = registration({ endpoints: [endpoint(served("another authority"))] });

    expect(guardCaMismatch.find(healthFacts({ guard: guard({ registrations: [own] }) }))).toEqual([
      {
        subject: { kind: "registration", registration: own },
        field: "webhooks.clientConfig.caBundle",
        fact: {
          kind: "guard-ca-mismatch",
          endpoint: endpoint(served("another authority")),
          reason: "another authority",
          isBlocking: true,
        },
        remedies: [
          { kind: "set-ca-bundle", registration: own },
          { kind: "unblock", registration: own },
        ],
      },
    ]);
  });

  it.each([
    { title: "a service without a caBundle", facts: of({ authorities: { kind: "none" } }) },
    { title: "a caBundle that cannot be read", facts: of({ authorities: { kind: "malformed", reason: "no PEM" } }) },
  ])("is an error of $title", ({ facts }) => {
    expect(guardCaMismatch.find(facts)).toMatchObject([{ fact: { kind: "guard-ca-mismatch" } }]);
  });

  it("is a warning where the registration fails open", () => {
    expect(guardCaMismatch.find(of(served("another"), false))).toMatchObject([{ severity: "warning" }]);
  });

  it.each([
    { title: "a certificate that is vouched for", facts: of(served(null)) },
    { title: "one that was not seen", facts: of({}) },
    {
      title: "a URL without a caBundle, which public authorities may vouch for",
      facts: of({ ...URL_TARGET, authorities: { kind: "none" } }),
    },
  ])("says nothing of $title", ({ facts }) => {
    expect(guardCaMismatch.find(facts)).toEqual([]);
  });
});

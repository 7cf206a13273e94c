import { describe, expect, it } from "vitest";
import { conversionCertificateExpired } from "../../../../src/health/checks/conversion-certificate-expired.ts";
import { certificate, endpoint, healthFacts } from "../../../support/health.ts";
import type { CertificateSpan, ConversionTrial } from "../../../../src/health/facts.ts";

const NOTHING = { kind: "nothing-to-convert" } as const;
const of = (certificates: readonly CertificateSpan[], trial: ConversionTrial = NOTHING) => ({
  conversions: new Map([["gears.own.dev", { trial, endpoint: endpoint({ authorities: { kind: "read", certificates } }) }]]),
});
const until = (notAfter: string, notBefore = "2026-01-01T00:00:00Z"): CertificateSpan => certificate({ notAfter, notBefore });

describe("conversion-certificate-expired", () => {
  it("is an error where the last authority has ended", () => {
    const ended = until("2026-06-14T00:00:00Z");

    expect(conversionCertificateExpired.find(healthFacts(of([ended])))).toEqual([
      {
        subject: { kind: "crd", name: "gears.own.dev" },
        field: "spec.conversion.webhook.clientConfig",
        fact: {
          kind: "conversion-certificate",
          endpoint: endpoint({ authorities: { kind: "read", certificates: [ended] } }),
          checked: { of: "authority", certificate: ended, daysLeft: -2 },
        },
        remedies: [{ kind: "renew-certificate", endpoint: endpoint({ authorities: { kind: "read", certificates: [ended] } }) }],
      },
    ]);
  });

  it.each([
    { title: "13 days of a year are a warning", certificates: [until("2026-06-28T12:00:00Z")], severity: "warning" },
    {
      title: "a day of a week is a warning",
      certificates: [until("2026-06-16T12:00:00Z", "2026-06-09T12:00:00Z")],
      severity: "warning",
    },
  ])("$title", ({ certificates, severity }) => {
    expect(conversionCertificateExpired.find(healthFacts(of(certificates)))).toMatchObject([{ severity }]);
  });

  it.each([
    { title: "14 days of a year", evidence: of([until("2026-06-29T12:00:00Z")]) },
    { title: "two days of a week", evidence: of([until("2026-06-17T12:00:00Z", "2026-06-10T12:00:00Z")]) },
    {
      title: "an authority that has ended beside one that has not",
      evidence: of([until("2026-06-01T00:00:00Z"), certificate()]),
    },
    {
      title: "an end that an object which was just converted belies",
      evidence: of([until("2026-06-14T00:00:00Z")], { kind: "works", version: "v2", isSure: true }),
    },
    { title: "no authority at all", evidence: of([]) },
  ])("says nothing of $title", ({ evidence }) => {
    expect(conversionCertificateExpired.find(healthFacts(evidence))).toEqual([]);
  });
});

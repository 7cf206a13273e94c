import { describe, expect, it } from "vitest";
import { guardCertificateExpired } from "../../../../src/health/checks/guard-certificate-expired.ts";
import { certificate, endpoint, guard, healthFacts, registration } from "../../../support/health.ts";

const serving = (notAfter: string) =>
  endpoint({ served: { kind: "seen", certificate: certificate({ notAfter }), distrust: null } });
const of = (notAfter: string) =>
  healthFacts({ guard: guard({ registrations: [registration({ endpoints: [serving(notAfter)] })] }) });

describe("guard-certificate-expired", () => {
  it("is an error where the certificate that is served has ended", () => {
    const ended = "2026-06-15T11:59:59Z";
    const own = registration({ endpoints: [serving(ended)] });

    expect(guardCertificateExpired.find(of(ended))).toEqual([
      {
        subject: { kind: "registration", registration: own },
        field: "webhooks.clientConfig",
        fact: {
          kind: "guard-certificate",
          endpoint: serving(ended),
          checked: { of: "server", certificate: certificate({ notAfter: ended }), daysLeft: -1 },
        },
        remedies: [{ kind: "renew-certificate", endpoint: serving(ended) }],
      },
    ]);
  });

  it("is a warning in its last fortnight", () => {
    expect(guardCertificateExpired.find(of("2026-06-25T12:00:00Z"))).toMatchObject([
      { severity: "warning", fact: { checked: { daysLeft: 10 } } },
    ]);
  });

  it("says nothing before, nor of what was not examined", () => {
    expect(guardCertificateExpired.find(of("2026-06-29T12:00:00Z"))).toEqual([]);
    expect(guardCertificateExpired.find(healthFacts())).toEqual([]);
  });
});

/** @file Finds a certificate of crdguard's own that has ended or is about to. */
import { isEnding, isExpired, soonestEnd } from "../certificates.ts";
import { defineHealthCheck } from "../check.ts";
import type { CheckFinding } from "../finding.ts";

/**
 * The server takes a new certificate without a restart, but somebody has to put it there. An expired one is told as an error.
 * Source: docs/certificates.md; linkerd/linkerd2#5888, a webhook that went on with its old certificate, so that no pod could be created.
 */
export const guardCertificateExpired = defineHealthCheck({
  id: "guard-certificate-expired",
  defaultSeverity: "error",
  find({ guard, nowMilliseconds }) {
    if (guard.kind !== "examined") return [];
    return guard.registrations.flatMap((registration) =>
      registration.endpoints.flatMap((endpoint): readonly CheckFinding[] => {
        const checked = soonestEnd(endpoint, nowMilliseconds);
        if (checked === null || !isEnding(checked, nowMilliseconds)) return [];
        return [
          {
            subject: { kind: "registration", registration },
            field: "webhooks.clientConfig",
            fact: { kind: "guard-certificate", endpoint, checked },
            remedies: [{ kind: "renew-certificate", endpoint }],
            ...(isExpired(checked, nowMilliseconds) ? {} : { severity: "warning" }),
          },
        ];
      }),
    );
  },
});

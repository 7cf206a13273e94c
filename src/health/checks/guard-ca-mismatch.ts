/** @file Finds a registration of crdguard whose caBundle does not vouch for the certificate that is served. */
import { defineHealthCheck } from "../check.ts";
import type { EndpointEvidence } from "../facts.ts";
import type { CheckFinding } from "../finding.ts";

/**
 * The API server then does not get through to the guard: what fails closed is refused, and the rest goes unguarded. It comes of
 * certificates that were made anew while the registration kept the old authority.
 * Source: k8s.io/api/admissionregistration/v1, WebhookClientConfig.CABundle.
 */
export const guardCaMismatch = defineHealthCheck({
  id: "guard-ca-mismatch",
  defaultSeverity: "error",
  find({ guard }) {
    if (guard.kind !== "examined") return [];
    return guard.registrations.flatMap((registration) =>
      registration.endpoints.flatMap((endpoint): readonly CheckFinding[] => {
        const reason = mismatchOf(endpoint);
        if (reason === null) return [];
        const { isBlocking } = registration;
        return [
          {
            subject: { kind: "registration", registration },
            field: "webhooks.clientConfig.caBundle",
            fact: { kind: "guard-ca-mismatch", endpoint, reason, isBlocking },
            remedies: [
              { kind: "set-ca-bundle", registration },
              ...(isBlocking ? [{ kind: "unblock", registration } as const] : []),
            ],
            ...(isBlocking ? {} : { severity: "warning" }),
          },
        ];
      }),
    );
  },
});

/** No public authority vouches for the name of a service, so that one without a caBundle is trusted by nobody. */
function mismatchOf({ target, authorities, served }: EndpointEvidence): string | null {
  if (authorities.kind === "malformed") return authorities.reason;
  if (authorities.kind === "none" && target.kind === "service") return "there is no caBundle";
  return served.kind === "seen" ? served.distrust : null;
}

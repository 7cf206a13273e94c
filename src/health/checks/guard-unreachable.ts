/** @file Finds a registration of crdguard that points to where nobody answers. */
import { defineHealthCheck } from "../check.ts";
import type { CheckFinding } from "../finding.ts";

/**
 * Where the registration fails closed, every update and deletion of a CRD is refused until the server is back or the
 * registration gone; where it fails open, nothing is guarded.
 * Source: Kubernetes, "Dynamic Admission Control", section "Failure policy".
 */
export const guardUnreachable = defineHealthCheck({
  id: "guard-unreachable",
  defaultSeverity: "error",
  find({ guard }) {
    if (guard.kind !== "examined") return [];
    return guard.registrations.flatMap((registration) =>
      registration.endpoints.flatMap((endpoint): readonly CheckFinding[] => {
        const { reach } = endpoint;
        if (reach.kind === "listening" || reach.kind === "unknown") return [];
        const { isBlocking } = registration;
        return [
          {
            subject: { kind: "registration", registration },
            field: "webhooks.clientConfig",
            fact: { kind: "guard-unreachable", endpoint, reach, isBlocking },
            remedies: [
              { kind: "look-at-endpoint", endpoint },
              ...(isBlocking ? [{ kind: "unblock", registration } as const] : []),
            ],
            // From here is not from where the API server calls.
            ...(reach.kind === "refused" || !isBlocking ? { severity: "warning" } : {}),
          },
        ];
      }),
    );
  },
});

/** @file Finds a registration of crdguard that is not what this version of crdguard renders. */
import { isNonEmpty } from "../../rules/hurt.ts";
import { defineHealthCheck } from "../check.ts";

/**
 * A match condition that was changed may keep changes from being seen; one that fails turns every write of a CRD into a 403.
 * What an upgrade of the server left behind in an older form is found as well.
 * Source: src/operator/webhook-configurations.ts.
 */
export const guardRegistrationDrifted = defineHealthCheck({
  id: "guard-registration-drifted",
  defaultSeverity: "warning",
  find({ guard }) {
    if (guard.kind !== "examined") return [];
    return guard.registrations.flatMap(({ differences, ...registration }) =>
      isNonEmpty(differences)
        ? [
            {
              subject: { kind: "registration", registration },
              field: differences[0].field,
              fact: { kind: "guard-registration-drifted", differences },
              remedies: [{ kind: "restore-registration", registration }],
            } as const,
          ]
        : [],
    );
  },
});

/** @file Finds exceptions of GuardPolicies that are over, or will be soon. */
import { defineHealthCheck } from "../check.ts";

/**
 * When an exception lapses, what it let through is denied again, perhaps in the middle of an upgrade; and one that stays
 * where it is tells its reader of a permission that there is no more. Neither is an illness, so that it is noted.
 * Source: docs/policy.md, section "Exceptions".
 */
export const exceptionLapsed = defineHealthCheck({
  id: "exception-lapsed",
  defaultSeverity: "note",
  find: ({ guardPolicies }) =>
    guardPolicies
      .filter(({ lapsed, lapsing }) => lapsed.length + lapsing.length > 0)
      .map((policy) => ({
        subject: { kind: "guard-policy", name: policy.name },
        field: "spec.exceptions",
        fact: { kind: "exception-lapsed", policy },
        remedies: [{ kind: "renew-exceptions", name: policy.name }],
      })),
});

/** @file Finds a GuardPolicy of which some entries, or none at all, count. */
import { defineHealthCheck } from "../check.ts";

/**
 * What does not count is not enforced, or not excepted, while whoever wrote it believes the contrary. The API server cannot
 * refuse it: which rules there are is known by the running crdguard alone.
 * Source: docs/policy.md, section "What does not count".
 */
export const policyMalformed = defineHealthCheck({
  id: "policy-malformed",
  defaultSeverity: "warning",
  find: ({ guardPolicies }) =>
    guardPolicies
      .filter(({ problems }) => problems.length > 0)
      .map((policy) => ({
        subject: { kind: "guard-policy", name: policy.name },
        field: "spec",
        fact: { kind: "policy-malformed", policy },
        remedies: [{ kind: "correct-policy", name: policy.name }],
      })),
});

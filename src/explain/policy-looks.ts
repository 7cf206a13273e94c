/** @file GuardPolicies as doctor looks at them: what is wrong with each in words, and which exceptions are over. */
import type { GuardPolicyLook } from "../health/facts.ts";
import { parseGuardPolicy } from "../policy/guard-policy.ts";
import { exceptionsAt } from "../policy/lapse.ts";
import { policyProblem } from "./guard-policy.ts";

export function lookAtPolicies(
  policies: readonly { readonly name: string; readonly spec: unknown }[],
  nowMilliseconds: number,
): readonly GuardPolicyLook[] {
  return policies.map((policy) => {
    const parsed = parseGuardPolicy(policy);
    const { lapsed, lapsing } = exceptionsAt(parsed.ok ? parsed.value.exceptions : [], nowMilliseconds);
    return {
      name: policy.name,
      counts: parsed.ok,
      problems: (parsed.ok ? parsed.problems : parsed.error.problems).map(policyProblem),
      lapsed,
      lapsing,
    };
  });
}

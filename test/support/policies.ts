/** @file Short ways to write GuardPolicies in tests. */
import type { RawGuardPolicy } from "../../src/cluster/guard-policies.ts";
import { type GuardPolicy, parseGuardPolicy } from "../../src/policy/guard-policy.ts";

/** As it comes from a cluster or a manifest. */
export function rawPolicy(name: string, spec: unknown = {}): RawGuardPolicy {
  return { name, generation: 1, spec };
}

/** @throws for what does not count as a whole. */
export function policyOf(name: string, spec: unknown = {}): GuardPolicy {
  const parsed = parseGuardPolicy(rawPolicy(name, spec));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

/** Of the deletion of gears.own.dev, until 2027 unless told. */
export function exceptionEntry(shape: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    rule: "objects-deleted",
    crd: "gears.own.dev",
    reason: "the mill moves",
    owner: "millers",
    expires: "2027-01-01T00:00:00Z",
    ...shape,
  };
}

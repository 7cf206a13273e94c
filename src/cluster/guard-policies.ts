/** @file GuardPolicy objects as they come: what they mean is found by policy/, which cluster/ knows nothing of. */
import { compareText } from "../crd/compare-text.ts";
import { isRecord } from "../crd/is-record.ts";

export const GUARD_POLICY_CRD = "guardpolicies.crdguard.dev";
export const GUARD_POLICY_VERSION = "v1alpha1";

export interface RawGuardPolicy {
  readonly name: string;
  /** `metadata.generation`; 0 where a manifest carries none. */
  readonly generation: number;
  /** Of any shape. */
  readonly spec: unknown;
}

export function isGuardPolicyManifest(input: unknown): boolean {
  return isRecord(input) && input["kind"] === "GuardPolicy" && String(input["apiVersion"]).startsWith("crdguard.dev/");
}

/** Null for what has no name. */
export function readGuardPolicy(input: unknown): RawGuardPolicy | null {
  if (!isRecord(input) || !isRecord(input["metadata"])) return null;
  const { name, generation } = input["metadata"];
  if (typeof name !== "string" || name === "") return null;
  return { name, generation: typeof generation === "number" ? generation : 0, spec: input["spec"] };
}

/** In the order of their names; of several of one name the last one counts. */
export function sortedPolicies(policies: Iterable<RawGuardPolicy>): readonly RawGuardPolicy[] {
  const byName = new Map<string, RawGuardPolicy>();
  for (const policy of policies) byName.set(policy.name, policy);
  return [...byName.values()].toSorted((left, right) => compareText(left.name, right.name));
}

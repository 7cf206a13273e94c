/** @file The policy that a finding is judged by: what the cluster's GuardPolicies and the flags make of it for the CRDs that it is about. */
import type { ClusterPicture } from "../cluster/picture.ts";
import { combinePolicies, type ConcernedCrd, type PolicyFlags } from "../policy/combine.ts";
import { type GuardPolicy, parseGuardPolicy } from "../policy/guard-policy.ts";
import { compareStrictness, judge, type JudgedFinding, type Policy, worstFirst } from "../policy/policy.ts";
import { type Change, type CrdChange, previousCrd } from "../rules/change.ts";
import type { Fact, Finding } from "../rules/finding.ts";
import { crdNameOf } from "../rules/requirement.ts";

type Sight = Pick<ClusterPicture, "crds" | "guardPolicies">;

/**
 * By the labels that the CRD has before the change, so that nobody chooses a milder policy by the change itself.
 * @param picture null: nothing is known of the cluster, so that flags and what is built in count alone.
 */
export function policyOfCrd(change: CrdChange, picture: Sight | null, flags: PolicyFlags, nowMilliseconds: number): Policy {
  const { name, labels } = previousCrd(change) ?? createdCrd(change);
  return combinePolicies(picture === null ? [] : readPolicies(picture.guardPolicies), flags, { name, labels }, nowMilliseconds);
}

/** A workload's finding may be about several CRDs: the strictest of their policies counts, and an exception only for all of them. */
export function judgeChange(
  change: Change,
  findings: readonly Finding[],
  picture: Sight,
  flags: PolicyFlags,
  nowMilliseconds: number,
): readonly JudgedFinding[] {
  if (change.kind !== "apply-workload") return judge(findings, policyOfCrd(change, picture, flags, nowMilliseconds));
  const policies = readPolicies(picture.guardPolicies);
  return findings
    .flatMap((finding) => {
      const judged = concernedCrds(finding.fact, picture.crds).flatMap((crd) =>
        judge([finding], combinePolicies(policies, flags, crd, nowMilliseconds)),
      );
      return judged.toSorted((left, right) => compareStrictness(right.enforcement, left.enforcement)).slice(0, 1);
    })
    .toSorted(worstFirst);
}

/** The same list gives the same policies, without reading them again. */
export function readPolicies(raw: ClusterPicture["guardPolicies"]): readonly GuardPolicy[] {
  const known = read.get(raw);
  if (known !== undefined) return known;
  const policies = raw.flatMap((one) => {
    const policy = parseGuardPolicy(one);
    return policy.ok ? [policy.value] : [];
  });
  read.set(raw, policies);
  return policies;
}

const read = new WeakMap<ClusterPicture["guardPolicies"], readonly GuardPolicy[]>();

function createdCrd(change: CrdChange): ConcernedCrd {
  if (change.kind === "delete") throw new Error("what is deleted was there before");
  return change.next;
}

function concernedCrds(fact: Fact, crds: Sight["crds"]): readonly ConcernedCrd[] {
  const names = new Set(neededBy(fact).map(({ need }) => crdNameOf(need.requirement)));
  if (names.size === 0) return [NO_CRD];
  return [...names].map((name) => ({ name, labels: crds.get(name)?.labels ?? {} }));
}

/** A finding about no CRD in particular is judged by the policies that are for all of them. */
const NO_CRD: ConcernedCrd = { name: "", labels: {} };

function neededBy(fact: Fact): Extract<Fact, { kind: "requirement-unsure" }>["hurt"] | readonly [] {
  switch (fact.kind) {
    case "workload-requirement-unmet":
      return fact.unmet;
    case "requirement-unsure":
    case "required-version-unserved":
    case "required-resource-deleted":
      return fact.hurt;
    case "stored-version-removed":
    case "stored-version-forgotten":
    case "declaration-unreadable":
    case "objects-deleted":
    case "version-in-use-unserved":
    case "writers-unknown":
    case "schema-narrowed":
    case "versions-apart":
    case "version-renamed":
    case "names-gone":
    case "schemas-unknown":
    case "conversion-removed":
    case "conversion-unreachable":
    case "conversion-unknown":
    case "bundle-downgraded":
    case "storage-version-downgraded":
    case "owner-changed":
    case "object-rejected":
    case "object-pruned":
    case "objects-not-all-checked":
    case "objects-unchecked":
    case "objects-known-in-outline":
    case "object-rules-failed":
    case "object-rules-unevaluated":
      return [];
  }
}

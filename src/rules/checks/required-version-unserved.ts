/** @file Finds a change after which a running workload no longer gets an API version that it needs. */
import type { Crd } from "../../crd/crd.ts";
import { compareVersions, findVersion } from "../../crd/versions.ts";
import { type CrdChange, previousCrd } from "../change.ts";
import type { Facts } from "../facts.ts";
import type { HurtWorkload, Remedy, RuleFinding } from "../finding.ts";
import { findHurt, gradeHurt, isNonEmpty, scaleDownRemedies, unjudgedFindings, upgradeRemedies } from "../hurt.ts";
import type { ApiState } from "../requirement.ts";
import { defineRule } from "../rule.ts";

/**
 * Served, not listed, is what counts for most controllers; a few look at the list alone, so that a version listed but
 * unserved hurts them more than none, and creating a CRD can break them. The requirement's outcomes say which.
 * Source: kubernetes-sigs/gateway-api#3075 (v1.1.0 standard stopped serving GRPCRoute v1alpha2), cilium/cilium#34835.
 */
export const requiredVersionUnserved = defineRule({
  id: "required-version-unserved",
  defaultEnforcement: "deny",
  find({ change, facts }) {
    if (change.kind !== "update" && change.kind !== "create") return [];

    const previous = previousCrd(change);
    const { hard, soft, unsure } = gradeHurt(findHurt(facts.needs, previous, change.next));
    const findings = [
      ...groupByLoss(hard, previous, change.next).map((group) => describe(change, facts, group, true)),
      ...groupByLoss(soft, previous, change.next).map((group) => describe(change, facts, group, false)),
    ];
    const declarations = losesServedVersion(previous, change.next) ? facts.unreadableDeclarations : [];
    return [...findings, ...unjudgedFindings("spec.versions", unsure, declarations)];
  },
});

interface Loss {
  readonly versions: readonly [string, ...string[]];
  readonly state: Exclude<ApiState, "served" | "absent">;
  readonly hurt: readonly [HurtWorkload, ...HurtWorkload[]];
}

/** One finding a cause: workloads that lose the same versions in the same way belong together. */
function groupByLoss(hurt: readonly HurtWorkload[], previous: Crd | null, next: Crd): readonly Loss[] {
  const groups = Map.groupBy(hurt, ({ need, stateAfter }) => {
    return JSON.stringify([lostVersions(need.requirement.versions, previous, next), stateAfter]);
  });
  return [...groups.values()].flatMap((members): readonly Loss[] => {
    const [first] = members;
    if (first === undefined || !isNonEmpty(members)) return [];
    const versions = lostVersions(first.need.requirement.versions, previous, next);
    const state = first.stateAfter;
    if (!isNonEmpty(versions) || state === "served" || state === "absent") return [];
    return [{ versions, state, hurt: members }];
  });
}

/** Of the versions a requirement accepts, those that this change takes away; all of them where none was served before. */
function lostVersions(accepted: readonly string[], previous: Crd | null, next: Crd): readonly string[] {
  const lost = accepted.filter((name) => isServedIn(previous, name) && !isServedIn(next, name));
  // In one order, however a declaration lists them, so that the same loss is one finding.
  return (lost.length > 0 ? lost : accepted).toSorted((left, right) => compareVersions(right, left));
}

type ServingChange = Extract<CrdChange, { kind: "create" | "update" }>;

function describe(change: ServingChange, facts: Facts, loss: Loss, isHardLoss: boolean): RuleFinding {
  return {
    field: fieldOf(loss),
    fact: {
      kind: "required-version-unserved",
      versions: loss.versions,
      stateAfter: loss.state,
      isCreate: change.kind === "create",
      hurt: loss.hurt,
    },
    remedies: remediesFor(change, facts, loss),
    ...(isHardLoss ? {} : { isAdvisory: true }),
  };
}

function remediesFor(change: ServingChange, facts: Facts, loss: Loss): readonly Remedy[] {
  const before = previousCrd(change)?.bundle ?? null;
  const after = change.next.bundle;
  const leavesBundle = before !== null && (before.version !== after?.version || before.channel !== after.channel);
  const upgrades = upgradeRemedies(loss.hurt, change, facts);
  return [
    ...upgrades,
    { kind: "keep-version-served", versions: loss.versions, isListed: loss.state !== "unlisted" },
    ...(leavesBundle ? ([{ kind: "stay-on-bundle", ...before }] as const) : []),
    ...scaleDownRemedies(loss.hurt, upgrades),
  ];
}

function fieldOf({ versions, state }: Loss): string {
  if (versions.length > 1) return "spec.versions";
  return state === "unserved" || state === "not-preferred"
    ? `spec.versions[${versions[0]}].served`
    : `spec.versions[${versions[0]}]`;
}

function losesServedVersion(previous: Crd | null, next: Crd): boolean {
  return previous?.versions.some(({ name, isServed }) => isServed && !isServedIn(next, name)) ?? false;
}

function isServedIn(crd: Crd | null, name: string): boolean {
  return crd !== null && (findVersion(crd, name)?.isServed ?? false);
}

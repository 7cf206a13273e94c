/** @file What will be once manifests are applied: workloads at their new version, CRDs as they will be. */
import { compareText } from "../crd/compare-text.ts";
import type { Crd } from "../crd/crd.ts";
import type { WorkloadChange } from "../rules/change.ts";
import { type Need, workloadKey } from "../rules/facts.ts";
import { isSure, outcomesOf } from "../rules/hurt.ts";
import { crdNameOf, type Requirement } from "../rules/requirement.ts";
import type { ApiRequirement } from "../requirements/api-requirement.ts";
import type { ReadSetting } from "../requirements/condition.ts";
import type { Workload } from "../requirements/workload.ts";
import { type RawGuardPolicy, sortedPolicies } from "./guard-policies.ts";
import type { ClusterPicture, PictureBuilder } from "./picture.ts";

/** What is applied together. */
export interface Applied {
  readonly crds: readonly Crd[];
  readonly workloads: readonly Workload[];
  readonly apiRequirements: readonly ApiRequirement[];
  /** Values by key, by `namespace/name` of their ConfigMap. */
  readonly configMaps: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** In place of those of the same name, so that a policy can be tried out. */
  readonly guardPolicies: readonly RawGuardPolicy[];
}

export interface Preview {
  /** Of the cluster before, but for what is applied, and for the needs of workloads that are replaced. */
  readonly picture: ClusterPicture;
  readonly workloads: readonly WorkloadChange[];
}

/** @param readSetting of the cluster as it is; what is applied comes first. */
export function previewOf(builder: PictureBuilder, applied: Applied, readSetting: ReadSetting): Preview {
  const before = builder.build();
  const settings = settingsAfter(applied, readSetting);
  const needs = new Map(before.needs);
  const workloads = applied.workloads.map((workload): WorkloadChange => {
    const { ref } = workload;
    const next = builder.needsOf(workload, { readSetting: settings, apiRequirements: applied.apiRequirements });
    const runsToday = builder.isRunning(ref);
    const today = builder.currentNeeds(ref).needs;
    if (runsToday) exchange(needs, today, [...next.needs, ...untilReplaced(today, next.needs)]);
    return {
      kind: "apply-workload",
      workload: ref,
      needs: next.needs,
      unreadable: next.unreadable,
      today: runsToday ? { outcomes: outcomesOf(today, before.crds) } : null,
    };
  });
  for (const workload of concerned(builder, applied)) {
    const today = builder.currentNeeds(workload.ref).needs;
    const next = builder.needsOf(workload, { readSetting: settings, apiRequirements: applied.apiRequirements }).needs;
    exchange(needs, today, next);
  }
  const guardPolicies =
    applied.guardPolicies.length === 0
      ? before.guardPolicies
      : sortedPolicies([...before.guardPolicies, ...applied.guardPolicies]);
  return {
    picture: { ...before, needs, applied: new Map(applied.crds.map((crd) => [crd.name, crd])), guardPolicies },
    workloads,
  };
}

/** Workloads that stay as they are, but of which something else is declared or set. */
function concerned(builder: PictureBuilder, { workloads, apiRequirements, configMaps }: Applied): readonly Workload[] {
  if (apiRequirements.length === 0 && configMaps.size === 0) return [];
  const applied = new Set(workloads.map(({ ref }) => workloadKey(ref)));
  return [...builder.workloads()].filter(({ ref }) => !applied.has(workloadKey(ref)));
}

function settingsAfter({ configMaps }: Applied, readSetting: ReadSetting): ReadSetting {
  return (namespace, name, key) => {
    const values = configMaps.get(`${namespace}/${name}`);
    return values === undefined ? readSetting(namespace, name, key) : (values.get(key) ?? null);
  };
}

/** As in a picture, whichever order workloads came in. */
function byWorkload(left: Need, right: Need): number {
  return compareText(workloadKey(left.workload), workloadKey(right.workload));
}

/** Puts a workload's needs in the place of those it has today. */
function exchange(needs: Map<string, readonly Need[]>, today: readonly Need[], next: readonly Need[]): void {
  for (const name of new Set([...today, ...next].map(({ requirement }) => crdNameOf(requirement)))) {
    const others = (needs.get(name) ?? []).filter((need) => !today.includes(need));
    const own = next.filter(({ requirement }) => crdNameOf(requirement) === name);
    needs.set(name, [...others, ...own].toSorted(byWorkload));
  }
}

/**
 * Needs of today that the new version no longer has count until it is there: the API server is asked for a CRD while the
 * old version still runs. What is unsure today is not worth it.
 */
function untilReplaced(today: readonly Need[], next: readonly Need[]): readonly Need[] {
  const known = new Set(next.map(({ requirement }) => keyOf(requirement)));
  return today
    .filter((need) => isSure(need) && !known.has(keyOf(need.requirement)))
    .map((need) => ({ ...need, certainty: { kind: "replaced" } }));
}

function keyOf({ group, resource, versions, outcomes }: Requirement): string {
  return JSON.stringify([group, resource, versions, outcomes.absent, outcomes.unlisted, outcomes.unserved]);
}

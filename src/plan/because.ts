/** @file Why a step comes where it does, read off what comes after it. */
import type { Crd } from "../crd/crd.ts";
import { servedVersions } from "../crd/versions.ts";
import { compareText } from "../crd/compare-text.ts";
import type { WorkloadRef } from "../rules/facts.ts";
import { isNonEmpty, isSure } from "../rules/hurt.ts";
import { fareOf, isHard } from "../rules/requirement.ts";
import type { Release } from "./crew.ts";
import type { Deed } from "./deed.ts";
import type { Doing } from "./doings.ts";
import type { Judge } from "./judge.ts";
import type { Because, CrdStepChange } from "./plan.ts";

/** What a release that stayed would keep from being done: the first such thing. */
export function becauseOfHarm(release: Release, later: readonly Deed[], judge: Judge): Because | null {
  const harmful = later.filter((deed) => judge.harm(deed, release) > 0);
  const rule = harmful[0]?.change?.kind === "delete" ? "required-resource-deleted" : "required-version-unserved";
  const crds = [
    ...new Set(
      harmful
        .filter(({ change }) => (change?.kind === "delete") === (rule === "required-resource-deleted"))
        .map(({ before }) => before.name),
    ),
  ];
  return isNonEmpty(crds) ? { kind: "refused-before", rule, crds } : null;
}

export function becauseOfStored(crd: string): Because {
  return { kind: "refused-before", rule: "stored-version-removed", crds: [crd] };
}

/** Who comes later, and could not come with the definitions as they were before. */
export function becauseOfNeeds(
  changes: readonly CrdStepChange[],
  later: readonly Doing[],
  crds: ReadonlyMap<string, Crd>,
): Because | null {
  const workloads = helped(changes, later, crds).map(({ crew }) => crew.workload.ref);
  return isNonEmpty(workloads) ? { kind: "needed-by", workloads: distinct(workloads) } : null;
}

/** Versions that it serves, and that workloads need which are replaced later, or their later releases. */
export function becauseOfOverlap(
  changes: readonly CrdStepChange[],
  later: readonly Doing[],
  crds: ReadonlyMap<string, Crd>,
): Because | null {
  const runs = ({ needsBefore }: Release): boolean =>
    needsBefore.every((need) => !isSure(need) || !isHard(fareOf(need.requirement, crds).outcome));
  const pairs = helped(changes, later, crds).flatMap((doing) => [
    doing.to,
    // Who fails today needs no overlap.
    ...(doing.kind === "upgrade" && runs(doing.from) ? [doing.from] : []),
  ]);
  const versions = changes.flatMap(({ name, after }) => {
    const needed = new Set(
      pairs.flatMap(({ needsByCrd }) => (needsByCrd.get(name) ?? []).flatMap(({ requirement }) => requirement.versions)),
    );
    return after === null
      ? []
      : servedVersions(after)
          .filter((version) => needed.has(version))
          .map((version) => ({ crd: name, version }));
  });
  const own = new Set(versions.map(({ crd }) => crd));
  // One version alone is no overlap: it is simply what is needed.
  return versions.length > own.size ? { kind: "overlap", versions } : null;
}

type Coming = Exclude<Doing, { kind: "stop" }>;

function helped(changes: readonly CrdStepChange[], later: readonly Doing[], crds: ReadonlyMap<string, Crd>): readonly Coming[] {
  const names = new Set(changes.map(({ name }) => name));
  return later.filter((doing): doing is Coming => {
    if (doing.kind === "stop") return false;
    return [...doing.to.needsByCrd].some(
      ([name, needs]) => names.has(name) && needs.some((need) => isSure(need) && isHard(fareOf(need.requirement, crds).outcome)),
    );
  });
}

function distinct(refs: readonly [WorkloadRef, ...WorkloadRef[]]): readonly [WorkloadRef, ...WorkloadRef[]] {
  const byName = new Map(refs.map((ref) => [`${ref.namespace}/${ref.name}/${ref.kind}`, ref] as const));
  const [first = refs[0], ...others] = [...byName].toSorted(([left], [right]) => compareText(left, right)).map(([, ref]) => ref);
  return [first, ...others];
}

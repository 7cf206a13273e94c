/** @file How needs stand in the cluster as it is, and who would be hurt if a CRD lost a version or went away. */
import { compareText } from "../crd/compare-text.ts";
import type { Crd } from "../crd/crd.ts";
import { compareVersions, findVersion } from "../crd/versions.ts";
import type { Need, UnreadableDeclaration, WorkloadRef } from "./facts.ts";
import type { HurtWorkload } from "./finding.ts";
import { findHurt, isSure } from "./hurt.ts";
import { type ApiState, compareHarm, crdNameOf, fareOf, isHard, type Outcome } from "./requirement.ts";

/**
 * `met`: nothing becomes of the workload, whatever the API's state. `unmet`: it is hurt. `unknown`: it is hurt if it has
 * this need, which nothing tells for sure.
 */
export type Standing = "met" | "unmet" | "unknown";

export interface StandingNeed {
  readonly need: Need;
  readonly state: ApiState;
  /** What becomes of the workload in this state. */
  readonly outcome: Outcome;
  readonly standing: Standing;
}

export interface WorkloadStanding {
  readonly workload: WorkloadRef;
  /** Unmet ones first, the worst of them before all; then those that are unknown; then by name of the CRD. */
  readonly needs: readonly StandingNeed[];
  readonly unreadable: readonly UnreadableDeclaration[];
}

/** What is known of the cluster, as far as needs go; a picture is one. */
export interface KnownNeeds {
  readonly crds: ReadonlyMap<string, Crd>;
  /** By name of the CRD. */
  readonly needs: ReadonlyMap<string, readonly Need[]>;
  readonly unreadableDeclarations: readonly UnreadableDeclaration[];
}

/** Workloads that need something, or whose declaration cannot be read: those that are hurt first, then by name. */
export function standingsOf({ crds, needs, unreadableDeclarations }: KnownNeeds): readonly WorkloadStanding[] {
  const standing = [...needs.values()].flat().map((need) => standingOf(need, crds));
  const byWorkload = Map.groupBy(standing, ({ need }) => keyOf(need.workload));
  const unreadable = Map.groupBy(unreadableDeclarations, ({ workload }) => keyOf(workload));
  const workloads = new Map(
    [...standing.map(({ need }) => need), ...unreadableDeclarations].map(({ workload }) => [keyOf(workload), workload] as const),
  );
  return [...workloads]
    .map(([key, workload]) => ({
      workload,
      needs: (byWorkload.get(key) ?? []).toSorted(compareNeeds),
      unreadable: unreadable.get(key) ?? [],
    }))
    .toSorted((left, right) => severityOf(right) - severityOf(left) || compareText(keyOf(left.workload), keyOf(right.workload)));
}

/** Hurt for sure, and so that it fails. */
export function isHardUnmet({ standing, outcome }: StandingNeed): boolean {
  return standing === "unmet" && isHard(outcome);
}

/** What may become of a CRD. `dropped`: the version is not listed any more; another one may be in its place. */
export type Loss =
  | { readonly kind: "unserved"; readonly version: string }
  | { readonly kind: "dropped"; readonly version: string }
  | { readonly kind: "deleted" };

export interface JudgedLoss {
  readonly loss: Loss;
  /** Those hurt for sure first, the worst of them before all; then by name. */
  readonly hurt: readonly HurtWorkload[];
}

/** Every version's losses, most stable version first, then the deletion. A version that is not served cannot stop to be. */
export function lossesOf(crd: Crd, needs: readonly Need[]): readonly JudgedLoss[] {
  const versions = crd.versions.map(({ name }) => name).toSorted((left, right) => compareVersions(right, left));
  const losses: readonly Loss[] = [
    ...versions.flatMap((version): readonly Loss[] => [
      ...(findVersion(crd, version)?.isServed ? [{ kind: "unserved", version } as const] : []),
      { kind: "dropped", version },
    ]),
    { kind: "deleted" },
  ];
  return losses.map((loss) => ({ loss, hurt: findHurt(needs, crd, crdAfter(crd, loss)).toSorted(compareHurt) }));
}

function crdAfter(crd: Crd, loss: Loss): Crd | null {
  switch (loss.kind) {
    case "unserved":
      return {
        ...crd,
        versions: crd.versions.map((version) => (version.name === loss.version ? { ...version, isServed: false } : version)),
      };
    case "dropped":
      return { ...crd, versions: crd.versions.filter(({ name }) => name !== loss.version) };
    case "deleted":
      return null;
  }
}

function standingOf(need: Need, crds: ReadonlyMap<string, Crd>): StandingNeed {
  const { state, outcome } = fareOf(need.requirement, crds);
  return { need, state, outcome, standing: outcome === "works" ? "met" : isSure(need) ? "unmet" : "unknown" };
}

const ORDER = { unmet: 2, unknown: 1, met: 0 } as const satisfies Record<Standing, number>;

function compareNeeds(left: StandingNeed, right: StandingNeed): number {
  return (
    ORDER[right.standing] - ORDER[left.standing] ||
    compareHarm(right.outcome, left.outcome) ||
    compareText(crdNameOf(left.need.requirement), crdNameOf(right.need.requirement))
  );
}

function severityOf({ needs, unreadable }: WorkloadStanding): number {
  if (needs.some(isHardUnmet)) return 4;
  if (needs.some(({ standing }) => standing === "unmet")) return 3;
  if (unreadable.length > 0) return 2;
  return needs.some(({ standing }) => standing === "unknown") ? 1 : 0;
}

function compareHurt(left: HurtWorkload, right: HurtWorkload): number {
  return (
    Number(isSure(right.need)) - Number(isSure(left.need)) ||
    compareHarm(right.after, left.after) ||
    compareText(keyOf(left.need.workload), keyOf(right.need.workload))
  );
}

function keyOf({ kind, namespace, name }: WorkloadRef): string {
  return `${namespace}/${name}/${kind}`;
}

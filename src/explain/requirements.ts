/** @file Needs and how they stand → one report: the contract of `-o json`. */
import type { Crd } from "../crd/crd.ts";
import type { Certainty, Need, NeedSource, UnreadableDeclaration } from "../rules/facts.ts";
import { isSure } from "../rules/hurt.ts";
import { type ApiState, crdNameOf, isHard, type Outcome, type Presence, type Requirement } from "../rules/requirement.ts";
import type { JudgedLoss, Loss, Standing, StandingNeed, WorkloadStanding } from "../rules/standing.ts";
import { sourceOf } from "./evidence.ts";
import { workloadName } from "./subject.ts";
import { shown } from "./text.ts";

/** The contract of `crdguard requirements -o json`. Members are added, never changed, within a version. */
export interface RequirementsReport {
  readonly apiVersion: "crdguard.dev/v1alpha1";
  readonly kind: "RequirementsReport";
  readonly summary: {
    readonly workloads: number;
    readonly needs: number;
    readonly met: number;
    /** Hard: the workload fails. Soft: it loses a feature. */
    readonly unmet: { readonly hard: number; readonly soft: number };
    readonly unknown: number;
    readonly unreadable: number;
  };
  /** Only with `--crd`. */
  readonly crd?: ReportedCrd;
  /** Those that are hurt first, then by name. */
  readonly workloads: readonly ReportedWorkload[];
}

export interface ReportedWorkload {
  /** `Deployment <namespace>/<name>`. */
  readonly workload: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Of its needs the worst: `unmet`, or else `unknown`, or else `met`. */
  readonly standing: Standing;
  readonly needs: readonly ReportedNeed[];
  /** Declarations that cannot be read, so that its needs are not known. */
  readonly unreadable: readonly { readonly key: string; readonly value: string; readonly problem: string }[];
}

export interface ReportedNeed {
  readonly crd: string;
  /** Any one of them, served, is enough. */
  readonly versions: readonly string[];
  /** Of the outcomes the worst: `hard` for `crashes` and `stops-working`, `soft` for `loses-feature`, else `none`. */
  readonly level: "hard" | "soft" | "none";
  readonly presence: Presence;
  readonly outcomes: Requirement["outcomes"];
  /** Of the API, today. */
  readonly state: ApiState;
  /** What becomes of the workload in this state; of an unknown need, if it has it. */
  readonly outcome: Outcome;
  readonly standing: Standing;
  readonly source: ReportedSource;
}

export interface ReportedSource {
  readonly kind: NeedSource["kind"];
  /** For people: name, version and doubts. */
  readonly text: string;
  readonly certainty: Certainty["kind"];
  /** Null where the catalog is not the source. */
  readonly image: string | null;
  /** What the catalog tells of what happens without hard needs; null where it tells nothing, or the version is unknown. */
  readonly effect: string | null;
}

export interface ReportedCrd {
  readonly name: string;
  /** Workloads may need what is not there. */
  readonly exists: boolean;
  readonly versions: readonly { readonly name: string; readonly served: boolean; readonly storage: boolean }[];
  readonly losses: readonly ReportedLoss[];
}

/** What would become of workloads if the CRD changed in this way. */
export interface ReportedLoss {
  readonly change: Loss["kind"];
  /** Null for `deleted`. */
  readonly version: string | null;
  readonly hurt: readonly ReportedHurt[];
}

export interface ReportedHurt {
  readonly workload: string;
  readonly outcome: Outcome;
  readonly standing: Exclude<Standing, "met">;
  readonly source: ReportedSource;
}

/** `crd` null: the CRD is needed, but does not exist. */
export interface CrdQuestion {
  readonly name: string;
  readonly crd: Crd | null;
  readonly losses: readonly JudgedLoss[];
}

export function requirementsReport(
  standings: readonly WorkloadStanding[],
  question: CrdQuestion | null = null,
): RequirementsReport {
  const workloads = standings.map(reportWorkload);
  const needs = workloads.flatMap((workload) => workload.needs);
  const unmet = needs.filter(({ standing }) => standing === "unmet");
  const hard = unmet.filter(({ outcome }) => isHard(outcome)).length;
  return {
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "RequirementsReport",
    summary: {
      workloads: workloads.length,
      needs: needs.length,
      met: needs.filter(({ standing }) => standing === "met").length,
      unmet: { hard, soft: unmet.length - hard },
      unknown: needs.filter(({ standing }) => standing === "unknown").length,
      unreadable: workloads.reduce((sum, { unreadable }) => sum + unreadable.length, 0),
    },
    ...(question === null ? {} : { crd: reportCrd(question) }),
    workloads,
  };
}

function reportWorkload({ workload, needs, unreadable }: WorkloadStanding): ReportedWorkload {
  const standings = new Set(needs.map(({ standing }) => standing));
  return {
    workload: shown(workloadName(workload)),
    kind: workload.kind,
    namespace: shown(workload.namespace),
    name: shown(workload.name),
    standing: standings.has("unmet") ? "unmet" : standings.has("unknown") || unreadable.length > 0 ? "unknown" : "met",
    needs: withoutRepetitions(needs.map(reportNeed)),
    unreadable: unreadable.map(reportUnreadable),
  };
}

/** Several containers, and several versions of which any may run, can have the same need. */
function withoutRepetitions(needs: readonly ReportedNeed[]): readonly ReportedNeed[] {
  return [...new Map(needs.map((need) => [JSON.stringify(need), need])).values()];
}

function reportNeed({ need, state, outcome, standing }: StandingNeed): ReportedNeed {
  const { requirement } = need;
  const outcomes = Object.values(requirement.outcomes);
  return {
    crd: shown(crdNameOf(requirement)),
    versions: requirement.versions.map(shown),
    level: outcomes.some(isHard) ? "hard" : outcomes.includes("loses-feature") ? "soft" : "none",
    presence: requirement.presence,
    outcomes: requirement.outcomes,
    state,
    outcome,
    standing,
    source: reportSource(need),
  };
}

function reportSource({ source, certainty }: Need): ReportedSource {
  return {
    kind: source.kind,
    text: sourceOf({ source, certainty }),
    certainty: certainty.kind,
    image: source.kind === "catalog" ? shown(source.image) : null,
    effect:
      source.kind === "catalog" && source.effect !== null && certainty.kind !== "unknown-version" ? shown(source.effect) : null,
  };
}

function reportUnreadable({ key, value, problem }: UnreadableDeclaration): ReportedWorkload["unreadable"][number] {
  return { key: shown(key), value: shown(value), problem: shown(problem) };
}

function reportCrd({ name, crd, losses }: CrdQuestion): ReportedCrd {
  return {
    name: shown(name),
    exists: crd !== null,
    versions: (crd?.versions ?? []).map((version) => ({
      name: shown(version.name),
      served: version.isServed,
      storage: version.isStorage,
    })),
    losses: losses.map(({ loss, hurt }) => ({
      change: loss.kind,
      version: loss.kind === "deleted" ? null : shown(loss.version),
      hurt: hurt.map(({ need, after }) => ({
        workload: shown(workloadName(need.workload)),
        outcome: after,
        standing: isSure(need) ? "unmet" : "unknown",
        source: reportSource(need),
      })),
    })),
  };
}

/** @file Judges what a plan would do, by the rules and the policy that admission judges by. */
import type { ClusterPicture } from "../cluster/picture.ts";
import type { Crd } from "../crd/crd.ts";
import type { JudgedFinding } from "../policy/policy.ts";
import { judgeChange } from "../review/effective-policy.ts";
import { type Change, type CrdChange, nextCrd, previousCrd, type WorkloadChange } from "../rules/change.ts";
import { evaluate } from "../rules/evaluate.ts";
import {
  type Facts,
  type Need,
  type ObjectEvidence,
  type UnreadableDeclaration,
  type WebhookLook,
  type WebhookLooks,
  workloadKey,
} from "../rules/facts.ts";
import { findHurt, gradeHurt, isSure, outcomesOf } from "../rules/hurt.ts";
import { compareHarm, crdNameOf, fareOf, isHard, type Outcome, type Requirement } from "../rules/requirement.ts";
import { COST, NEVER } from "./cost.ts";
import type { Crew, Release } from "./crew.ts";
import type { Deed } from "./deed.ts";
import type { Definition } from "./definition.ts";
import { isEmpty, isInUse, isLost, lostByArrival, lostByChange } from "./features.ts";
import type { CrdEvidence, PlanQuestion } from "./question.ts";

/** What the rules are told beside the change. */
export interface Circumstances {
  readonly crds: ReadonlyMap<string, Crd>;
  /** Of running workloads, of the CRD in question. */
  readonly needs: readonly Need[];
  readonly unreadable: readonly UnreadableDeclaration[];
}

export interface Judge {
  /** Everything that the rules have to say. */
  readonly findingsOf: (deed: Deed, circumstances: Circumstances) => readonly JudgedFinding[];
  readonly findingsOfWorkload: (change: WorkloadChange, crds: ReadonlyMap<string, Crd>) => readonly JudgedFinding[];
  /** Whether it is refused whoever runs. Remembered. */
  readonly isRefused: (deed: Deed) => boolean;
  /** What a release that runs makes of it: nothing, the cost of a harm that policy lets pass, or `NEVER`. Remembered. */
  readonly harm: (deed: Deed, release: Release) => number;
  /** Remembered for definitions of the same forms. */
  readonly arrivals: (crew: Crew, sight: Sight) => Arrivals;
}

/** What coming to a release, from another one or from none, costs beside the step; `NEVER` where it would be refused. */
export type Arrivals = (from: Release | null, to: Release) => number;

/** The definitions of one state. */
export interface Sight {
  readonly crds: ReadonlyMap<string, Crd>;
  /** `Definition.apiKey` of those that may change, by name. */
  readonly keys: ReadonlyMap<string, string>;
}

interface Fitness {
  /** Hard ones. */
  readonly unmet: readonly { readonly name: string; readonly outcome: Outcome }[];
  readonly lostFeatures: number;
}

export function createJudge(question: PlanQuestion): Judge {
  const { picture, flags, nowMilliseconds } = question;
  const refused = new WeakMap<Deed, boolean>();
  const tables = new Map<string, Arrivals>();
  const harms = new WeakMap<Deed, Map<Release, number>>();
  const refusals = new Map<string, number>();
  const outcomes = new WeakMap<Requirement, { readonly name: string; readonly byKey: Map<string, Outcome> }>();

  /** Remembered by the one definition that it depends on. */
  function outcomeAt(requirement: Requirement, { keys, crds }: Sight): Outcome {
    let known = outcomes.get(requirement);
    if (known === undefined) {
      known = { name: crdNameOf(requirement), byKey: new Map() };
      outcomes.set(requirement, known);
    }
    const key = keys.get(known.name) ?? "";
    const before = known.byKey.get(key);
    if (before !== undefined) return before;
    const { outcome } = fareOf(requirement, crds);
    known.byKey.set(key, outcome);
    return outcome;
  }

  function judged(change: Change, facts: Facts, sight: Pick<ClusterPicture, "crds">): readonly JudgedFinding[] {
    const { guardPolicies } = picture;
    return judgeChange(change, evaluate(change, facts), { crds: sight.crds, guardPolicies }, flags, nowMilliseconds);
  }

  function findingsOf({ before, change }: Deed, { crds, needs, unreadable }: Circumstances): readonly JudgedFinding[] {
    if (change === null) return [];
    const facts: Facts = {
      crds,
      applied: new Map(),
      bundles: picture.bundles,
      needs,
      unreadableDeclarations: unreadable,
      ...evidenceFor(change, before, question),
    };
    // A release in between is known by its versions alone; what its schemas say, admission has to tell.
    return judged(change, facts, { crds }).filter(({ fact }) => fact.kind !== "schemas-unknown");
  }

  function findingsOfWorkload(
    change: WorkloadChange,
    crds: ReadonlyMap<string, Crd>,
    bundles: Facts["bundles"] = picture.bundles,
  ): readonly JudgedFinding[] {
    const facts: Facts = {
      crds,
      applied: new Map(),
      bundles,
      needs: [],
      unreadableDeclarations: [],
      objects: { kind: "not-counted" },
      migration: { kind: "none" },
      writers: { kind: "not-sampled" },
      fit: { kind: "not-looked" },
      webhooks: { before: null, after: null },
    };
    return judged(change, facts, { crds });
  }

  function isRefused(deed: Deed): boolean {
    const known = refused.get(deed);
    if (known !== undefined) return known;
    const answer = findingsOf(deed, { crds: picture.crds, needs: [], unreadable: [] }).some(isDenial);
    refused.set(deed, answer);
    return answer;
  }

  function harm(deed: Deed, release: Release): number {
    const needs = release.needsByCrd.get(deed.before.name);
    if (deed.change === null || deed.change.kind === "status-update" || needs === undefined) return 0;
    const known = harms.get(deed) ?? new Map<Release, number>();
    harms.set(deed, known);
    const before = known.get(release);
    if (before !== undefined) return before;
    // Rules deny by hard and sure needs alone; what hurts and is not denied, policy lets pass.
    const { hard } = gradeHurt(findHurt(needs, deed.before.crd, deed.after.crd));
    const lost = isInUse(deed.before.name, question) ? lostByChange(needs, deed.before.crd, deed.after.crd).length : 0;
    const answer =
      lost * COST.lostInUse +
      (hard.length === 0
        ? 0
        : findingsOf(deed, { crds: picture.crds, needs, unreadable: [] }).some(isDenial)
          ? NEVER
          : COST.hurt);
    known.set(release, answer);
    return answer;
  }

  function arrivals(crew: Crew, sight: Sight): Arrivals {
    const key = `${workloadKey(crew.workload.ref)}\n${crew.crds.map((name) => sight.keys.get(name) ?? "").join("\n")}`;
    const known = tables.get(key);
    if (known !== undefined) return known;
    const fits = new Map<Release, Fitness>();
    // By release, those of one workload follow each other; the last row is for none.
    const [first] = crew.releases;
    const size = crew.releases.length;
    const costs = new Float64Array((size + 1) * size).fill(Number.NaN);
    const table: Arrivals = (from, to) => {
      const start = first?.id ?? 0;
      const at = (from === null ? size : from.id - start) * size + to.id - start;
      const before = costs[at] ?? Number.NaN;
      if (!Number.isNaN(before)) return before;
      const fares = (requirement: Requirement): Outcome => outcomeAt(requirement, sight);
      const fitness = fits.get(to) ?? fitnessOf(to, fares);
      fits.set(to, fitness);
      const lostInUse = fitness.lostFeatures === 0 || from === null ? 0 : lostByArrival(crew, from, to, fares).length;
      const cost =
        fitness.lostFeatures * COST.lostFeature +
        lostInUse * COST.lostInUse +
        (fitness.unmet.length > 0 ? refusal(crew, from, to, fitness, sight) : 0);
      costs[at] = cost;
      return cost;
    };
    tables.set(key, table);
    return table;
  }

  /**
   * What is missing may be let pass by policy. A release that is asked for is judged as if nothing ran before it: that it fails as
   * the one of today does is no reason to bring it.
   */
  function refusal(crew: Crew, from: Release | null, to: Release, { unmet }: Fitness, sight: Sight): number {
    const fares = (requirement: Requirement): Outcome => outcomeAt(requirement, sight);
    const before = to.isTarget ? null : from;
    const missing = missingOf(before, unmet, fares);
    if (missing.length === 0) return COST.hurt;
    // Whether policy lets it pass is a question of these definitions alone.
    const key = `${String(to.id)}\n${missing.map((name) => `${name}=${sight.keys.get(name) ?? ""}`).join("\n")}`;
    const known = refusals.get(key);
    if (known !== undefined) return known;
    const change = workloadChange(crew, before, to, sight.crds);
    const passed = to.isTarget ? COST.failing : COST.hurt;
    const cost = findingsOfWorkload(change, sight.crds, NO_BUNDLES).some(isDenial) ? NEVER : passed;
    refusals.set(key, cost);
    return cost;
  }

  return { findingsOf, findingsOfWorkload, isRefused, harm, arrivals };
}

/** They are ways out, which nobody reads of a step that is not taken. */
const NO_BUNDLES: Facts["bundles"] = [];

export function isDenial({ enforcement }: JudgedFinding): boolean {
  return enforcement === "deny";
}

/** @param from what runs before; null: nothing does. */
export function workloadChange(crew: Crew, from: Release | null, to: Release, crds: ReadonlyMap<string, Crd>): WorkloadChange {
  const { asked, workload } = crew;
  const unreadable = to.byManifest && asked?.target?.kind === "manifest" ? asked.target.unreadable : [];
  return {
    kind: "apply-workload",
    workload: workload.ref,
    needs: to.needsBefore,
    unreadable,
    today: from === null ? null : { outcomes: outcomesOf(from.needs, crds) },
  };
}

/** CRDs for which it fares worse than today, to the point of failing: rules deny nothing else. */
function missingOf(
  from: Release | null,
  unmet: Fitness["unmet"],
  fares: (requirement: Requirement) => Outcome,
): readonly string[] {
  const worse = unmet.filter(({ name, outcome }) =>
    (from?.needsByCrd.get(name) ?? []).every((need) => compareHarm(outcome, fares(need.requirement)) > 0),
  );
  return [...new Set(worse.map(({ name }) => name))];
}

/** How a release would fare, apart from policy: only where something hard is unmet there is something to be judged. */
function fitnessOf(release: Release, fares: (requirement: Requirement) => Outcome): Fitness {
  const unmet: Fitness["unmet"][number][] = [];
  let lostFeatures = 0;
  for (const { certainty, requirement } of release.needsBefore) {
    if (!isSure({ certainty })) continue;
    const outcome = fares(requirement);
    if (isHard(outcome)) unmet.push({ name: crdNameOf(requirement), outcome });
    else if (isLost(outcome)) lostFeatures += 1;
  }
  return { unmet, lostFeatures };
}

const UNKNOWN: CrdEvidence = {
  objects: { kind: "not-counted" },
  migration: { kind: "none" },
  writers: { kind: "not-sampled" },
};

export function evidenceOf(name: string, { evidence }: PlanQuestion): CrdEvidence {
  return evidence.get(name) ?? UNKNOWN;
}

/** As it will be when the deed is done: a migration is proven before anything is forgotten. */
function evidenceFor(
  change: CrdChange,
  before: Definition,
  question: PlanQuestion,
): Pick<Facts, "objects" | "migration" | "writers" | "fit" | "webhooks"> {
  const found = evidenceOf(before.name, question);
  return {
    objects: before.objects === "none" ? NO_OBJECTS : found.objects,
    migration: change.kind === "status-update" ? { kind: "succeeded", by: "crdguard migrate" } : found.migration,
    // They write what was restored too, as soon as they come by again.
    writers: before.objects === "none" ? { kind: "not-sampled" } : found.writers,
    fit: { kind: "not-looked" },
    webhooks: webhooksFor(change, before.name, question),
  };
}

/**
 * One that is missing today may come with the workloads of the plan: it is asked about as not known, so that the step carries a
 * warning, and admission has the last word.
 */
function webhooksFor(change: CrdChange, name: string, question: PlanQuestion): WebhookLooks {
  const today = question.picture.crds.get(name)?.conversion;
  const look = evidenceOf(name, question).webhook;
  const lookAt = (crd: Crd | null): WebhookLook | null => {
    if (crd === null || crd.conversion.kind === "none") return null;
    if (look !== undefined && JSON.stringify(crd.conversion) === JSON.stringify(today)) return look;
    return { kind: "unknown", reason: "it was not looked at, since the plan may bring it along" };
  };
  const after = lookAt(nextCrd(change));
  return {
    before: lookAt(previousCrd(change)),
    after:
      after?.kind === "broken" ? { kind: "unknown", reason: "it does not answer today, and the plan may change that" } : after,
  };
}

/** They were deleted in the step before. */
const NO_OBJECTS: ObjectEvidence = {
  kind: "counted",
  total: 0,
  isComplete: true,
  byNamespace: new Map(),
  examples: [],
  source: { kind: "cluster" },
};

/** Whether there may be any: what was not counted may exist. */
export function mayHaveObjects({ objects: state, name }: Definition, question: PlanQuestion): boolean {
  if (state === "none") return false;
  return !isEmpty(evidenceOf(name, question).objects);
}

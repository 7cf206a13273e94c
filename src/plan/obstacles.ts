/** @file Why there is no plan: as few causes as it takes. */
import type { Crd } from "../crd/crd.ts";
import { compareBundles, compareReleases } from "../rules/bundle.ts";
import { type Need, workloadKey } from "../rules/facts.ts";
import { isNonEmpty, isSure } from "../rules/hurt.ts";
import { crdNameOf, fareOf, isHard } from "../rules/requirement.ts";
import type { Crew } from "./crew.ts";
import { afterApplying, definition } from "./definition.ts";
import { isDenial } from "./judge.ts";
import type { Obstacle, UnmetRequirement } from "./plan.ts";
import type { PlanQuestion } from "./question.ts";
import { createWorld, search, type World } from "./search.ts";

export function unknownVersions({ workloads }: PlanQuestion): readonly Obstacle[] {
  return workloads
    .flatMap(({ workload, target }): readonly Obstacle[] =>
      target?.kind === "unknown" ? [{ kind: "version-unknown", workload, wanted: target.wanted }] : [],
    )
    .toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}

/**
 * Definitions that nobody's needs keep from being applied, and are refused all the same; else workloads that stand in the way by
 * themselves; else the smallest set of them that does together.
 */
export function obstaclesOf(question: PlanQuestion, world: World): readonly [Obstacle, ...Obstacle[]] {
  const { crews } = world;
  if (!isPossible(question, crews, [])) {
    const refused = refusedChanges(world);
    if (isNonEmpty(refused)) return refused;
  }
  const alone = crews.filter((crew) => !isPossible(question, crews, [crew]));
  const core = alone.length > 0 ? alone : smallestCore(question, crews);
  const obstacles = core.map((crew) => obstacleOf(crew, world));
  if (!isNonEmpty(obstacles)) throw new Error("without workloads, what is wanted can be had");
  return obstacles;
}

/** Leaves out one after the other, as long as there is no plan without it. */
function smallestCore(question: PlanQuestion, crews: readonly Crew[]): readonly Crew[] {
  let core = crews;
  for (const crew of crews) {
    const others = core.filter((other) => other !== crew);
    if (!isPossible(question, crews, others)) core = others;
  }
  return core;
}

/** Whether there would be a plan if only these workloads were there. What the search does not get to the end of, may be one. */
function isPossible(question: PlanQuestion, all: readonly Crew[], some: readonly Crew[]): boolean {
  if (all.length === some.length) return false;
  const keys = new Set(some.map(({ workload }) => workloadKey(workload.ref)));
  const isKept = ({ workload }: Pick<Need, "workload">): boolean => keys.has(workloadKey(workload));
  const needs = new Map(
    [...question.picture.needs].map(([name, own]) => [name, own.filter(isKept)] as const).filter(([, own]) => own.length > 0),
  );
  const world = createWorld({
    ...question,
    picture: { ...question.picture, needs },
    workloads: question.workloads.filter(({ workload }) => keys.has(workloadKey(workload.ref))),
  });
  return search(world).kind !== "none";
}

function refusedChanges({ question, forms, judge, applications }: World): readonly Obstacle[] {
  const { picture } = question;
  const circumstances = { crds: picture.crds, needs: [], unreadable: [] };
  return [
    ...forms.wanted.flatMap((form): readonly Obstacle[] => {
      const crd = picture.crds.get(form.name) ?? null;
      const found = definition({ name: form.name, crd, objects: "found", saved: null, isDiffering: false });
      if (applications(found, form) !== null) return [];
      const next = afterApplying(crd, form.crd);
      const change = crd === null ? ({ kind: "create", next } as const) : ({ kind: "update", previous: crd, next } as const);
      const work = { kind: "apply", form } as const;
      const findings = judge.findingsOf({ before: found, after: found, change, work }, circumstances).filter(isDenial);
      return isNonEmpty(findings) ? [{ kind: "change-refused", crd: form.name, findings }] : [];
    }),
    ...question.wanted.deletions.flatMap(({ crd: name, isLeftover }): readonly Obstacle[] => {
      const crd = picture.crds.get(name) ?? null;
      if (crd === null) return [];
      const found = definition({ name, crd, objects: "found", saved: null, isDiffering: false });
      const work = { kind: "delete-definition", crd, isLeftover } as const;
      const change = { kind: "delete", previous: crd } as const;
      const findings = judge.findingsOf({ before: found, after: found, change, work }, circumstances).filter(isDenial);
      return isNonEmpty(findings) ? [{ kind: "change-refused", crd: name, findings }] : [];
    }),
  ];
}

/** What it needs and will not be served in the end; where nothing of that kind is missing, what it needs and is not served now. */
function obstacleOf(crew: Crew, world: World): Obstacle {
  const { question } = world;
  const { workload, releases } = crew;
  const target = releases.find(({ isTarget }) => isTarget) ?? null;
  const last = target ?? releases.at(-1);
  const today = releases[0];
  const end = definitionsInTheEnd(question);
  const requirements = [
    unmetIn(last?.needsBefore ?? [], end),
    unmetIn(today?.needs ?? [], end),
    unmetIn(last?.needsBefore ?? [], question.picture.crds),
    (last ?? today)?.needs ?? [],
  ]
    .find((unmet) => unmet.length > 0)
    ?.map(({ requirement }) => toUnmet(requirement, question));
  if (requirements === undefined || !isNonEmpty(requirements)) throw new Error("who needs nothing is in nobody's way");
  return { kind: "workload-unsatisfied", workload, to: target?.version ?? null, requirements };
}

function unmetIn(needs: readonly Need[], crds: ReadonlyMap<string, Crd>): readonly Need[] {
  return needs.filter((need) => isSure(need) && isHard(fareOf(need.requirement, crds).outcome));
}

/** The oldest release that serves it and is no step back, or else the newest. */
function toUnmet(requirement: Need["requirement"], { picture }: PlanQuestion): UnmetRequirement {
  const crd = crdNameOf(requirement);
  const installed = picture.crds.get(crd)?.bundle ?? null;
  const serving = picture.bundles.filter(({ crds }) => fareOf(requirement, crds).outcome === "works").toSorted(compareBundles);
  const next = serving.find(({ version }) => installed === null || compareReleases(version, installed.version) >= 0);
  return { crd, versions: requirement.versions, servedBy: next ?? serving.at(-1) ?? null };
}

function definitionsInTheEnd({ picture, wanted }: PlanQuestion): ReadonlyMap<string, Crd> {
  const gone = new Set(wanted.deletions.map(({ crd }) => crd));
  return new Map([...picture.crds, ...wanted.crds.map((crd) => [crd.name, crd] as const)].filter(([name]) => !gone.has(name)));
}

function keyOf(obstacle: Obstacle): string {
  return obstacle.kind === "change-refused" ? obstacle.crd : workloadKey(obstacle.workload.ref);
}

/** @file What a person should know before the first step of a plan. */
import { compareText } from "../crd/compare-text.ts";
import type { Crd } from "../crd/crd.ts";
import { type Need, type ObjectEvidence, workloadKey } from "../rules/facts.ts";
import { isSure } from "../rules/hurt.ts";
import { crdNameOf, isHard } from "../rules/requirement.ts";
import { type Crew, type Release, toldVersion } from "./crew.ts";
import { faresIn, isInUse, lostByArrival, lostByChange } from "./features.ts";
import { evidenceOf } from "./judge.ts";
import type { Action, Caution, Step } from "./plan.ts";
import type { PlanQuestion } from "./question.ts";
import type { World } from "./search.ts";

export function cautionsOf(steps: readonly Step[], { crews, question }: World): readonly Caution[] {
  const restored = new Set(steps.flatMap(({ action }) => (action.kind === "restore" ? [action.crd.name] : [])));
  return [
    ...steps.flatMap(({ action }): readonly Caution[] => {
      switch (action.kind) {
        case "delete-objects":
          return [
            {
              kind: restored.has(action.crd.name) ? "objects-replaced" : "objects-deleted",
              crd: action.crd.name,
              objects: action.objects,
            },
          ];
        case "stop-workload":
          return [{ kind: "workload-stopped", workload: action.workload.ref }];
        default:
          return [];
      }
    }),
    ...featuresLost(steps, crews, question),
    ...crews.flatMap(unknownNeeds),
    ...unmetToday(steps, crews, question),
    ...uncounted(steps),
  ];
}

/** What no step mends. */
function unmetToday(steps: readonly Step[], crews: readonly Crew[], question: PlanQuestion): readonly Caution[] {
  const today = faresIn(question.picture.crds);
  const inTheEnd = faresIn(definitionsAfter(steps, question));
  return crews.flatMap((crew): readonly Caution[] => {
    const first: Post = { release: crew.running, isRunning: crew.running !== null };
    const last = steps.reduce((post, { action }) => postAfter(action, crew, post), first).release;
    const failing = (last?.needs ?? []).filter((need) => isSure(need) && isHard(inTheEnd(need.requirement)));
    const names = new Set(failing.map(({ requirement }) => crdNameOf(requirement)));
    return (crew.running?.needs ?? [])
      .filter((need) => isSure(need) && isHard(today(need.requirement)) && names.has(crdNameOf(need.requirement)))
      .map(({ requirement }) => ({
        kind: "unmet-today",
        workload: crew.workload.ref,
        crd: crdNameOf(requirement),
        versions: requirement.versions,
      }));
  });
}

function definitionsAfter(steps: readonly Step[], { picture }: PlanQuestion): ReadonlyMap<string, Crd> {
  const crds = new Map(picture.crds);
  for (const { name, after } of steps.flatMap(({ changes }) => changes)) {
    if (after === null) crds.delete(name);
    else crds.set(name, after);
  }
  return crds;
}

/** Each definition once a workload, as it is lost first. */
function featuresLost(steps: readonly Step[], crews: readonly Crew[], question: PlanQuestion): readonly Caution[] {
  const crds = new Map(question.picture.crds);
  const posts = new Map(crews.map((crew): [Crew, Post] => [crew, { release: crew.running, isRunning: crew.running !== null }]));
  const lost = new Map<string, { readonly crew: Crew; readonly need: Need }>();
  const lose = (crew: Crew, needs: readonly Need[]): void => {
    for (const need of needs) {
      const key = `${workloadKey(crew.workload.ref)} ${crdNameOf(need.requirement)}`;
      if (!lost.has(key)) lost.set(key, { crew, need });
    }
  };
  for (const { action, changes } of steps) {
    for (const { name, before, after } of changes) {
      for (const crew of isInUse(name, question) ? crews : []) {
        const post = posts.get(crew);
        if (post?.isRunning === true) lose(crew, lostByChange(post.release?.needsByCrd.get(name) ?? [], before, after));
      }
      if (after === null) crds.delete(name);
      else crds.set(name, after);
    }
    for (const [crew, post] of posts) {
      const next = postAfter(action, crew, post);
      if (next !== post && next.isRunning && post.release !== null && next.release !== null) {
        lose(crew, lostByArrival(crew, post.release, next.release, faresIn(crds)));
      }
      posts.set(crew, next);
    }
  }
  return [...lost.values()].map(({ crew, need }): Caution => {
    const crd = crdNameOf(need.requirement);
    const last = posts.get(crew)?.release?.needsByCrd.get(crd) ?? [];
    return {
      kind: "feature-lost",
      workload: crew.workload.ref,
      crd,
      versions: need.requirement.versions,
      objects: evidenceOf(crd, question).objects,
      isForGood: last.some(({ requirement }) => faresIn(crds)(requirement) !== "works"),
    };
  });
}

/** A release, and whether it runs. */
interface Post {
  readonly release: Release | null;
  readonly isRunning: boolean;
}

function postAfter(action: Action, crew: Crew, post: Post): Post {
  if (!("workload" in action) || workloadKey(action.workload.ref) !== workloadKey(crew.workload.ref)) return post;
  switch (action.kind) {
    case "stop-workload":
      return { ...post, isRunning: false };
    case "start-workload":
      return { ...post, isRunning: true };
    case "upgrade-workload":
      return { ...post, release: crew.releases.find((release) => toldVersion(release) === action.to) ?? post.release };
  }
}

function unknownNeeds({ running, workload, releases }: Crew): readonly Caution[] {
  const unknown = running?.needs.find(({ certainty }) => certainty.kind === "unknown-version");
  // What comes by manifest is not what runs now.
  if (unknown === undefined || releases.some(({ isTarget }) => isTarget)) return [];
  const image = unknown.source.kind === "catalog" ? unknown.source.image : (workload.image ?? "");
  return [{ kind: "unknown-needs", workload: workload.ref, image }];
}

function uncounted(steps: readonly Step[]): readonly Caution[] {
  const reasons = new Map<string, string>();
  for (const { action } of steps) {
    if (!("objects" in action)) continue;
    const reason = reasonOf(action.objects);
    if (reason !== null) reasons.set(action.crd.name, reason);
  }
  return [...reasons]
    .toSorted(([left], [right]) => compareText(left, right))
    .map(([crd, reason]) => ({ kind: "objects-uncounted", crd, reason }));
}

function reasonOf(objects: ObjectEvidence): string | null {
  switch (objects.kind) {
    case "counted":
      return objects.isComplete ? null : "they were not counted to the end";
    case "uncountable":
      return objects.reason;
    case "not-counted":
      return "nobody counted them";
  }
}

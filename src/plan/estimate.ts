/** @file What is left to be done from a state on costs this much at least: the better it is told, the fewer states are looked at. */
import type { Crd } from "../crd/crd.ts";
import { isSure } from "../rules/hurt.ts";
import type { Need } from "../rules/facts.ts";
import { isHard, type Outcome } from "../rules/requirement.ts";
import type { Alone, Reach } from "./alone.ts";
import { COST, NEVER } from "./cost.ts";
import type { Crew, Release } from "./crew.ts";
import type { Definition } from "./definition.ts";
import { faresIn, isLost } from "./features.ts";
import type { Forms } from "./forms.ts";
import type { Applications } from "./moves/apply.ts";
import type { PlanQuestion } from "./question.ts";
import type { Roster } from "./roster.ts";

export interface Estimate {
  /** What workloads have cost, and will cost yet, whatever order definitions come in. */
  readonly ofWorkloads: (roster: Roster) => number;
  /** @param find by name. */
  readonly ofDefinitions: (find: (name: string) => Definition, reach: Reach) => number;
}

export function createEstimate(
  question: PlanQuestion,
  crews: readonly Crew[],
  { wanted }: Pick<Forms, "wanted">,
  applications: Applications,
  alone: Alone,
): Estimate {
  const ends = crews.map((crew) => endsOf(crew, question));
  const { deletions } = question.wanted;
  return {
    ofWorkloads: (roster) => ends.reduce((sum, own) => sum + leastOf(own, roster), 0),
    ofDefinitions(find, reach) {
      const missing = wanted.filter((form) => applications(find(form.name), form) !== "in-place");
      const left = deletions.filter(({ crd }) => find(crd).crd !== null).length;
      const sum = (hasBetween: boolean): number =>
        missing.reduce((cost, form) => cost + alone(find(form.name), form, { ...reach, hasBetween }), 0);
      // What is in between may do what would have to be done before, for all of them at once.
      const prepared = reach.hasBetween ? Math.min(sum(false), COST.between + sum(true)) : sum(false);
      return prepared + (missing.length === 0 ? 0 : COST.applyWanted) + left * COST.delete;
    },
  };
}

interface End {
  readonly id: number;
  /** What it costs at least to come from it to one that may stay; 0 for one that may stay itself. */
  readonly yet: number;
}

function endsOf(crew: Crew, question: PlanQuestion): readonly End[] {
  const harm = harmInTheEnd(crew, question);
  return crew.releases.map((release, index): End => {
    const costs = crew.releases.slice(index).flatMap((other) => {
      if (!other.isFinal) return [];
      return (other === release ? 0 : other.cost) + harm(other);
    });
    return { id: release.id, yet: Math.min(...costs, NEVER) };
  });
}

/**
 * What a release that stays has cost at least where what is wanted does not serve what it needs, and what there is today does serve
 * what the workload needs of that definition: harm that policy would have to let pass, or a feature lost, was done on the way.
 */
function harmInTheEnd({ releases, running, looksAfter }: Crew, { picture, wanted }: PlanQuestion): (release: Release) => number {
  const end = new Map<string, Crd | null>([
    ...wanted.crds.map((crd) => [crd.name, crd] as const),
    ...wanted.deletions.map(({ crd }) => [crd, null] as const),
  ]);
  const today = faresIn(picture.crds);
  const inTheEnd = faresIn(new Map([...end].flatMap(([name, crd]) => (crd === null ? [] : [[name, crd] as const]))));
  const clean = [...end.keys()].filter((name) => {
    const isPlain = (need: Need): boolean => isSure(need) && !isHard(today(need.requirement));
    return (
      releases.every(({ needsByCrd, needsBefore }) =>
        (needsByCrd.get(name) ?? []).every((need) => isSure(need) && needsBefore.includes(need)),
      ) && (running?.needsByCrd.get(name) ?? []).every(isPlain)
    );
  });
  const used = clean.filter((name) => looksAfter.has(name));
  return ({ needsByCrd }) => {
    const outcomesAt = (name: string): readonly Outcome[] =>
      (needsByCrd.get(name) ?? []).map(({ requirement }) => inTheEnd(requirement));
    if (clean.some((name) => outcomesAt(name).some(isHard))) return COST.hurt;
    return used.filter((name) => outcomesAt(name).some(isLost)).length * COST.lostInUse;
  };
}

function leastOf(ends: readonly End[], { running, stopped }: Roster): number {
  let best: number = NEVER;
  for (const { id, yet } of ends) {
    const cost = running[id] ?? NEVER;
    // What has been let pass already need not be paid twice.
    best = Math.min(best, cost + (cost < COST.lostInUse ? yet : 0), (stopped[id] ?? NEVER) + COST.start);
  }
  return best;
}

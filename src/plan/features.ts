/** @file Features that a running workload loses: it goes on without objects that it looked after before. */
import type { Crd } from "../crd/crd.ts";
import type { Need } from "../rules/facts.ts";
import { findHurt, gradeHurt, isSure } from "../rules/hurt.ts";
import { crdNameOf, fareOf, isHard, type Outcome, type Requirement } from "../rules/requirement.ts";
import type { CrdEvidence, PlanQuestion } from "./question.ts";

/** Whether today's definition has objects, or may have: of those that nobody counted that cannot be told. */
export function isInUse(name: string, { picture, evidence }: Pick<PlanQuestion, "picture" | "evidence">): boolean {
  return picture.crds.has(name) && !isEmpty(evidence.get(name)?.objects);
}

/** Known to be none. */
export function isEmpty(objects: CrdEvidence["objects"] | undefined): boolean {
  return objects?.kind === "counted" && objects.isComplete && objects.total === 0;
}

/** What it looks after that is lost when a definition changes. */
export function lostByChange(needs: readonly Need[], before: Crd | null, after: Crd | null): readonly Need[] {
  return gradeHurt(findHurt(needs, before, after))
    .soft.filter((hurt) => hurt.before === "works")
    .map(({ need }) => need);
}

/** What the workload looks after today, and the next release does not, unless the one before does not either. */
export function lostByArrival(
  { looksAfter }: { readonly looksAfter: ReadonlySet<string> },
  from: { readonly needsByCrd: ReadonlyMap<string, readonly Need[]> },
  to: { readonly needsBefore: readonly Need[] },
  fares: (requirement: Requirement) => Outcome,
): readonly Need[] {
  return to.needsBefore.filter((need) => {
    const name = crdNameOf(need.requirement);
    return (
      looksAfter.has(name) &&
      isSure(need) &&
      isLost(fares(need.requirement)) &&
      (from.needsByCrd.get(name) ?? []).every((own) => fares(own.requirement) === "works")
    );
  });
}

export function isLost(outcome: Outcome): boolean {
  return outcome !== "works" && !isHard(outcome);
}

export function faresIn(crds: ReadonlyMap<string, Crd>): (requirement: Requirement) => Outcome {
  return (requirement) => fareOf(requirement, crds).outcome;
}

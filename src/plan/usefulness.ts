/** @file Whether a form of a definition, out of its turn, gets anybody on: what does not can wait for the whole set. */
import { readableVersion } from "../crd/versions.ts";
import { isSure } from "../rules/hurt.ts";
import { apiState, isHard, outcomeIn } from "../rules/requirement.ts";
import { COST, NEVER } from "./cost.ts";
import type { Crew, Release } from "./crew.ts";
import type { Definition } from "./definition.ts";
import { isInUse, isLost } from "./features.ts";
import type { Form, Forms } from "./forms.ts";
import type { Applications } from "./moves/apply.ts";
import type { PlanQuestion } from "./question.ts";
import type { Roster } from "./roster.ts";

/** In one state. */
export interface Usefulness {
  /** Some release that could not be come to yet can run with it, and not with what there is. */
  readonly isHelpful: (from: Definition, form: Form) => boolean;
  /** As above, or it may lead to what is wanted, which cannot be come to from here: a form, or a deletion. */
  readonly isUseful: (from: Definition, form: Form) => boolean;
}

export function createUsefulness(
  question: PlanQuestion,
  crews: readonly Crew[],
  { wanted }: Forms,
  applications: Applications,
): (roster: Roster) => Usefulness {
  const known = new Map<Form, Map<string, readonly Release[]>>();
  const leaving = new Set(question.wanted.deletions.map(({ crd }) => crd));
  const wantedByName = new Map(wanted.map((form) => [form.name, form] as const));

  /** Whoever runs now, or not. Remembered. */
  function helped(from: Definition, form: Form): readonly Release[] {
    const own = known.get(form) ?? new Map<string, readonly Release[]>();
    known.set(form, own);
    const before = own.get(from.apiKey);
    if (before !== undefined) return before;
    const answer = crews.flatMap(({ releases }) =>
      releases.filter((release) => isHelped(release, from, form, isInUse(from.name, question))),
    );
    own.set(from.apiKey, answer);
    return answer;
  }

  return ({ running }) => {
    // Who got there without harm needs no help; one that is passed over again can be helped then.
    const isHelpful = (from: Definition, form: Form): boolean =>
      helped(from, form).some(({ id }) => (running[id] ?? NEVER) >= COST.between);
    return {
      isHelpful,
      isUseful(from, form) {
        const target = wantedByName.get(from.name);
        const isBlocked =
          target === undefined ? leaving.has(from.name) && unblocks(from, form) : applications(from, target) === null;
        return isBlocked || isHelpful(from, form);
      },
    };
  };
}

/** Objects that nobody can read cannot be deleted with a copy, unless a version is served that reads them. */
function unblocks({ crd }: Definition, form: Form): boolean {
  return crd !== null && readableVersion(crd) === null && readableVersion(form.crd) !== null;
}

/** @param isUsed a feature less matters only where there are objects. */
function isHelped({ needsByCrd }: Release, from: Definition, form: Form, isUsed: boolean): boolean {
  return (needsByCrd.get(from.name) ?? []).some((need) => {
    const isHindered = (crd: Definition["crd"]): boolean => {
      const outcome = outcomeIn(need.requirement, apiState(need.requirement, crd));
      return isHard(outcome) || (isUsed && isLost(outcome));
    };
    return isSure(need) && isHindered(from.crd) && !isHindered(form.crd);
  });
}

/** @file Whether a form of a definition, out of its turn, gets anybody on: what does not can wait for the whole set. */
import { isSure } from "../rules/hurt.ts";
import { apiState, isHard, outcomeIn } from "../rules/requirement.ts";
import type { Crew } from "./crew.ts";
import type { Definition } from "./definition.ts";
import type { Form, Forms } from "./forms.ts";
import type { Applications } from "./moves/apply.ts";

export interface Usefulness {
  /** Some release can run with it that cannot run with what there is. */
  readonly isHelpful: (from: Definition, form: Form) => boolean;
  /** As above, or it may lead to what is wanted, which cannot be come to from here. */
  readonly isUseful: (from: Definition, form: Form) => boolean;
}

export function createUsefulness(crews: readonly Crew[], { wanted }: Forms, applications: Applications): Usefulness {
  const known = new Map<string, boolean>();
  const wantedByName = new Map(wanted.map((form) => [form.name, form] as const));

  function isHelpful(from: Definition, form: Form): boolean {
    const key = `${from.name}\n${from.key}\n${form.key}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const answer = crews.some(({ releases }) =>
      releases.some(({ needsByCrd }) =>
        (needsByCrd.get(from.name) ?? []).some((need) => {
          const fares = (crd: Definition["crd"]): boolean => isHard(outcomeIn(need.requirement, apiState(need.requirement, crd)));
          return isSure(need) && fares(from.crd) && !fares(form.crd);
        }),
      ),
    );
    known.set(key, answer);
    return answer;
  }

  return {
    isHelpful,
    isUseful(from, form) {
      const target = wantedByName.get(from.name);
      return isHelpful(from, form) || (target !== undefined && applications(from, target) === null);
    },
  };
}

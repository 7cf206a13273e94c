/** @file What it costs at least to bring one definition into the form that is wanted, whoever runs and whatever else is there. */
import type { Definition } from "./definition.ts";
import { NEVER } from "./cost.ts";
import type { Form, Forms } from "./forms.ts";
import type { Judge } from "./judge.ts";
import type { Applications } from "./moves/apply.ts";
import { clearMove } from "./moves/clear.ts";
import type { PlanQuestion } from "./question.ts";
import { createQueue } from "./queue.ts";

/** What a round of the search may do to a definition. */
export interface Reach {
  readonly hasBetween: boolean;
  readonly mayInterrupt: boolean;
}

/**
 * What must be done to this very definition: migrations, flips, replacements. Applying a set costs once for all that are in it, and
 * is not counted. `NEVER` where there is no way. Remembered.
 */
export type Alone = (from: Definition, wanted: Form, reach: Reach) => number;

export function createAlone(
  question: PlanQuestion,
  { between }: Pick<Forms, "between">,
  applications: Applications,
  judge: Judge,
): Alone {
  const known = new Map<Form, Map<string, number>>();
  return (from, wanted, reach) => {
    const own = known.get(wanted) ?? new Map<string, number>();
    known.set(wanted, own);
    const key = `${from.key}${reach.hasBetween ? "+" : "-"}${reach.mayInterrupt ? "+" : "-"}`;
    const before = own.get(key);
    if (before !== undefined) return before;
    const answer = cheapest(from, wanted, reach);
    own.set(key, answer);
    return answer;
  };

  function cheapest(from: Definition, wanted: Form, { hasBetween, mayInterrupt }: Reach): number {
    const stops = hasBetween ? (between.get(from.name) ?? []) : [];
    const others = between.get(from.name) ?? [];
    const queue = createQueue<{ readonly at: Definition; readonly cost: number }>();
    const seen = new Set<string>();
    queue.put({ at: from, cost: 0 }, 0);
    for (let next = queue.take(); next !== null; next = queue.take()) {
      const { at, cost } = next;
      if (seen.has(at.key)) continue;
      seen.add(at.key);
      const put = (after: Definition, own: number): void => {
        queue.put({ at: after, cost: cost + own }, cost + own);
      };
      if (applications(at, wanted) === "in-place" && at.saved === null) return cost;
      for (const form of [wanted, ...stops]) {
        const application = applications(at, form);
        if (application !== null && application !== "in-place") put(application.after, application.cost);
      }
      const clear = mayInterrupt ? clearMove(at, [wanted, ...others], question, judge) : null;
      const gone = clear?.deeds.at(-1)?.after;
      if (clear !== null && gone !== undefined) put(gone, clear.cost);
    }
    return NEVER;
  }
}

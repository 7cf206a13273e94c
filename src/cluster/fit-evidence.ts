/** @file What one or several looks at objects come to, as a rule reads it. */
import type { FitTally } from "../objects/examiner.ts";
import type { EvidenceSource, FitEvidence } from "../rules/facts.ts";

/** What a look in one version came to. */
export interface LookOutcome {
  readonly tally: FitTally;
  /** Objects looked at. */
  readonly objectCount: number;
  readonly totalCount: number | null;
  readonly isComplete: boolean;
  /** Why nothing could be read; null where it could. */
  readonly problem: { readonly reason: string; readonly isForbidden: boolean } | null;
}

const EMPTY_TALLY: FitTally = {
  objectCount: 0,
  rejectedCount: 0,
  losingCount: 0,
  rejections: [],
  losses: [],
  failedRules: [],
  unevaluatedRules: [],
  untoldCauses: 0,
};

export const UNEXAMINED: LookOutcome = {
  tally: EMPTY_TALLY,
  objectCount: 0,
  totalCount: null,
  isComplete: false,
  problem: null,
};

/** Each look sees all objects, in a version of its own. What could be read in one version counts, though another could not. */
export function fitEvidenceOf(outcomes: readonly LookOutcome[], seconds: number, source: EvidenceSource): FitEvidence {
  const problem = outcomes.find((outcome) => outcome.problem !== null)?.problem ?? null;
  const looked = outcomes.filter((outcome) => outcome.problem === null);
  if (problem !== null && looked.length === 0) {
    return { kind: "unreadable", reason: problem.reason, ...(problem.isForbidden ? { isForbidden: true } : {}) };
  }
  const totals = looked.flatMap(({ totalCount }) => (totalCount === null ? [] : [totalCount]));
  return {
    kind: "looked",
    objectCount: Math.max(0, ...looked.map(({ objectCount }) => objectCount)),
    totalCount: totals.length === 0 ? null : Math.max(...totals),
    isComplete: problem === null && outcomes.every(({ isComplete }) => isComplete),
    seconds,
    rejectedCount: Math.max(0, ...looked.map(({ tally }) => tally.rejectedCount)),
    losingCount: Math.max(0, ...looked.map(({ tally }) => tally.losingCount)),
    rejections: looked.flatMap(({ tally }) => tally.rejections).toSorted(mostObjects),
    losses: looked.flatMap(({ tally }) => tally.losses).toSorted(mostObjects),
    failedRules: looked.flatMap(({ tally }) => tally.failedRules).toSorted(mostObjects),
    unevaluatedRules: looked.flatMap(({ tally }) => tally.unevaluatedRules),
    source,
  };
}

function mostObjects(left: { readonly objectCount: number }, right: { readonly objectCount: number }): number {
  return right.objectCount - left.objectCount;
}

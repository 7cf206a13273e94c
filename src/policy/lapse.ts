/** @file Exceptions lapse by themselves: which hold at a moment, which will soon be over, which are. */
import { type PolicyException, readTime } from "./guard-policy.ts";

export interface ExceptionsAtOnce {
  /** Those that will lapse soon among them. */
  readonly held: readonly PolicyException[];
  readonly lapsing: readonly PolicyException[];
  readonly lapsed: readonly PolicyException[];
  /** When that will be otherwise, in milliseconds since 1970; null: never. */
  readonly changesAtMilliseconds: number | null;
}

export function exceptionsAt(exceptions: readonly PolicyException[], nowMilliseconds: number): ExceptionsAtOnce {
  const held = exceptions.filter((exception) => endOf(exception) > nowMilliseconds);
  const changes = held
    .flatMap((exception) => [endOf(exception) - NOTICE_MILLISECONDS, endOf(exception)])
    .filter((at) => at > nowMilliseconds);
  return {
    held,
    lapsing: held.filter((exception) => endOf(exception) - NOTICE_MILLISECONDS <= nowMilliseconds),
    lapsed: exceptions.filter((exception) => !held.includes(exception)),
    changesAtMilliseconds: changes.length === 0 ? null : Math.min(...changes),
  };
}

/** Milliseconds since 1970. An end that nobody can read is over. */
export function endOf({ expires }: Pick<PolicyException, "expires">): number {
  return readTime(expires) ?? -Infinity;
}

/** Fourteen days: long enough to ask the owner, and to do without. */
const NOTICE_MILLISECONDS = 14 * 24 * 3_600 * 1_000;

/** @file How far a migration is: a bar on a terminal, a line every few seconds elsewhere, or an event. */
import { barLine, type MigrationTally, plainLine } from "../explain/migration.ts";
import { startProgress } from "./progress.ts";

export interface MigrationProgress {
  told(pass: number, tally: MigrationTally): void;
  end(): void;
}

export interface ProgressOptions {
  readonly crd: string;
  readonly isTerminal: boolean;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
  /** Called every few seconds; null: lines are written. */
  readonly event: ((pass: number, tally: MigrationTally) => void) | null;
  readonly tell: (line: string) => void;
}

/** Lines of a log that somebody follows. */
const EVERY_MILLISECONDS = 5_000;
/** Long enough to be steady, short enough to follow a change of pace. */
const WINDOW_MILLISECONDS = 10_000;

export function startMigrationProgress({ crd, isTerminal, now, event, tell }: ProgressOptions): MigrationProgress {
  const bar = isTerminal && event === null ? startProgress() : null;
  const rate = createRate();
  let toldAt = now();
  return {
    told(pass, tally) {
      const at = now();
      rate.saw(at, tally.done);
      if (bar !== null) bar.tell(barLine(crd, pass, tally, { perSecond: rate.perSecond() }));
      if (at - toldAt < EVERY_MILLISECONDS) return;
      toldAt = at;
      if (event !== null) event(pass, tally);
      else if (bar === null) tell(plainLine(crd, pass, tally, { perSecond: rate.perSecond() }));
    },
    end() {
      bar?.end();
    },
  };
}

interface Rate {
  saw(at: number, done: number): void;
  perSecond(): number | null;
}

/** Over the last seconds; anew where the count begins anew. */
export function createRate(): Rate {
  let seen: { readonly at: number; readonly done: number }[] = [];
  return {
    saw(at, done) {
      const [before, last] = seen.slice(-2);
      if (done < (seen.at(-1)?.done ?? 0)) seen = [];
      // Ten samples a second are plenty: the newest takes the place of one that follows too closely.
      else if (before !== undefined && last !== undefined && last.at - before.at < 100) seen.pop();
      seen.push({ at, done });
      while ((seen[1]?.at ?? at) < at - WINDOW_MILLISECONDS) seen.shift();
    },
    perSecond() {
      const [first] = seen;
      const last = seen.at(-1);
      if (first === undefined || last === undefined || last.at - first.at < 500) return null;
      return ((last.done - first.done) / (last.at - first.at)) * 1_000;
    },
  };
}

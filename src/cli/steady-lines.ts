/** @file How far a long piece of work is: a bar on a terminal, and a line every few seconds elsewhere. */
import type { Pace } from "../explain/backup.ts";
import { createRate } from "./migration-progress.ts";
import { startProgress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

export interface SteadyLines {
  /** @param line made of how far it is. */
  tell(done: number, total: number, line: (pace: Pace) => string): void;
  end(): void;
}

/** Lines of a log that somebody follows. */
const EVERY_MILLISECONDS = 5_000;

export function startSteadyLines(
  terminal: Pick<Terminal, "tell">,
  isTerminal = process.stderr.isTTY,
  now: () => number = () => performance.now(),
): SteadyLines {
  const progress = isTerminal ? startProgress() : null;
  const rate = createRate();
  let toldAt = now();
  return {
    tell(done, total, line) {
      const at = now();
      rate.saw(at, done);
      const pace = { done, total, perSecond: rate.perSecond() };
      progress?.tell(line({ ...pace, isBar: true }));
      if (progress !== null || at - toldAt < EVERY_MILLISECONDS) return;
      toldAt = at;
      terminal.tell(line({ ...pace, isBar: false }));
    },
    end() {
      progress?.end();
    },
  };
}

/** @file How far a long piece of work is: a line that changes on a terminal, and one every few seconds elsewhere. */
import { startProgress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

export interface SteadyLines {
  tell(line: string): void;
  end(): void;
}

/** Lines of a log that somebody follows. */
const EVERY_MILLISECONDS = 5_000;

export function startSteadyLines(terminal: Pick<Terminal, "tell">): SteadyLines {
  if (process.stderr.isTTY) return startProgress();
  let toldAt = performance.now();
  return {
    tell(line) {
      const at = performance.now();
      if (at - toldAt < EVERY_MILLISECONDS) return;
      toldAt = at;
      terminal.tell(line);
    },
    end: () => undefined,
  };
}

/** @file Ctrl-C, for commands that stop in order. */
import { EXIT } from "./exit-status.ts";
import type { Terminal } from "./terminal.ts";

export interface Interruption {
  readonly signal: AbortSignal;
  release(): void;
}

/** The first one stops in order; the second one at once, for whoever cannot wait for the API server. @param line told at the first. */
export function awaitInterruption(terminal: Pick<Terminal, "tell">, line: string): Interruption {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.undecided);
    terminal.tell(line);
    controller.abort();
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, interrupt);
  return {
    signal: controller.signal,
    release() {
      for (const signal of signals) process.off(signal, interrupt);
    },
  };
}

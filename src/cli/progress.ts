/** @file One line on a terminal that tells how far a command has come, for those that take longer than a second. */

export interface Progress {
  update(line: string): void;
  /** Takes the line away. */
  end(): void;
}

/** Nothing is written where the stream is no terminal. */
export function startProgress(stream: Pick<NodeJS.WriteStream, "isTTY" | "write" | "columns">, now = Date.now): Progress {
  const startedAt = now();
  let drawnAt = 0;
  return {
    update(line) {
      if (!stream.isTTY || now() - startedAt < PATIENCE_MILLISECONDS || now() - drawnAt < PAUSE_MILLISECONDS) return;
      drawnAt = now();
      // Cut, since a line that breaks is not erased by going back to its start.
      stream.write(`\r\u001b[K${line.slice(0, (stream.columns || 80) - 1)}`);
    },
    end() {
      if (drawnAt > 0) stream.write("\r\u001b[K");
    },
  };
}

/** Shorter waits need no words. */
const PATIENCE_MILLISECONDS = 1_000;
const PAUSE_MILLISECONDS = 100;

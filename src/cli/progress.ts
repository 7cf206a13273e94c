/** @file A line on standard error that says what somebody waits for; gone when the waiting is over. */

export interface Progress {
  /** What is being done, from now on. */
  say(text: string): void;
  /** Takes the line away. Fine to call twice. */
  end(): void;
}

/** What takes less is not worth a flicker. */
const PATIENCE_MILLISECONDS = 1_000;

/** Silent where standard error is no terminal: a log of a pipeline has no use for it. */
export function startProgress(stream: Pick<NodeJS.WriteStream, "isTTY" | "write"> = process.stderr): Progress {
  if (!stream.isTTY) return { say: () => undefined, end: () => undefined };
  let latest = "";
  let isShown = false;
  function show(): void {
    isShown = true;
    stream.write(`\r\u001B[K${latest}`);
  }
  const timer = setTimeout(show, PATIENCE_MILLISECONDS);
  timer.unref();
  return {
    say(text) {
      latest = text;
      if (isShown) show();
    },
    end() {
      clearTimeout(timer);
      if (isShown) stream.write("\r\u001B[K");
      isShown = false;
    },
  };
}

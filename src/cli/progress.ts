/** @file A line that tells how far a command is: on a terminal alone, and not before a person begins to wonder. */

export interface Progress {
  /** What is being done now, short enough for a line. Shown at most ten times a second. */
  tell(text: string): void;
  /** Takes the line away. May be called again. */
  end(): void;
}

export interface ProgressScreen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Until then a command seems immediate. */
const DELAY_MILLISECONDS = 1_000;
const REDRAW_MILLISECONDS = 100;

/** To standard error, so that results can be piped while it is seen. */
export function startProgress(screen: ProgressScreen = process.stderr): Progress {
  if (screen.isTTY !== true) return { tell: () => undefined, end: () => undefined };

  let text = "";
  let shown = "";
  let timer: NodeJS.Timeout | null = setTimeout(draw, DELAY_MILLISECONDS).unref();

  function draw(): void {
    // A terminal without a size, as of `script`, says 0.
    const { columns = 0 } = screen;
    if (text !== shown) screen.write(`\r\u001b[2K${text.slice(0, (columns > 1 ? columns : 80) - 1)}`);
    shown = text;
    timer = setTimeout(draw, REDRAW_MILLISECONDS).unref();
  }

  return {
    tell(next) {
      text = next;
    },
    end() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      if (shown !== "") screen.write("\r\u001b[2K");
      shown = "";
    },
  };
}

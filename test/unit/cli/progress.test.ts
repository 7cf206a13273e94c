import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startProgress } from "../../../src/cli/progress.ts";

function screen(shape: { readonly isTTY?: boolean; readonly columns?: number } = { isTTY: true, columns: 80 }) {
  const written: string[] = [];
  return { ...shape, written, write: (text: string) => written.push(text) };
}

const CLEAR = "\r\u001b[2K";

describe("startProgress", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("keeps quiet in the first second, so that a quick command shows nothing", () => {
    const terminal = screen();
    const progress = startProgress(terminal);
    progress.tell("1 of 10");
    vi.advanceTimersByTime(999);
    progress.end();
    vi.advanceTimersByTime(10_000);

    expect(terminal.written).toEqual([]);
  });

  it("shows the newest after a second, one line over another, and takes it away at the end", () => {
    const terminal = screen();
    const progress = startProgress(terminal);
    progress.tell("1 of 10");
    vi.advanceTimersByTime(1_000);
    progress.tell("2 of 10");
    progress.tell("3 of 10");
    vi.advanceTimersByTime(100);
    vi.advanceTimersByTime(500);
    progress.end();
    progress.end();

    expect(terminal.written).toEqual([`${CLEAR}1 of 10`, `${CLEAR}3 of 10`, CLEAR]);
  });

  it("never grows beyond the line, which could not be taken away", () => {
    const terminal = screen({ isTTY: true, columns: 10 });
    startProgress(terminal).tell("0123456789abc");
    vi.advanceTimersByTime(1_000);

    expect(terminal.written).toEqual([`${CLEAR}012345678`]);
  });

  it("takes a terminal that does not know its size for one of 80 columns", () => {
    const terminal = screen({ isTTY: true, columns: 0 });
    startProgress(terminal).tell("x".repeat(100));
    vi.advanceTimersByTime(1_000);

    expect(terminal.written).toEqual([`${CLEAR}${"x".repeat(79)}`]);
  });

  it.each([{ isTTY: false }, {}])("writes nothing to a pipe or a file", (shape) => {
    const terminal = screen(shape);
    const progress = startProgress(terminal);
    progress.tell("1 of 10");
    vi.advanceTimersByTime(5_000);
    progress.end();

    expect(terminal.written).toEqual([]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startProgress } from "../../../src/cli/progress.ts";

const ERASED = "\r\u001B[K";

function stream(isTTY: boolean) {
  const written: string[] = [];
  return { written, isTTY, write: (text: string) => written.push(text) > 0 };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a progress line", () => {
  it("is silent for a second, then says the latest, and goes away", () => {
    const terminal = stream(true);
    const progress = startProgress(terminal);
    progress.say("one");
    vi.advanceTimersByTime(999);
    expect(terminal.written).toEqual([]);

    progress.say("two");
    vi.advanceTimersByTime(1);
    progress.say("three");
    progress.end();
    progress.end();

    expect(terminal.written).toEqual([`${ERASED}two`, `${ERASED}three`, ERASED]);
  });

  it("leaves nothing behind where the waiting was short", () => {
    const terminal = stream(true);
    const progress = startProgress(terminal);
    progress.say("one");
    progress.end();
    vi.advanceTimersByTime(5_000);

    expect(terminal.written).toEqual([]);
  });

  it("says nothing where nobody looks", () => {
    const log = stream(false);
    const progress = startProgress(log);
    progress.say("one");
    vi.advanceTimersByTime(5_000);
    progress.end();

    expect(log.written).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { createLoopWatch, startLoopWatch } from "../../../src/admission/loop-watch.ts";

/** Seconds from one tick to the next, of which one is in order. */
function responsiveAfter(seconds: readonly number[]): boolean {
  let now = 1_000;
  const watch = createLoopWatch(() => now);
  for (const passed of seconds) {
    now += passed * 1_000;
    watch.tick();
  }
  return watch.isResponsive();
}

describe("the watch over the event loop", () => {
  it.each([
    { title: "is content at the start", seconds: [], expected: true },
    { title: "is content with ticks in time", seconds: Array<number>(100).fill(1), expected: true },
    { title: "bears a pause of twenty seconds", seconds: [1, 21], expected: true },
    { title: "bears lags of four seconds for ever", seconds: Array<number>(50).fill(5), expected: true },
    { title: "bears lags of six seconds for a while", seconds: [7, 7, 7, 7], expected: true },
    { title: "does not bear them for half a minute", seconds: [7, 7, 7, 7, 7], expected: false },
    { title: "forgets them as soon as one turn is in time", seconds: [7, 7, 7, 7, 7, 1], expected: true },
    { title: "counts anew after that", seconds: [7, 7, 7, 7, 1, 7, 7], expected: true },
  ])("$title", ({ seconds, expected }) => {
    expect(responsiveAfter(seconds)).toBe(expected);
  });

  it("finds this process responsive, and lets it end", () => {
    const watch = startLoopWatch();

    expect(watch.isResponsive()).toBe(true);
    watch.stop();
  });
});

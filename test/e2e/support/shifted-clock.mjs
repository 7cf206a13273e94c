/**
 * @file Preloaded into a process (`node --import …/shifted-clock.mjs`), moves its wall clock: by as many milliseconds as the
 * file that CRDGUARD_CLOCK_SHIFT_FILE names holds, read again five times a second, so that a test moves it while the process runs.
 * Timers and `performance.now()` go on as they are, as they do on a machine whose clock is set.
 */
import { readFileSync } from "node:fs";

const file = process.env["CRDGUARD_CLOCK_SHIFT_FILE"] ?? "";
const RealDate = Date;
let shift = 0;
let readAt = -Infinity;

function shiftMilliseconds() {
  if (performance.now() - readAt < 200) return shift;
  readAt = performance.now();
  try {
    const read = Number(readFileSync(file, "utf8"));
    if (Number.isFinite(read)) shift = read;
  } catch {
    // Not there yet: the clock is right.
  }
  return shift;
}

globalThis.Date = class Date extends RealDate {
  /** @param {any[]} args */
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + shiftMilliseconds());
    // @ts-expect-error: the overloads of Date take no list.
    else super(...args);
  }

  static now() {
    return RealDate.now() + shiftMilliseconds();
  }
};

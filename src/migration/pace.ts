/** @file How fast objects may be written: so many a second at most, and not at all while the API server asks for a rest. */
import type { Timing } from "../cluster/live/timing.ts";

export interface Pace {
  /** Resolves when the next write may be sent, or when `signal` is aborted. */
  turn(signal: AbortSignal): Promise<void>;
  /** Nobody sends anything for so long. */
  rest(milliseconds: number): void;
}

/** @param maxPerSecond 0: as fast as it goes. */
export function createPace(maxPerSecond: number, timing: Timing): Pace {
  const interval = maxPerSecond === 0 ? 0 : 1_000 / maxPerSecond;
  let next = timing.now();
  let restsUntil = 0;
  return {
    async turn(signal) {
      const now = timing.now();
      // What a timer comes too late is made up for; what nobody asked for is not saved up.
      next = Math.max(next, now - LATENESS_MILLISECONDS) + interval;
      const at = next - interval;
      await until(at, signal, timing);
      while (restsUntil > timing.now() && !signal.aborted) await until(restsUntil, signal, timing);
    },
    rest(milliseconds) {
      restsUntil = Math.max(restsUntil, timing.now() + milliseconds);
    },
  };
}

/** Timers of a busy process come some milliseconds late. */
const LATENESS_MILLISECONDS = 50;

async function until(at: number, signal: AbortSignal, timing: Timing): Promise<void> {
  const wait = at - timing.now();
  if (wait > 0 && !signal.aborted) await timing.sleep(wait, signal);
}

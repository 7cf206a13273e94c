/** @file Time and chance, as the reflector sees them, and how long it waits between attempts. */
import { setTimeout as wait } from "node:timers/promises";

/** Given from outside, so that a test need not wait. */
export interface Timing {
  /** Milliseconds; only differences count. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** Resolves early, rather than rejecting, when `signal` is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const SYSTEM_TIMING: Timing = {
  now: () => performance.now(),
  random: () => Math.random(),
  sleep: async (milliseconds, signal) => {
    await wait(milliseconds, undefined, { signal }).catch(() => undefined);
  },
};

export interface Backoff {
  /** How long to wait before the next attempt; longer each time. Between half of the step and all of it, at random. */
  nextMilliseconds(): number;
  reset(): void;
}

export function createBackoff(random: () => number): Backoff {
  let step = FIRST_STEP_MILLISECONDS;
  return {
    nextMilliseconds() {
      const milliseconds = step * (0.5 + random() / 2);
      step = Math.min(step * 2, LAST_STEP_MILLISECONDS);
      return milliseconds;
    },
    reset() {
      step = FIRST_STEP_MILLISECONDS;
    },
  };
}

/** Half a second is unnoticed in a picture; client-go's reflector starts at 0.8 s and ends at 30 s. */
const FIRST_STEP_MILLISECONDS = 500;
const LAST_STEP_MILLISECONDS = 30_000;

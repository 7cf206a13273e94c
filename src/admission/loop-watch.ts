/** @file Whether the process still gets to its requests, or does nothing but catch up. */

export interface LoopWatch {
  /** Called once each {@link TICK_MILLISECONDS}, or as late as the event loop lets it be. */
  tick(): void;
  /** False where each turn of the event loop has kept requests waiting longer than the API server waits, for a while. */
  isResponsive(): boolean;
}

/** @param now milliseconds; only differences count. */
export function createLoopWatch(now: () => number): LoopWatch {
  let tickedAt = now();
  let laggingSince: number | null = null;
  return {
    tick() {
      const at = now();
      const lag = at - tickedAt - TICK_MILLISECONDS;
      if (lag < LIMIT_MILLISECONDS) laggingSince = null;
      else laggingSince ??= tickedAt;
      tickedAt = at;
    },
    isResponsive: () => laggingSince === null || now() - laggingSince < PATIENCE_MILLISECONDS,
  };
}

/** Watches this process. @returns besides, what ends it. */
export function startLoopWatch(): Pick<LoopWatch, "isResponsive"> & { stop(): void } {
  const watch = createLoopWatch(() => performance.now());
  const timer = setInterval(() => {
    watch.tick();
  }, TICK_MILLISECONDS);
  // A process that has nothing else to do may end.
  timer.unref();
  return {
    isResponsive: () => watch.isResponsive(),
    stop() {
      clearInterval(timer);
    },
  };
}

const TICK_MILLISECONDS = 1_000;

/** Workloads and new CRDs are waited for no longer than that: whoever lags so answers nobody in time. */
const LIMIT_MILLISECONDS = 5_000;

/**
 * A busy moment passes, such as the first lists of a large cluster, and a restart would read them again. What has lasted for half a
 * minute, as when memory is all but used up, a new process may be without.
 */
const PATIENCE_MILLISECONDS = 30_000;

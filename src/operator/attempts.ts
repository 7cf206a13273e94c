/** @file Remembers what was written lately, so that the same is not written again and again in vain. */

export interface Attempts {
  /** From when on this may be written: at once where it is new. Times are milliseconds; only differences count. */
  dueAt(key: string, content: string): number;
  /** Each further attempt at the same content makes the next one wait twice as long. */
  made(key: string, content: string, now: number): void;
  /** Forgets all but these. */
  keepOnly(keys: ReadonlySet<string>): void;
}

/**
 * What is not seen after it was written was refused, is still on its way back through a watch, or was overwritten by
 * somebody who thinks otherwise, such as a replica of another version: all three are answered by waiting longer.
 */
export function createAttempts(): Attempts {
  const byKey = new Map<string, { readonly content: string; readonly dueAt: number; readonly pause: number }>();
  return {
    dueAt(key, content) {
      const last = byKey.get(key);
      return last?.content === content ? last.dueAt : -Infinity;
    },
    made(key, content, now) {
      const last = byKey.get(key);
      const isRepeated = last?.content === content && now < last.dueAt + LONGEST_PAUSE_MILLISECONDS;
      const pause = isRepeated ? Math.min(last.pause * 2, LONGEST_PAUSE_MILLISECONDS) : FIRST_PAUSE_MILLISECONDS;
      byKey.set(key, { content, dueAt: now + pause, pause });
    },
    keepOnly(keys) {
      for (const key of byKey.keys()) if (!keys.has(key)) byKey.delete(key);
    },
  };
}

/** Longer than a write takes to come back through a watch, which is well below a second. */
export const FIRST_PAUSE_MILLISECONDS = 5_000;
/** Two servers that disagree then write six times an hour each. */
const LONGEST_PAUSE_MILLISECONDS = 600_000;

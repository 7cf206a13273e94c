/** @file So many at once, and then one more each so often. */

export interface TokenBucket {
  /** How long until there is one: 0 for now. Times are milliseconds; only differences count. */
  waitMilliseconds(now: number): number;
  /** Takes one, there or not. */
  take(now: number): void;
}

/** Full at first. */
export function createTokenBucket({
  burst,
  refillMilliseconds,
}: {
  readonly burst: number;
  readonly refillMilliseconds: number;
}): TokenBucket {
  let tokens = burst;
  let at = 0;

  function fill(now: number): void {
    tokens = Math.min(burst, tokens + Math.max(0, now - at) / refillMilliseconds);
    at = now;
  }

  return {
    waitMilliseconds(now) {
      fill(now);
      return tokens >= 1 ? 0 : Math.ceil((1 - tokens) * refillMilliseconds);
    },
    take(now) {
      fill(now);
      tokens -= 1;
    },
  };
}

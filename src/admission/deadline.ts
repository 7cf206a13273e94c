/** @file How long an answer may take: what the API server says it waits, less what the way back takes. */

/** The API server's own default when a webhook sets no timeoutSeconds. Source: Kubernetes, admissionregistration v1 API. */
const DEFAULT_MILLISECONDS = 10_000;
/** The API server accepts no more than 30 s. Same source. */
const MAX_MILLISECONDS = 30_000;

export interface Deadlines {
  /** All that the API server gives. */
  readonly wholeMilliseconds: number;
  /** When gathering evidence must end, in milliseconds from now; what was counted by then is told as a lower bound. */
  readonly evidenceMilliseconds: number;
  /** When the answer must be on its way. */
  readonly answerMilliseconds: number;
}

/** @param timeout the `timeout` parameter of the request, a Go duration such as `10s`; anything else gives the default. */
export function deadlinesFrom(timeout: string | undefined): Deadlines {
  if (timeout === lastTimeout) return lastDeadlines;
  lastTimeout = timeout;
  lastDeadlines = deadlinesOf(timeout);
  return lastDeadlines;
}

/** An API server sends the same value with every request. */
let lastTimeout: string | undefined;
let lastDeadlines = deadlinesOf(undefined);

function deadlinesOf(timeout: string | undefined): Deadlines {
  const milliseconds = Math.min(parseGoDuration(timeout ?? "") ?? DEFAULT_MILLISECONDS, MAX_MILLISECONDS);
  // A fifth is kept for asking whose names may be shown and for the way back over a busy network.
  return { wholeMilliseconds: milliseconds, evidenceMilliseconds: milliseconds * 0.7, answerMilliseconds: milliseconds * 0.9 };
}

/** Source: Go, time.ParseDuration; the units below a millisecond are of no use here. Null for anything else, or for zero. */
export function parseGoDuration(text: string): number | null {
  if (!/^(?:\d+(?:\.\d+)?(?:h|m|s|ms))+$/.test(text)) return null;
  const parts = [...text.matchAll(/(?<amount>\d+(?:\.\d+)?)(?<unit>ms|h|m|s)/g)];
  const total = parts.reduce((sum, { groups }) => sum + Number(groups?.["amount"]) * unitMilliseconds(groups?.["unit"]), 0);
  return total > 0 && Number.isFinite(total) ? total : null;
}

function unitMilliseconds(unit: string | undefined): number {
  switch (unit) {
    case "h":
      return 3_600_000;
    case "m":
      return 60_000;
    case "s":
      return 1_000;
    default:
      return 1;
  }
}

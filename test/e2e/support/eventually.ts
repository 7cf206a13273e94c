/** @file Waits for a condition by asking again, so that no test sleeps for a fixed time. */
import { setTimeout as sleep } from "node:timers/promises";

export interface EventuallyOptions {
  /** How long to keep asking; 10,000 unless told. */
  readonly timeoutMs?: number;
  /** Pause between two attempts; 50 unless told. */
  readonly intervalMs?: number;
}

/**
 * Runs `attempt` until it neither throws nor returns `false`, and returns what it returned. Assertions inside it are fine.
 * @throws Error that names `description` and the last failure, after `timeoutMs`, even if an attempt never settles.
 */
export async function eventually<T>(
  description: string,
  attempt: () => Promise<T> | T,
  { timeoutMs = 10_000, intervalMs = 50 }: EventuallyOptions = {},
): Promise<Exclude<T, false>> {
  const deadline = Date.now() + timeoutMs;
  let lastFailure: unknown = "the last attempt did not settle";

  do {
    const outcome = await settleBefore(deadline, attempt);
    if (outcome.kind === "late") break;
    if (outcome.kind === "returned" && outcome.value !== false) return outcome.value as Exclude<T, false>;

    lastFailure = outcome.kind === "threw" ? outcome.error : "the last attempt returned false";
    await sleep(Math.max(0, Math.min(intervalMs, deadline - Date.now())));
  } while (Date.now() < deadline);

  const reason = lastFailure instanceof Error ? lastFailure.message : String(lastFailure);
  throw new Error(`waited ${timeoutMs} ms in vain for: ${description} (${reason})`, { cause: lastFailure });
}

type Outcome<T> =
  | { readonly kind: "returned"; readonly value: T }
  | { readonly kind: "threw"; readonly error: unknown }
  | { readonly kind: "late" };

async function settleBefore<T>(deadline: number, attempt: () => Promise<T> | T): Promise<Outcome<T>> {
  const alarm = new AbortController();
  const late = sleep(Math.max(0, deadline - Date.now()), { kind: "late" } as const, { signal: alarm.signal });
  try {
    return await Promise.race([settle(attempt), late]);
  } finally {
    late.catch(() => undefined);
    alarm.abort();
  }
}

async function settle<T>(attempt: () => Promise<T> | T): Promise<Outcome<T>> {
  try {
    return { kind: "returned", value: await attempt() };
  } catch (error) {
    return { kind: "threw", error };
  }
}

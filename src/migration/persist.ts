/** @file Asks again where the API server is busy, restarting or out of reach for a moment, and gives up after a while. */
import type { ApiClient, ApiError, ApiRequest, ApiResult } from "../cluster/live/api-client.ts";
import { createBackoff, type Timing } from "../cluster/live/timing.ts";
import type { Pace } from "./pace.ts";

export interface Persistence {
  readonly client: Pick<ApiClient, "request">;
  readonly timing: Timing;
  readonly pace: Pace;
  /** Aborted: nothing is asked again. What is under way ends by itself. */
  readonly signal: AbortSignal;
}

/** Never rejects. A write that was answered by nothing may have been made: its second attempt then ends in a conflict. */
export async function persist(line: Persistence, request: ApiRequest): Promise<ApiResult> {
  const backoff = createBackoff(() => line.timing.random());
  for (let attempt = 1; ; attempt += 1) {
    const answer = await line.client.request(request);
    if (answer.ok || line.signal.aborted || attempt >= attemptsFor(answer.error)) return answer;
    const asked = (answer.error.retryAfterSeconds ?? 0) * 1_000;
    const pause = Math.max(Math.min(asked, LONGEST_REST_MILLISECONDS), backoff.nextMilliseconds());
    // What one is told is meant for all.
    if (isOverloaded(answer.error)) line.pace.rest(pause);
    await line.timing.sleep(pause, line.signal);
  }
}

/** An API server that does not answer, or asks for a rest: nothing is wrong with the object. */
export function isUnavailable({ code, status }: ApiError): boolean {
  return code === "unreachable" || code === "too-many-requests" || code === "timeout" || status === 503;
}

/** With pauses of half a second, doubled up to thirty, ten take some two minutes: a restart, or a fail-over to another API server. */
const PATIENT_ATTEMPTS = 10;
/** A webhook that is being rolled out is back by then, some two seconds later; one that is broken holds up 20,000 objects. */
const ATTEMPTS = 3;
/** What a proxy in between may ask for is not waited for. */
const LONGEST_REST_MILLISECONDS = 60_000;

function attemptsFor(error: ApiError): number {
  if (isUnavailable(error)) return PATIENT_ATTEMPTS;
  return error.code === "server-error" ? ATTEMPTS : 1;
}

function isOverloaded({ code, status }: ApiError): boolean {
  return code === "too-many-requests" || status === 503;
}

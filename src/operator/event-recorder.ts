/** @file Writes Events: queued, rate-limited, repeated ones as one series. Whatever goes wrong, nobody else notices. */
import type { ApiClient, ApiError, ApiErrorCode } from "../cluster/live/api-client.ts";
import { memberAt, textAt } from "../cluster/live/json.ts";
import { createBackoff, SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import type { ClusterEvent, EventReason, EventRecorder } from "./cluster-event.ts";
import { type EventObject, eventObject, microTime } from "./event-object.ts";
import { FIELD_MANAGER } from "./kept-object.ts";
import { createTokenBucket, type TokenBucket } from "./token-bucket.ts";
import { isTrouble } from "./trouble.ts";

/** `repeated`: added to the series of one that is there. `dropped`: over the limit. */
export type EventResult = "written" | "repeated" | "dropped" | "failed";

export interface EventRecorderObserver {
  /** Told once for each Event that was recorded. */
  counted(reason: EventReason, result: EventResult): void;
  /** Events cannot be written. Told once, and again only after one was written in between. */
  refused(code: ApiErrorCode, message: string): void;
  /** A defect of crdguard. */
  broken(error: unknown): void;
}

export interface EventRecorderOptions {
  readonly client: Pick<ApiClient, "request">;
  readonly observer: EventRecorderObserver;
  /** Who reports: the name of the pod or host. */
  readonly instance: string;
  /** The uid of an object whose Event comes without it; null where it is not known. */
  readonly uidOf?: (regarding: ClusterEvent["regarding"]) => string | null;
  readonly timing?: Timing;
  readonly clock?: () => Date;
}

export interface RunningEventRecorder extends EventRecorder {
  /** Writes what is queued, for two seconds at most, and takes nothing more. */
  stop(): Promise<void>;
}

/**
 * An Event's name is made of its object, reason and note, so that several replicas, and one that is restarted, make one, and
 * count on in its series. The API server forgets it an hour after the last time (kube-apiserver flag --event-ttl).
 */
export function createEventRecorder(options: EventRecorderOptions): RunningEventRecorder {
  const { client, observer, instance, uidOf = () => null, timing = SYSTEM_TIMING, clock = () => new Date() } = options;
  const queue = new Map<string, Queued>();
  const limit = createSpamLimit(() => timing.now());
  const stopping = new AbortController();
  let isStopping = false;
  let isRefused = false;
  let writing: Promise<void> | null = null;

  function record(event: ClusterEvent): void {
    const uid = event.regarding.uid ?? uidOf(event.regarding);
    const regarding = uid === null ? event.regarding : { ...event.regarding, uid };
    const identity = [regarding, event.reason, event.note];
    const object = eventObject({ ...event, regarding }, { identity, instance, now: clock() });
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    const waiting = queue.get(key);
    if (isStopping || !limit.admits(keyOf(event)) || (waiting === undefined && queue.size >= MAX_QUEUED)) {
      observer.counted(event.reason, "dropped");
      return;
    }
    queue.set(key, { object, reason: event.reason, count: (waiting?.count ?? 0) + 1 });
    startWriting();
  }

  function startWriting(): void {
    writing ??= writeAll()
      .catch((error: unknown) => {
        observer.broken(error);
      })
      .finally(() => {
        writing = null;
        // What was recorded between the last look at the queue and now would wait for the next Event.
        if (queue.size > 0 && !stopping.signal.aborted) startWriting();
      });
  }

  async function writeAll(): Promise<void> {
    // Whoever records is done before the first one is written, so that what it repeats at once is one request.
    await Promise.resolve();
    for (;;) {
      const [next] = queue;
      if (next === undefined || stopping.signal.aborted) return;
      const [key, queued] = next;
      queue.delete(key);
      await write(queued);
    }
  }

  async function write({ object, reason, count }: Queued): Promise<void> {
    const backoff = createBackoff(() => timing.random());
    let outcome: Outcome;
    for (let tries = 1; ; tries += 1) {
      outcome = await createOrContinue(object, count);
      if (outcome.kind !== "failed" || !isTrouble(outcome.error.code) || tries >= MAX_TRIES || isStopping) break;
      await timing.sleep(backoff.nextMilliseconds(), stopping.signal);
    }
    for (let index = 0; index < count; index += 1) {
      observer.counted(reason, outcome.kind === "failed" ? "failed" : index === 0 ? outcome.kind : "repeated");
    }
    if (outcome.kind === "failed" && !isRefused) observer.refused(outcome.error.code, outcome.error.message);
    isRefused = outcome.kind === "failed";
  }

  async function createOrContinue(object: EventObject, count: number): Promise<Outcome> {
    const { namespace, name } = object.metadata;
    const path = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`;
    const series = (total: number): unknown => ({ count: total, lastObservedTime: microTime(clock()) });
    let error: ApiError | null = null;
    for (let tries = 0; tries < MAX_RACES; tries += 1) {
      const created = await request("POST", path, count === 1 ? object : { ...object, series: series(count) });
      if (created.ok) return { kind: "written" };
      ({ error } = created);
      if (error.code !== "conflict") return { kind: "failed", error };
      // It is there. A patch of nothing reads it by the one right that continuing it takes.
      const present = await request("PATCH", `${path}/${encodeURIComponent(name)}`, {});
      const continued = present.ok
        ? await request("PATCH", `${path}/${encodeURIComponent(name)}`, {
            // Only over what was seen, or another replica's count would be lost.
            metadata: { resourceVersion: textAt(present.body, "metadata", "resourceVersion") },
            series: series(countOf(present.body) + count),
          })
        : present;
      if (continued.ok) return { kind: "repeated" };
      ({ error } = continued);
      // Somebody else continued it meanwhile, or its hour has passed: all is asked anew.
      if (error.code !== "conflict" && error.code !== "not-found") return { kind: "failed", error };
    }
    return { kind: "failed", error: error ?? NEVER_TRIED };
  }

  function request(method: "POST" | "PATCH", path: string, body: unknown): ReturnType<ApiClient["request"]> {
    return client.request({
      method,
      path,
      query: { fieldManager: FIELD_MANAGER },
      ...(method === "PATCH" ? { contentType: "application/merge-patch+json" } : {}),
      body,
      signal: stopping.signal,
    });
  }

  return {
    record(event) {
      try {
        record(event);
      } catch (error) {
        observer.broken(error);
      }
    },
    async stop() {
      isStopping = true;
      await Promise.race([writing, timing.sleep(FLUSH_MILLISECONDS, stopping.signal)]);
      stopping.abort();
    },
  };
}

interface Queued {
  readonly object: EventObject;
  readonly reason: EventReason;
  /** How often it was recorded since the last time it was written. */
  readonly count: number;
}

type Outcome = { readonly kind: "written" | "repeated" } | { readonly kind: "failed"; readonly error: ApiError };

/** As many as client-go keeps (record/event.go, maxQueuedEvents): a megabyte and a half. */
const MAX_QUEUED = 1_000;
/** As often as client-go tries (record/event.go, maxTriesPerEvent); with pauses of up to 30 s, some five minutes. */
const MAX_TRIES = 12;
/** Replicas that count the same series at the same moment; each round one of them gets through. */
const MAX_RACES = 5;
/** A write takes milliseconds; what does not get through in this time would not within a pod's grace period either. */
const FLUSH_MILLISECONDS = 2_000;

const NEVER_TRIED: ApiError = { code: "conflict", status: null, message: "never tried" };

function countOf(event: unknown): number {
  const count = memberAt(event, "series", "count");
  return typeof count === "number" ? count : 1;
}

function keyOf({ regarding: { kind, namespace = "", name } }: ClusterEvent): string {
  return `${kind} ${namespace}/${name}`;
}

interface SpamLimit {
  /** Takes one away where there is one left. */
  admits(key: string): boolean;
}

/** A bucket of tokens for each object, as of client-go. Source: client-go, tools/record/events_cache.go. */
function createSpamLimit(now: () => number): SpamLimit {
  const buckets = new Map<string, TokenBucket>();
  return {
    admits(key) {
      const at = now();
      const bucket = buckets.get(key) ?? createTokenBucket({ burst: BURST, refillMilliseconds: REFILL_MILLISECONDS });
      const isAdmitted = bucket.waitMilliseconds(at) === 0;
      if (isAdmitted) bucket.take(at);
      // The one used last stands last, so that the first to be forgotten is full again, or nearly.
      buckets.delete(key);
      buckets.set(key, bucket);
      const [oldest] = buckets.keys();
      if (buckets.size > MAX_BUCKETS && oldest !== undefined) buckets.delete(oldest);
      return isAdmitted;
    },
  };
}

/** Source: client-go, tools/record/events_cache.go: defaultSpamBurst, defaultSpamQPS (1/300 s), maxLruCacheEntries. */
const BURST = 25;
const REFILL_MILLISECONDS = 300_000;
const MAX_BUCKETS = 4_096;

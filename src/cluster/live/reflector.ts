/** @file Keeps a picture of one collection: lists it, then watches it, and heals whatever comes between. */
import type { ApiClient, WatchEnd } from "./api-client.ts";
import { type ApiError, errorOfStatus, localError } from "./api-error.ts";
import { memberAt, textAt } from "./json.ts";
import { listPages } from "./pages.ts";
import { createBackoff, SYSTEM_TIMING, type Timing } from "./timing.ts";

/**
 * `ended`: in order, as every few minutes. `idle`: nothing came, not even a bookmark, so the connection is taken for dead.
 * `expired`: the resource version is too old. `error-event`: the API server sent an error, or what is no event.
 * `refused`: an answer other than 200. `broken`: the connection was lost.
 */
export type WatchRestartReason = "ended" | "idle" | "expired" | "error-event" | "refused" | "broken";

export interface ReflectorObserver {
  /** A page of a list came. `count`: objects kept of it and of those before. */
  reading?(resource: string, count: number): void;
  /** A whole list was taken over. `count`: objects kept. */
  listed(resource: string, count: number, pages: number): void;
  watchRestarted(resource: string, reason: WatchRestartReason): void;
  /** A list or a watch failed, and will be tried again. */
  failed(resource: string, error: ApiError): void;
}

/** Keys are `namespace/name`, or `name` for what has no namespace. Called in order; must not throw. */
export interface ReflectorHandlers<T> {
  /** All there is. What was there before and is not among it is gone. */
  replace(items: ReadonlyMap<string, T>): void;
  put(key: string, item: T): void;
  /** Also of keys that were never put. */
  remove(key: string): void;
}

export interface ReflectorOptions<T> {
  readonly client: Pick<ApiClient, "request" | "watch">;
  /** Plural resource name, for the observer. */
  readonly resource: string;
  /** Of the collection: `/apis/apps/v1/deployments`. */
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  readonly pageSize: number;
  /** Keeps what is needed of one raw object, so that nothing else stays in memory; null: the object is as good as absent. */
  readonly transform: (raw: unknown) => T | null;
  readonly handlers: ReflectorHandlers<T>;
  readonly observer: ReflectorObserver;
  readonly timing?: Timing | undefined;
  /** {@link IDLE_SECONDS} unless told. */
  readonly idleSeconds?: number | undefined;
}

export interface Reflector {
  start(): void;
  /** At once and for good: no handler is called after it returns. */
  stop(): void;
  /** Resolves after the first `replace`. Never rejects; stays pending if stopped before. */
  readonly synced: Promise<void>;
  /** Resolves after the first list has succeeded or failed. */
  readonly answered: Promise<void>;
}

/**
 * The API server sends a bookmark about once a minute (kube-apiserver, cacher, defaultBookmarkFrequency): two of them may
 * get lost, and the third be late, before a watch counts as dead.
 */
const IDLE_SECONDS = 200;

/**
 * Handlers see a consistent collection: a list is taken over as a whole when its last page is there, and until then the
 * old state stays, over restarts of the API server too. Every failure is tried again, `forbidden` as well, since a
 * permission may be granted later.
 */
export function createReflector<T>(options: ReflectorOptions<T>): Reflector {
  const { resource, observer, timing = SYSTEM_TIMING, idleSeconds = IDLE_SECONDS } = options;
  const stopping = new AbortController();
  const synced = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const backoff = createBackoff(() => timing.random());
  let isStarted = false;

  async function run(): Promise<void> {
    let position: string | null = null;
    let heardAt = timing.now();
    let isFreshlyListed = false;
    while (!stopping.signal.aborted) {
      if (position === null) {
        const listed = await listOnce(options, stopping.signal);
        if (stopping.signal.aborted) return;
        answered.resolve();
        if (!listed.ok) {
          observer.failed(resource, listed.error);
          await rest(listed.error);
          continue;
        }
        position = listed.resourceVersion;
        isFreshlyListed = true;
        options.handlers.replace(listed.items);
        observer.listed(resource, listed.items.size, listed.pages);
        synced.resolve();
        heardAt = timing.now();
      }

      const watched: Watched = await watchOnce(options, position, timing, stopping.signal);
      if (stopping.signal.aborted) return;
      observer.watchRestarted(resource, watched.reason);
      // A list alone is no progress: a watch that is refused after every list would make for lists without a pause.
      if (watched.hasProgressed) backoff.reset();
      heardAt = watched.heardAt ?? heardAt;
      // After a restore from a backup the API server counts from below our position, and is silent until it gets there.
      const isSilent = timing.now() - heardAt > LONGEST_SILENCE * idleSeconds * 1_000;
      position = watched.mustList || isSilent ? null : watched.position;
      if (watched.error !== null && watched.reason !== "expired" && watched.reason !== "idle")
        observer.failed(resource, watched.error);
      // After its restart the API server knows no position of ours: it would answer the list that a pause only delays.
      const isOutlived = watched.reason === "expired" && !isFreshlyListed;
      const isInOrder = watched.reason === "ended" || watched.reason === "idle" || watched.reason === "expired";
      isFreshlyListed = false;
      if (!isOutlived && !(isInOrder && watched.hasProgressed)) await rest(watched.error);
    }
  }

  async function rest(error: ApiError | null): Promise<void> {
    const asked = (error?.retryAfterSeconds ?? 0) * 1_000;
    await timing.sleep(Math.max(backoff.nextMilliseconds(), asked), stopping.signal);
  }

  return {
    start() {
      if (isStarted) return;
      isStarted = true;
      void run();
    },
    stop() {
      stopping.abort();
    },
    synced: synced.promise,
    answered: answered.promise,
  };
}

/** In times of the idle limit: over one idle watch the position stays, over a second one, or what amounts to it, not. */
const LONGEST_SILENCE = 1.5;

type Listed<T> =
  | { readonly ok: true; readonly items: ReadonlyMap<string, T>; readonly resourceVersion: string; readonly pages: number }
  | { readonly ok: false; readonly error: ApiError };

/** A list that takes longer than its continue token lives is taken again, and the third time in one answer. */
async function listOnce<T>(options: ReflectorOptions<T>, signal: AbortSignal): Promise<Listed<T>> {
  const { client, path, fieldSelector, labelSelector, transform } = options;
  for (const pageSize of [options.pageSize, options.pageSize, null]) {
    const items = new Map<string, T>();
    const listed = await listPages(client, {
      path,
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      pageSize,
      signal,
      onPage(page) {
        for (const raw of page) {
          const key = keyOf(raw);
          const item = key === null ? null : transform(raw);
          if (key !== null && item !== null) items.set(key, item);
        }
        options.observer.reading?.(options.resource, items.size);
      },
    });
    if (listed.ok) return { ok: true, items, resourceVersion: listed.resourceVersion, pages: listed.pages };
    if (listed.error.code !== "gone" || listed.pages === 0) return listed;
  }
  return { ok: false, error: localError("invalid", `${path}: the continue token expired in every attempt to list`) };
}

interface Watched {
  readonly reason: WatchRestartReason;
  readonly error: ApiError | null;
  /** Resource version to go on from. */
  readonly position: string;
  readonly mustList: boolean;
  /** Something came, or the watch was open for a while: the next failure is a new one. */
  readonly hasProgressed: boolean;
  /** When the last event came, as {@link Timing.now} tells it; null: none did. */
  readonly heardAt: number | null;
}

async function watchOnce<T>(options: ReflectorOptions<T>, from: string, timing: Timing, stop: AbortSignal): Promise<Watched> {
  const { client, path, fieldSelector, labelSelector, idleSeconds = IDLE_SECONDS } = options;
  const cutting = new AbortController();
  let position = from;
  let openedAt: number | null = null;
  let heardAt: number | null = null;
  let streamError: ApiError | null = null;

  const end = await client.watch({
    path,
    query: {
      allowWatchBookmarks: true,
      resourceVersion: from,
      timeoutSeconds: WATCH_SECONDS + Math.floor(timing.random() * WATCH_JITTER_SECONDS),
      fieldSelector,
      labelSelector,
    },
    idleSeconds,
    signal: AbortSignal.any([stop, cutting.signal]),
    onOpen() {
      openedAt = timing.now();
    },
    onEvent(event) {
      const applied = applyEvent(options, event);
      if (applied.ok) {
        position = applied.position;
        heardAt = timing.now();
      } else {
        streamError = applied.error;
        cutting.abort();
      }
    },
  });
  const openMilliseconds = openedAt === null ? 0 : timing.now() - openedAt;
  return {
    ...judgeEnd(end, streamError, openedAt !== null),
    position,
    hasProgressed: heardAt !== null || openMilliseconds >= SHORTEST_HEALTHY_WATCH_MILLISECONDS,
    heardAt,
  };
}

/** Ends an idle watch on the server's side now and then; client-go asks for five to ten minutes. */
const WATCH_SECONDS = 300;
/** So that the watches of several replicas, opened together after an API server's restart, drift apart. */
const WATCH_JITTER_SECONDS = 60;
/** Source: client-go, reflector.go, handleAnyWatch: a watch of less than a second without an event is an error. */
const SHORTEST_HEALTHY_WATCH_MILLISECONDS = 1_000;

type Applied = { readonly ok: true; readonly position: string } | { readonly ok: false; readonly error: ApiError };

function applyEvent<T>({ transform, handlers, path }: ReflectorOptions<T>, event: unknown): Applied {
  const type = memberAt(event, "type");
  const object = memberAt(event, "object");
  if (type === "ERROR") return { ok: false, error: errorOfStatus(object) };

  const position = textAt(object, "metadata", "resourceVersion");
  const key = keyOf(object);
  if (position === null || (key === null && type !== "BOOKMARK")) {
    return { ok: false, error: localError("invalid", `${path}: a watch event without a name or a resource version`) };
  }
  if (key !== null && type === "DELETED") handlers.remove(key);
  if (key !== null && (type === "ADDED" || type === "MODIFIED")) {
    const item = transform(object);
    if (item === null) handlers.remove(key);
    else handlers.put(key, item);
  }
  return { ok: true, position };
}

function judgeEnd(end: WatchEnd, streamError: ApiError | null, wasOpen: boolean): Pick<Watched, "reason" | "error" | "mustList"> {
  if (streamError !== null) {
    return { reason: streamError.code === "gone" ? "expired" : "error-event", error: streamError, mustList: true };
  }
  if (end.ok) return { reason: "ended", error: null, mustList: false };
  const { error } = end;
  if (error.code === "gone") return { reason: "expired", error, mustList: true };
  if (error.status !== null) return { reason: "refused", error, mustList: isRefusalOfPosition(error) };
  if (error.code === "timeout") return { reason: wasOpen ? "idle" : "broken", error, mustList: false };
  return { reason: "broken", error, mustList: error.code === "invalid" };
}

/** 400: not a resource version of this server. 504: "Too large resource version", after a restore. 404: list says more. */
function isRefusalOfPosition({ status }: ApiError): boolean {
  return status === 400 || status === 504 || status === 404;
}

function keyOf(raw: unknown): string | null {
  const name = textAt(raw, "metadata", "name");
  const namespace = textAt(raw, "metadata", "namespace");
  return name === null || namespace === null ? name : `${namespace}/${name}`;
}

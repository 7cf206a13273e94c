/** @file Keeps objects of the cluster as they must be: watches each, and has the leader put right what differs. */
import type { ApiClient, ApiError, Query } from "../cluster/live/api-client.ts";
import { listAt, textAt } from "../cluster/live/json.ts";
import { createReflector, type Reflector, type ReflectorObserver } from "../cluster/live/reflector.ts";
import { createBackoff, SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import { isRecord } from "../crd/is-record.ts";
import { createAttempts, FIRST_PAUSE_MILLISECONDS } from "./attempts.ts";
import { DEFAULTS_MANAGER, FIELD_MANAGER, type KeptObject, type LiveObject, type Mending } from "./kept-object.ts";
import { isOlderVersion } from "../crd/resource-version.ts";
import { createTokenBucket } from "./token-bucket.ts";
import { withoutOwn } from "./without-own.ts";

/** Calls come in order, from one loop; none may throw. */
export interface KeeperObserver {
  /** The leader looked at it. */
  judged(object: KeptObject, isInOrder: boolean): void;
  /** The lead was lost: another replica looks at it now. */
  handedOver(object: KeptObject): void;
  /** Told when the reason changes. */
  waiting(object: KeptObject, reason: string): void;
  created(object: KeptObject, live: LiveObject): void;
  /** What crdguard wants has changed, and was written. */
  moved(object: KeptObject, live: LiveObject, fields: readonly string[]): void;
  repaired(object: KeptObject, live: LiveObject, drift: Drift): void;
  /** Somebody keeps changing it back, so that the next repair waits for so long. Told when that grows. */
  contested(object: KeptObject, live: LiveObject, drift: Drift, pauseMilliseconds: number): void;
  /** Told when what is wrong changes. */
  failed(object: KeptObject, error: ApiError): void;
  watchRestarted: ReflectorObserver["watchRestarted"];
  /** It cannot be read, and will be tried again. */
  unreadable(object: KeptObject, error: ApiError): void;
  /** A defect of crdguard: the next round is made all the same. */
  broken(error: unknown): void;
}

export interface Drift {
  readonly fields: readonly string[];
  /** Field manager that wrote last, other than crdguard; null where none is recorded. */
  readonly changedBy: string | null;
}

export interface KeeperOptions {
  /** It never rejects. */
  readonly client: Pick<ApiClient, "request" | "watch">;
  readonly leadership: { isLeader(): boolean };
  readonly objects: readonly KeptObject[];
  readonly observer: KeeperObserver;
  readonly timing?: Timing;
}

export interface Keeper {
  start(): void;
  /** Something that an object hangs on has changed. */
  poke(): void;
  /** As last seen; null: there is none; undefined: it was not read yet. Known to every replica. */
  live(object: KeptObject): LiveObject | null | undefined;
  /** At once and for good; what is being written is let go. */
  stop(): void;
}

/**
 * Looks at an object whenever it or what it hangs on has changed, at a new leader's first moment, and every eight seconds,
 * then by reading it anew, since a watch over a half-open connection tells nothing. Never throws and never loops hot: the same
 * repair made again waits longer each time, and no object is written more often than {@link MAX_BURST} times in a row.
 */
export function createKeeper(options: KeeperOptions): Keeper {
  const { leadership, observer, timing = SYSTEM_TIMING } = options;
  const stopping = new AbortController();
  const kept = options.objects.map((object) => keptIn(object, options, () => (isDirty = true), stopping.signal));
  let isDirty = false;
  let wasLeader = false;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const isLeader = leadership.isLeader();
      if (isLeader && !wasLeader) isDirty = true;
      if (wasLeader && !isLeader) for (const { object } of kept) observer.handedOver(object);
      wasLeader = isLeader;
      if (isLeader) {
        const isForced = isDirty;
        isDirty = false;
        for (const each of kept) {
          try {
            await each.look(isForced);
          } catch (error) {
            observer.broken(error);
          }
          if (stopping.signal.aborted) return;
        }
      }
      await timing.sleep(ROUND_MILLISECONDS, stopping.signal);
    }
  }

  return {
    start() {
      for (const each of kept) each.reflector.start();
      void run();
    },
    poke() {
      isDirty = true;
    },
    live: (object) => kept.find((each) => each.object === object)?.live(),
    stop() {
      stopping.abort();
      for (const each of kept) each.reflector.stop();
    },
  };
}

/** A deletion is put right in well under the ten seconds that are promised; a look at what has not changed costs nothing. */
const ROUND_MILLISECONDS = 250;
/** Over a watch that is dead, and not seen to be, the promise is kept all the same; it costs the leader's API server a read of each. */
const READ_ANEW_MILLISECONDS = 8_000;

/** An administrator's edits, one after the other, are each put right at once; a controller that fights is not followed. */
const MAX_BURST = 10;
/** One repair more each; an edit that comes after the burst is put right within the ten seconds that are promised. */
const REFILL_MILLISECONDS = 10_000;

interface KeptInCluster {
  readonly object: KeptObject;
  readonly reflector: Reflector;
  live(): LiveObject | null | undefined;
  /** Does nothing unless it is due. @param isForced it is. */
  look(isForced: boolean): Promise<void>;
}

function keptIn(
  object: KeptObject,
  { client, leadership, observer, timing = SYSTEM_TIMING }: KeeperOptions,
  markDirty: () => void,
  signal: AbortSignal,
): KeptInCluster {
  const attempts = createAttempts();
  const backoff = createBackoff(() => timing.random());
  /** What alternates between two contents is new each time to {@link createAttempts}, which remembers but the last. */
  const allowance = createTokenBucket({ burst: MAX_BURST, refillMilliseconds: REFILL_MILLISECONDS });
  let live: LiveObject | null | undefined;
  let dueAt = -Infinity;
  /** After a refused write nothing is written before then, whatever else happens. */
  let retryAt = -Infinity;
  let readAt = -Infinity;
  let toldReason: string | null = null;
  let toldFailure: string | null = null;
  let toldPause = 0;

  const reflector = createReflector<LiveObject>({
    client,
    resource: object.resource,
    path: object.collectionPath,
    fieldSelector: `metadata.name=${object.name}`,
    pageSize: 1,
    transform: (raw) => (isRecord(raw) ? raw : null),
    timing,
    observer: {
      listed() {
        toldFailure = null;
      },
      watchRestarted: observer.watchRestarted,
      failed(_resource, error) {
        if (toldFailure !== error.code) observer.unreadable(object, error);
        toldFailure = error.code;
      },
    },
    handlers: {
      replace(items) {
        see(items.values().next().value ?? null);
      },
      put(_key, item) {
        see(item);
      },
      remove() {
        see(null);
      },
    },
  });

  function see(found: LiveObject | null): void {
    live = found;
    readAt = timing.now();
    markDirty();
  }

  async function look(isForced: boolean): Promise<void> {
    const now = timing.now();
    const isStale = live !== undefined && now - readAt >= READ_ANEW_MILLISECONDS;
    if (isStale) await readAnew();
    if (live === undefined || (!isForced && !isStale && now < dueAt)) return;
    dueAt = Infinity;
    const mending = object.mend(live);
    observer.judged(object, mending.kind === "none");
    if (mending.kind !== "wait") toldReason = null;
    switch (mending.kind) {
      case "none":
        // What was contested a while ago and stayed is contested no more; the attempts themselves remember for longer.
        toldPause = 0;
        return;
      case "wait":
        if (toldReason !== mending.reason) observer.waiting(object, mending.reason);
        toldReason = mending.reason;
        return;
      case "create":
      case "apply":
        await mend(mending, live);
    }
  }

  async function readAnew(): Promise<void> {
    readAt = timing.now();
    const found = await client.request({ method: "GET", path: pathOf(object), signal });
    if (found.ok && isRecord(found.body) && isNoOlder(found.body, live)) live = found.body;
    else if (!found.ok && found.error.code === "not-found") live = null;
  }

  async function mend(mending: Extract<Mending, { kind: "create" | "apply" }>, before: LiveObject | null): Promise<void> {
    const now = timing.now();
    const content = JSON.stringify(mending.kind === "create" ? [mending.own] : [mending.own, mending.drifted, mending.moved]);
    const drift = { fields: mending.kind === "apply" ? mending.drifted : [], changedBy: lastManager(before) };
    const pause = Math.max(attempts.dueAt(object.name, content) - now, allowance.waitMilliseconds(now), retryAt - now);
    if (pause > 0) {
      dueAt = now + pause;
      // A repair that is made twice within the first pause is nothing to tell of yet.
      if (before !== null && retryAt <= now && pause > toldPause && pause > FIRST_PAUSE_MILLISECONDS) {
        observer.contested(object, before, drift, pause);
        toldPause = pause;
      }
      return;
    }
    // The lead may have been lost while the one before was written.
    if (!leadership.isLeader()) return;
    allowance.take(now);
    const written = await write(mending);
    // Looked at again in any case: what is written comes back by the watch, and if it does not, it is time to know.
    dueAt = timing.now() + AFTER_WRITE_MILLISECONDS;
    if (!written.ok) {
      retryAt = timing.now() + Math.max(backoff.nextMilliseconds(), (written.error.retryAfterSeconds ?? 0) * 1_000);
      dueAt = retryAt;
      // Somebody made it or changed it in the same moment.
      if (written.error.code === "conflict" || written.error.code === "aborted") return;
      if (toldFailure !== written.error.message) observer.failed(object, written.error);
      toldFailure = written.error.message;
      return;
    }
    attempts.made(object.name, content, now);
    backoff.reset();
    toldFailure = null;
    const { value } = written;
    if (isNoOlder(value, live)) live = value;
    if (mending.kind === "create") observer.created(object, value);
    else if (drift.fields.length > 0) observer.repaired(object, value, drift);
    else observer.moved(object, value, mending.moved ?? []);
  }

  async function write(mending: Extract<Mending, { kind: "create" | "apply" }>): Promise<Written> {
    if (mending.kind === "apply") {
      if (mending.first !== undefined) {
        const patched = await patch(mending.first, FIELD_MANAGER, "application/json-patch+json");
        if (!patched.ok) return patched;
      }
      const applied = await apply(mending.own, FIELD_MANAGER);
      if (!applied.ok || mending.defaults === undefined) return applied;
      const defaulted = await apply(mending.defaults, DEFAULTS_MANAGER);
      return defaulted.ok ? defaulted : applied;
    }
    // By apply rather than POST, whose fields its manager could never give up again: what a later version no longer
    // renders would stay. Without force, so that what somebody made in the same moment is a conflict.
    const made = await apply(mending.whole, DEFAULTS_MANAGER);
    if (!made.ok) return made;
    const owned = await apply(mending.own, FIELD_MANAGER);
    if (!owned.ok) return owned;
    const left = await apply(withoutOwn(mending.whole, mending.own), DEFAULTS_MANAGER);
    return left.ok ? left : owned;
  }

  function apply(body: LiveObject, manager: string): Promise<Written> {
    return patch(body, manager, "application/apply-patch+yaml", manager === FIELD_MANAGER ? { force: true } : {});
  }

  async function patch(body: unknown, fieldManager: string, contentType: string, query: Query = {}): Promise<Written> {
    const patched = await client.request({
      method: "PATCH",
      path: pathOf(object),
      query: { fieldManager, ...query },
      contentType,
      body,
      signal,
    });
    if (!patched.ok) return patched;
    if (isRecord(patched.body)) return { ok: true, value: patched.body };
    return {
      ok: false,
      error: { code: "invalid", status: patched.status, message: "the API server answered without an object" },
    };
  }

  return { object, reflector, live: () => live, look };
}

/** Longer than a write takes to come back by the watch, and as long as a repeated repair waits first. */
const AFTER_WRITE_MILLISECONDS = 5_000;

type Written = { readonly ok: true; readonly value: LiveObject } | { readonly ok: false; readonly error: ApiError };

/** Whoever wrote last and is not us, by `managedFields`, which keep the time to the second. */
function lastManager(live: LiveObject | null): string | null {
  const entries = listAt(live, "metadata", "managedFields").flatMap((entry) => {
    const manager = textAt(entry, "manager");
    const isOurs = manager === FIELD_MANAGER || manager === DEFAULTS_MANAGER;
    return manager === null || isOurs ? [] : [{ manager, time: textAt(entry, "time") ?? "" }];
  });
  return entries.toSorted((left, right) => (left.time < right.time ? 1 : -1))[0]?.manager ?? null;
}

function isNoOlder(found: LiveObject, known: LiveObject | null | undefined): boolean {
  return !isOlderVersion(textAt(found, "metadata", "resourceVersion"), textAt(known, "metadata", "resourceVersion"));
}

function pathOf({ collectionPath, name }: KeptObject): string {
  return `${collectionPath}/${encodeURIComponent(name)}`;
}

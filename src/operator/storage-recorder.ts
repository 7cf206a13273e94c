/** @file Records since when the objects of each CRD that is to be migrated are stored in its storage version. */
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { listStorageRecords, type StoredStorageRecord } from "../cluster/live/read-storage-record.ts";
import { createBackoff, SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import type { Crd } from "../crd/crd.ts";
import { parseCrd } from "../crd/parse.ts";
import { carriedOver, isCurrent, isMigrationDue, type StorageRecord } from "../crd/storage-record.ts";
import {
  deleteStorageRecord,
  putStorageRecord,
  SETTLE_MILLISECONDS,
  takeStorageRecord,
  writeStorageRecord,
} from "../migration/storage-record-object.ts";
import { createAttempts } from "./attempts.ts";
import { createSightings, type Sighting } from "./storage-sightings.ts";
import { createToldOnce } from "./told-once.ts";
import { isTrouble } from "./trouble.ts";

export interface StorageRecorderObserver {
  /** Told at each look. `missing`: CRDs that are to be migrated and have no current one. */
  counted(counts: { readonly current: number; readonly missing: number }): void;
  taken(crd: Crd, record: StorageRecord): void;
  /** The definition has changed by one generation, and the storage version has not. */
  carriedOver(crd: Crd, record: StorageRecord): void;
  /** There is nothing to prove by it any more. */
  deleted(name: string): void;
  /** None can be taken. Told once for each CRD and reason. */
  unlisted(crd: Crd, reason: string): void;
  /** The cluster has no such objects. Told once, and again only after it had. */
  unknownKind(): void;
  /** Records, or definitions, cannot be read or written, and are tried again. Told once for each CRD and message. */
  failed(name: string | null, error: ApiError): void;
  /** Another replica leads now. */
  resigned(): void;
  /** A defect of crdguard: the next look is made all the same. */
  broken(error: unknown): void;
}

export interface StorageRecorderOptions {
  readonly client: Pick<ApiClient, "request" | "serverTime">;
  readonly leadership: { isLeader(): boolean };
  /** The same map, by reference, while nothing changes; null until all has been read once. */
  readonly crds: () => ReadonlyMap<string, Crd> | null;
  readonly observer: StorageRecorderObserver;
  /** `recordedBy`: this replica. */
  readonly by: string;
  /** {@link SETTLE_MILLISECONDS} unless told. */
  readonly settleMilliseconds?: number;
  readonly timing?: Timing;
  readonly clock?: () => Date;
}

export interface StorageRecorder {
  /** At once and for good; records stay. */
  stop(): void;
}

/**
 * Every replica notes since when it knows of a generation, so that whoever begins to lead need not wait anew; the leader takes
 * a record once that is long enough. What is known is in the cluster: after a restart nothing is lost but the wait.
 */
export function startStorageRecorder(options: StorageRecorderOptions): StorageRecorder {
  const { client, leadership, crds: readCrds, observer, by, settleMilliseconds = SETTLE_MILLISECONDS } = options;
  const { timing = SYSTEM_TIMING, clock } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const sightings = createSightings();
  const attempts = createAttempts();
  const backoff = createBackoff(() => timing.random());
  const once = createToldOnce();
  let seen: ReadonlyMap<string, Crd> | null = null;
  let lookAt = -Infinity;
  let isLeading = false;

  async function run(): Promise<void> {
    for (;;) {
      await timing.sleep(ROUND_MILLISECONDS, signal);
      if (signal.aborted) return;
      try {
        await makeRound();
      } catch (error) {
        observer.broken(error);
        lookAt = timing.now() + backoff.nextMilliseconds();
      }
    }
  }

  async function makeRound(): Promise<void> {
    const crds = readCrds();
    if (crds === null) return;
    if (crds !== seen) {
      sightings.see(crds, timing.now());
      lookAt = Math.min(lookAt, timing.now());
      seen = crds;
    }
    const wasLeading = isLeading;
    isLeading = leadership.isLeader();
    if (!isLeading && wasLeading) observer.resigned();
    if (!isLeading) return;
    if (!wasLeading) lookAt = -Infinity;
    if (timing.now() >= lookAt) await look(sightings.due());
  }

  async function look(due: readonly Sighting[]): Promise<void> {
    lookAt = timing.now() + LOOK_MILLISECONDS;
    const listed = await listStorageRecords(client, signal);
    if (signal.aborted) return;
    if (listed.kind === "no-such-kind") {
      if (due.length > 0) once.tell("unknown-kind", "", () => observer.unknownKind());
      return;
    }
    once.forget("unknown-kind");
    if (listed.kind === "unreadable") {
      tellFailure(null, listed.error);
      lookAt = timing.now() + backoff.nextMilliseconds();
      return;
    }
    once.forget(failureKey(null));
    const records = new Map(listed.records.map((stored) => [stored.name, stored]));
    const current = due.filter(({ crd }) => isHeld(records.get(crd.name), crd)).length;
    observer.counted({ current, missing: due.length - current });
    const names = new Set(due.map(({ crd }) => crd.name));
    for (const sighting of due) {
      if (!(await attend(sighting, records.get(sighting.crd.name) ?? null))) return;
    }
    for (const stored of listed.records.filter(({ name }) => !names.has(name))) {
      if (!(await letGo(stored))) return;
    }
    attempts.keepOnly(new Set([...names, ...records.keys()]));
    once.keepOnly(new Set([...names, ...records.keys()]));
  }

  /** @returns whether there is any use in going on. */
  async function attend(sighting: Sighting, stored: StoredStorageRecord | null): Promise<boolean> {
    const { crd } = sighting;
    if (isHeld(stored, crd)) return true;
    const before = stored?.record ?? null;
    const carried = before === null ? null : carriedOver(before, crd);
    const content = `${carried === null ? "take" : "carry"} ${crd.uid ?? ""} ${String(crd.generation)}`;
    const settledAt = carried === null ? Math.max(sighting.at + settleMilliseconds, sighting.retryAt) : -Infinity;
    const startsAt = Math.max(attempts.dueAt(crd.name, content), settledAt);
    if (startsAt > timing.now()) {
      lookAt = Math.min(lookAt, startsAt);
      return true;
    }
    // The lead may have been lost while the one before was written.
    if (!leadership.isLeader()) return false;
    const record = carried ?? (await take(sighting));
    if (signal.aborted) return false;
    if (record === null) {
      sighting.retryAt = timing.now() + RETRY_MILLISECONDS;
      lookAt = Math.min(lookAt, sighting.retryAt);
      return true;
    }
    if ("code" in record) return goOn(crd.name, record);
    const error = carried === null || stored === null ? await write(crd, record) : await carry(crd, stored, record);
    attempts.made(crd.name, content, timing.now());
    lookAt = Math.min(lookAt, attempts.dueAt(crd.name, content));
    return goOn(crd.name, error);
  }

  /** @returns null where none can be taken now, which has been told. */
  async function take({ crd }: Sighting): Promise<StorageRecord | ApiError | null> {
    // The wait is over: it was in force for as long as it was known, if it still is.
    const taken = await takeStorageRecord(client, crd, { by, settleMilliseconds: 0, timing, ...(clock && { clock }) }, signal);
    switch (taken.kind) {
      case "changed":
        return null;
      case "unreadable":
        return taken.error;
      case "unlisted":
        if (taken.error !== null && isTrouble(taken.error.code)) return taken.error;
        once.tell(`unlisted ${crd.name}`, taken.reason, () => observer.unlisted(crd, taken.reason));
        return null;
      case "taken":
        once.forget(`unlisted ${crd.name}`);
        return taken.record;
    }
  }

  async function write(crd: Crd, record: StorageRecord): Promise<ApiError | null> {
    const written = await writeStorageRecord(client, crd, record, signal);
    switch (written.kind) {
      case "written":
        observer.taken(crd, written.record);
        return null;
      // Somebody else has it, or the next look finds out.
      case "kept":
      case "no-such-kind":
        return null;
      case "unwritten":
        return written.error;
    }
  }

  async function carry(crd: Crd, stored: StoredStorageRecord, record: StorageRecord): Promise<ApiError | null> {
    const error = await putStorageRecord(client, crd, stored, record, signal);
    if (error === null) observer.carriedOver(crd, record);
    return error;
  }

  /** By the definition as it is now, which the picture may not show yet. */
  async function letGo(stored: StoredStorageRecord): Promise<boolean> {
    const { name } = stored;
    const now = timing.now();
    if (attempts.dueAt(name, "delete") > now) return true;
    if (!leadership.isLeader()) return false;
    attempts.made(name, "delete", now);
    const found = await client.request({ method: "GET", path: `${DEFINITIONS_PATH}/${encodeURIComponent(name)}`, signal });
    if (!found.ok && found.error.code !== "not-found") return goOn(name, found.error);
    const crd = found.ok ? parseCrd(found.body) : null;
    if (crd !== null && (!crd.ok || isMigrationDue(crd.value))) return true;
    const error = await deleteStorageRecord(client, stored, signal);
    if (error === null && !signal.aborted) observer.deleted(name);
    return goOn(name, error);
  }

  function goOn(name: string, error: ApiError | null): boolean {
    if (signal.aborted) return false;
    if (error === null) {
      backoff.reset();
      once.forget(failureKey(name));
      return true;
    }
    // Somebody else wrote it: the next look shows what.
    if (error.code === "conflict") return true;
    tellFailure(name, error);
    if (!isTrouble(error.code)) return true;
    lookAt = timing.now() + backoff.nextMilliseconds();
    return false;
  }

  function tellFailure(name: string | null, error: ApiError): void {
    if (error.code !== "aborted") once.tell(failureKey(name), error.message, () => observer.failed(name, error));
  }

  void run();
  return {
    stop() {
      stopping.abort();
    },
  };
}

/** Of what is refused until somebody grants a right, which a denial asks people for. */
const RETRY_MILLISECONDS = 30_000;
/** Looking costs nothing while no definition has changed. */
const ROUND_MILLISECONDS = 1_000;
/** Records that somebody has deleted or edited are seen then, by one request. */
const LOOK_MILLISECONDS = 60_000;

const DEFINITIONS_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

function isHeld(stored: StoredStorageRecord | null | undefined, crd: Crd): boolean {
  const record = stored?.record ?? null;
  return record !== null && isCurrent(record, crd);
}

function failureKey(name: string | null): string {
  return name === null ? "failed" : `failed ${name}`;
}

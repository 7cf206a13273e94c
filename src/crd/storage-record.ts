/** @file Since when objects of a CRD are stored in its storage version, as somebody saw and wrote down. */
import type { Crd } from "./crd.ts";
import { isRecord } from "./is-record.ts";
import { isOlderVersion } from "./resource-version.ts";
import { storageVersion } from "./versions.ts";

/**
 * Every write after `writtenSince` was stored in `storageVersion`, as long as the definition is the one that it speaks of.
 * Held by a StorageVersionRecord of the CRD's name, or, where the cluster has none of those, by an annotation of the CRD.
 */
export interface StorageRecord {
  /** `metadata.uid` and `metadata.generation` of the CRD when this held last. */
  readonly crdUid: string;
  readonly generation: number;
  readonly storageVersion: string;
  /**
   * Resource version of the collection of its objects, read when every API server was bound to know the storage version.
   * Compared with that of objects of this collection and with nothing else (docs/adr/0023).
   */
  readonly writtenSince: string;
  /** RFC 3339. */
  readonly recordedAt: string;
  /** Who saw it: a server's replica, or the command. */
  readonly recordedBy: string;
}

/** A record of another definition, generation or storage version proves nothing. */
export function isCurrent(record: StorageRecord, crd: Crd): boolean {
  return record.crdUid === crd.uid && record.generation === crd.generation && record.storageVersion === storageVersion(crd);
}

/** @param resourceVersion that of an object of the collection. */
export function isProven(record: StorageRecord, resourceVersion: string): boolean {
  return isOlderVersion(record.writtenSince, resourceVersion);
}

/**
 * What becomes of a record when the definition is seen again. Between two generations that follow each other there was no
 * third one; between others the storage version may have gone away and come back, unseen.
 * @returns the record as it holds now, or null where a new one has to be taken.
 */
export function carriedOver(record: StorageRecord, crd: Crd): StorageRecord | null {
  if (isCurrent(record, crd)) return record;
  if (record.crdUid !== crd.uid || record.storageVersion !== storageVersion(crd)) return null;
  return crd.generation === record.generation + 1 ? { ...record, generation: crd.generation } : null;
}

/** Whether there is a stored version that a proof could let go. */
export function isMigrationDue(crd: Crd): boolean {
  const storage = storageVersion(crd);
  return !crd.isTerminating && crd.stored.source === "status" && crd.stored.names.some((name) => name !== storage);
}

/** @param input the `spec` of a StorageVersionRecord, or the annotation's JSON; null for what is none. */
export function parseStorageRecord(input: unknown): StorageRecord | null {
  if (!isRecord(input) || !isRecord(input["definition"])) return null;
  const { uid, generation } = input["definition"];
  const { storageVersion: version, writtenSince, recordedAt, recordedBy } = input;
  return typeof uid === "string" &&
    typeof generation === "number" &&
    typeof version === "string" &&
    typeof writtenSince === "string" &&
    typeof recordedAt === "string" &&
    typeof recordedBy === "string"
    ? { crdUid: uid, generation, storageVersion: version, writtenSince, recordedAt, recordedBy }
    : null;
}

/** The form that `parseStorageRecord` reads. */
export function storageRecordSpec(record: StorageRecord): Readonly<Record<string, unknown>> {
  const { crdUid, generation, ...rest } = record;
  return { definition: { uid: crdUid, generation }, ...rest };
}

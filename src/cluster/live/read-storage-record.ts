/** @file Reads the StorageVersionRecord of a CRD. */
import type { Crd } from "../../crd/crd.ts";
import { parseStorageRecord, type StorageRecord } from "../../crd/storage-record.ts";
import type { ApiClient } from "./api-client.ts";
import { type ApiError, localError } from "./api-error.ts";
import { listAt, memberAt, textAt } from "./json.ts";

export const STORAGE_RECORDS_PATH = "/apis/crdguard.dev/v1alpha1/storageversionrecords";

/** A StorageVersionRecord as the API server holds it. */
export interface StoredStorageRecord {
  /** That of the CRD. */
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Null where its spec cannot be read, as after the schema of its kind was changed. */
  readonly record: StorageRecord | null;
}

export type FoundStorageRecord =
  | { readonly kind: "found"; readonly record: StorageRecord }
  | { readonly kind: "none" }
  /** The cluster has no such objects: crdguard, or this version of it, is not installed. */
  | { readonly kind: "no-such-kind" }
  /** It may be there. */
  | { readonly kind: "unreadable"; readonly error: ApiError };

export type StoredStorageRecords =
  | { readonly kind: "listed"; readonly records: readonly StoredStorageRecord[] }
  | { readonly kind: "no-such-kind" }
  | { readonly kind: "unreadable"; readonly error: ApiError };

/** Whether it is current is for the caller to judge. Never rejects. */
export async function readStorageRecord(
  client: Pick<ApiClient, "request">,
  crd: Pick<Crd, "name">,
  signal: AbortSignal,
): Promise<FoundStorageRecord> {
  const found = await listStorageRecords(client, signal, crd.name);
  if (found.kind !== "listed") return found;
  const [stored] = found.records;
  if (stored === undefined) return { kind: "none" };
  if (stored.record === null)
    return {
      kind: "unreadable",
      error: localError("invalid", `StorageVersionRecord ${stored.name} is not of the form that this version of crdguard reads`),
    };
  return { kind: "found", record: stored.record };
}

/**
 * All of them, or the one of a name. A list rather than a get, as a 404 then means that there is no such kind, and nothing
 * else. In one page: there are as many as CRDs that are to be migrated, of 1 kB each. Never rejects.
 */
export async function listStorageRecords(
  client: Pick<ApiClient, "request">,
  signal: AbortSignal,
  name?: string,
): Promise<StoredStorageRecords> {
  const answer = await client.request({
    method: "GET",
    path: STORAGE_RECORDS_PATH,
    query: { fieldSelector: name === undefined ? undefined : `metadata.name=${name}` },
    signal,
  });
  if (answer.ok) return { kind: "listed", records: listAt(answer.body, "items").flatMap((item) => readStored(item) ?? []) };
  return answer.error.code === "not-found" ? { kind: "no-such-kind" } : { kind: "unreadable", error: answer.error };
}

function readStored(item: unknown): StoredStorageRecord | null {
  const name = textAt(item, "metadata", "name");
  const uid = textAt(item, "metadata", "uid");
  const resourceVersion = textAt(item, "metadata", "resourceVersion");
  if (name === null || uid === null || resourceVersion === null) return null;
  return { name, uid, resourceVersion, record: parseStorageRecord(memberAt(item, "spec")) };
}

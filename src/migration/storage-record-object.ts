/** @file Takes a record of since when objects are stored in a CRD's storage version, and keeps it as a StorageVersionRecord. */
import type { ApiClient } from "../cluster/live/api-client.ts";
import type { ApiError } from "../cluster/live/api-error.ts";
import { textAt } from "../cluster/live/json.ts";
import { METADATA_LIST, whyUnlisted } from "../cluster/live/list-metadata.ts";
import { listStorageRecords, STORAGE_RECORDS_PATH, type StoredStorageRecord } from "../cluster/live/read-storage-record.ts";
import { SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import type { Crd } from "../crd/crd.ts";
import { parseCrd } from "../crd/parse.ts";
import { isCurrent, type StorageRecord, storageRecordSpec } from "../crd/storage-record.ts";
import { readableVersion, storageVersion } from "../crd/versions.ts";

/**
 * How long a storage version has to be in force before all that is written from then on is known to be stored in it. A write
 * goes on in the version that it began with, for as long as requests may take: 60 s (kube-apiserver flag --request-timeout;
 * 34 s for all but the deletion of a collection). And another API server may begin one for as long as its view of the
 * definition lags, for which 5 s is what upstream itself waits.
 * Source: Kubernetes 1.35, apiextensions-apiserver/pkg/apiserver/customresource_handler.go, tearDown and
 * updateCustomResourceDefinition; apiserver/pkg/endpoints/handlers/rest.go, requestTimeoutUpperBound.
 */
export const SETTLE_MILLISECONDS = 65_000;

export interface TakeOptions {
  /** Who sees it: `recordedBy`. */
  readonly by: string;
  /** How long to wait: {@link SETTLE_MILLISECONDS}, less what the definition is known to have been this one for. */
  readonly settleMilliseconds: number;
  /** The API server's clock, or else this machine's, unless told. */
  readonly clock?: () => Date;
  readonly timing?: Pick<Timing, "sleep">;
}

export type TakenStorageRecord =
  | { readonly kind: "taken"; readonly record: StorageRecord }
  /** The definition is not the one that was asked about any more. `reason`: a clause. */
  | { readonly kind: "changed"; readonly reason: string }
  /** Its objects could not be listed. `isForbidden`: for want of the right to. `error`: null where nothing was asked. */
  | { readonly kind: "unlisted"; readonly reason: string; readonly isForbidden: boolean; readonly error: ApiError | null }
  /** The definition could not be read. */
  | { readonly kind: "unreadable"; readonly error: ApiError };

/**
 * What it says holds for the definition as `crd` shows it: that one is read before the wait and after, and a generation that
 * is the same both times was in force all the while. Never rejects; once `signal` is aborted it is `unreadable`.
 */
export async function takeStorageRecord(
  client: Pick<ApiClient, "request" | "serverTime">,
  crd: Crd,
  { by, settleMilliseconds, timing = SYSTEM_TIMING, clock = () => client.serverTime() ?? new Date() }: TakeOptions,
  signal: AbortSignal,
): Promise<TakenStorageRecord> {
  const version = storageVersion(crd);
  if (crd.uid === null || crd.generation === null || version === null)
    return { kind: "changed", reason: "it is not as a cluster has it, with uid, generation and storage version" };

  if (settleMilliseconds > 0) {
    const before = await differenceInCluster(client, crd, signal);
    if (before !== null) return before;
    await timing.sleep(settleMilliseconds, signal);
  }
  const collection = await readCollectionVersion(client, crd, signal);
  if (collection.kind === "unlisted") return collection;
  const after = await differenceInCluster(client, crd, signal);
  if (after !== null) return after;
  return {
    kind: "taken",
    record: {
      crdUid: crd.uid,
      generation: crd.generation,
      storageVersion: version,
      writtenSince: collection.resourceVersion,
      recordedAt: `${clock().toISOString().slice(0, SECONDS_END)}Z`,
      recordedBy: by.slice(0, LONGEST_NAME),
    },
  };
}

/** Of `2026-05-06T08:00:00`. */
const SECONDS_END = 19;
/** By the CRD of these objects. */
const LONGEST_NAME = 253;

/** @returns null where it is the same definition. */
async function differenceInCluster(
  client: Pick<ApiClient, "request">,
  crd: Crd,
  signal: AbortSignal,
): Promise<Extract<TakenStorageRecord, { kind: "changed" | "unreadable" }> | null> {
  const answer = await client.request({ method: "GET", path: `${DEFINITIONS_PATH}/${encodeURIComponent(crd.name)}`, signal });
  if (!answer.ok)
    return answer.error.code === "not-found"
      ? { kind: "changed", reason: "it was deleted" }
      : { kind: "unreadable", error: answer.error };
  const parsed = parseCrd(answer.body);
  if (!parsed.ok) return { kind: "changed", reason: `${parsed.error.path}: ${parsed.error.message}` };
  const { uid, generation, isTerminating } = parsed.value;
  if (uid !== crd.uid) return { kind: "changed", reason: "it was deleted and made anew" };
  if (generation !== crd.generation)
    return { kind: "changed", reason: `its generation is ${String(generation)}, not ${String(crd.generation)}` };
  return isTerminating ? { kind: "changed", reason: "it is being deleted" } : null;
}

const DEFINITIONS_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

type Unlisted = Extract<TakenStorageRecord, { kind: "unlisted" }>;

/** Of the newest state, as no `resourceVersion` is asked for; one object at most is read. */
async function readCollectionVersion(
  client: Pick<ApiClient, "request">,
  crd: Crd,
  signal: AbortSignal,
): Promise<Unlisted | { readonly kind: "read"; readonly resourceVersion: string }> {
  const unlisted = (reason: string): Unlisted => ({ kind: "unlisted", reason, isForbidden: false, error: null });
  const version = readableVersion(crd);
  if (version === null) return unlisted("no version of it is served, so its objects cannot be listed");
  const answer = await client.request({
    method: "GET",
    path: `/apis/${crd.group}/${version}/${crd.plural}`,
    query: { limit: 1 },
    accept: METADATA_LIST,
    signal,
  });
  if (!answer.ok) {
    const { error } = answer;
    return { kind: "unlisted", reason: whyUnlisted(error, crd, version), isForbidden: error.code === "forbidden", error };
  }
  const resourceVersion = textAt(answer.body, "metadata", "resourceVersion");
  return resourceVersion !== null && /^\d+$/.test(resourceVersion)
    ? { kind: "read", resourceVersion }
    : unlisted(`the API server lists ${crd.name} without a resource version that is a number`);
}

export type WrittenStorageRecord =
  | { readonly kind: "written"; readonly record: StorageRecord }
  /** Somebody had recorded the same before, and what was written since that one stays proven: it counts. */
  | { readonly kind: "kept"; readonly record: StorageRecord }
  | { readonly kind: "no-such-kind" }
  | { readonly kind: "unwritten"; readonly error: ApiError };

/**
 * Makes the StorageVersionRecord of the CRD, or replaces one that is not current: only over what was seen, so that of two who
 * take one at the same time the first one's stays. Never rejects.
 */
export async function writeStorageRecord(
  client: Pick<ApiClient, "request">,
  crd: Crd,
  record: StorageRecord,
  signal: AbortSignal,
): Promise<WrittenStorageRecord> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await listStorageRecords(client, signal, crd.name);
    if (found.kind === "no-such-kind") return found;
    if (found.kind === "unreadable") return { kind: "unwritten", error: found.error };
    const stored = found.records[0] ?? null;
    if (stored !== null && stored.record !== null && isCurrent(stored.record, crd))
      return { kind: "kept", record: stored.record };
    const error = await putStorageRecord(client, crd, stored, record, signal);
    if (error === null) return { kind: "written", record };
    if (error.code === "not-found" && stored === null) return { kind: "no-such-kind" };
    // Made, changed or deleted by somebody else in the same moment.
    const isOvertaken = error.code === "conflict" || error.code === "not-found";
    if (!isOvertaken || attempt >= MAX_ATTEMPTS) return { kind: "unwritten", error };
  }
}

/** There are few who write it: by then one of them has. */
const MAX_ATTEMPTS = 3;

/**
 * @param stored what was seen, over which alone it is written; null: there was none. Else the error is a `conflict`.
 * @returns null: done. Never rejects.
 */
export async function putStorageRecord(
  client: Pick<ApiClient, "request">,
  crd: Crd,
  stored: Pick<StoredStorageRecord, "uid" | "resourceVersion"> | null,
  record: StorageRecord,
  signal: AbortSignal,
): Promise<ApiError | null> {
  const query = { fieldManager: FIELD_MANAGER };
  const content = { spec: storageRecordSpec(record) };
  const ownerReferences = ownersOf(crd);
  const written = await client.request(
    stored === null
      ? {
          method: "POST",
          path: STORAGE_RECORDS_PATH,
          query,
          body: {
            apiVersion: "crdguard.dev/v1alpha1",
            kind: "StorageVersionRecord",
            metadata: { name: crd.name, labels: LABELS, ownerReferences },
            ...content,
          },
          signal,
        }
      : {
          method: "PATCH",
          path: recordPath(crd.name),
          query,
          contentType: "application/merge-patch+json",
          body: { metadata: { uid: stored.uid, resourceVersion: stored.resourceVersion, ownerReferences }, ...content },
          signal,
        },
  );
  return written.ok ? null : written.error;
}

/** That one, as it was seen: else `conflict`. @returns null: done, or gone already. Never rejects. */
export async function deleteStorageRecord(
  client: Pick<ApiClient, "request">,
  { name, uid, resourceVersion }: StoredStorageRecord,
  signal: AbortSignal,
): Promise<ApiError | null> {
  const deleted = await client.request({
    method: "DELETE",
    path: recordPath(name),
    body: { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid, resourceVersion } },
    signal,
  });
  return deleted.ok || deleted.error.code === "not-found" ? null : deleted.error;
}

/** With the CRD it goes, by the garbage collector. */
function ownersOf({ name, uid }: Crd): readonly unknown[] {
  return [{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name, uid }];
}

function recordPath(name: string): string {
  return `${STORAGE_RECORDS_PATH}/${encodeURIComponent(name)}`;
}

const FIELD_MANAGER = "crdguard";
const LABELS = { "app.kubernetes.io/name": "crdguard", "app.kubernetes.io/managed-by": "crdguard" } as const;

/** @file Finds the record that a migration is proven by, or takes one and keeps it where the next run finds it. */
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { isRecord } from "../cluster/live/json.ts";
import { readStorageRecord } from "../cluster/live/read-storage-record.ts";
import type { Timing } from "../cluster/live/timing.ts";
import type { Crd } from "../crd/crd.ts";
import { carriedOver, isCurrent, parseStorageRecord, type StorageRecord, storageRecordSpec } from "../crd/storage-record.ts";
import { takeStorageRecord, type TakenStorageRecord, writeStorageRecord } from "./storage-record-object.ts";
import { definitionPath, type LiveDefinition } from "./watched-definition.ts";

/** Where a record is kept: as a StorageVersionRecord, on the CRD itself, or for this run alone. */
export type RecordPlace = "object" | "annotation" | "memory";

export type SecuredRecord =
  | { readonly kind: "secured"; readonly record: StorageRecord; readonly place: RecordPlace; readonly isNew: boolean }
  | Exclude<TakenStorageRecord, { kind: "taken" }>;

export interface SecureOptions {
  readonly client: Pick<ApiClient, "request" | "serverTime">;
  readonly definition: LiveDefinition;
  readonly settleMilliseconds: number;
  /** Nothing is written, and nothing waited for: a record that is taken counts for this run alone. */
  readonly isDryRun: boolean;
  readonly timing: Timing;
  readonly signal: AbortSignal;
  /** Told before a wait. */
  readonly waits: (milliseconds: number) => void;
}

/** JSON of the spec of a StorageVersionRecord, on the CRD. The server does not believe it. */
const RECORD_ANNOTATION = "crdguard.dev/storage-version-record";

/** Never rejects. */
export async function secureRecord(options: SecureOptions): Promise<SecuredRecord> {
  const { client, definition, isDryRun, signal, timing, waits } = options;
  const { crd } = definition;
  const known = await findRecord(client, definition, signal);
  if (known !== null && isCurrent(known.record, crd)) return { kind: "secured", ...known, isNew: false };

  const kept = known === null ? null : carriedOver(known.record, crd);
  if (kept !== null) return keep(client, crd, kept, options);

  const settleMilliseconds = isDryRun ? 0 : restOfSettling(client, crd, options.settleMilliseconds);
  if (settleMilliseconds > 0) waits(settleMilliseconds);
  const taken = await takeStorageRecord(client, crd, { by: "crdguard migrate", settleMilliseconds, timing }, signal);
  return taken.kind === "taken" ? keep(client, crd, taken.record, options) : taken;
}

/** On the CRD, no longer needed once it is pruned. Never rejects. */
export async function dropAnnotation(client: Pick<ApiClient, "request">, crd: Crd, signal: AbortSignal): Promise<void> {
  // One that stays is of another generation soon, and says nothing then.
  await annotate(client, crd, null, signal);
}

type Known = { readonly record: StorageRecord; readonly place: RecordPlace };

async function findRecord(
  client: Pick<ApiClient, "request">,
  { crd, annotations }: LiveDefinition,
  signal: AbortSignal,
): Promise<Known | null> {
  const found = await readStorageRecord(client, crd, signal);
  const object: Known | null = found.kind === "found" ? { record: found.record, place: "object" } : null;
  const noted = readAnnotation(annotations);
  const annotation: Known | null = noted === null ? null : { record: noted, place: "annotation" };
  // The server goes by the object alone, so that it comes first.
  const candidates = [object, annotation].filter((known) => known !== null);
  return (
    candidates.find(({ record }) => isCurrent(record, crd)) ??
    candidates.find(({ record }) => carriedOver(record, crd) !== null) ??
    null
  );
}

function readAnnotation(annotations: unknown): StorageRecord | null {
  const text = isRecord(annotations) ? annotations[RECORD_ANNOTATION] : undefined;
  if (typeof text !== "string") return null;
  try {
    return parseStorageRecord(JSON.parse(text));
  } catch {
    // Somebody wrote there by hand; it is written over.
    return null;
  }
}

/**
 * Less than the whole where the definition is known to have been this one for longer. Clocks of two API servers differ by some
 * seconds; within a minute of the end, the whole of it is waited for.
 */
export function restOfSettling(client: Pick<ApiClient, "serverTime">, { lastWrittenAt }: Crd, whole: number): number {
  const now = client.serverTime()?.getTime() ?? null;
  const written = lastWrittenAt === null ? NaN : Date.parse(lastWrittenAt);
  return now !== null && now - written > whole + CLOCKS_APART_MILLISECONDS ? 0 : whole;
}

const CLOCKS_APART_MILLISECONDS = 60_000;

async function keep(
  client: Pick<ApiClient, "request">,
  crd: Crd,
  record: StorageRecord,
  { isDryRun, signal }: Pick<SecureOptions, "isDryRun" | "signal">,
): Promise<SecuredRecord> {
  const secured = { kind: "secured", record, isNew: true } as const;
  if (isDryRun) return { ...secured, place: "memory" };
  const written = await writeStorageRecord(client, crd, record, signal);
  if (written.kind === "kept") return { ...secured, record: written.record, place: "object", isNew: false };
  if (written.kind === "written") return { ...secured, place: "object" };
  const error = await annotate(client, crd, JSON.stringify(storageRecordSpec(record)), signal);
  return { ...secured, place: error === null ? "annotation" : "memory" };
}

/** Says nothing of the spec, so that the generation stays. @returns null: done. */
async function annotate(
  client: Pick<ApiClient, "request">,
  crd: Crd,
  value: string | null,
  signal: AbortSignal,
): Promise<ApiError | null> {
  const answer = await client.request({
    method: "PATCH",
    path: definitionPath(crd.name),
    query: { fieldManager: "crdguard-migrate" },
    contentType: "application/merge-patch+json",
    body: { metadata: { uid: crd.uid, annotations: { [RECORD_ANNOTATION]: value } } },
    signal,
  });
  return answer.ok ? null : answer.error;
}

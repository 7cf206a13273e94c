/** @file Looks whether each object of a CRD was written since its StorageVersionRecord. */
import type { Crd } from "../../crd/crd.ts";
import { carriedOver, isMigrationDue, isProven, type StorageRecord } from "../../crd/storage-record.ts";
import { readableVersion, storageVersion } from "../../crd/versions.ts";
import type { MigrationEvidence, ObjectRef } from "../../rules/facts.ts";
import type { ApiClient, ApiError } from "./api-client.ts";
import { textAt } from "./json.ts";
import { listMetadata } from "./list-metadata.ts";
import { readStorageRecord } from "./read-storage-record.ts";

export interface ProvenObjectsOptions {
  readonly client: Pick<ApiClient, "request">;
  /** Lists the objects. */
  readonly objects: Pick<ApiClient, "request">;
  readonly crd: Crd;
  readonly signal: AbortSignal;
}

/** Never rejects: what could not be looked at to the end is no proof, and where nothing could be seen there is none. */
export async function findProvenObjects({ client, objects, crd, signal }: ProvenObjectsOptions): Promise<MigrationEvidence> {
  const version = readableVersion(crd);
  if (!isMigrationDue(crd) || version === null) return { kind: "none" };
  const found = await readStorageRecord(client, crd, signal);
  if (found.kind !== "found") return { kind: "none" };
  const by = `StorageVersionRecord ${crd.name}`;
  const record = carriedOver(found.record, crd);
  if (record === null) return { kind: "outdated", by, reason: whyOutdated(found.record, crd) };

  const first = await look(objects, { crd, version, record, signal });
  // A continue token expires after five minutes; a list that is begun anew is another one, and counts from nothing.
  const looked = first.error?.code === "gone" ? await look(objects, { crd, version, record, signal }) : first;
  const { error, unprovenCount, objectCount, examples } = looked;
  if (error === null && unprovenCount === 0) return { kind: "succeeded", by };
  if (error !== null && objectCount === 0) return { kind: "none" };
  return { kind: "unproven", by, unprovenCount, objectCount, isComplete: error === null, examples };
}

/** Enough to recognise whose objects they are. */
const EXAMPLES = 5;

interface Look {
  readonly unprovenCount: number;
  readonly objectCount: number;
  readonly examples: readonly ObjectRef[];
  /** What ended it before the last page, or null. */
  readonly error: ApiError | null;
}

async function look(
  client: Pick<ApiClient, "request">,
  {
    crd,
    version,
    record,
    signal,
  }: { readonly crd: Crd; readonly version: string; readonly record: StorageRecord; readonly signal: AbortSignal },
): Promise<Look> {
  const examples: ObjectRef[] = [];
  let objectCount = 0;
  let unprovenCount = 0;
  const listed = await listMetadata(client, {
    crd,
    version,
    signal,
    onPage(items) {
      objectCount += items.length;
      for (const item of items) {
        const resourceVersion = textAt(item, "metadata", "resourceVersion");
        if (resourceVersion !== null && isProven(record, resourceVersion)) continue;
        unprovenCount += 1;
        const name = textAt(item, "metadata", "name");
        if (name === null || examples.length >= EXAMPLES) continue;
        examples.push({ namespace: textAt(item, "metadata", "namespace") ?? "", name });
      }
    },
  });
  return { unprovenCount, objectCount, examples, error: listed.ok ? null : listed.error };
}

function whyOutdated(record: StorageRecord, crd: Crd): string {
  if (record.crdUid !== crd.uid) return "it is of a definition of this name that was deleted since";
  const storage = storageVersion(crd) ?? "none";
  if (record.storageVersion !== storage) return `it is of storage version ${record.storageVersion}, which is now ${storage}`;
  return `it is of generation ${String(record.generation)} of the definition, which is now at ${String(crd.generation)}`;
}

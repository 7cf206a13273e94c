/** @file Writes one object anew, with nothing changed in it, so that it is stored in the storage version of today. */
import type { ApiRequest, ApiResult } from "../cluster/live/api-client.ts";
import type { ApiError } from "../cluster/live/api-error.ts";
import { isRecord, textAt } from "../cluster/live/json.ts";
import { isProven, type StorageRecord } from "../crd/storage-record.ts";
import { livingFields } from "./dead-fields.ts";
import { FIELD_MANAGER } from "./field-manager.ts";
import { type Collection, type ObjectHead, pathOf } from "./object-pages.ts";
import { isUnavailable, persist, type Persistence } from "./persist.ts";

export interface Rewriting {
  readonly line: Persistence;
  readonly collection: Collection;
  /** What proves objects; null where none has to be proven. */
  readonly record: StorageRecord | null;
  readonly cleansManagedFields: boolean;
  /** The API server goes through all of it, and writes nothing. */
  readonly isDryRun: boolean;
}

export type Rewritten =
  /** `touched`: it was stored in the storage version already, and now it shows. `cleaned`: of entries of `managedFields`. */
  | { readonly kind: "rewritten" | "touched" | "cleaned" }
  /** Somebody else wrote it meanwhile, or deleted it: as good. */
  | { readonly kind: "overtaken" | "gone" }
  /** A webhook, a policy or the schema does not take it. */
  | { readonly kind: "refused"; readonly error: ApiError }
  /** The API server does not answer, or not for us: no other object would fare better. */
  | { readonly kind: "failed"; readonly error: ApiError }
  /** The run was interrupted before its turn came. */
  | { readonly kind: "dropped" };

export type Task = "clean" | "untouch" | "rewrite";

/** Set and taken off again on objects that the empty patch leaves as they are. */
export const TOUCH_ANNOTATION = "crdguard.dev/migration-touch";

/** What there is to do about an object; null: nothing. */
export function taskFor(object: ObjectHead, { collection, record, cleansManagedFields }: Rewriting): Task | null {
  if (cleansManagedFields && livingFields(object, collection.crd, collection.version) !== null) return "clean";
  // Left by a run that was killed between the two.
  if (isRecord(object.annotations) && TOUCH_ANNOTATION in object.annotations) return "untouch";
  return record === null || isProven(record, object.resourceVersion) ? null : "rewrite";
}

/** Never rejects. */
export async function rewriteObject(object: ObjectHead, task: Task, rewriting: Rewriting): Promise<Rewritten> {
  const { signal, pace } = rewriting.line;
  await pace.turn(signal);
  if (signal.aborted) return { kind: "dropped" };
  switch (task) {
    case "clean": {
      const answer = await send(rewriting, object, cleaning(object, rewriting.collection));
      return answer.ok ? { kind: "cleaned" } : failure(answer.error);
    }
    case "untouch": {
      const answer = await send(rewriting, object, marking(object, object.resourceVersion, null));
      return answer.ok ? { kind: "rewritten" } : failure(answer.error);
    }
    case "rewrite":
      return rewrite(object, rewriting);
  }
}

async function rewrite(object: ObjectHead, rewriting: Rewriting): Promise<Rewritten> {
  const { record, isDryRun } = rewriting;
  const plain = await send(rewriting, object, emptyPatch(object));
  if (!plain.ok) return failure(plain.error);
  const written = textAt(plain.body, "metadata", "resourceVersion") ?? "";
  // On a dry run, no resource version is a newer one.
  if (isDryRun || record === null || isProven(record, written)) return { kind: "rewritten" };

  const { pace, signal } = rewriting.line;
  await pace.turn(signal);
  const marked = await send(rewriting, object, marking(object, written, ""));
  if (!marked.ok) return failure(marked.error);
  // Whoever has interrupted the run meanwhile does not want the annotation to stay.
  await pace.turn(signal);
  const unmarked = await send(rewriting, object, marking(object, textAt(marked.body, "metadata", "resourceVersion") ?? "", null));
  return unmarked.ok ? { kind: "touched" } : failure(unmarked.error);
}

type Patch = Pick<ApiRequest, "body" | "contentType">;

/** Of no effect but to be stored anew; refused as a conflict where the object is another one, or another version of it. */
function emptyPatch({ uid, resourceVersion }: ObjectHead): Patch {
  return { contentType: MERGE_PATCH, body: { metadata: { uid, resourceVersion } } };
}

function marking({ uid }: ObjectHead, resourceVersion: string, value: string | null): Patch {
  return { contentType: MERGE_PATCH, body: { metadata: { uid, resourceVersion, annotations: { [TOUCH_ANNOTATION]: value } } } };
}

/** The resource version is replaced rather than tested: a failed test would be a 422, a wrong one is the 409 that it is. */
function cleaning(object: ObjectHead, { crd, version }: Collection): Patch {
  return {
    contentType: "application/json-patch+json",
    body: [
      { op: "replace", path: "/metadata/managedFields", value: livingFields(object, crd, version) ?? object.managedFields },
      { op: "replace", path: "/metadata/resourceVersion", value: object.resourceVersion },
    ],
  };
}

const MERGE_PATCH = "application/merge-patch+json";
/** The answer holds no more than the metadata. Source: Kubernetes, "API Concepts", section "Metadata-only fetches". */
const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

async function send({ line, collection, isDryRun }: Rewriting, object: ObjectHead, patch: Patch): Promise<ApiResult> {
  const namespace = object.namespace === "" ? null : object.namespace;
  return persist(line, {
    method: "PATCH",
    path: `${pathOf({ ...collection, namespace })}/${object.name}`,
    query: { fieldManager: FIELD_MANAGER, dryRun: isDryRun ? "All" : undefined },
    accept: METADATA,
    ...patch,
  });
}

function failure(error: ApiError): Rewritten {
  if (error.code === "conflict") return { kind: "overtaken" };
  if (error.code === "not-found") return { kind: "gone" };
  return error.code === "unauthorized" || isUnavailable(error) ? { kind: "failed", error } : { kind: "refused", error };
}

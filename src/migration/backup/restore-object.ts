/** @file Restores one object: creates it with its status and its owners of today, or finds that it is there. */
import type { ApiRequest, ApiResult } from "../../cluster/live/api-client.ts";
import type { ApiError } from "../../cluster/live/api-error.ts";
import { isRecord, type JsonRecord, listAt, memberAt, textAt } from "../../cluster/live/json.ts";
import type { Crd } from "../../crd/crd.ts";
import { pathOf } from "../object-pages.ts";
import { isUnavailable, persist, type Persistence } from "../persist.ts";
import { canonicalText } from "../../crd/canonical-text.ts";
import { restorable } from "./content.ts";
import { differencesOf } from "./differences.ts";
import type { OwnerLookup } from "./find-owners.ts";
import { type FoundOwner, type LeftOutOwner, ownersOf, withOwners } from "./owner-references.ts";
import { fieldsIn, type Problem, problemsOf } from "./refusal.ts";

export interface Restoring {
  readonly line: Persistence;
  /** As the cluster has it now. */
  readonly crd: Crd;
  /** Versions in which the status is a resource of its own. */
  readonly statusVersions: ReadonlySet<string>;
  readonly owners: OwnerLookup;
  /** What differs is replaced. */
  readonly overwrites: boolean;
  /** Fields that the schema does not have are left to be dropped, rather than refused. */
  readonly dropsUnknown: boolean;
}

export type Restored =
  | {
      /** `same`: it was there already. */
      readonly kind: "created" | "overwritten" | "same";
      /** `kept`: somebody has written another one since, which stays. */
      readonly status: "restored" | "kept" | "none";
      readonly leftOut: readonly LeftOutOwner[];
      /** Fields that the API server said to have dropped. */
      readonly dropped: readonly Problem[];
    }
  /** There is another one of that name. */
  | { readonly kind: "conflict"; readonly paths: readonly string[] }
  | { readonly kind: "refused"; readonly problems: readonly [Problem, ...Problem[]] }
  /** The API server does not answer, or not for us: no other object would fare better. */
  | { readonly kind: "failed"; readonly error: ApiError };

/** @param content in the version to be restored in. Never rejects. */
export async function restoreObject(content: JsonRecord, restoring: Restoring): Promise<Restored> {
  const { object: wanted, leftOut } = await withLiveOwners(content, restoring.owners);
  const created = await write(restoring, "POST", wanted, withoutStatus(wanted, restoring));
  if (created.ok) return finish("created", wanted, created, restoring, leftOut);
  if (created.error.code !== "conflict") return failure(created.error);
  const there = await readLive(restoring, wanted);
  if (!there.ok) {
    // It is gone again, or the name is taken in another way.
    return there.error.code === "not-found" ? failure({ ...created.error, code: "invalid" }) : failure(there.error);
  }
  return isRecord(there.body) ? withThere(wanted, there.body, restoring, leftOut) : failure(created.error);
}

/** What of a live object is not as wanted, by paths; empty where it is the same. The status is its own matter. */
export async function pathsThatDiffer(
  wanted: JsonRecord,
  live: JsonRecord,
  restoring: Pick<Restoring, "line" | "crd" | "statusVersions" | "dropsUnknown">,
): Promise<readonly string[]> {
  if (textAt(live, "metadata", "deletionTimestamp") !== null) return [BEING_DELETED];
  const own = withoutStatus(wanted, restoring);
  const theirs = withoutStatus(restorable(live), restoring);
  const { dropped, changed } = differencesOf(own, theirs);
  // What was dropped on purpose is missing for good.
  const missing = [...(restoring.dropsUnknown ? [] : dropped), ...changed];
  if (missing.length > 0) return missing;
  const [bareOwn, bareTheirs] = [withoutMetadata(own), withoutMetadata(theirs)];
  if (canonicalText(bareOwn) === canonicalText(bareTheirs)) return [];
  // What it has beside is a default, or is somebody's: the API server knows what it would make of ours.
  const answer = await write(restoring, "PUT", wanted, { ...own, metadata: live["metadata"] }, { dryRun: "All" });
  if (!answer.ok || !isRecord(answer.body)) return [];
  const would = withoutMetadata(withoutStatus(restorable(answer.body), restoring));
  const beside = differencesOf(bareTheirs, would);
  return [...beside.dropped, ...beside.changed];
}

/** Not a path, but what makes all of it differ. */
const BEING_DELETED = "metadata.deletionTimestamp";

/** With references to owners that are there now. */
export async function withLiveOwners(
  content: JsonRecord,
  lookup: OwnerLookup,
): Promise<{ readonly object: JsonRecord; readonly leftOut: readonly LeftOutOwner[] }> {
  const found = new Map<string, FoundOwner>();
  for (const owner of ownersOf(content)) found.set(JSON.stringify(owner), await lookup.find(owner));
  return withOwners(content, (owner) => found.get(JSON.stringify(owner)) ?? { kind: "gone" });
}

/** Of the version that it is in. */
function withoutStatus(object: JsonRecord, { statusVersions }: Pick<Restoring, "statusVersions">): JsonRecord {
  if (!statusVersions.has(versionOf(object))) return object;
  const { status: _, ...rest } = object;
  return rest;
}

export function versionOf(object: JsonRecord): string {
  return (textAt(object, "apiVersion") ?? "").split("/", 2)[1] ?? "";
}

async function withThere(
  wanted: JsonRecord,
  live: JsonRecord,
  restoring: Restoring,
  leftOut: readonly LeftOutOwner[],
): Promise<Restored> {
  const paths = await pathsThatDiffer(wanted, live, restoring);
  if (paths.length === 0) return finish("same", wanted, { ok: true, status: 200, body: live }, restoring, leftOut);
  if (!restoring.overwrites || paths.includes(BEING_DELETED)) return { kind: "conflict", paths };
  const metadata = {
    ...(isRecord(wanted["metadata"]) ? wanted["metadata"] : {}),
    uid: memberAt(live, "metadata", "uid"),
    resourceVersion: memberAt(live, "metadata", "resourceVersion"),
  };
  const replaced = await write(restoring, "PUT", wanted, { ...withoutStatus(wanted, restoring), metadata });
  return replaced.ok ? finish("overwritten", wanted, replaced, restoring, leftOut) : failure(replaced.error);
}

type Written = Extract<ApiResult, { readonly ok: true }>;

async function finish(
  kind: "created" | "overwritten" | "same",
  wanted: JsonRecord,
  { body, warnings = [] }: Written,
  restoring: Restoring,
  leftOut: readonly LeftOutOwner[],
): Promise<Restored> {
  const status = await restoreStatus(wanted, body, restoring, kind === "overwritten");
  if (typeof status !== "string") return status;
  return { kind, status, leftOut, dropped: warnings.flatMap(fieldsIn) };
}

/** Attempts against whoever writes the object at the same time, such as its controller. */
const STATUS_ATTEMPTS = 5;

/** A status that somebody has written since the object was created is newer than ours; a default of the schema is nobody's. */
async function restoreStatus(
  wanted: JsonRecord,
  first: unknown,
  restoring: Restoring,
  overwrites: boolean,
): Promise<"restored" | "kept" | "none" | Extract<Restored, { readonly kind: "refused" | "failed" }>> {
  const { status } = wanted;
  if (status === undefined || !restoring.statusVersions.has(versionOf(wanted))) return "none";
  let live = first;
  for (let attempt = 1; ; attempt += 1) {
    if (!isRecord(live)) return "none";
    if (canonicalText(live["status"]) === canonicalText(status)) return attempt === 1 ? "none" : "restored";
    if (!overwrites && isStatusWritten(live)) return "kept";
    const answer = await write(restoring, "PUT", wanted, { ...live, status }, {}, "/status");
    if (answer.ok) return "restored";
    if (answer.error.code !== "conflict" || attempt >= STATUS_ATTEMPTS) return failure(answer.error);
    const again = await readLive(restoring, wanted);
    if (!again.ok) return failure(again.error);
    live = again.body;
  }
}

function isStatusWritten(live: JsonRecord): boolean {
  return listAt(live, "metadata", "managedFields").some((entry) => memberAt(entry, "subresource") === "status");
}

function withoutMetadata(object: JsonRecord): JsonRecord {
  const { metadata: _, ...rest } = object;
  return rest;
}

/** The object of that name, as it is now. */
export async function readLive({ line, crd }: Pick<Restoring, "line" | "crd">, object: JsonRecord): Promise<ApiResult> {
  return persist(line, { method: "GET", path: objectPathOf(crd, object), numbers: "exact", signal: line.signal });
}

/** Says who wrote what in `managedFields`. */
const FIELD_MANAGER = "crdguard-restore";

/** @param query beside what is always said. @param place below the object: `/status`. */
export async function write(
  { line, crd, dropsUnknown }: Pick<Restoring, "line" | "crd" | "dropsUnknown">,
  method: "POST" | "PUT",
  object: JsonRecord,
  body: JsonRecord,
  query: ApiRequest["query"] = {},
  place = "",
): Promise<ApiResult> {
  await line.pace.turn(line.signal);
  if (line.signal.aborted) return { ok: false, error: { code: "aborted", status: null, message: "interrupted" } };
  return persist(line, {
    method,
    path: method === "POST" ? collectionOf(crd, object) : `${objectPathOf(crd, object)}${place}`,
    query: { fieldManager: FIELD_MANAGER, fieldValidation: dropsUnknown ? "Warn" : "Strict", ...query },
    body,
    numbers: "exact",
  });
}

function objectPathOf(crd: Crd, object: JsonRecord): string {
  return `${collectionOf(crd, object)}/${encodeURIComponent(textAt(object, "metadata", "name") ?? "")}`;
}

function collectionOf(crd: Crd, object: JsonRecord): string {
  const namespace = textAt(object, "metadata", "namespace");
  return pathOf({ crd, version: versionOf(object), namespace: namespace === null ? null : encodeURIComponent(namespace) });
}

export function failure(error: ApiError): Extract<Restored, { readonly kind: "refused" | "failed" }> {
  return error.code === "unauthorized" || error.code === "aborted" || isUnavailable(error)
    ? { kind: "failed", error }
    : { kind: "refused", problems: problemsOf(error) };
}

/** @file Tries whether the API server would take an object, without writing anything: each unknown field and each error, by its path. */
import type { ApiError } from "../../cluster/live/api-error.ts";
import { isRecord, type JsonRecord } from "../../cluster/live/json.ts";
import { type Problem, problemsOf, unknownFieldsOf } from "./refusal.ts";
import { failure, pathsThatDiffer, readLive, type Restoring, withLiveOwners, write } from "./restore-object.ts";

export type Trial =
  | { readonly kind: "fits" }
  /** It is there already. */
  | { readonly kind: "same" }
  | { readonly kind: "conflict"; readonly paths: readonly string[] }
  | { readonly kind: "refused"; readonly problems: readonly [Problem, ...Problem[]] }
  /** A webhook that answers no dry run stands in between: it shows when the object is restored. */
  | { readonly kind: "untried"; readonly reason: string }
  | { readonly kind: "failed"; readonly error: ApiError };

/** @param content in the version to be restored in. Never rejects. */
export async function tryObject(content: JsonRecord, restoring: Restoring): Promise<Trial> {
  const tried = withoutOwners(content);
  const strict = await write(restoring, "POST", tried, tried, { dryRun: "All" });
  if (strict.ok) return { kind: "fits" };
  const unknown = unknownFieldsOf(strict.error);
  if (unknown.length > 0) {
    // Unknown fields are found before the schema is looked at.
    const lenient = await write({ ...restoring, dropsUnknown: true }, "POST", tried, tried, { dryRun: "All" });
    const others = lenient.ok || lenient.error.code === "conflict" ? [] : problemsOf(lenient.error);
    const [first, ...rest] = [...problemsOf(strict.error), ...others];
    return { kind: "refused", problems: [first, ...rest] };
  }
  if (strict.error.code === "conflict") return compare(content, restoring);
  if (strict.error.message.includes("does not support dry run")) return { kind: "untried", reason: strict.error.message };
  return failure(strict.error);
}

/** Those that are restored too are not there yet. */
function withoutOwners(content: JsonRecord): JsonRecord {
  if (!isRecord(content["metadata"])) return content;
  const { ownerReferences: _, ...metadata } = content["metadata"];
  return { ...content, metadata };
}

async function compare(content: JsonRecord, restoring: Restoring): Promise<Trial> {
  const there = await readLive(restoring, content);
  if (!there.ok) return there.error.code === "not-found" ? { kind: "fits" } : failure(there.error);
  if (!isRecord(there.body)) return { kind: "fits" };
  const { object } = await withLiveOwners(content, restoring.owners);
  const paths = await pathsThatDiffer(object, there.body, restoring);
  return paths.length === 0 ? { kind: "same" } : { kind: "conflict", paths };
}

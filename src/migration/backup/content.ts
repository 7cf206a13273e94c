/** @file What of an object is kept in a backup, and what tells that two of them are the same. */
import { createHash } from "node:crypto";
import { isRecord, type JsonRecord } from "../../cluster/live/json.ts";
import { canonicalText } from "../../crd/canonical-text.ts";

/**
 * The object without what an API server gives to each anew. All else stays: labels, annotations, finalizers, owner references, spec, status.
 * @param object as the API server gave it.
 */
export function restorable(object: JsonRecord): JsonRecord {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) =>
      key === "metadata" && isRecord(value)
        ? [key, Object.fromEntries(Object.entries(value).filter(([member]) => !SET_BY_SERVER.has(member)))]
        : [key, value],
    ),
  );
}

/** Source: k8s.io/apimachinery/pkg/apis/meta/v1, ObjectMeta, members that are "populated by the system" or "read-only". */
const SET_BY_SERVER: ReadonlySet<string> = new Set([
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
  "selfLink",
]);

/** SHA-256 of the content, in hexadecimal digits; the same in whatever order the members stand. */
export function contentHash(content: unknown): string {
  return hashOf(canonicalText(content));
}

/** Of many contents: of the lines `<hash>  <path>`, as `sha256sum` prints them, in the order given. */
export function hashOfAll(lines: Iterable<{ readonly sha256: string; readonly path: string }>): string {
  const hash = createHash("sha256");
  for (const { sha256, path } of lines) hash.update(`${sha256}  ${path}\n`);
  return hash.digest("hex");
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

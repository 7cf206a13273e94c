/** @file Whether older backups hold all that the newest one holds, by the hashes of their indexes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isRecord } from "../../crd/is-record.ts";

/** @param directories of backups of one CRD, the newest last. False where anything cannot be read: then it is restored too. */
export function isCoveredBy(directories: readonly string[]): Promise<boolean> {
  const newest = objectsIn(directories.at(-1) ?? "");
  const older = directories.slice(0, -1).map(objectsIn);
  if (newest === null || older.length === 0) return Promise.resolve(false);
  const isCovered = [...newest].every(([object, hash]) => older.some((objects) => objects?.get(object) === hash));
  return Promise.resolve(isCovered);
}

/** Hash by namespace and name. */
function objectsIn(directory: string): ReadonlyMap<string, string> | null {
  let index: unknown;
  try {
    index = JSON.parse(readFileSync(join(directory, INDEX_FILE), "utf8"));
  } catch {
    return null;
  }
  if (!isRecord(index) || !Array.isArray(index["crds"])) return null;
  const objects = index["crds"].flatMap((crd: unknown) => (isRecord(crd) && Array.isArray(crd["objects"]) ? crd["objects"] : []));
  const hashes = new Map<string, string>();
  for (const object of objects) {
    if (!isRecord(object) || typeof object["name"] !== "string" || typeof object["sha256"] !== "string") return null;
    hashes.set(JSON.stringify([object["namespace"] ?? null, object["name"]]), object["sha256"]);
  }
  return hashes;
}

const INDEX_FILE = "backup.json";

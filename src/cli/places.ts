/** @file Where what is judged stands: manifests by the names that reports have for them. */
import { existsSync, readFileSync } from "node:fs";
import type { ManifestText, ObjectName, Position } from "../cluster/snapshot/locate.ts";
import { nameOfManifest } from "../cluster/snapshot/manifest-name.ts";
import type { Manifest } from "../cluster/snapshot/manifests.ts";
import { isCrdManifest } from "../crd/parse.ts";
import type { PlaceOf } from "../explain/check-telling.ts";
import { workloadName } from "../explain/subject.ts";
import { isWorkloadManifest } from "../requirements/workload.ts";

/**
 * Nothing is read before it is asked for.
 * @param namespace of objects whose manifest names none.
 * @param precision `document`: the line on which a manifest begins, whatever the field, which costs no second reading.
 */
export async function findPlaces(
  manifests: readonly Manifest[],
  namespace: string,
  precision: "document" | "field",
): Promise<PlaceOf> {
  // It brings the full reader of YAML along.
  const open = precision === "field" ? (await import("../cluster/snapshot/locate.ts")).openManifestText : null;
  let byName: ReadonlyMap<string, Judged> | null = null;
  const texts = new Map<string, ManifestText | null>();
  const locate = ({ manifest, object }: Judged, field: string | null): Position | null => {
    const id = documentOf(manifest);
    let text = texts.get(id);
    if (text === undefined) {
      text = open === null ? null : openFile(manifest, open);
      texts.set(id, text);
    }
    return text?.locate(object, field) ?? null;
  };
  return (subjectName, field) => {
    byName ??= judgedByName(manifests, namespace);
    const judged = byName.get(subjectName);
    if (judged === undefined) return null;
    const { file, line } = judged.manifest;
    // Of a list alone, the beginning of an object must be looked for.
    if (precision === "document" || (field === null && !judged.isInList)) {
      return existsSync(file) ? { file, line, column: 1 } : null;
    }
    const position = locate(judged, field);
    return position === null ? null : { file, ...position };
  };
}

interface Judged {
  readonly manifest: Manifest;
  readonly object: ObjectName;
  readonly isInList: boolean;
}

function judgedByName(manifests: readonly Manifest[], namespace: string): ReadonlyMap<string, Judged> {
  const judged = new Map<string, Judged>();
  const documents = Map.groupBy(manifests, documentOf);
  for (const manifest of manifests) {
    const isInList = documents.get(documentOf(manifest))?.length !== 1;
    const named = nameOfManifest(manifest, namespace);
    if (named === null) continue;
    if (isCrdManifest(manifest.object)) judged.set(named.name, { manifest, object: { ...named, namespace: null }, isInList });
    else if (isWorkloadManifest(manifest.object)) judged.set(workloadName(named), { manifest, object: named, isInList });
  }
  return judged;
}

function documentOf({ file, line }: Manifest): string {
  return `${String(line)} ${file}`;
}

/** @returns null for what is no file: standard input, and what is gone since. */
function openFile({ file, line }: Manifest, open: (text: string, line: number) => ManifestText): ManifestText | null {
  try {
    return open(readFileSync(file, "utf8"), line);
  } catch {
    return null;
  }
}

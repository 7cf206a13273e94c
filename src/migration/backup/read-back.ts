/** @file Reads restored objects back from the cluster: are all there, and is all that was in the files in them? */
import type { ApiError } from "../../cluster/live/api-error.ts";
import { type JsonRecord, textAt } from "../../cluster/live/json.ts";
import type { IndexedObject } from "./backup-index.ts";
import { pathOfObject } from "./check-folder.ts";
import { restorable } from "./content.ts";
import { differencesOf } from "./differences.ts";
import { objectPath } from "./file-names.ts";
import { contentToRestore, type RestoreTarget, type RestoreWork } from "./restore-work.ts";
import { versionOf, withLiveOwners } from "./restore-object.ts";
import { wholePages } from "./whole-pages.ts";

export interface ReadBack {
  /** Objects in whom is all that was restored. */
  whole: number;
  /** Paths of files whose objects are not there. */
  readonly missing: string[];
  /** Objects that lack something of their file, or have it otherwise. */
  readonly different: { readonly path: string; readonly dropped: readonly string[]; readonly changed: readonly string[] }[];
}

export type ReadBackEnd =
  { readonly kind: "read"; readonly readBack: ReadBack } | { readonly kind: "failed"; readonly error: ApiError };

/** @param notRestored paths of files whose objects are not looked at. Never rejects but for errors of the system. */
export async function readBack(work: RestoreWork, notRestored: ReadonlySet<string>): Promise<ReadBackEnd> {
  const found: ReadBack = { whole: 0, missing: [], different: [] };
  const targets = work.targets.map((target) => ({
    ...target,
    objects: target.objects.filter((object) => !notRestored.has(pathOfObject(target.entry, object))),
  }));
  const total = targets.reduce((sum, { objects }) => sum + objects.length, 0);
  for (const target of targets) {
    const error = await readBackCrd(work, target, found, total);
    if (error !== null) return { kind: "failed", error };
  }
  return { kind: "read", readBack: found };
}

async function readBackCrd(work: RestoreWork, target: RestoreTarget, found: ReadBack, total: number): Promise<ApiError | null> {
  const { line, folder, told } = work;
  const wanted = new Map(target.objects.map((object) => [objectPath(object), object]));
  const namespaces = new Set(target.objects.map(({ namespace }) => namespace));
  const [only] = namespaces;
  // With rights to one namespace alone, no other list is answered.
  const namespace = namespaces.size === 1 && only !== undefined && only !== "" ? encodeURIComponent(only) : null;
  for (const version of target.versions) {
    for await (const page of wholePages(line, { crd: target.crd, version, namespace })) {
      if (page.kind === "failed") return page.error;
      if (page.kind !== "page") continue;
      for (const live of page.objects) {
        const key = objectPath({
          namespace: textAt(live, "metadata", "namespace") ?? "",
          name: textAt(live, "metadata", "name") ?? "",
        });
        const object = wanted.get(key);
        if (object === undefined) continue;
        const content = await contentToRestore(folder, target, object);
        if (content["apiVersion"] !== live["apiVersion"]) continue;
        wanted.delete(key);
        await compare(target, object, content, live, found);
      }
      told({ kind: "reading-back", done: found.whole + found.different.length, total });
    }
  }
  for (const object of wanted.values()) found.missing.push(pathOfObject(target.entry, object));
  return null;
}

async function compare(
  target: RestoreTarget,
  object: IndexedObject,
  content: JsonRecord,
  live: JsonRecord,
  found: ReadBack,
): Promise<void> {
  const { object: own } = await withLiveOwners(content, target.owners);
  const { dropped, changed } = differencesOf(own, restorable(live));
  // A status may be newer than that of the file, and then is none of ours.
  const isOurs = (path: string): boolean => !target.statusVersions.has(versionOf(own)) || !/^status[.[]/.test(path);
  const [lost, altered] = [dropped.filter(isOurs), changed.filter(isOurs)];
  if (lost.length === 0 && altered.length === 0) found.whole += 1;
  else found.different.push({ path: pathOfObject(target.entry, object), dropped: lost, changed: altered });
}

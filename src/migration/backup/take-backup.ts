/** @file Takes a backup: definitions and all their objects, page by page, into a folder, and looks whether all is there. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ApiError } from "../../cluster/live/api-error.ts";
import { type JsonRecord, textAt } from "../../cluster/live/json.ts";
import type { Crd } from "../../crd/crd.ts";
import { isOlderVersion } from "../../crd/resource-version.ts";
import type { Collection } from "../object-pages.ts";
import { objectPages } from "../object-pages.ts";
import type { Persistence } from "../persist.ts";
import {
  backupHash,
  type BackupIndex,
  definitionPath,
  type IndexedCrd,
  type IndexedObject,
  indexText,
  objectsFolder,
} from "./backup-index.ts";
import { contentHash, restorable } from "./content.ts";
import { type ObjectName, objectPath } from "./file-names.ts";
import { codeOf, filesBelow, finishBackup, readIfThere, syncFolders, writeContentFile } from "./folder.ts";
import { objectText, readObjectText, type YamlWriter } from "./object-text.ts";
import { wholePages } from "./whole-pages.ts";

export interface BackupWork {
  readonly line: Persistence;
  /** One that `beginBackup` has marked. */
  readonly folder: string;
  readonly crds: readonly CrdToBackUp[];
  /** Null: all. */
  readonly namespace: string | null;
  readonly toYaml: YamlWriter;
  readonly server: string;
  /** Version of this crdguard. */
  readonly crdguard: string;
  readonly now: () => Date;
  readonly told: (step: BackupStep) => void;
}

export interface CrdToBackUp {
  readonly crd: Crd;
  /** As the API server gave it. */
  readonly definition: JsonRecord;
  /** One that is served. */
  readonly version: string;
}

export type BackupStep =
  | { readonly kind: "reading"; readonly crd: string; readonly version: string }
  | { readonly kind: "written"; readonly crd: string; readonly done: number; readonly total: number }
  | { readonly kind: "anew" | "inconsistent"; readonly crd: string }
  | ({ readonly kind: "crd-done"; readonly crd: string; readonly version: string } & CrdOutcome);

export interface CrdOutcome {
  readonly count: number;
  readonly resourceVersion: string;
  readonly isConsistent: boolean;
  /** Since they were read: objects that came, went and were written, by a second list. */
  readonly meanwhile: { readonly came: number; readonly went: number; readonly changed: number };
  /** Objects that were being deleted when they were read; restored, they are not. */
  readonly terminating: number;
  /** Files of objects that an earlier, unfinished attempt had found, and that are gone. */
  readonly removedFiles: number;
}

export type BackupEnd =
  | { readonly kind: "done"; readonly index: BackupIndex; readonly sha256: string }
  | { readonly kind: "interrupted" }
  /** The cluster does not give what was asked for. */
  | { readonly kind: "unreadable"; readonly crd: string; readonly error: ApiError }
  /** The folder does not take it. */
  | { readonly kind: "unwritable"; readonly path: string; readonly reason: string }
  /** An object is not where it was written, or an object that was there is missing: a defect, or a broken disk. */
  | { readonly kind: "unproven"; readonly crd: string; readonly examples: readonly [ObjectName, ...ObjectName[]] };

/** Never rejects but for defects. */
export async function takeBackup(work: BackupWork): Promise<BackupEnd> {
  const crds: IndexedCrd[] = [];
  try {
    for (const each of work.crds) {
      const own = await backUp(each, work);
      if (own.kind !== "crd") return own;
      crds.push(own.crd);
    }
    const { folder, namespace, server, crdguard } = work;
    const index: BackupIndex = { takenAt: work.now().toISOString(), crdguard, server, namespace, crds };
    await syncFolders(folder);
    if (work.line.signal.aborted) return { kind: "interrupted" };
    await finishBackup(folder, indexText(index));
    return { kind: "done", index, sha256: backupHash(index) };
  } catch (error) {
    if (error instanceof Error && "syscall" in error) {
      return { kind: "unwritable", path: "path" in error ? String(error.path) : work.folder, reason: codeOf(error) };
    }
    throw error;
  }
}

type Stop = Exclude<BackupEnd, { readonly kind: "done" }>;

async function backUp(each: CrdToBackUp, work: BackupWork): Promise<{ readonly kind: "crd"; readonly crd: IndexedCrd } | Stop> {
  const { crd, version } = each;
  const { line, told } = work;
  const collection: Collection = { crd, version, namespace: work.namespace };
  told({ kind: "reading", crd: crd.name, version });
  const definition = await writeDefinition(each, work);
  const folder = join(work.folder, objectsFolder(crd.name));

  let objects: IndexedObject[] = [];
  let terminating = 0;
  let isConsistent = true;
  let resourceVersion = "";
  for await (const page of wholePages(line, collection)) {
    if (line.signal.aborted) return { kind: "interrupted" };
    switch (page.kind) {
      case "failed":
        return { kind: "unreadable", crd: crd.name, error: page.error };
      case "anew":
        objects = [];
        terminating = 0;
        told({ kind: "anew", crd: crd.name });
        break;
      case "inconsistent":
        isConsistent = false;
        told({ kind: "inconsistent", crd: crd.name });
        break;
      case "page": {
        resourceVersion = page.resourceVersion;
        const written = await Promise.all(page.objects.map((object) => writeObject(folder, object, work.toYaml)));
        const lost = written.find(({ isProven }) => !isProven);
        if (lost !== undefined) return { kind: "unproven", crd: crd.name, examples: [lost.entry] };
        for (const { entry } of written) objects.push(entry);
        terminating += page.objects.filter((object) => textAt(object, "metadata", "deletionTimestamp") !== null).length;
        told({ kind: "written", crd: crd.name, done: objects.length, total: page.total });
        break;
      }
    }
  }
  // A list that goes on at a newer state may show an object again.
  if (!isConsistent) objects = [...new Map(objects.map((object) => [objectPath(object), object])).values()];
  const removedFiles = await removeOthers(folder, objects);
  const compared = await compareWithSecondList(collection, line, objects, resourceVersion);
  if (compared.kind === "failed") {
    return line.signal.aborted ? { kind: "interrupted" } : { kind: "unreadable", crd: crd.name, error: compared.error };
  }
  const [first, ...others] = compared.missed;
  if (first !== undefined) return { kind: "unproven", crd: crd.name, examples: [first, ...others] };
  told({
    kind: "crd-done",
    crd: crd.name,
    version,
    count: objects.length,
    resourceVersion,
    isConsistent,
    meanwhile: compared.meanwhile,
    terminating,
    removedFiles,
  });
  const { name, group, kind, scope } = crd;
  return { kind: "crd", crd: { name, group, kind, scope, version, definition, resourceVersion, isConsistent, objects } };
}

async function writeDefinition(
  { crd, definition }: CrdToBackUp,
  { folder, toYaml }: BackupWork,
): Promise<IndexedCrd["definition"]> {
  const { status: _, ...content } = restorable(definition);
  await writeContentFile(join(folder, definitionPath(crd.name)), await objectText(content, toYaml));
  return { uid: crd.uid ?? "", generation: crd.generation ?? 0, sha256: contentHash(content) };
}

/** `isProven`: what was read from the file again is what was written. */
async function writeObject(
  folder: string,
  object: JsonRecord,
  toYaml: YamlWriter,
): Promise<{ readonly entry: IndexedObject; readonly isProven: boolean }> {
  const content = restorable(object);
  const name = textAt(object, "metadata", "name") ?? "";
  const entry = { namespace: textAt(object, "metadata", "namespace") ?? "", name, sha256: contentHash(content) };
  const path = join(folder, objectPath(entry));
  await writeContentFile(path, await objectText(content, toYaml));
  const again = await readObjectText((await readIfThere(path)) ?? "");
  return { entry, isProven: again.ok && contentHash(again.object) === entry.sha256 };
}

/** What an attempt that was not finished has left. Files of other kinds are somebody else's. */
async function removeOthers(folder: string, objects: readonly IndexedObject[]): Promise<number> {
  const own = new Set(objects.map(objectPath));
  const others = (await filesBelow(folder)).filter((path) => path.endsWith(".yaml") && !own.has(path));
  for (const path of others) await rm(join(folder, path));
  return others.length;
}

type Compared =
  | { readonly kind: "compared"; readonly meanwhile: CrdOutcome["meanwhile"]; readonly missed: readonly ObjectName[] }
  | { readonly kind: "failed"; readonly error: ApiError };

/**
 * An object that the second list has and the backup has not must have come after the first list: else it was missed. Both resource
 * versions are of one collection, which may be compared (docs/adr/0023).
 */
async function compareWithSecondList(
  collection: Collection,
  line: Persistence,
  objects: readonly IndexedObject[],
  resourceVersion: string,
): Promise<Compared> {
  const known = new Set(objects.map(objectPath));
  let meanwhile = { came: 0, went: 0, changed: 0 };
  let missed: ObjectName[] = [];
  let seen = 0;
  for await (const page of objectPages(line, collection)) {
    if (page.kind === "failed") return { kind: "failed", error: page.error };
    if (page.kind === "anew") {
      meanwhile = { came: 0, went: 0, changed: 0 };
      missed = [];
      seen = 0;
      continue;
    }
    for (const { namespace, name, resourceVersion: own } of page.objects) {
      const isNewer = isOlderVersion(resourceVersion, own);
      if (!known.has(objectPath({ namespace, name }))) {
        if (isNewer) meanwhile.came += 1;
        else missed.push({ namespace, name });
        continue;
      }
      seen += 1;
      if (isNewer) meanwhile.changed += 1;
    }
  }
  meanwhile.went = known.size - seen;
  return { kind: "compared", meanwhile, missed };
}

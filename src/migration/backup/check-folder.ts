/** @file Holds the files of a backup to its index, all of them, before anything is written to a cluster. */
import { join } from "node:path";
import { type JsonRecord, textAt } from "../../cluster/live/json.ts";
import { eachAtATime } from "./at-a-time.ts";
import { definitionPath, type IndexedCrd, type IndexedObject, objectsFolder } from "./backup-index.ts";
import { contentHash } from "./content.ts";
import { objectPath } from "./file-names.ts";
import { filesBelow, readIfThere } from "./folder.ts";
import { readObjectText } from "./object-text.ts";
import { ownerKey, ownersOf } from "./owner-references.ts";

/** Paths below the folder of the backup, with slashes. */
export interface FolderFindings {
  /** Files that were checked. */
  count: number;
  readonly edited: string[];
  readonly missing: string[];
  /** Files that the index does not know, which are not restored. */
  readonly additional: string[];
  /** Files that hold no object, or another one than that of their name. */
  readonly unusable: { readonly path: string; readonly problem: string }[];
}

export interface CheckedCrd {
  readonly entry: IndexedCrd;
  /** Those to be restored. */
  readonly objects: readonly IndexedObject[];
  /** Versions that their files are in. */
  readonly versions: ReadonlySet<string>;
  readonly isEdited: boolean;
}

export interface CheckedFolder {
  readonly findings: FolderFindings;
  readonly crds: readonly CheckedCrd[];
  /** Who owns whom among all that is restored, by `ownerKey`. */
  readonly owners: ReadonlyMap<string, readonly string[]>;
}

/** @param namespaces only objects of these; null: all. @throws an error of the system. */
export async function checkFolder(
  folder: string,
  entries: readonly IndexedCrd[],
  namespaces: ReadonlySet<string> | null,
  signal: AbortSignal,
): Promise<CheckedFolder> {
  const findings: FolderFindings = { count: 0, edited: [], missing: [], additional: [], unusable: [] };
  const crds: CheckedCrd[] = [];
  const owners = new Map<string, readonly string[]>();
  const known = new Set(entries.flatMap(({ group, kind, objects }) => objects.map((object) => keyOf(group, kind, object))));
  for (const entry of entries) {
    crds.push(await checkCrd(folder, entry, { namespaces, signal, findings, owners, known }));
  }
  for (const list of [findings.edited, findings.missing, findings.additional]) list.sort();
  return { findings, crds, owners };
}

export function keyOf(group: string, kind: string, { namespace, name }: Pick<IndexedObject, "namespace" | "name">): string {
  return ownerKey({ apiVersion: `${group}/`, kind, namespace, name });
}

/** Where the file of an object is, below the folder of the backup. */
export function pathOfObject(entry: Pick<IndexedCrd, "name">, object: Pick<IndexedObject, "namespace" | "name">): string {
  return `${objectsFolder(entry.name)}/${objectPath(object)}`;
}

interface Check {
  readonly namespaces: ReadonlySet<string> | null;
  readonly signal: AbortSignal;
  readonly findings: FolderFindings;
  readonly owners: Map<string, readonly string[]>;
  readonly known: ReadonlySet<string>;
}

/** Files at a time: as many as Node reads at once, twice. */
const READERS = 8;

async function checkCrd(folder: string, entry: IndexedCrd, check: Check): Promise<CheckedCrd> {
  const { findings, namespaces, signal } = check;
  const before = findings.edited.length;
  const isWanted = ({ namespace }: IndexedObject): boolean => namespaces === null || namespaces.has(namespace);
  const wanted = entry.objects.filter(isWanted);
  const left = new Set<string>();
  const versions = new Set<string>();
  await checkDefinition(folder, entry, findings);
  await eachAtATime(
    wanted,
    READERS,
    async (object) => {
      const content = await checkObject(folder, entry, object, findings);
      if (content === null) {
        left.add(objectPath(object));
        return;
      }
      versions.add((textAt(content, "apiVersion") ?? "").slice(entry.group.length + 1));
      rememberOwners(entry, content, object, check);
    },
    () => signal.aborted,
  );
  const expected = new Set(entry.objects.map(objectPath));
  const below = objectsFolder(entry.name);
  for (const path of await filesBelow(join(folder, below))) {
    if (!expected.has(path)) findings.additional.push(`${below}/${path}`);
  }
  return {
    entry,
    objects: left.size === 0 ? wanted : wanted.filter((object) => !left.has(objectPath(object))),
    versions,
    isEdited: findings.edited.length > before,
  };
}

async function checkDefinition(folder: string, { name, definition }: IndexedCrd, findings: FolderFindings): Promise<void> {
  const path = definitionPath(name);
  findings.count += 1;
  const text = await readIfThere(join(folder, path));
  if (text === null) {
    findings.missing.push(path);
    return;
  }
  const read = await readObjectText(text);
  if (!read.ok) findings.unusable.push({ path, problem: read.problem });
  else if (contentHash(read.object) !== definition.sha256) findings.edited.push(path);
}

/** @returns null where there is nothing to be restored. */
async function checkObject(
  folder: string,
  entry: IndexedCrd,
  object: IndexedObject,
  findings: FolderFindings,
): Promise<JsonRecord | null> {
  const path = pathOfObject(entry, object);
  findings.count += 1;
  const text = await readIfThere(join(folder, path));
  if (text === null) {
    findings.missing.push(path);
    return null;
  }
  const read = await readObjectText(text);
  const problem = read.ok ? otherThan(entry, object, read.object) : read.problem;
  if (!read.ok || problem !== null) {
    findings.unusable.push({ path, problem: problem ?? "" });
    return null;
  }
  if (contentHash(read.object) !== object.sha256) findings.edited.push(path);
  return read.object;
}

/** Whatever else is edited, it stays the same object. */
function otherThan(entry: IndexedCrd, { namespace, name }: IndexedObject, content: JsonRecord): string | null {
  const [group, version] = (textAt(content, "apiVersion") ?? "").split("/", 2);
  if (group !== entry.group || (version ?? "") === "") return `apiVersion: expected ${entry.group}/<version>`;
  if (textAt(content, "kind") !== entry.kind) return `kind: expected ${entry.kind}`;
  if (textAt(content, "metadata", "name") !== name) return `metadata.name: expected ${JSON.stringify(name)}`;
  return (textAt(content, "metadata", "namespace") ?? "") === namespace
    ? null
    : `metadata.namespace: expected ${JSON.stringify(namespace)}`;
}

function rememberOwners({ group, kind }: IndexedCrd, content: JsonRecord, object: IndexedObject, { owners, known }: Check): void {
  const own = ownersOf(content)
    .flatMap((owner) => [ownerKey(owner), ownerKey({ ...owner, namespace: "" })])
    .filter((key) => known.has(key));
  if (own.length > 0) owners.set(keyOf(group, kind, object), [...new Set(own)]);
}

/** An object of a file that was checked already. @throws Error where it has changed since in such a way that it cannot be read. */
export async function readChecked(folder: string, entry: IndexedCrd, object: IndexedObject): Promise<JsonRecord> {
  const path = pathOfObject(entry, object);
  const read = await readObjectText((await readIfThere(join(folder, path))) ?? "");
  const problem = read.ok ? otherThan(entry, object, read.object) : read.problem;
  if (read.ok && problem === null) return read.object;
  throw new ChangedMeanwhile(path);
}

export class ChangedMeanwhile extends Error {
  readonly path: string;
  constructor(path: string) {
    super(`${path} was changed while it was being restored`);
    this.path = path;
  }
}

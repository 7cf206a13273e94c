/**
 * @file The folder of a backup: it is unfinished until its index is there, which is written last, in one step. So a process that is
 * killed at whatever point never leaves one that looks complete.
 */
import { randomBytes } from "node:crypto";
import { chmod, type FileHandle, lstat, mkdir, open, readdir, readFile, rename, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isRecord, listAt, textAt } from "../../cluster/live/json.ts";
import { parseIndex } from "./backup-index.ts";
import { makeFolder } from "../make-folder.ts";
import { safeSegment } from "./file-names.ts";

/** What a backup is of: an unfinished one is gone on with for the same alone. */
export interface BackupPurpose {
  readonly server: string;
  /** Null: all namespaces. */
  readonly namespace: string | null;
  /** Names and versions that they are read in, `gears.own.dev/v1`, in their order. */
  readonly crds: readonly string[];
}

export type FolderState =
  | { readonly kind: "absent" | "empty" }
  | { readonly kind: "complete" }
  | { readonly kind: "unfinished"; readonly purpose: BackupPurpose }
  /** Something else is in there. */
  | { readonly kind: "foreign"; readonly example: string }
  | { readonly kind: "unreadable"; readonly reason: string };

export const INDEX_FILE = "backup.json";
const MARK_FILE = "backup.unfinished.json";
/** Of files that are not complete yet; a process that was killed leaves one. */
const TEMPORARY = ".backup.";

export async function folderState(folder: string): Promise<FolderState> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    return codeOf(error) === "ENOENT" ? { kind: "absent" } : { kind: "unreadable", reason: codeOf(error) };
  }
  if (names.includes(INDEX_FILE)) return { kind: "complete" };
  if (names.includes(MARK_FILE)) {
    const purpose = readPurpose(await readFile(join(folder, MARK_FILE), "utf8"));
    return purpose === null ? { kind: "foreign", example: MARK_FILE } : { kind: "unfinished", purpose };
  }
  const example = names.find((name) => !name.startsWith(TEMPORARY));
  return example === undefined ? { kind: "empty" } : { kind: "foreign", example };
}

/**
 * Makes the folder, or takes it over, and marks it as unfinished.
 * @param isAnew what an earlier backup has left is deleted; its index first of all.
 * @throws an error of the system.
 */
export async function beginBackup(folder: string, purpose: BackupPurpose, isAnew: boolean): Promise<void> {
  makeFolder(folder, FOLDER_MODE);
  await chmod(folder, FOLDER_MODE);
  const earlier = isAnew ? await crdsIn(folder) : [];
  await writeAtOnce(join(folder, MARK_FILE), [`${JSON.stringify({ ...MARK, ...purpose, earlier }, null, 2)}\n`]);
  await rm(join(folder, INDEX_FILE), { force: true });
  await syncFolder(folder);
  for (const crd of earlier) await rm(join(folder, safeSegment(crd)), { recursive: true, force: true });
  if (earlier.length > 0) await writeAtOnce(join(folder, MARK_FILE), [`${JSON.stringify({ ...MARK, ...purpose }, null, 2)}\n`]);
}

/** From here on the backup is complete. @throws an error of the system. */
export async function finishBackup(folder: string, index: Iterable<string>): Promise<void> {
  await writeAtOnce(join(folder, INDEX_FILE), index);
  for (const name of await readdir(folder)) {
    if (name === MARK_FILE || name.startsWith(TEMPORARY)) await unlink(join(folder, name));
  }
}

/**
 * Nobody but the owner may read it, and it is on the disk when this resolves. One that holds this text already is left as it is.
 * @param path its folder is made; a link in its place is replaced, not followed.
 * @throws an error of the system.
 */
export async function writeContentFile(path: string, text: string): Promise<void> {
  if ((await readIfThere(path)) === text) return;
  await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
  await rm(path, { force: true });
  const file = await open(path, "wx", FILE_MODE);
  await use(file, async () => {
    await file.writeFile(text);
    await file.datasync();
  });
}

/** Files below, by their paths with slashes, in their order; what is neither file nor folder (a link) too. Empty where there is no such folder. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const files: string[] = [];
  async function walk(below: string): Promise<void> {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) await walk(path);
      else files.push(path);
    }
  }
  try {
    await walk("");
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  return files;
}

/** So that names of new files are on the disk too. Folders of folders first or last makes no difference. */
export async function syncFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolders(join(folder, entry.name));
  }
  await syncFolder(folder);
}

/** @returns null where there is no such file; a link is none. @throws another error of the system. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return (await lstat(path)).isFile() ? await readFile(path, "utf8") : null;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return null;
    throw error;
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

const MARK = { apiVersion: "crdguard.dev/v1alpha1", kind: "UnfinishedBackup" } as const;

function readPurpose(text: string): BackupPurpose | null {
  const mark = parsed(text);
  if (!isRecord(mark) || mark["kind"] !== MARK.kind) return null;
  const server = textAt(mark, "server");
  const crds = listAt(mark, "crds").filter((crd) => typeof crd === "string");
  return server === null ? null : { server, namespace: textAt(mark, "namespace"), crds };
}

/** Of whatever backup is there, complete or not: CRDs that have a folder. */
async function crdsIn(folder: string): Promise<readonly string[]> {
  const index = parseIndex((await readIfThere(join(folder, INDEX_FILE))) ?? "");
  const mark = parsed((await readIfThere(join(folder, MARK_FILE))) ?? "");
  return [
    ...(index.ok ? index.value.crds.map(({ name }) => name) : []),
    ...[...listAt(mark, "crds"), ...listAt(mark, "earlier")]
      .filter((crd) => typeof crd === "string")
      .map((crd) => crd.split("/", 1)[0] ?? ""),
  ].filter((crd) => crd !== "");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function writeAtOnce(path: string, pieces: Iterable<string>): Promise<void> {
  // Beside it, since a file is only renamed within its file system.
  const temporary = join(dirname(path), `${TEMPORARY}${randomBytes(6).toString("hex")}`);
  const file = await open(temporary, "wx", FILE_MODE);
  await use(file, async () => {
    let pending = "";
    for (const piece of pieces) {
      pending += piece;
      if (pending.length < BUFFERED) continue;
      await file.writeFile(pending);
      pending = "";
    }
    await file.writeFile(pending);
    await file.sync();
  });
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Characters; small beside all else that is in memory. */
const BUFFERED = 1 << 16;

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folder; it keeps names by itself.
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  await use(handle, () => handle.sync());
}

async function use(handle: FileHandle, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await handle.close();
  }
}

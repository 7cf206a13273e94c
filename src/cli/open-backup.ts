/** @file The index of a backup, and which of its CRDs were asked for. */
import { join, resolve } from "node:path";
import { shown } from "../explain/text.ts";
import { nearestWord } from "../crd/nearest-word.ts";
import { type BackupIndex, type IndexedCrd, parseIndex } from "../migration/backup/backup-index.ts";
import { codeOf, folderState, INDEX_FILE, readIfThere } from "../migration/backup/folder.ts";
import { CommandError, EXIT } from "./exit-status.ts";

/** @throws CommandError where it is none, or not a whole one. */
export async function openBackup(folder: string): Promise<BackupIndex> {
  const text = await readIfThere(join(resolve(folder), INDEX_FILE)).catch((error: unknown) => {
    throw new CommandError(EXIT.usage, "file-unreadable", `${folder}/${INDEX_FILE}: cannot be read (${codeOf(error)})`);
  });
  if (text === null) {
    const state = await folderState(resolve(folder));
    if (state.kind === "unfinished") {
      throw new CommandError(
        EXIT.usage,
        "backup-unfinished",
        `${folder}: the backup was never finished, so that objects may be missing: run crdguard backup with this folder again, which goes on with it`,
      );
    }
    const what =
      state.kind === "absent"
        ? "there is no such folder"
        : `there is no ${INDEX_FILE} in it, as crdguard backup writes it last of all`;
    throw new CommandError(EXIT.usage, "backup-missing", `${folder}: ${what}`);
  }
  const index = parseIndex(text);
  if (index.ok) return index.value;
  throw new CommandError(EXIT.usage, index.error.code, `${folder}/${INDEX_FILE}: ${index.error.message}`);
}

/** Those of these names; all without any. @throws CommandError for a name that is not in the backup. */
export function chosenCrds(index: BackupIndex, names: readonly string[], folder: string): readonly IndexedCrd[] {
  const known = index.crds.map(({ name }) => name);
  for (const name of names) {
    if (known.includes(name)) continue;
    const meant = nearestWord(name, [...known, ...known.map((full) => full.split(".", 1)[0] ?? "")]);
    const full = known.find((each) => each === meant || each.split(".", 1)[0] === meant);
    const hint = full === undefined ? `it holds ${known.map(shown).join(", ")}` : `did you mean ${shown(full)}?`;
    throw new CommandError(EXIT.usage, "crd-unknown", `${folder} has no objects of "${shown(name)}"; ${hint}`);
  }
  return names.length === 0 ? index.crds : index.crds.filter(({ name }) => names.includes(name));
}

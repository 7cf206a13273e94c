/** @file The folder of a walk: held by one walk at a time, with the journal of the one that is not finished. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { countOf } from "../../explain/text.ts";
import { CommandError, EXIT } from "../exit-status.ts";
import { type Journal, type JournalFile, journalPath, JournalUnreadable } from "./journal.ts";
import { lockFolder, type WalkLock } from "./walk-lock.ts";

/** @throws CommandError where another walk is under way in it, or it cannot be written. */
export function lockedFolder(directory: string): WalkLock {
  let locked;
  try {
    locked = lockFolder(directory);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new CommandError(EXIT.usage, "file-unwritable", `--steps-dir ${directory} cannot be written (${reason})`);
  }
  if (locked.ok) return locked.lock;
  const { pid, host, file, isAlive } = locked.holder;
  throw new CommandError(
    EXIT.usage,
    "walk-under-way",
    isAlive
      ? `another walk is under way in ${directory}, as process ${String(pid)}: let it end, or walk elsewhere by another --steps-dir`
      : `${join(directory, file)} is of a walk ${host === "" ? "that nobody can tell" : `on "${host}", as process ${String(pid)}`}: ` +
          "where it has ended, delete the file; else let it end, or walk elsewhere by another --steps-dir",
  );
}

/** Null where there is none to go on with. @throws CommandError for one that is not of this walk. */
export function readJournal(
  file: JournalFile,
  { cluster, wanted }: Pick<Journal, "cluster" | "wanted">,
  { stepsDir }: { readonly stepsDir: string },
): Journal | null {
  let journal;
  try {
    journal = file.read();
  } catch (error) {
    if (!(error instanceof JournalUnreadable)) throw error;
    throw new CommandError(
      EXIT.usage,
      "journal-unreadable",
      `${error.message}; see what is owed by it, restore it, or walk with another --steps-dir`,
    );
  }
  if (journal === null || journal.isFinished) return null;
  const differs = journal.cluster !== cluster ? "another cluster" : journal.wanted !== wanted ? "other manifests or flags" : null;
  if (differs === null) return journal;
  const owed = journal.owed.map(({ step }) => step.title);
  throw new CommandError(
    EXIT.usage,
    "journal-of-another",
    `${journalPath(stepsDir)} is of a walk with ${differs}, which is not finished` +
      `${owed.length === 0 ? "" : ` and owes: ${owed.join("; ")}`}; finish that one, or walk with another --steps-dir`,
  );
}

/** What an earlier walk, which is finished, has left for its ways back would be taken for this one's. */
export function clearFolder(directory: string): void {
  let names: readonly string[] = [];
  try {
    names = readdirSync(directory);
  } catch {
    // There is none yet.
  }
  for (const name of names) if (/\.(?:before\.yaml|replicas)(?:\.new)?$/.test(name)) rmSync(join(directory, name));
}

export function resumedLine({ startedAt, begun, done, owed }: Journal): string {
  return [
    `going on with the walk of ${startedAt}: ${countOf(done.length, "step")} done`,
    ...(begun === null ? [] : [`"${begun}" was under way`]),
    ...(owed.length === 0 ? [] : [`owed: ${owed.map(({ step }) => step.id).join(", ")}`]),
  ].join("; ");
}

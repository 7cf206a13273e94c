/** @file Restores a backup: tries what may not fit, creates objects, owners first, several at a time, and reads all of it back. */
import type { ApiError } from "../../cluster/live/api-error.ts";
import { eachAtATime } from "./at-a-time.ts";
import type { IndexedObject } from "./backup-index.ts";
import { ChangedMeanwhile, keyOf, pathOfObject } from "./check-folder.ts";
import { wavesOf } from "./owner-references.ts";
import { type ReadBack, readBack } from "./read-back.ts";
import { restoreObject, type Restored, versionOf } from "./restore-object.ts";
import { contentToRestore, type RestoredObject, type RestoreTarget, type RestoreWork } from "./restore-work.ts";
import { type Trial, tryObject } from "./try-object.ts";

export interface RestoreTally {
  total: number;
  created: number;
  overwritten: number;
  same: number;
  conflicts: number;
  refused: number;
  /** Of a dry run: objects that would be created. */
  fits: number;
  untried: number;
  statusKept: number;
}

export type RestoreEnd =
  | { readonly kind: "done"; readonly tally: RestoreTally; readonly readBack: ReadBack | null }
  /** Nothing was written: the API server would not take some as they are. */
  | { readonly kind: "must-be-edited"; readonly tally: RestoreTally }
  | { readonly kind: "interrupted"; readonly tally: RestoreTally }
  | { readonly kind: "failed"; readonly error: ApiError; readonly tally: RestoreTally }
  | { readonly kind: "changed-meanwhile"; readonly path: string; readonly tally: RestoreTally };

/** Never rejects but for errors of the system. */
export async function restoreBackup(work: RestoreWork): Promise<RestoreEnd> {
  const tally = emptyTally(work.targets.reduce((sum, { objects }) => sum + objects.length, 0));
  try {
    const tried = await tryAll(work, tally);
    if (tried !== null) return tried;
    const notRestored = new Set<string>();
    const restored = await restoreAll(work, tally, notRestored);
    if (restored !== null) return restored;
    const read = await readBack(work, notRestored);
    if (work.line.signal.aborted) return { kind: "interrupted", tally };
    return read.kind === "failed"
      ? { kind: "failed", error: read.error, tally }
      : { kind: "done", tally, readBack: read.readBack };
  } catch (error) {
    if (error instanceof ChangedMeanwhile) return { kind: "changed-meanwhile", path: error.path, tally };
    throw error;
  }
}

function emptyTally(total: number): RestoreTally {
  return { total, created: 0, overwritten: 0, same: 0, conflicts: 0, refused: 0, fits: 0, untried: 0, statusKept: 0 };
}

/** @returns how it ends here, or null where it goes on. */
async function tryAll(work: RestoreWork, tally: RestoreTally): Promise<RestoreEnd | null> {
  const { line, folder, told, isDryRun } = work;
  const pieces = piecesOf(work).filter(({ target }) => isDryRun || target.needsTrial);
  const end = createEnd(line.signal);
  let done = 0;
  await eachAtATime(
    pieces,
    work.concurrency,
    async ({ target, object }) => {
      const content = await contentToRestore(folder, target, object);
      const trial = await tryObject(content, target);
      if (trial.kind === "failed") {
        end.fail(trial.error);
        return;
      }
      done += 1;
      countTrial(tally, trial);
      told({ kind: "tried", object: nameOf(target, object), version: versionOf(content), trial });
      told({ kind: "trying", done, total: pieces.length });
    },
    end.isOver,
  );
  if (line.signal.aborted) return { kind: "interrupted", tally };
  const error = end.error();
  if (error !== null) return { kind: "failed", error, tally };
  if (isDryRun) return { kind: "done", tally, readBack: null };
  if (tally.refused > 0) return { kind: "must-be-edited", tally };
  Object.assign(tally, emptyTally(tally.total));
  return null;
}

/** @param notRestored gets the paths of conflicts and refusals. */
async function restoreAll(work: RestoreWork, tally: RestoreTally, notRestored: Set<string>): Promise<RestoreEnd | null> {
  const { line, folder, told } = work;
  const { waveOf, count } = wavesOf(work.owners);
  const end = createEnd(line.signal);
  let done = 0;
  for (let wave = 0; wave < count && !end.isOver(); wave += 1) {
    const own = count === 1 ? piecesOf(work) : piecesOf(work).filter((piece) => (waveOf.get(keyOfPiece(piece)) ?? 0) === wave);
    await eachAtATime(
      own,
      work.concurrency,
      async ({ target, object }) => {
        const content = await contentToRestore(folder, target, object);
        const outcome = await restoreObject(content, target);
        if (outcome.kind === "failed") {
          end.fail(outcome.error);
          return;
        }
        done += 1;
        countRestored(tally, outcome);
        const name = nameOf(target, object);
        if (outcome.kind === "conflict" || outcome.kind === "refused") notRestored.add(name.path);
        told({ kind: "restored", object: name, version: versionOf(content), outcome });
        told({ kind: "restoring", done, total: tally.total });
      },
      end.isOver,
    );
  }
  if (line.signal.aborted) return { kind: "interrupted", tally };
  const error = end.error();
  return error === null ? null : { kind: "failed", error, tally };
}

interface Piece {
  readonly target: RestoreTarget;
  readonly object: IndexedObject;
}

function piecesOf({ targets }: RestoreWork): readonly Piece[] {
  return targets.flatMap((target) => target.objects.map((object) => ({ target, object })));
}

function keyOfPiece({ target, object }: Piece): string {
  return keyOf(target.entry.group, target.entry.kind, object);
}

function nameOf({ entry }: RestoreTarget, object: IndexedObject): RestoredObject {
  return { crd: entry.name, namespace: object.namespace, name: object.name, path: pathOfObject(entry, object) };
}

function countTrial(tally: RestoreTally, { kind }: Exclude<Trial, { readonly kind: "failed" }>): void {
  if (kind === "conflict") tally.conflicts += 1;
  else tally[kind] += 1;
}

function countRestored(tally: RestoreTally, outcome: Exclude<Restored, { readonly kind: "failed" }>): void {
  if (outcome.kind === "conflict") tally.conflicts += 1;
  else tally[outcome.kind] += 1;
  if ("status" in outcome && outcome.status === "kept") tally.statusKept += 1;
}

function createEnd(signal: AbortSignal): {
  readonly fail: (error: ApiError) => void;
  readonly isOver: () => boolean;
  readonly error: () => ApiError | null;
} {
  let failed: ApiError | null = null;
  return {
    fail(error) {
      failed ??= error;
    },
    isOver: () => failed !== null || signal.aborted,
    error: () => failed,
  };
}

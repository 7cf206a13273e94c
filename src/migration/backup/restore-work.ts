/** @file What there is to restore, where to, and how it is told. */
import type { JsonRecord } from "../../cluster/live/json.ts";
import type { Persistence } from "../persist.ts";
import type { IndexedCrd, IndexedObject } from "./backup-index.ts";
import { type CheckedFolder, readChecked } from "./check-folder.ts";
import { type Restored, type Restoring, versionOf } from "./restore-object.ts";
import type { Trial } from "./try-object.ts";

export interface RestoreWork {
  readonly line: Persistence;
  readonly folder: string;
  readonly targets: readonly RestoreTarget[];
  readonly owners: CheckedFolder["owners"];
  /** Requests under way at a time. */
  readonly concurrency: number;
  /** Nothing is written: all are tried. */
  readonly isDryRun: boolean;
  readonly told: (step: RestoreStep) => void;
}

export interface RestoreTarget extends Restoring {
  readonly entry: IndexedCrd;
  readonly objects: readonly IndexedObject[];
  /** The version that all are restored in; null: each in that of its file. */
  readonly version: string | null;
  /** All that occur. */
  readonly versions: readonly string[];
  /** It may not fit: it was edited, or the definition is not the one that it was read under. */
  readonly needsTrial: boolean;
}

export type RestoreStep =
  | { readonly kind: "trying" | "restoring" | "reading-back"; readonly done: number; readonly total: number }
  /** `version`: in which it is restored. */
  | { readonly kind: "tried"; readonly object: RestoredObject; readonly version: string; readonly trial: Trial }
  | { readonly kind: "restored"; readonly object: RestoredObject; readonly version: string; readonly outcome: Restored };

export interface RestoredObject {
  readonly crd: string;
  readonly namespace: string;
  readonly name: string;
  /** Of its file, below the folder of the backup. */
  readonly path: string;
}

/** The object of a file, in the version to be restored in. */
export async function contentToRestore(folder: string, target: RestoreTarget, object: IndexedObject): Promise<JsonRecord> {
  const content = await readChecked(folder, target.entry, object);
  return { ...content, apiVersion: `${target.crd.group}/${target.version ?? versionOf(content)}` };
}

/** @file What is told in the cluster of a record of a storage version. */
import { listOf, quoted } from "./text.ts";

export interface RecordedStorage {
  readonly storageVersion: string;
  readonly writtenSince: string;
  /** Stored versions beside it. */
  readonly old: readonly string[];
}

export function storageRecorded({ storageVersion, writtenSince, old }: RecordedStorage): string {
  return `Objects with a resourceVersion above ${writtenSince} are known to be stored in ${quoted(storageVersion)}. Once all are, ${listOf(old.map(quoted), "and")} may be taken out of status.storedVersions.`;
}

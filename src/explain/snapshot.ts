/** @file What is told of a snapshot: what it holds, what it lacks, how old it is, and how far its taking has come. */
import { countOf, listOf, numberOf, shown } from "./text.ts";

export interface SnapshotContents {
  readonly crds: number;
  readonly workloads: number;
  /** CRDs whose objects were not counted to the end. */
  readonly countedInPart: readonly string[];
  /** CRDs whose objects could not be counted, and why. */
  readonly uncounted: readonly { readonly crd: string; readonly reason: string }[];
  readonly unread: readonly { readonly resource: string; readonly reason: string }[];
}

/** Where it was written to, and what it holds. */
export function writtenLine(path: string, { crds, workloads }: SnapshotContents, bytes: number): string {
  return `${path}: ${countOf(crds, "CRD")}, ${countOf(workloads, "workload")}, ${sizeOf(bytes)}`;
}

/** What a reader of the snapshot will not be told, one line each. */
export function gapLines({ countedInPart, uncounted, unread }: SnapshotContents): readonly string[] {
  const byReason = Map.groupBy(uncounted, ({ crd, reason }) => reason.replaceAll(crd, "them"));
  return [
    ...unread.map(unreadLine),
    ...(countedInPart.length === 0
      ? []
      : [`objects of ${someOf(countedInPart)} were not counted to the end: their numbers are lower bounds`]),
    ...[...byReason].map(([reason, own]) => `objects of ${someOf(own.map(({ crd }) => crd))} were not counted: ${shown(reason)}`),
  ];
}

/** As of a live cluster that does not let it be read. */
export function unreadLine({ resource, reason }: { readonly resource: string; readonly reason: string }): string {
  return `${shown(resource)} cannot be read, so that what they declare is not known: ${shown(reason)}`;
}

/** Null for a snapshot of today. @param takenAt RFC 3339. */
export function ageLine(path: string, takenAt: string, now: Date): string | null {
  const hours = (now.getTime() - Date.parse(takenAt)) / 3_600_000;
  if (hours < OLD_HOURS) return null;
  const age = hours < 2 * OLD_HOURS ? countOf(Math.floor(hours), "hour") : countOf(Math.floor(hours / 24), "day");
  return `${shown(path)}: taken ${age} ago, at ${shown(takenAt)}; what has changed since is not known`;
}

/** A snapshot that is taken every night is not told of. */
const OLD_HOURS = 24;

/** Somebody may paste a command that is told. */
export function redactedLine(path: string): string {
  return `${shown(path)}: redacted: names of namespaces, workloads, objects and unknown images are pseudonyms`;
}

/** A line that is written over again and again. */
export function progressLine(
  progress:
    | { readonly kind: "listed"; readonly crds: number; readonly workloads: number }
    | { readonly kind: "counted"; readonly crds: number; readonly of: number },
): string {
  switch (progress.kind) {
    case "listed":
      return `reading the cluster: ${countOf(progress.crds, "CRD")}, ${countOf(progress.workloads, "workload")}`;
    case "counted":
      return `counting objects: ${numberOf(progress.crds)} of ${countOf(progress.of, "CRD")}`;
  }
}

function someOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return more > 1 ? listOf([...names.slice(0, MOST_NAMED).map(shown), `${String(more)} more CRDs`]) : listOf(names.map(shown));
}

const MOST_NAMED = 3;

function sizeOf(bytes: number): string {
  if (bytes < 10_000) return countOf(bytes, "byte");
  return bytes < 10_000_000 ? `${(bytes / 1_000).toFixed(0)} kB` : `${(bytes / 1_000_000).toFixed(0)} MB`;
}

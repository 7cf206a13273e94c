/** @file What `migrate` says: what it is doing, how far it is, and what came of it. */
import { compareText } from "../crd/compare-text.ts";
import type { ObjectRef } from "../rules/facts.ts";
import { countOf, listOf, numberOf, shellWord, shown } from "./text.ts";
import { bar, pacePhrase } from "./bar.ts";

/** How many objects came to what. */
export interface MigrationTally {
  readonly total: number;
  readonly done: number;
  readonly proven: number;
  readonly rewritten: number;
  readonly touched: number;
  readonly cleaned: number;
  readonly overtaken: number;
  readonly gone: number;
  readonly refusedCount: number;
  readonly refused: readonly {
    readonly object: ObjectRef;
    readonly error: { readonly message: string; readonly status: number | null };
  }[];
}

type Pruned =
  | { readonly kind: "pruned"; readonly before: readonly string[]; readonly after: readonly string[] }
  | { readonly kind: "pruned-already" };

/** What came of a migration that could be tried. */
export type MigrationOutcome =
  | { readonly kind: "nothing-due"; readonly storage: string }
  | { readonly kind: "done"; readonly storage: string; readonly tally: MigrationTally; readonly pruned: Pruned | null }
  | { readonly kind: "namespace-done"; readonly storage: string; readonly tally: MigrationTally; readonly namespace: string }
  | { readonly kind: "would"; readonly storage: string; readonly tally: MigrationTally; readonly wouldPrune: readonly string[] }
  | { readonly kind: "in-tree-done"; readonly storage: string; readonly migration: string; readonly pruned: Pruned }
  | { readonly kind: "refused"; readonly storage: string; readonly tally: MigrationTally }
  | { readonly kind: "unproven"; readonly storage: string; readonly tally: MigrationTally; readonly count: number }
  | { readonly kind: "changed"; readonly change: string; readonly tally: MigrationTally | null }
  | { readonly kind: "prune-denied"; readonly error: { readonly message: string }; readonly tally: MigrationTally | null }
  | { readonly kind: "in-tree-failed"; readonly migration: string; readonly reason: string }
  | { readonly kind: "interrupted"; readonly tally: MigrationTally | null };

/** On the way; the command's words for what is kept where. */
export function recordedLine(
  crd: string,
  {
    storageVersion,
    writtenSince,
    recordedBy,
  }: { readonly storageVersion: string; readonly writtenSince: string; readonly recordedBy: string },
  place: "object" | "annotation" | "memory",
  isNew: boolean,
): string {
  const seen = `${shown(crd)}: objects newer than ${shown(writtenSince)} are stored in ${shown(storageVersion)}`;
  if (!isNew) return `${seen}, as ${shown(recordedBy)} has seen`;
  const kept = {
    object: "recorded as a StorageVersionRecord",
    annotation: "recorded as an annotation of the CRD, since no StorageVersionRecord could be written",
    memory: "not recorded, so that another run begins anew",
  };
  return `${seen}; ${kept[place]}`;
}

export function absentNamespaceLine(namespace: string, server: string): string {
  return `namespace "${shown(namespace)}" does not exist in ${server}: there is nothing to migrate in it`;
}

export function startedLine(crd: string, storage: string, stored: readonly string[], version: string): string {
  const through = version === storage ? "" : `, read and written as ${shown(version)}, since ${shown(storage)} is not served`;
  return `${shown(crd)}: stored in ${listOf(stored.map(shown))}; rewriting into ${shown(storage)}${through}`;
}

export function settlingLine(crd: string, milliseconds: number): string {
  return `${shown(crd)}: waiting ${String(Math.ceil(milliseconds / 1_000))} s until every API server stores in the storage version`;
}

export function inTreeLine(crd: string, migration: string): string {
  return `${shown(crd)}: waiting for StorageVersionMigration ${shown(migration)}`;
}

export interface MigrationPace {
  /** Objects a second, of late; null before anything can be said. */
  readonly perSecond: number | null;
}

/** `gears.own.dev [########------------] 340/1,000 objects, 98/s, 7 s left` */
export function barLine(
  crd: string,
  pass: number,
  { done, total, refusedCount }: MigrationTally,
  { perSecond }: MigrationPace,
): string {
  const what = pass === 1 ? "" : " looked at again";
  const rate = pacePhrase(total - done, perSecond);
  const refused = refusedCount === 0 ? "" : `, ${numberOf(refusedCount)} refused`;
  return `${shown(crd)} ${bar(done, total)} ${numberOf(done)}/${numberOf(total)} objects${what}${rate}${refused}`;
}

/** As the bar, where there is none to draw over. */
export function plainLine(
  crd: string,
  pass: number,
  { done, total, refusedCount }: MigrationTally,
  { perSecond }: MigrationPace,
): string {
  const what = pass === 1 ? "dealt with" : "looked at again";
  const rate = pacePhrase(total - done, perSecond);
  const refused = refusedCount === 0 ? "" : `, ${numberOf(refusedCount)} refused`;
  return `${shown(crd)}: ${numberOf(done)} of ${countOf(total, "object")} ${what}${rate}${refused}`;
}

/** Told at the first Ctrl-C. */
export const STOPPING_LINE = "stopping: writes under way end first; Ctrl-C again ends at once";

/** @param again what to type to go on. */
export function outcomeLines(crd: string, outcome: MigrationOutcome, again: string): readonly string[] {
  const name = shown(crd);
  switch (outcome.kind) {
    case "nothing-due":
      return [`${name}: nothing to do, stored in ${shown(outcome.storage)} alone`];
    case "done":
      return [`${name}: ${provenClause(outcome)}${prunedClause(outcome.pruned)}`];
    case "namespace-done":
      return [
        `${name}: in namespace ${shown(outcome.namespace)}, ${provenClause(outcome)}; nothing is pruned, as other namespaces were not looked at`,
      ];
    case "would":
      return [`${name}: ${wouldClause(outcome)} (dry run)`];
    case "in-tree-done":
      return [
        `${name}: StorageVersionMigration ${shown(outcome.migration)} has rewritten all objects into ${shown(outcome.storage)}${prunedClause(outcome.pruned)}`,
      ];
    case "refused":
      return refusedLines(name, outcome.tally, again);
    case "unproven":
      return [
        `${name}: ${countOf(outcome.count, "object")} had to be written again and again, and nothing is pruned: something restores old objects, or deletes and makes them all the time; run it again once that has ended: ${again}`,
      ];
    case "changed":
      return [
        `${name}: stopped, since ${shown(outcome.change)} meanwhile; nothing is pruned, and nothing is lost: see whether the change was meant, and run it again: ${again}`,
      ];
    case "prune-denied":
      return [
        `${name}: ${outcome.tally === null ? "" : "all objects are rewritten, but "}status.storedVersions was not pruned:`,
        ...foreignLines(outcome.error.message, "  "),
        `  see to that, and run it again: ${again}`,
      ];
    case "in-tree-failed":
      return [
        `${name}: StorageVersionMigration ${shown(outcome.migration)} failed, and nothing is pruned: ${shownWhole(outcome.reason)}; without --in-tree, crdguard rewrites the objects itself and tells which are refused`,
      ];
    case "interrupted":
      return [`${name}: interrupted${writtenSoFar(outcome.tally)}; nothing is lost, and what is left goes on by: ${again}`];
  }
}

function provenClause({ storage, tally }: { readonly storage: string; readonly tally: MigrationTally }): string {
  if (tally.total === 0) return "there are no objects";
  const all = tally.total === 1 ? "1 object is" : `all ${numberOf(tally.total)} objects are`;
  return `${all} stored in ${shown(storage)}${detailClause(tally)}`;
}

/** ` (340 rewritten, 12 stored so before and touched, 648 proven before)` */
function detailClause(tally: MigrationTally): string {
  const parts = [
    [tally.rewritten, "rewritten"],
    [tally.touched, "stored so before, and touched"],
    [tally.cleaned, "rewritten without managedFields of dead versions"],
    [tally.overtaken, "written by somebody else meanwhile"],
    [tally.gone, "deleted meanwhile"],
    [tally.proven, "proven before"],
  ] as const;
  const told = parts.flatMap(([count, what]) => (count === 0 ? [] : [`${numberOf(count)} ${what}`]));
  return told.length === 0 ? "" : ` (${told.join(", ")})`;
}

function prunedClause(pruned: Pruned | null): string {
  if (pruned === null) return "";
  return pruned.kind === "pruned"
    ? `; status.storedVersions was ${listOf(pruned.before.map(shown))}, and is ${listOf(pruned.after.map(shown))} now`
    : "; status.storedVersions had been pruned already";
}

function wouldClause({
  storage,
  tally,
  wouldPrune,
}: {
  readonly storage: string;
  readonly tally: MigrationTally;
  readonly wouldPrune: readonly string[];
}): string {
  const count = tally.rewritten + tally.cleaned + tally.overtaken;
  const objects =
    tally.total === 0
      ? "there are no objects"
      : `${numberOf(count)} of ${countOf(tally.total, "object")} would be written to be stored in ${shown(storage)}`;
  return wouldPrune.length === 0 ? objects : `${objects}, and status.storedVersions would lose ${listOf(wouldPrune.map(shown))}`;
}

/** Objects of one reason, and reasons, that a screen holds. */
const MOST_SHOWN = 10;

function refusedLines(name: string, { total, refusedCount, refused }: MigrationTally, again: string): readonly string[] {
  // Several are written at a time, and answered in any order.
  const inOrder = refused.toSorted((left, right) => compareText(objectName(left.object), objectName(right.object)));
  const byReason = Map.groupBy(inOrder, ({ object, error }) => error.message.replaceAll(`"${object.name}"`, '"…"'));
  const reasons = [...byReason.values()];
  const lines = reasons.slice(0, MOST_SHOWN).flatMap((group) => {
    const names = group.slice(0, MOST_SHOWN).map(({ object }) => shown(objectName(object)));
    const more = group.length > names.length ? `, and ${numberOf(group.length - names.length)} more` : "";
    return [`  ${names.join(", ")}${more}:`, ...foreignLines(group[0]?.error.message ?? "", "    ")];
  });
  const others =
    reasons.length > MOST_SHOWN ? [`  and ${countOf(reasons.length - MOST_SHOWN, "other reason")}; -o json tells all`] : [];
  return [
    `${name}: ${numberOf(refusedCount)} of ${countOf(total, "object")} could not be rewritten, and nothing is pruned:`,
    ...lines,
    ...others,
    `  mend them, or what refuses them, and run it again: ${again}`,
  ];
}

function objectName({ namespace, name }: ObjectRef): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

function writtenSoFar(tally: MigrationTally | null): string {
  if (tally === null) return " before anything was written";
  return ` after ${countOf(tally.rewritten + tally.touched + tally.cleaned, "object")} were written`;
}

/** A webhook may say a lot, crdguard's own among them, on lines of its own. */
function foreignLines(message: string, indent: string): readonly string[] {
  return message
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .map((line) => `${indent}${shownWhole(line)}`);
}

/** The API server's own words, cut to a thousand characters where they were read. */
function shownWhole(message: string): string {
  return (
    message
      .match(/.{1,200}/gsu)
      ?.map(shown)
      .join("") ?? ""
  );
}

/** `crdguard migrate gears.own.dev --namespace mill` @param flags by name, each with its value; null: it takes none. */
export function migrateCommand(
  program: string,
  crd: string,
  flags: readonly (readonly [flag: string, value: string | null])[],
): string {
  const words = flags.flatMap(([flag, value]) => (value === null ? [flag] : [flag, shellWord(value)]));
  return [program, "migrate", shellWord(crd), ...words].join(" ");
}

/** Why a definition cannot be migrated at all, and the way out. */
export function unservableReason(crd: string, code: "crd-unserved" | "crd-terminating" | "crd-cluster-scoped"): string {
  const name = shown(crd);
  switch (code) {
    case "crd-unserved":
      return `no version of ${name} is served, so that its objects can be neither read nor written: serve one for as long as it takes, best its storage version, by served: true in spec.versions`;
    case "crd-terminating":
      return `${name} is being deleted, and its objects with it: there is nothing to migrate`;
    case "crd-cluster-scoped":
      return `${name} is cluster-scoped, so that its objects are in no namespace: leave --namespace out`;
  }
}

/** @file What a step makes of a definition, in one line. */
import { findVersion, servedVersions, storageVersion } from "../crd/versions.ts";
import type { Crd } from "../crd/crd.ts";
import type { CrdStepChange } from "../plan/plan.ts";
import { listOf, quoted, shown } from "./text.ts";

export function sentenceOfChange({ name, before, after }: CrdStepChange): string {
  return `${shown(name)}: ${phraseOf(before, after)}`;
}

function phraseOf(before: Crd | null, after: Crd | null): string {
  if (after === null) return "deleted";
  if (before === null) return `new; ${versionsPhrase(after)}`;
  const told = differences(before, after);
  return told.length === 0 ? "the same versions; what differs is in schemas or metadata" : told.join("; ");
}

function versionsPhrase(crd: Crd): string {
  const storage = storageVersion(crd);
  return `serves ${listOf(servedVersions(crd).map(quoted))}, stores ${storage === null ? "nothing" : quoted(storage)}`;
}

function differences(before: Crd, after: Crd): readonly string[] {
  const served = new Set(servedVersions(before));
  const stillServed = new Set(servedVersions(after));
  const dropped = before.versions.filter(({ name }) => findVersion(after, name) === null).map(({ name }) => name);
  return [
    clause(
      [...stillServed].filter((name) => !served.has(name)),
      "served",
      "from now on",
    ),
    clause(
      [...served].filter((name) => !stillServed.has(name) && !dropped.includes(name)),
      "served",
      "no more",
    ),
    clause(dropped, "listed", "no more"),
    moved("storage version", [storageVersion(before) ?? ""], [storageVersion(after) ?? ""]),
    // A manifest says nothing of it.
    after.stored.source === "status" ? moved("status.storedVersions", before.stored.names, after.stored.names) : null,
    moved("release", [before.bundle?.version ?? ""], [after.bundle?.version ?? before.bundle?.version ?? ""]),
    moved("channel", [before.bundle?.channel ?? ""], [after.bundle?.channel ?? before.bundle?.channel ?? ""]),
  ].filter((told) => told !== null);
}

/** `"v1" and "v1beta1" are served no more` */
function clause(names: readonly string[], done: string, since: string): string | null {
  return names.length === 0 ? null : `${listOf(names.map(quoted))} ${names.length === 1 ? "is" : "are"} ${done} ${since}`;
}

function moved(what: string, from: readonly string[], to: readonly string[]): string | null {
  if (from.length === to.length && from.every((name) => to.includes(name))) return null;
  const told = (names: readonly string[]): string => (names.join("") === "" ? "none" : listOf(names.map(quoted)));
  return `${what} ${told(from)} → ${told(to)}`;
}

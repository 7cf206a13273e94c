/** @file Notes on what was given and is not planned for, one sentence each. */
import { countOf, listOf, shown } from "./text.ts";

/** @param names of CRDs that belong with those wanted, are not among them, and stay. */
export function leavingNote(names: readonly string[]): string {
  const are = names.length === 1 ? "belongs" : "belong";
  return `${listOf(names.map(shown))} ${are} with what is wanted, ${names.length === 1 ? "is" : "are"} not among it, and ${
    names.length === 1 ? "stays" : "stay"
  }; --prune plans the deletion too`;
}

/** @param kinds how many objects there are of each. */
export function othersNote(kinds: Readonly<Record<string, number>>): string {
  const told = Object.entries(kinds).map(([kind, count]) => countOf(count, shown(kind)));
  return `not planned for: ${listOf(told)}; apply what was given once more when all steps are done`;
}

/** @param controller id in the catalog, of which a version is asked for. */
export function nowhereNote(controller: string): string {
  return (
    `--with ${shown(controller)}: no workload that runs is known to be of it, so that none is upgraded; for a new one, give its ` +
    "manifests (-f)"
  );
}

export function unwrittenNote(directory: string): string {
  return `manifests of single steps are named below, and not written yet: give --steps-dir ${shown(directory)} to have them`;
}

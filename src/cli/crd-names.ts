/** @file Which CRD was meant by a name that none has. */
import type { Crd } from "../crd/crd.ts";
import { listOf } from "../explain/text.ts";
import { nearestWord } from "../crd/nearest-word.ts";

/**
 * The end of a sentence that says that there is no such CRD: which ones may be meant, or where to look.
 * @param names that would have been right; `crds` tells the kinds of those that exist.
 */
export function crdNameHint(typed: string, names: readonly string[], crds: ReadonlyMap<string, Crd>): string {
  const meant = meantNames(typed, names, crds);
  return meant.length > 0 ? `did you mean ${listOf(meant, "or")}?` : "kubectl get crd lists the names";
}

/** A name with a slip of the hand in it, or the plural or the kind alone, which several groups may have. */
function meantNames(typed: string, names: readonly string[], crds: ReadonlyMap<string, Crd>): readonly string[] {
  const wordsOf = (name: string): readonly string[] => [
    name,
    ...name.split(".", 1),
    ...[crds.get(name)?.kind].filter((kind) => kind !== undefined),
  ];
  const meant = nearestWord(typed, names.flatMap(wordsOf));
  return meant === null ? [] : names.filter((name) => wordsOf(name).includes(meant));
}

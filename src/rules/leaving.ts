/** @file CRDs that a new release of a set of CRDs no longer holds. */
import { compareText } from "../crd/compare-text.ts";
import type { Crd } from "../crd/crd.ts";

/**
 * CRDs of the cluster that belong with those that are applied, by their API group, and are not among them. What is being
 * deleted already has left.
 * @returns in the order of their names.
 */
export function leavingCrds(applied: readonly Crd[], crds: ReadonlyMap<string, Crd>): readonly Crd[] {
  const names = new Set(applied.map(({ name }) => name));
  const groups = new Set(applied.map(({ group }) => group));
  return [...crds.values()]
    .filter(({ name, group, isTerminating }) => groups.has(group) && !names.has(name) && !isTerminating)
    .toSorted((left, right) => compareText(left.name, right.name));
}

/** @file CRDs that a new release of a set of CRDs no longer holds. */
import { compareText } from "../crd/compare-text.ts";
import type { Crd, CrdOwner } from "../crd/crd.ts";

/**
 * CRDs of the cluster that belong with those that are applied, and are not among them: of the same API group, unless both
 * say who owns them, and it is somebody else. What is being deleted already has left.
 * @returns in the order of their names.
 */
export function leavingCrds(applied: readonly Crd[], crds: ReadonlyMap<string, Crd>): readonly Crd[] {
  const names = new Set(applied.map(({ name }) => name));
  const groups = Map.groupBy(applied, ({ group }) => group);
  return [...crds.values()]
    .filter(({ name, group, owners, isTerminating }) => {
      const together = groups.get(group);
      if (together === undefined || names.has(name) || isTerminating) return false;
      // A manifest may leave to whoever applies it to write down the owner.
      const theirs = together.flatMap((crd) => [...crd.owners, ...(crds.get(crd.name)?.owners ?? [])]).map(keyOf);
      return owners.length === 0 || theirs.length === 0 || owners.some((owner) => theirs.includes(keyOf(owner)));
    })
    .toSorted((left, right) => compareText(left.name, right.name));
}

function keyOf(owner: CrdOwner): string {
  return "name" in owner ? JSON.stringify([owner.kind, owner.namespace, owner.name]) : owner.kind;
}

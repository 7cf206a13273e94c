/** @file Finds an update by which somebody else comes to keep a CRD that has an owner already. */
import type { Crd } from "../../crd/crd.ts";
import { isSameSpec } from "../../crd/same-spec.ts";
import type { Keeper } from "../finding.ts";
import { isNonEmpty } from "../hurt.ts";
import { keepersOf, newKeepers } from "../keepers.ts";
import { defineRule } from "../rule.ts";

/**
 * Two that keep one CRD each put back what the other has changed: versions come and go with each sync, and the rollback of one
 * undoes the upgrade of the other. Where nobody kept it before, nothing is taken over.
 * Source: Helm, "invalid ownership metadata"; Argo CD, SharedResourceWarning; kubernetes-sigs/gateway-api#4809 (charts that each
 * ship the same CRDs).
 */
export const ownerChanged = defineRule({
  id: "owner-changed",
  defaultEnforcement: "warn",
  isAboutWholeCrd: true,
  find({ change }) {
    if (change.kind !== "update" || isSameSpec(change.previous, change.next)) return [];

    const { previous, next } = change;
    const before = keepersOf(previous);
    const after = newKeepers(previous, next);
    if (!isNonEmpty(before) || !isNonEmpty(after)) return [];

    return [
      {
        field: after.some(({ kind }) => kind !== "field-manager") ? "metadata.annotations" : "metadata.managedFields",
        fact: { kind: "owner-changed", before, after, isMarkKept: isMarkKept(previous, next, after) },
        remedies: [
          { kind: "change-by-owner", owner: before[0] },
          { kind: "release-ownership", crd: previous, owner: before[0] },
        ],
      },
    ];
  },
});

function isMarkKept(previous: Crd, next: Crd, came: readonly Keeper[]): boolean {
  if (previous.owners.length === 0) return false;
  // What a manifest does not say stays as it is, unless the mark of another of its kind takes its place.
  if (next.generation === null) return !came.some(({ kind }) => previous.owners.some((owner) => owner.kind === kind));
  const keys = (keepers: readonly Keeper[]): readonly string[] => keepers.map((keeper) => JSON.stringify(keeper));
  const after = keys(next.owners);
  return keys(previous.owners).every((key) => after.includes(key));
}

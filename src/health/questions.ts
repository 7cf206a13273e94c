/** @file What must be asked of a cluster before the checks can judge it, beyond the picture that is at hand. */
import type { Crd } from "../crd/crd.ts";
import { findVersion } from "../crd/versions.ts";
import { type HealthFacts, isTraceable, ownerKey, type TraceableOwner } from "./facts.ts";
import { leftoverOf } from "./leftovers.ts";

export interface HealthQuestions {
  /** CRDs whose objects are to be counted. */
  readonly objects: readonly Crd[];
  /** CRDs whose objects' finalizers are to be looked at. */
  readonly finalizers: readonly Crd[];
  readonly migrations: readonly Crd[];
  /** CRDs with a conversion webhook. */
  readonly conversions: readonly Crd[];
}

/** Owners to look up, each once; before all else, since what has lost its owner is asked about further. */
export function ownersToTrace(crds: HealthFacts["crds"]): readonly TraceableOwner[] {
  const owners = [...crds.values()].flatMap((crd) => crd.owners.filter(isTraceable));
  return [...new Map(owners.map((owner) => [ownerKey(owner), owner])).values()];
}

/** Nothing is asked of a CRD that is well: the number of requests hangs on what ails, not on the size of the cluster. */
export function questionsOf(facts: Pick<HealthFacts, "crds" | "controllers" | "needs" | "owners">): HealthQuestions {
  const crds = [...facts.crds.values()];
  return {
    objects: crds.filter(
      (crd) =>
        crd.isTerminating ||
        crd.conversion.kind === "webhook" ||
        hasOldStoredVersion(crd) ||
        goneOwners(crd, facts.owners).length > 0 ||
        leftoverOf(crd, facts) !== null,
    ),
    finalizers: crds.filter(({ isTerminating }) => isTerminating),
    migrations: crds.filter((crd) => crd.stored.names.length > 1 && unlistedStoredVersions(crd).length === 0),
    conversions: crds.filter(({ conversion }) => conversion.kind === "webhook"),
  };
}

/** Owners that the CRD names and that are known not to be there. */
export function goneOwners(crd: Crd, owners: HealthFacts["owners"]): readonly TraceableOwner[] {
  return crd.owners.filter(isTraceable).filter((owner) => owners.get(ownerKey(owner))?.kind === "gone");
}

/** Versions that the status names and the list does not. */
export function unlistedStoredVersions(crd: Crd): readonly string[] {
  return crd.stored.source === "status" ? crd.stored.names.filter((name) => findVersion(crd, name) === null) : [];
}

function hasOldStoredVersion(crd: Crd): boolean {
  return crd.stored.names.length > 1 || unlistedStoredVersions(crd).length > 0;
}

/** @file Finds a CRD that two programs keep, each by its own idea of it. */
import type { Crd, CrdOwner } from "../../crd/crd.ts";
import { defineHealthCheck } from "../check.ts";
import { type HealthFacts, isTraceable, ownerKey } from "../facts.ts";

/**
 * The one that syncs last wins: versions come and go with each sync, and a rollback of the one undoes the upgrade of the other.
 * What only labels of a gone owner tell is `crd-owner-gone`.
 * Source: argoproj/argo-cd "Resource Tracking" (SharedResourceWarning); Helm, "invalid ownership metadata".
 */
export const crdOwnersTwo = defineHealthCheck({
  id: "crd-owners-two",
  defaultSeverity: "warning",
  find: (facts) =>
    [...facts.crds.values()].flatMap((crd) => {
      const owners = ownersOf(crd, facts);
      const appliers = crd.appliers.filter((manager) => SYNCING_MANAGERS.has(manager));
      if (owners.length < 2 && appliers.length < 2) return [];
      return [
        {
          subject: { kind: "crd", name: crd.name },
          field: owners.length < 2 ? "metadata.managedFields" : "metadata",
          fact: { kind: "crd-owners-two", owners, appliers: owners.length < 2 ? appliers : [] },
          remedies: [{ kind: "settle-on-one-owner", crd }],
        },
      ];
    }),
});

/** Those that apply again and again, each in the place of a person. */
const SYNCING_MANAGERS: ReadonlySet<string> = new Set(["argocd-controller", "kustomize-controller", "helm-controller"]);

/** Flux' helm-controller works by Helm releases: the two are one. */
function ownersOf(crd: Crd, { owners }: HealthFacts): readonly CrdOwner[] {
  const there = crd.owners.filter((owner) => !isTraceable(owner) || owners.get(ownerKey(owner))?.kind !== "gone");
  const isOfFlux = there.some(({ kind }) => kind === "flux-helm-release");
  return there.filter(({ kind }) => kind !== "helm-release" || !isOfFlux);
}

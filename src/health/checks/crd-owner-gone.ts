/** @file Finds a CRD that was left behind: who installed it is gone, or runs in a release that needs it no more. */
import type { Crd } from "../../crd/crd.ts";
import { defineHealthCheck } from "../check.ts";
import { type HealthFacts, isTraceable, ownerKey } from "../facts.ts";
import type { CheckFinding, HealthRemedy } from "../finding.ts";
import { leftoverOf } from "../leftovers.ts";
import { objectsOf } from "../objects.ts";
import { goneOwners } from "../questions.ts";

/**
 * Nothing deletes CRDs on its own: Helm leaves those in a chart's `crds/` behind, and an upgrade to another API group leaves the
 * old one there. People go on writing objects that nobody reads. An owner counts as gone where the cluster proves it, and a
 * CRD as outgrown where the catalog knows the release that runs; of what is unknown nothing is said.
 * Source: Helm, "Custom Resource Definitions"; Traefik, "Migration: v2 to v3" (traefik.containo.us became traefik.io).
 */
export const crdOwnerGone = defineHealthCheck({
  id: "crd-owner-gone",
  defaultSeverity: "warning",
  find: (facts) =>
    [...facts.crds.values()]
      .filter(({ isTerminating }) => !isTerminating)
      .flatMap((crd) => {
        const finding = outgrown(crd, facts) ?? recordedOwnerGone(crd, facts) ?? controllerAbsent(crd, facts);
        return finding === null ? [] : [finding];
      }),
});

function outgrown(crd: Crd, facts: HealthFacts): CheckFinding | null {
  const leftover = leftoverOf(crd, facts);
  if (leftover?.kind !== "outgrown") return null;
  const { controller, installed } = leftover;
  return {
    subject: { kind: "crd", name: crd.name },
    field: "spec.group",
    fact: { kind: "crd-outgrown", controller, installed, objects: objectsOf(crd, facts) },
    remedies: deletion(crd, facts),
  };
}

function recordedOwnerGone(crd: Crd, facts: HealthFacts): CheckFinding | null {
  // Flux' HelmRelease and Helm's release are one owner; the latter is what `helm` asks for.
  const owner = goneOwners(crd, facts.owners).toSorted(
    (left, right) => Number(right.kind === "helm-release") - Number(left.kind === "helm-release"),
  )[0];
  if (owner === undefined) return null;
  const isNeeded = (facts.needs.get(crd.name) ?? []).length > 0;
  const use = isNeeded ? "needed" : hasOtherOwner(crd, facts) ? "kept" : "none";
  return {
    subject: { kind: "crd", name: crd.name },
    field: "metadata.annotations",
    fact: { kind: "recorded-owner-gone", owner, use, objects: objectsOf(crd, facts) },
    remedies: use !== "none" ? [{ kind: "disown", crd, owner }] : [...deletion(crd, facts), { kind: "disown", crd, owner }],
    ...(use !== "none" ? { severity: "note" } : {}),
  };
}

/** Other programs may read what a controller brought along, so that its absence alone is worth no more than a note. */
function controllerAbsent(crd: Crd, facts: HealthFacts): CheckFinding | null {
  const leftover = leftoverOf(crd, facts);
  if (leftover?.kind !== "controller-absent" || hasOtherOwner(crd, facts)) return null;
  return {
    subject: { kind: "crd", name: crd.name },
    field: "spec.group",
    fact: { kind: "controller-absent", controllers: leftover.controllers, objects: objectsOf(crd, facts) },
    remedies: deletion(crd, facts),
    severity: "note",
  };
}

/** One that nothing is known of may well be there. */
function hasOtherOwner(crd: Crd, { owners }: HealthFacts): boolean {
  return crd.owners.some((owner) => !isTraceable(owner) || owners.get(ownerKey(owner))?.kind !== "gone");
}

function deletion(crd: Crd, facts: HealthFacts): readonly HealthRemedy[] {
  return [
    { kind: "ask-before-deletion", crd },
    { kind: "delete-leftover", crd, objects: objectsOf(crd, facts) },
  ];
}

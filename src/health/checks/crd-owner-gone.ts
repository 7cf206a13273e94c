/** @file Finds CRDs that were left behind: who installed them is gone, or runs in a release that needs them no more. */
import { compareText } from "../../crd/compare-text.ts";
import type { Crd } from "../../crd/crd.ts";
import { isNonEmpty } from "../../rules/hurt.ts";
import { defineHealthCheck } from "../check.ts";
import { type HealthFacts, isTraceable, ownerKey } from "../facts.ts";
import type { CheckFinding, HealthFact, HealthRemedy, HealthSubject, LeftCrd } from "../finding.ts";
import { leftoverOf } from "../leftovers.ts";
import { objectsOf } from "../objects.ts";
import { goneOwners } from "../questions.ts";

/**
 * Nothing deletes CRDs on its own: Helm leaves those in a chart's `crds/` behind, and an upgrade to another API group leaves the
 * old one there. People go on writing objects that nobody reads. An owner counts as gone where the cluster proves it, and a
 * CRD as outgrown where the catalog knows the release that runs; of what is unknown nothing is said. What one owner has left
 * behind is one finding.
 * Source: Helm, "Custom Resource Definitions"; Traefik, "Migration: v2 to v3" (traefik.containo.us became traefik.io).
 */
export const crdOwnerGone = defineHealthCheck({
  id: "crd-owner-gone",
  defaultSeverity: "warning",
  find(facts) {
    const leftovers = [...facts.crds.values()]
      .filter(({ isTerminating }) => !isTerminating)
      .toSorted((left, right) => compareText(left.name, right.name))
      .flatMap((crd): readonly Leftover[] => {
        const cause = outgrown(crd, facts) ?? recordedOwnerGone(crd, facts) ?? controllerAbsent(crd, facts);
        return cause === null ? [] : [{ crd, cause }];
      });
    return [...Map.groupBy(leftovers, ({ cause }) => cause.key).values()].flatMap((same) => toFinding(same, facts));
  },
});

interface Leftover {
  readonly crd: Crd;
  readonly cause: Cause;
}

/** Of each kind of fact, so that it stays the one that it is. */
type CauseFact = Extract<HealthFact, { kind: "recorded-owner-gone" | "crd-outgrown" | "controller-absent" }>;
type WithoutCrds<Fact> = Fact extends unknown ? Omit<Fact, "crds"> : never;

interface Cause {
  /** The same for all that one owner has left behind. */
  readonly key: string;
  readonly fact: WithoutCrds<CauseFact>;
  /** Of several CRDs. */
  readonly subject: HealthSubject;
}

function outgrown(crd: Crd, facts: HealthFacts): Cause | null {
  const leftover = leftoverOf(crd, facts);
  if (leftover?.kind !== "outgrown") return null;
  const { controller, installed } = leftover;
  return {
    key: `outgrown ${controller} ${crd.group}`,
    fact: { kind: "crd-outgrown", controller, installed },
    subject: { kind: "api-group", group: crd.group },
  };
}

function recordedOwnerGone(crd: Crd, facts: HealthFacts): Cause | null {
  // Flux' HelmRelease and Helm's release are one owner; the latter is what `helm` asks for.
  const owner = goneOwners(crd, facts.owners).toSorted(
    (left, right) => Number(right.kind === "helm-release") - Number(left.kind === "helm-release"),
  )[0];
  if (owner === undefined) return null;
  const isNeeded = (facts.needs.get(crd.name) ?? []).length > 0;
  const use = isNeeded ? "needed" : hasOtherOwner(crd, facts) ? "kept" : "none";
  return {
    key: `owner ${ownerKey(owner)} ${use}`,
    fact: { kind: "recorded-owner-gone", owner, use },
    subject: { kind: "owner", owner },
  };
}

/** Other programs may read what a controller brought along, so that its absence alone is worth no more than a note. */
function controllerAbsent(crd: Crd, facts: HealthFacts): Cause | null {
  const leftover = leftoverOf(crd, facts);
  if (leftover?.kind !== "controller-absent" || hasOtherOwner(crd, facts)) return null;
  return {
    key: `absent ${leftover.controllers.join(" ")} ${crd.group}`,
    fact: { kind: "controller-absent", controllers: leftover.controllers },
    subject: { kind: "api-group", group: crd.group },
  };
}

function toFinding(same: readonly Leftover[], facts: HealthFacts): readonly CheckFinding[] {
  const crds = same.map(({ crd }): LeftCrd => ({ crd, objects: objectsOf(crd, facts) }));
  const cause = same[0]?.cause;
  if (cause === undefined || !isNonEmpty(crds)) return [];
  const fact = { ...cause.fact, crds };
  const isDoubtful = fact.kind === "controller-absent" || (fact.kind === "recorded-owner-gone" && fact.use !== "none");
  return [
    {
      subject: crds.length === 1 ? { kind: "crd", name: crds[0].crd.name } : cause.subject,
      field: fact.kind === "recorded-owner-gone" ? "metadata.annotations" : "spec.group",
      fact,
      remedies: remediesFor(fact),
      ...(isDoubtful ? { severity: "note" } : {}),
    },
  ];
}

function remediesFor(fact: CauseFact): readonly HealthRemedy[] {
  const { crds } = fact;
  const deletion: readonly HealthRemedy[] = [
    { kind: "ask-before-deletion", crds },
    { kind: "delete-leftovers", crds },
  ];
  if (fact.kind !== "recorded-owner-gone") return deletion;
  const disown: HealthRemedy = { kind: "disown", crds, owner: fact.owner };
  return fact.use === "none" ? [...deletion, disown] : [disown];
}

/** One that nothing is known of may well be there. */
function hasOtherOwner(crd: Crd, { owners }: HealthFacts): boolean {
  return crd.owners.some((owner) => !isTraceable(owner) || owners.get(ownerKey(owner))?.kind !== "gone");
}

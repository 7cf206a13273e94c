/** @file An observation in the catalog's words. */
import type { Need } from "../../../src/rules/facts.ts";
import { crdNameOf, type Outcome } from "../../../src/rules/requirement.ts";
import type { Observation } from "./controller.ts";
import type { CrdSet } from "./crds.ts";

export interface Seen {
  readonly outcome: Outcome;
  /** CRDs that it goes on without, by name, of those that the catalog speaks of. */
  readonly lost: readonly string[];
}

export function seenIn(observation: Observation, crds: CrdSet, needs: readonly Need[]): Seen {
  switch (observation.kind) {
    case "exited":
    case "dead":
      return { outcome: "crashes", lost: [] };
    case "idle":
      return { outcome: "stops-working", lost: [] };
    case "ready": {
      const lost = lostCrds(observation.skipped, crds, needs);
      return { outcome: lost.length > 0 ? "loses-feature" : "works", lost };
    }
  }
}

/** How it was observed, for the table. */
export function describeObservation(observation: Observation): string {
  switch (observation.kind) {
    case "exited":
      return observation.how;
    case "dead":
      return "alive, liveness probe not answered";
    case "idle":
      return "alive, without its main work";
    case "ready":
      return "ready";
  }
}

/** Logs speak of kinds, or of plurals. */
function lostCrds(skipped: readonly string[], crds: CrdSet, needs: readonly Need[]): readonly string[] {
  const words = new Set(skipped.map((word) => word.toLowerCase()));
  const names = new Set(needs.map(({ requirement }) => crdNameOf(requirement)));
  return [...names]
    .filter((name) => {
      const plural = name.split(".", 1)[0] ?? "";
      const kind = crds.get(name)?.crd.kind.toLowerCase() ?? singularOf(plural);
      return words.has(plural) || words.has(kind);
    })
    .toSorted();
}

/** Of a CRD that is absent, only the plural is known. */
function singularOf(plural: string): string {
  if (plural.endsWith("ies")) return `${plural.slice(0, -3)}y`;
  return plural.endsWith("sses") ? plural.slice(0, -2) : plural.replace(/s$/, "");
}

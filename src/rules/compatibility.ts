/** @file How somebody who needs APIs gets on with a released bundle of CRDs, and which bundle suits all. */
import { compareText } from "../crd/compare-text.ts";
import { type Bundle, compareBundles } from "./bundle.ts";
import { type ApiState, compareHarm, crdNameOf, fareOf, isHard, type Outcome, type Requirement } from "./requirement.ts";

/** Somebody who needs APIs: a release of a controller, or a workload. */
export interface Needy {
  readonly needs: readonly NeededApi[];
}

export interface NeededApi {
  readonly requirement: Requirement;
  /** What becomes of it, in the catalog's words; null where the outcome says it all. */
  readonly effect: string | null;
}

export type FitVerdict = "works" | "loses-feature" | "breaks";

export interface Fit {
  readonly bundle: Bundle;
  readonly verdict: FitVerdict;
  /** Worst first, then by name; empty where all works. */
  readonly losses: readonly Loss[];
}

export interface Loss extends NeededApi {
  readonly state: ApiState;
  readonly outcome: Exclude<Outcome, "works">;
}

/** In a cluster that has this bundle and no other definitions: a fresh installation of it. */
export function fitOf({ needs }: Needy, bundle: Bundle): Fit {
  const losses = needs
    .flatMap((need): readonly Loss[] => {
      const { state, outcome } = fareOf(need.requirement, bundle.crds);
      return outcome === "works" ? [] : [{ ...need, state, outcome }];
    })
    .toSorted((left, right) => compareHarm(right.outcome, left.outcome) || compareText(nameOf(left), nameOf(right)));
  const [worst] = losses;
  return { bundle, losses, verdict: worst === undefined ? "works" : isHard(worst.outcome) ? "breaks" : "loses-feature" };
}

export interface Choice {
  readonly bundle: Bundle;
  /** Of each, in the order given. */
  readonly fits: readonly Fit[];
}

/** The oldest bundle under which none of them breaks; of one release, standard before other channels. */
export function minimumBundle(all: readonly Needy[], bundles: readonly Bundle[]): Choice | null {
  return choicesFor(all, bundles).toSorted((left, right) => compareBundles(left.bundle, right.bundle))[0] ?? null;
}

/** Under which none breaks and least is lost; of those, the newest of the standard channel, or else the newest. */
export function recommendedBundle(all: readonly Needy[], bundles: readonly Bundle[]): Choice | null {
  return (
    choicesFor(all, bundles).toSorted(
      (left, right) =>
        lossCount(left) - lossCount(right) ||
        Number(left.bundle.channel !== "standard") - Number(right.bundle.channel !== "standard") ||
        compareBundles(right.bundle, left.bundle),
    )[0] ?? null
  );
}

function choicesFor(all: readonly Needy[], bundles: readonly Bundle[]): readonly Choice[] {
  return bundles
    .map((bundle) => ({ bundle, fits: all.map((needy) => fitOf(needy, bundle)) }))
    .filter(({ fits }) => fits.every(({ verdict }) => verdict !== "breaks"));
}

function lossCount({ fits }: Choice): number {
  return fits.reduce((sum, { losses }) => sum + losses.length, 0);
}

function nameOf({ requirement }: NeededApi): string {
  return `${crdNameOf(requirement)}/${requirement.versions.join("|")}`;
}

/** @file Released sets of CRDs that are installed together, and which of them give a workload what it needs. */
import { compareText } from "../crd/compare-text.ts";
import type { Crd } from "../crd/crd.ts";
import { apiState, crdNameOf, isHard, outcomeIn, type Requirement } from "./requirement.ts";

export interface Bundle {
  /** `gateway-api` */
  readonly name: string;
  /** `Gateway API` */
  readonly title: string;
  /** Without a leading v, as in `1.5.1`. */
  readonly version: string;
  readonly channel: string;
  /** ISO 8601 date. */
  readonly releasedOn: string;
  /** What `kubectl apply -f` takes; null where nothing is known. */
  readonly installUrl: string | null;
  /** By name. */
  readonly crds: ReadonlyMap<string, Crd>;
}

/** By name, then the older version, then standard before other channels. */
export function compareBundles(left: Bundle, right: Bundle): number {
  return (
    compareText(left.name, right.name) ||
    compareReleases(left.version, right.version) ||
    Number(left.channel !== "standard") - Number(right.channel !== "standard") ||
    compareText(left.channel, right.channel)
  );
}

/** Of versions like `1.10.2`: by their numbers. */
export function compareReleases(left: string, right: string): number {
  const numbers = (version: string): readonly number[] => version.replace(/^v/, "").split(/[.-]/).slice(0, 3).map(Number);
  const [a, b] = [numbers(left), numbers(right)];
  return a.map((number, index) => number - (b[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

/**
 * The bundle to install for these requirements: the oldest that leaves none of them unmet, of those no older than what is
 * installed. Applied over what is there, since `kubectl apply` deletes nothing.
 * @param all everything that the workload needs; none of it may fail for the sake of the rest.
 * @returns null where no bundle helps, and where nothing is unmet.
 */
export function findBundle(
  unmet: readonly Requirement[],
  all: readonly Requirement[],
  bundles: readonly Bundle[],
  crds: ReadonlyMap<string, Crd>,
): Bundle | null {
  if (unmet.length === 0) return null;
  const helping = bundles
    .toSorted(compareBundles)
    .filter((bundle) => unmet.every((requirement) => bundle.crds.has(crdNameOf(requirement))))
    .filter(({ crds: brought }) => {
      const stateOf = (requirement: Requirement): ReturnType<typeof apiState> =>
        apiState(requirement, brought.get(crdNameOf(requirement)) ?? crds.get(crdNameOf(requirement)) ?? null);
      return (
        unmet.every((requirement) => outcomeIn(requirement, stateOf(requirement)) === "works") &&
        all
          .filter((requirement) => brought.has(crdNameOf(requirement)))
          .every((requirement) => !isHard(outcomeIn(requirement, stateOf(requirement))))
      );
    });
  return helping.find((bundle) => isNoDowngrade(bundle, crds)) ?? null;
}

function isNoDowngrade({ crds: brought, version }: Bundle, crds: ReadonlyMap<string, Crd>): boolean {
  return [...brought.keys()].every((name) => {
    const installed = crds.get(name)?.bundle ?? null;
    return installed === null || compareReleases(version, installed.version) >= 0;
  });
}

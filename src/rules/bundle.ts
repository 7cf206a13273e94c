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
 * Of releases as a CRD is marked with them, `v1.2.0` or `v1.2.0-rc.1`: positive where the left one is the newer one.
 * Source: semver.org, section 11.
 * @returns null where one of them is no semantic version, as those of monthly builds.
 */
export function compareMarks(left: string, right: string): number | null {
  const [a, b] = [parseMark(left), parseMark(right)];
  if (a === null || b === null) return null;
  const order = a.numbers.map((number, index) => number - (b.numbers[index] ?? 0)).find((difference) => difference !== 0);
  return order ?? comparePrereleases(a.prerelease, b.prerelease);
}

function parseMark(mark: string): { readonly numbers: readonly number[]; readonly prerelease: readonly string[] } | null {
  const match = /^v?(?<numbers>\d+\.\d+\.\d+)(?:-(?<prerelease>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/.exec(mark);
  if (match?.groups === undefined) return null;
  const { numbers = "", prerelease = "" } = match.groups;
  return { numbers: numbers.split(".").map(Number), prerelease: prerelease === "" ? [] : prerelease.split(".") };
}

function comparePrereleases(left: readonly string[], right: readonly string[]): number {
  if (left.length === 0 || right.length === 0) return right.length - left.length;
  for (const [index, own] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = compareIdentifiers(own, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Numbers before words. */
function compareIdentifiers(left: string, right: string): number {
  const [a, b] = [left, right].map((identifier) => /^\d+$/.test(identifier));
  if (a === true && b === true) return Number(left) - Number(right);
  if (a === b) return compareText(left, right);
  return a === true ? -1 : 1;
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

/** @file Several sources that hold the same definition, each its own: which one is taken. */
import { compareText } from "../crd/compare-text.ts";
import type { Crd } from "../crd/crd.ts";
import { compareVersions, servedVersions } from "../crd/versions.ts";
import { compareReleases } from "../rules/bundle.ts";

/** A definition, and where it was given. */
export interface GivenCrd {
  readonly crd: Crd;
  /** The file, as messages name it. */
  readonly place: string;
  /** The same for what is the same, status and formatting aside. */
  readonly content: string;
}

export type ConflictStrategy = "keep-newer" | "keep-existing" | "fail";

export interface Resolution {
  readonly crd: string;
  /** Place of what is taken; null: what the cluster has stays, and nothing is applied. */
  readonly taken: string | null;
  /** Of what is not taken. */
  readonly dropped: readonly [string, ...string[]];
  readonly reason: NewerReason | "existing";
}

/** By what one of two definitions counts as the newer one. `last`: by nothing, so that the one that is applied last stays. */
export type NewerReason = "bundle" | "served-version" | "version-count" | "last";

export interface Conflict {
  readonly crd: string;
  /** At least two that differ, in the order in which they were given. */
  readonly given: readonly GivenCrd[];
}

export type ConflictsResult =
  | { readonly kind: "resolved"; readonly resolutions: readonly Resolution[] }
  | { readonly kind: "failed"; readonly conflicts: readonly [Conflict, ...Conflict[]] };

/**
 * Sources that say the same are no conflict. With `keep-newer` and `keep-existing` the cluster's own definition counts as a
 * source too, so that nothing goes back to an older release by a chart that happens to ship one.
 * @param existing of the cluster, by name.
 */
export function resolveConflicts(
  given: readonly GivenCrd[],
  existing: ReadonlyMap<string, Crd>,
  strategy: ConflictStrategy,
): ConflictsResult {
  const byName = [...Map.groupBy(given, ({ crd }) => crd.name)].toSorted(([left], [right]) => compareText(left, right));
  const conflicts = byName.flatMap(([crd, all]) => {
    const different = distinct(all);
    return different.length > 1 ? [{ crd, given: different }] : [];
  });
  if (strategy === "fail") {
    const [first, ...others] = conflicts;
    return first === undefined ? { kind: "resolved", resolutions: [] } : { kind: "failed", conflicts: [first, ...others] };
  }
  const resolutions = byName.flatMap(([name, all]) => {
    const different = distinct(all);
    const resolution =
      strategy === "keep-existing"
        ? keepExisting(name, different, existing.get(name) ?? null)
        : keepNewer(name, different, existing.get(name) ?? null);
    return resolution === null ? [] : [resolution];
  });
  return { kind: "resolved", resolutions };
}

/** Of those that say the same, the last. */
function distinct(all: readonly GivenCrd[]): readonly GivenCrd[] {
  return all.filter(({ content }, index) => !all.slice(index + 1).some((later) => later.content === content));
}

function keepExisting(crd: string, given: readonly GivenCrd[], existing: Crd | null): Resolution | null {
  // What the cluster does not have cannot stay.
  if (existing === null) return keepNewer(crd, given, null);
  const [first, ...others] = given.map(({ place }) => place);
  return first === undefined ? null : { crd, taken: null, dropped: [first, ...others], reason: "existing" };
}

function keepNewer(crd: string, given: readonly GivenCrd[], existing: Crd | null): Resolution | null {
  const best = given.reduce<GivenCrd | null>(
    (newest, one) => (newest === null || newer(one.crd, newest.crd).difference >= 0 ? one : newest),
    null,
  );
  if (best === null) return null;
  const isBehind = existing !== null && newer(existing, best.crd).difference > 0;
  const dropped = given.filter((one) => isBehind || one !== best).map(({ place }) => place);
  const [first, ...others] = dropped;
  if (first === undefined) return null;
  const other = isBehind ? best.crd : (given.find((one) => one !== best)?.crd ?? best.crd);
  const { reason } = newer(isBehind ? existing : best.crd, other);
  return { crd, taken: isBehind ? null : best.place, dropped: [first, ...others], reason };
}

/** Positive where the left one is newer. */
function newer(left: Crd, right: Crd): { readonly difference: number; readonly reason: NewerReason } {
  if (left.bundle !== null && right.bundle !== null) {
    const difference = compareReleases(left.bundle.version, right.bundle.version);
    if (difference !== 0) return { difference, reason: "bundle" };
  }
  const [newestLeft] = servedVersions(left);
  const [newestRight] = servedVersions(right);
  if (newestLeft !== newestRight) {
    const difference = newestLeft === undefined ? -1 : newestRight === undefined ? 1 : compareVersions(newestLeft, newestRight);
    if (difference !== 0) return { difference, reason: "served-version" };
  }
  const difference = left.versions.length - right.versions.length;
  return { difference, reason: difference === 0 ? "last" : "version-count" };
}

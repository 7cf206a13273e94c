/** @file Questions about the versions of one CRD, and Kubernetes' order of version names. */
import type { Crd, CrdVersion } from "./crd.ts";

/**
 * Kubernetes' priority of version names: GA before beta before alpha, then by number, newest first; names of any other
 * form come last, in alphabetical order. Positive when `left` is the more stable or newer one.
 * Source: Kubernetes, "Versions in CustomResourceDefinitions", section "Version priority".
 */
export function compareVersions(left: string, right: string): number {
  const a = parseVersionName(left);
  const b = parseVersionName(right);
  if (a === null && b === null) return left === right ? 0 : left < right ? 1 : -1;
  if (a === null) return -1;
  if (b === null) return 1;
  return a.stability - b.stability || a.major - b.major || a.minor - b.minor;
}

/** Whether the name tells how stable the version is; dates and words do not, and are put in order by their letters alone. */
export function tellsStability(name: string): boolean {
  return parseVersionName(name) !== null;
}

/** The version that new objects are persisted in. Null only for a CRD that no API server would accept. */
export function storageVersion(crd: Crd): string | null {
  return crd.versions.find((version) => version.isStorage)?.name ?? null;
}

export function findVersion(crd: Crd, name: string): CrdVersion | null {
  return crd.versions.find((version) => version.name === name) ?? null;
}

/** Names of the versions that clients can use, most stable first. */
export function servedVersions(crd: Crd): readonly string[] {
  return crd.versions
    .filter((version) => version.isServed)
    .map((version) => version.name)
    .toSorted((left, right) => compareVersions(right, left));
}

/**
 * The version to read objects in: the storage version if it is served, for then reading needs no conversion, which may be
 * what is broken; else the most stable served one. Null where nothing is served.
 */
export function readableVersion(crd: Crd): string | null {
  const served = servedVersions(crd);
  const storage = storageVersion(crd);
  return storage !== null && served.includes(storage) ? storage : (served[0] ?? null);
}

/** Names of versions that both list, served or not, most stable first. */
export function commonVersions(left: Crd, right: Crd): readonly string[] {
  return left.versions
    .map((version) => version.name)
    .filter((name) => findVersion(right, name) !== null)
    .toSorted((a, b) => compareVersions(b, a));
}

const STABILITY = { alpha: 0, beta: 1, stable: 2 } as const;

function parseVersionName(name: string): { stability: number; major: number; minor: number } | null {
  const match = /^v(?<major>[1-9]\d*)(?:(?<stability>alpha|beta)(?<minor>[1-9]\d*))?$/.exec(name);
  if (match?.groups === undefined) return null;
  const { major, stability, minor } = match.groups;
  return {
    stability: stability === "alpha" ? STABILITY.alpha : stability === "beta" ? STABILITY.beta : STABILITY.stable,
    major: Number(major),
    minor: Number(minor ?? 0),
  };
}

/** @file What a workload needs of an API, and what becomes of it in each state that API can be in. */
import { findVersion } from "../crd/versions.ts";
import type { Crd } from "../crd/crd.ts";

/**
 * What happens to a workload, at its next start at the latest; in order of harm.
 * `works`: nothing. `loses-feature`: it goes on without this API. `stops-working`: it stays up but does its main work no
 * more. `crashes`: it exits at start, or never becomes ready.
 */
export type Outcome = "works" | "loses-feature" | "stops-working" | "crashes";

const HARM = { works: 0, "loses-feature": 1, "stops-working": 2, crashes: 3 } as const satisfies Record<Outcome, number>;

/** Positive when `left` is the worse one. */
export function compareHarm(left: Outcome, right: Outcome): number {
  return HARM[left] - HARM[right];
}

/** Hard: the workload fails. Soft: it loses a feature. */
export function isHard(outcome: Outcome): boolean {
  return HARM[outcome] >= HARM["stops-working"];
}

/** State of the versions a requirement accepts. `served` needs one of them served; `unserved` one of them listed. */
export type ApiState = "served" | "unserved" | "unlisted" | "absent";

/**
 * How a controller looks for the API. It explains the outcomes to a reader; the outcomes alone decide.
 * Words as in the catalog: `unconditional` watch, CRD by `crd-name`, version in `spec.versions` whatever its `served`
 * (`crd-version-listed`), or discovery of served or preferred versions.
 */
export type Presence = "unconditional" | "crd-name" | "crd-version-listed" | "discovery-served" | "discovery-preferred";

export interface Requirement {
  readonly group: string;
  /** Plural resource name, as in the CRD's `spec.names.plural`. */
  readonly resource: string;
  /** Any one of these, served, satisfies the requirement; never empty. */
  readonly versions: readonly string[];
  readonly presence: Presence;
  readonly outcomes: Readonly<Record<Exclude<ApiState, "served">, Outcome>>;
}

/** Name of the CRD that defines a requirement's API. */
export function crdNameOf(requirement: Pick<Requirement, "group" | "resource">): string {
  return `${requirement.resource}.${requirement.group}`;
}

/** @param crd the CRD in question, or null when the cluster has none of that name. */
export function apiState(requirement: Requirement, crd: Crd | null): ApiState {
  if (crd === null) return "absent";
  const listed = requirement.versions.map((name) => findVersion(crd, name)).filter((version) => version !== null);
  if (listed.some((version) => version.isServed)) return "served";
  return listed.length > 0 ? "unserved" : "unlisted";
}

export function outcomeIn(requirement: Requirement, state: ApiState): Outcome {
  return state === "served" ? "works" : requirement.outcomes[state];
}

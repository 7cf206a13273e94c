/** @file What a workload needs of an API, and what becomes of it in each state that API can be in. */
import { findVersion, servedVersions } from "../crd/versions.ts";
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

/**
 * State of the versions a requirement accepts. `served` needs one of them served; `unserved` one of them listed;
 * `not-preferred`: one is served, but a newer one too, which is all that a controller sees that asks for preferred ones.
 */
export type ApiState = "served" | "not-preferred" | "unserved" | "unlisted" | "absent";

/**
 * How a controller looks for the API. It explains the outcomes to a reader, which alone decide, but for
 * `discovery-preferred`, where a version served beside a newer one is not found.
 * Words as in the catalog: `unconditional` watch, CRD by `crd-name`, version in `spec.versions` whatever its `served`
 * (`crd-version-listed`), discovery of served or of preferred versions, the `bundle-version` annotation.
 */
export type Presence = (typeof PRESENCES)[number];

export const PRESENCES = [
  "unconditional",
  "crd-name",
  "crd-version-listed",
  "discovery-served",
  "discovery-preferred",
  "bundle-version",
] as const;

export interface Requirement {
  readonly group: string;
  /** Plural resource name, as in the CRD's `spec.names.plural`. */
  readonly resource: string;
  /** Any one of these, served, satisfies the requirement; never empty. */
  readonly versions: readonly string[];
  readonly presence: Presence;
  /** A version that is served but not preferred counts as unserved. */
  readonly outcomes: Readonly<Record<"absent" | "unlisted" | "unserved", Outcome>>;
}

/** Name of the CRD that defines a requirement's API. */
export function crdNameOf(requirement: Pick<Requirement, "group" | "resource">): string {
  return `${requirement.resource}.${requirement.group}`;
}

/** @param crd the CRD in question, or null when the cluster has none of that name. */
export function apiState(requirement: Requirement, crd: Crd | null): ApiState {
  if (crd === null) return "absent";
  const listed = requirement.versions.map((name) => findVersion(crd, name)).filter((version) => version !== null);
  if (listed.some((version) => version.isServed)) return isFound(requirement, crd) ? "served" : "not-preferred";
  return listed.length > 0 ? "unserved" : "unlisted";
}

export function outcomeIn(requirement: Requirement, state: ApiState): Outcome {
  switch (state) {
    case "served":
      return "works";
    case "not-preferred":
      return requirement.outcomes.unserved;
    case "unserved":
    case "unlisted":
    case "absent":
      return requirement.outcomes[state];
  }
}

/** How a requirement fares in a cluster with these CRDs, by name. */
export function fareOf(
  requirement: Requirement,
  crds: ReadonlyMap<string, Crd>,
): { readonly state: ApiState; readonly outcome: Outcome } {
  const state = apiState(requirement, crds.get(crdNameOf(requirement)) ?? null);
  return { state, outcome: outcomeIn(requirement, state) };
}

/**
 * Discovery of preferred versions gives each resource once, in its highest served version.
 * Source: k8s.io/client-go/discovery, ServerPreferredResources.
 */
function isFound({ presence, versions }: Requirement, crd: Crd): boolean {
  if (presence !== "discovery-preferred") return true;
  const [preferred] = servedVersions(crd);
  return preferred !== undefined && versions.includes(preferred);
}

/** @file Clusters made to fit: one in which needs are met, and one that lacks a single API. */
import type { Crd } from "../../../src/crd/crd.ts";
import { apiState, crdNameOf, type Outcome, outcomeIn, type Requirement } from "../../../src/rules/requirement.ts";
import { crd } from "../../support/builders.ts";

export type Crds = ReadonlyMap<string, Crd>;

/** A CRD for each need, which serves the first version that would do and no other. */
export function clusterMeeting(requirements: readonly Requirement[]): Crds {
  return new Map(
    requirements.map((requirement) => {
      const name = crdNameOf(requirement);
      return [name, crd({ name, served: requirement.versions.slice(0, 1) })];
    }),
  );
}

/** The same cluster with the API of one need gone in each of the three ways. */
export function withoutApi(crds: Crds, requirement: Requirement): Readonly<Record<"absent" | "unlisted" | "unserved", Crds>> {
  const name = crdNameOf(requirement);
  const absent = new Map([...crds].filter(([other]) => other !== name));
  return {
    absent,
    unlisted: new Map([...crds, [name, crd({ name, served: ["v99"] })]]),
    unserved: new Map([...crds, [name, crd({ name, served: ["v99"], unserved: requirement.versions })]]),
  };
}

export function outcomeFor(requirement: Requirement, crds: Crds): Outcome {
  return outcomeIn(requirement, apiState(requirement, crds.get(crdNameOf(requirement)) ?? null));
}

/**
 * CRDs in short: `{ "tlsroutes.gateway.networking.k8s.io": "v1 (v1alpha2 v1alpha3)" }`, with versions that are listed but
 * not served in brackets.
 */
export function crdsOf(short: Readonly<Record<string, string>>): Crds {
  return new Map(
    Object.entries(short).map(([name, versions]) => {
      const [served = "", unserved = ""] = versions.split(/[()]/);
      return [name, crd({ name, served: words(served), unserved: words(unserved) })];
    }),
  );
}

function words(text: string): readonly string[] {
  return text.split(" ").filter((word) => word !== "");
}

/** @file What is known of the objects of a CRD. */
import type { Crd } from "../crd/crd.ts";
import type { ObjectEvidence } from "../rules/facts.ts";
import type { HealthFacts } from "./facts.ts";

export function objectsOf({ name }: Crd, { objects }: Pick<HealthFacts, "objects">): ObjectEvidence {
  return objects.get(name) ?? { kind: "not-counted" };
}

/** True where there surely is none. */
export function countedNone(objects: ObjectEvidence): boolean {
  return objects.kind === "counted" && objects.isComplete && objects.total === 0;
}

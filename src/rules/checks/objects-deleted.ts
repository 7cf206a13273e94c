/** @file Finds the deletion of a CRD while objects of it exist. */
import { readableVersion } from "../../crd/versions.ts";
import type { ObjectEvidence } from "../facts.ts";
import type { Remedy } from "../finding.ts";
import { defineRule } from "../rule.ts";

/**
 * Deleting a CRD deletes all its objects, and what their controllers made of them, without asking. When the objects could
 * not be counted to the end, they may exist: the guard then denies rather than guesses.
 * Source: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions", section "Delete a
 * CustomResourceDefinition"; argoproj/argo-cd#1425.
 */
export const objectsDeleted = defineRule({
  id: "objects-deleted",
  defaultEnforcement: "deny",
  isAboutWholeCrd: true,
  evidence: (change) => (change.kind === "delete" ? ["objects"] : []),
  find({ change, facts: { objects } }) {
    if (change.kind !== "delete" || isKnownToBeNone(objects)) return [];

    const readIn = readableVersion(change.previous);
    const remedy: Remedy =
      readIn === null
        ? { kind: "serve-to-count", crd: change.previous }
        : { kind: "delete-objects", crd: change.previous, readIn };
    return [{ field: "metadata.name", fact: { kind: "objects-deleted", objects }, remedies: [remedy] }];
  },
});

function isKnownToBeNone(objects: ObjectEvidence): boolean {
  return objects.kind === "counted" && objects.isComplete && objects.total === 0;
}

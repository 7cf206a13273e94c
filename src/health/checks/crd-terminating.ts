/** @file Finds a CRD that is being deleted and does not go. */
import type { Crd } from "../../crd/crd.ts";
import { readableVersion } from "../../crd/versions.ts";
import { defineHealthCheck } from "../check.ts";
import type { HealthFacts } from "../facts.ts";
import type { HealthRemedy } from "../finding.ts";
import { countedNone, objectsOf } from "../objects.ts";

/**
 * It goes when its objects have gone, and each of these when whoever has set a finalizer on it has taken it off: a controller
 * that was uninstalled first never does. Until then nobody can create objects, nor install the CRD anew.
 * Source: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions", finalizer customresourcecleanup.
 */
export const crdTerminating = defineHealthCheck({
  id: "crd-terminating",
  defaultSeverity: "error",
  find: (facts) =>
    [...facts.crds.values()]
      .filter(({ isTerminating }) => isTerminating)
      .map((crd) => {
        const isFresh = isRecent(crd, facts.nowMilliseconds);
        return {
          subject: { kind: "crd", name: crd.name },
          field: "metadata.deletionTimestamp",
          fact: {
            kind: "crd-terminating",
            since: crd.terminatingSince,
            isFresh,
            objects: objectsOf(crd, facts),
            finalizers: crd.finalizers.filter((finalizer) => finalizer !== CLEAN_UP),
            held: facts.finalizers.get(crd.name) ?? [],
            condition: crd.conditions.find(({ type, status }) => type === "Terminating" && status === "True")?.message || null,
          },
          remedies: isFresh ? [] : remediesFor(crd, facts),
          ...(isFresh ? { severity: "note" } : {}),
        };
      }),
});

/** The API server's own, which waits for the objects. */
const CLEAN_UP = "customresourcecleanup.apiextensions.k8s.io";

/** Deleting some thousand objects takes seconds; a controller that works through its finalizers may take longer. */
const FRESH_MILLISECONDS = 60_000;

function isRecent({ terminatingSince }: Crd, nowMilliseconds: number): boolean {
  return terminatingSince !== null && nowMilliseconds - Date.parse(terminatingSince) < FRESH_MILLISECONDS;
}

function remediesFor(crd: Crd, facts: HealthFacts): readonly HealthRemedy[] {
  const own: readonly HealthRemedy[] = crd.finalizers.some((finalizer) => finalizer !== CLEAN_UP)
    ? [{ kind: "drop-crd-finalizers", crd }]
    : [];
  if (countedNone(objectsOf(crd, facts))) return own;
  const version = readableVersion(crd);
  if (version === null) return [{ kind: "serve-a-version", crd }, ...own];
  return [{ kind: "look-at-held-objects", crd, version }, { kind: "drop-object-finalizers", crd, version }, ...own];
}

/** @file Finds a status update that forgets a stored version while objects may still be persisted in it. */
import { storageVersion } from "../../crd/versions.ts";
import type { Crd } from "../../crd/crd.ts";
import { allowCounting } from "../allow-counting.ts";
import type { Facts } from "../facts.ts";
import { defineRule } from "../rule.ts";

/**
 * `status.storedVersions` is what keeps a version from being dropped while objects are stored in it. The API server lets
 * anyone trim it; once the version is then dropped, reading, listing and deleting the objects fail, and the CRD cannot be
 * deleted either. So a trim needs evidence: no object at all, or a finished migration. The storage version can never be
 * forgotten: the next object written would be stored in it, unrecorded.
 * Source: cert-manager/cert-manager#4900 ("request to convert CR from an invalid group/version").
 */
export const storedVersionForgotten = defineRule({
  id: "stored-version-forgotten",
  defaultEnforcement: "deny",
  evidence: (change) =>
    change.kind === "status-update" && forgottenVersions(change.previous, change.next).length > 0 ? ["objects", "migration"] : [],
  find({ change, facts }) {
    if (change.kind !== "status-update") return [];

    const storage = storageVersion(change.previous);
    return forgottenVersions(change.previous, change.next)
      .filter((version) => version === storage || !isProvenUnused(facts))
      .map((version) => ({
        field: `status.storedVersions[${version}]`,
        fact: {
          kind: "stored-version-forgotten",
          version,
          isStorageVersion: version === storage,
          objects: facts.objects,
          migration: facts.migration,
        },
        remedies:
          version === storage
            ? [{ kind: "keep-stored-version", version }]
            : [...allowCounting(change.previous, facts.objects), { kind: "migrate", crd: change.previous }],
      }));
  },
});

function forgottenVersions(previous: Crd, next: Crd): readonly string[] {
  // A status without the list would be defaulted by the parser to the storage version, which is what such a write means.
  return previous.stored.names.filter((name) => !next.stored.names.includes(name));
}

function isProvenUnused({ objects, migration }: Facts): boolean {
  return migration.kind === "succeeded" || (objects.kind === "counted" && objects.isComplete && objects.total === 0);
}

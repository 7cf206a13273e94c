/** @file Finds a CRD whose status names a stored version that the CRD does not list any more. */
import { defineHealthCheck } from "../check.ts";
import { unlistedStoredVersions } from "../questions.ts";
import { countedNone, objectsOf } from "../objects.ts";

/**
 * The API server then refuses every further update of the CRD, and cannot read objects that are stored in that version. It
 * comes of a restored backup, or of a status that was written past the API server's validation.
 * Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation, ValidateCustomResourceDefinitionStoredVersions.
 */
export const storedVersionUnlisted = defineHealthCheck({
  id: "stored-version-unlisted",
  defaultSeverity: "error",
  find: (facts) =>
    [...facts.crds.values()].flatMap((crd) => {
      const versions = unlistedStoredVersions(crd);
      if (versions.length === 0) return [];
      const objects = objectsOf(crd, facts);
      return [
        {
          subject: { kind: "crd", name: crd.name },
          field: "status.storedVersions",
          fact: { kind: "stored-version-unlisted", versions, objects },
          remedies: countedNone(objects)
            ? [{ kind: "forget-stored-versions", crd, isEmpty: true }]
            : [{ kind: "relist-versions", versions }],
        },
      ];
    }),
});

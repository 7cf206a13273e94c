/** @file Finds a CRD whose objects may be stored in an older version than they are written in today. */
import type { Crd } from "../../crd/crd.ts";
import { readableVersion, storageVersion } from "../../crd/versions.ts";
import { isNonEmpty } from "../../rules/hurt.ts";
import { defineHealthCheck } from "../check.ts";
import type { HealthFacts } from "../facts.ts";
import type { HealthRemedy } from "../finding.ts";
import { countedNone, objectsOf } from "../objects.ts";
import { unlistedStoredVersions } from "../questions.ts";

/**
 * A release that drops the old version is refused by the API server until every object was rewritten and the version was
 * forgotten, which is when people trim the status by hand, and lose objects.
 * Source: Kubernetes, "Versions in CustomResourceDefinitions", section "Upgrade existing objects to a new stored version".
 */
export const migrationDue = defineHealthCheck({
  id: "migration-due",
  defaultSeverity: "warning",
  find: (facts) =>
    [...facts.crds.values()]
      .filter((crd) => !crd.isTerminating && unlistedStoredVersions(crd).length === 0)
      .flatMap((crd) => {
        const storage = storageVersion(crd);
        const old = crd.stored.names.filter((name) => name !== storage);
        if (storage === null || !isNonEmpty(old)) return [];
        const objects = objectsOf(crd, facts);
        const migration = facts.migrations.get(crd.name) ?? { kind: "none" };
        return [
          {
            subject: { kind: "crd", name: crd.name },
            field: "status.storedVersions",
            fact: { kind: "migration-due", old, storage, objects, migration },
            remedies: remediesFor(crd, facts),
          },
        ];
      }),
});

function remediesFor(crd: Crd, facts: HealthFacts): readonly HealthRemedy[] {
  const isEmpty = countedNone(objectsOf(crd, facts));
  if (isEmpty || facts.migrations.get(crd.name)?.kind === "succeeded") return [{ kind: "forget-stored-versions", crd, isEmpty }];
  if (readableVersion(crd) === null) return [{ kind: "serve-a-version", crd }];
  return [{ kind: "migrate", crd }];
}

/** @file The rules, sorted by id: the only file that names them all. */
import type { Rule } from "../rule.ts";
import { bundleDowngraded } from "./bundle-downgraded.ts";
import { conversionLost } from "./conversion-lost.ts";
import { objectPruned } from "./object-pruned.ts";
import { objectRejected } from "./object-rejected.ts";
import { objectsDeleted } from "./objects-deleted.ts";
import { ownerChanged } from "./owner-changed.ts";
import { requiredResourceDeleted } from "./required-resource-deleted.ts";
import { requiredVersionUnserved } from "./required-version-unserved.ts";
import { schemaNarrowed } from "./schema-narrowed.ts";
import { storageVersionDowngraded } from "./storage-version-downgraded.ts";
import { storedVersionForgotten } from "./stored-version-forgotten.ts";
import { storedVersionRemoved } from "./stored-version-removed.ts";
import { versionInUseUnserved } from "./version-in-use-unserved.ts";
import { workloadRequirementUnmet } from "./workload-requirement-unmet.ts";

export const rules: readonly Rule[] = [
  bundleDowngraded,
  conversionLost,
  objectPruned,
  objectRejected,
  objectsDeleted,
  ownerChanged,
  requiredResourceDeleted,
  requiredVersionUnserved,
  schemaNarrowed,
  storageVersionDowngraded,
  storedVersionForgotten,
  storedVersionRemoved,
  versionInUseUnserved,
  workloadRequirementUnmet,
];

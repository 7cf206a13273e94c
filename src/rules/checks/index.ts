/** @file The rules, sorted by id: the only file that names them all. */
import type { Rule } from "../rule.ts";
import { objectPruned } from "./object-pruned.ts";
import { objectRejected } from "./object-rejected.ts";
import { objectsDeleted } from "./objects-deleted.ts";
import { requiredResourceDeleted } from "./required-resource-deleted.ts";
import { requiredVersionUnserved } from "./required-version-unserved.ts";
import { storedVersionForgotten } from "./stored-version-forgotten.ts";
import { storedVersionRemoved } from "./stored-version-removed.ts";
import { versionInUseUnserved } from "./version-in-use-unserved.ts";
import { workloadRequirementUnmet } from "./workload-requirement-unmet.ts";

export const rules: readonly Rule[] = [
  objectPruned,
  objectRejected,
  objectsDeleted,
  requiredResourceDeleted,
  requiredVersionUnserved,
  storedVersionForgotten,
  storedVersionRemoved,
  versionInUseUnserved,
  workloadRequirementUnmet,
];

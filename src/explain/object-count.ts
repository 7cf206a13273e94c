/** @file How many objects there are, in words that are honest about a count that was cut short. */
import type { EvidenceSource, ObjectEvidence } from "../rules/facts.ts";
import { countOf, shown } from "./text.ts";

/** `3 objects exist`, honest about a count that was cut short. */
export function objectCount(objects: ObjectEvidence): string {
  switch (objects.kind) {
    case "not-counted":
      return "objects were not counted";
    case "uncountable":
      return `its objects could not be counted (${shown(objects.reason)})`;
    case "counted":
      if (!objects.isComplete) {
        return objects.total === 0
          ? "its objects could not be counted in time"
          : `at least ${countOf(objects.total, "object")} of it ${objects.total === 1 ? "exists" : "exist"}`;
      }
      if (objects.total === 0) return `no object of it ${placeOf(objects.source)}`;
      return `${countOf(objects.total, "object")} of it ${objects.total === 1 ? "exists" : "exist"}`;
  }
}

function placeOf(source: EvidenceSource): string {
  switch (source.kind) {
    case "cluster":
      return "exists";
    case "folder":
      return `is in ${shown(source.path)}`;
    case "snapshot":
      return "existed when the snapshot was taken";
  }
}

/** @file Finds a change that would store new objects in a less stable version than today. */
import { compareVersions, findVersion, storageVersion, tellsStability } from "../../crd/versions.ts";
import { defineRule } from "../rule.ts";

/**
 * Objects written after such a change are stored in the older version; fields that only the newer one has are dropped on the
 * way, unless a conversion webhook keeps them. Typical cause: an old bundle applied over a new one. Names that are dates or
 * words have an order, but none that tells which is the more stable one.
 * Source: Kubernetes, "Versions in CustomResourceDefinitions", sections "Writing, reading, and updating versioned
 * CustomResourceDefinition objects" and "Version priority".
 */
export const storageVersionDowngraded = defineRule({
  id: "storage-version-downgraded",
  defaultEnforcement: "warn",
  find({ change }) {
    if (change.kind !== "update") return [];

    const { previous, next } = change;
    const before = storageVersion(previous);
    const after = storageVersion(next);
    if (before === null || after === null || !tellsStability(before) || !tellsStability(after)) return [];
    if (compareVersions(after, before) >= 0) return [];

    return [
      {
        field: `spec.versions[${after}].storage`,
        fact: { kind: "storage-version-downgraded", before, after, isConverted: next.conversion.kind === "webhook" },
        remedies: [{ kind: "keep-storage-version", version: before, isListed: findVersion(next, before) !== null }],
      },
    ];
  },
});

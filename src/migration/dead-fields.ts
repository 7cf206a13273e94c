/** @file Entries of `managedFields` that speak of a version which is going: later server-side applies fail over them. */
import { isRecord, textAt } from "../cluster/live/json.ts";
import type { Crd } from "../crd/crd.ts";
import { findVersion, storageVersion } from "../crd/versions.ts";
import { FIELD_MANAGER } from "./field-manager.ts";
import type { ObjectHead } from "./object-pages.ts";

/** Versions of a CRD's group that clients cannot use, or that are about to be forgotten as stored ones. */
export function isDeadVersion(crd: Crd, apiVersion: string): boolean {
  const [group, version, ...rest] = apiVersion.split("/");
  if (group !== crd.group || version === undefined || rest.length > 0) return false;
  if (findVersion(crd, version)?.isServed !== true) return true;
  return crd.stored.source === "status" && crd.stored.names.includes(version) && version !== storageVersion(crd);
}

/**
 * Entries that may stay, or null where all of them may. Never none: an object without entries is taken for one that was made
 * before there were any, and its next apply would share all fields with a manager `before-first-apply`.
 * Source: kubernetes#111937; Cluster API, crdmigrator, cleanupManagedFields.
 */
export function livingFields(object: Pick<ObjectHead, "managedFields">, crd: Crd, version: string): readonly unknown[] | null {
  const living = object.managedFields.filter((entry) => {
    const apiVersion = textAt(entry, "apiVersion");
    return !isRecord(entry) || apiVersion === null || !isDeadVersion(crd, apiVersion);
  });
  if (living.length === object.managedFields.length) return null;
  return living.length > 0 ? living : [seed(crd, version)];
}

/** Owns nothing that anybody applies. */
function seed(crd: Crd, version: string): Readonly<Record<string, unknown>> {
  return {
    manager: FIELD_MANAGER,
    operation: "Update",
    apiVersion: `${crd.group}/${version}`,
    fieldsType: "FieldsV1",
    fieldsV1: { "f:metadata": { "f:name": {} } },
  };
}

/** @file Finds an update that drops a version in which objects may still be stored. */
import type { Crd } from "../../crd/crd.ts";
import { renamedVersions } from "../../crd/schema/compare-crds.ts";
import { commonVersions, findVersion, readableVersion, storageVersion } from "../../crd/versions.ts";
import type { ObjectEvidence } from "../facts.ts";
import type { Remedy, StoredVersionCase } from "../finding.ts";
import { defineRule } from "../rule.ts";

/**
 * The API server refuses this itself, in words that name neither the objects nor the way out, and in the middle of a
 * bundle. How to go on depends on what survives: see `StoredVersionCase`.
 * Source: Kubernetes, "Versions in CustomResourceDefinitions", section "Upgrade existing objects to a new stored version";
 * kubernetes-sigs/gateway-api#3086 and #3509.
 */
export const storedVersionRemoved = defineRule({
  id: "stored-version-removed",
  defaultEnforcement: "deny",
  noOverride: "api-server-refuses",
  evidence(change) {
    if (change.kind !== "update" || removedVersions(change.previous, change.next).length === 0) return [];
    return change.next.versions.some(({ form }) => form !== undefined) ? ["objects", "forms"] : ["objects"];
  },
  find({ change, facts }) {
    if (change.kind !== "update") return [];

    const { previous, next } = change;
    const situation = caseOf(previous, next, facts.objects);
    const renamed = new Map(renamedVersions(previous, next).map(({ from, to }) => [from.name, to.name]));
    return removedVersions(previous, next).map((version) => ({
      field: `spec.versions[${version}]`,
      fact: {
        kind: "stored-version-removed",
        version,
        case: situation,
        objects: facts.objects,
        isAssumedStored: previous.stored.source === "assumed",
        ...renaming(renamed.get(version)),
      },
      remedies: remediesFor(situation, previous, next, version, renamed),
    }));
  },
});

function renaming(to: string | undefined): { readonly renamedTo?: string } {
  return to === undefined ? {} : { renamedTo: to };
}

/** A version missing from the old spec too is a problem that was there before. */
function removedVersions(previous: Crd, next: Crd): readonly string[] {
  return previous.stored.names.filter((name) => findVersion(next, name) === null && findVersion(previous, name) !== null);
}

function caseOf(previous: Crd, next: Crd, objects: ObjectEvidence): StoredVersionCase {
  if (objects.kind === "counted" && objects.isComplete && objects.total === 0) return "no-objects";
  if (commonVersions(previous, next).length === 0) return "no-common-version";
  return survivingStorage(previous, next) === null ? "storage-version-dropped" : "migrate";
}

/** Today's storage version, if the new spec still lists it. */
function survivingStorage(previous: Crd, next: Crd): string | null {
  const storage = storageVersion(previous);
  return storage !== null && findVersion(next, storage) !== null ? storage : null;
}

function remediesFor(
  situation: StoredVersionCase,
  previous: Crd,
  next: Crd,
  version: string,
  renamed: ReadonlyMap<string, string>,
): readonly Remedy[] {
  const keep: Remedy = { kind: "keep-version-listed", version };
  switch (situation) {
    case "no-objects":
      return [
        survivingStorage(previous, next) === null
          ? { kind: "recreate-empty-crd", crd: previous }
          : {
              kind: "forget-stored-version",
              crd: previous,
              remaining: remainingStored(previous, next, storageVersion(previous)),
            },
        keep,
      ];
    case "migrate":
      return [{ kind: "migrate", crd: previous }, keep];
    case "storage-version-dropped": {
      const to = commonVersions(previous, next)[0];
      if (to === undefined) return [keep];
      return [{ kind: "flip-storage-version", crd: previous, to }, keep];
    }
    case "no-common-version": {
      const readIn = readableVersion(previous);
      const to = readIn === null ? undefined : renamed.get(readIn);
      const isRenamed = to !== undefined && findVersion(next, to)?.isServed === true;
      return [
        {
          kind: "replace-by-backup",
          crd: previous,
          readIn,
          newVersion: isRenamed ? to : storageVersion(next),
          ...(isRenamed ? { isRenamed } : {}),
        },
        keep,
      ];
    }
  }
}

/** What `status.storedVersions` must hold once every object is stored in `storage`. */
function remainingStored(previous: Crd, next: Crd, storage: string | null): readonly string[] {
  const kept = previous.stored.names.filter((name) => findVersion(next, name) !== null && name !== storage);
  return storage === null ? kept : [...kept, storage];
}

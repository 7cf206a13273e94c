/** @file A snapshot of a folder of manifests, as of the cluster that it stands for. */
import type { Crd } from "../../crd/crd.ts";
import { isCrdManifest } from "../../crd/parse.ts";
import { versionsToLookIn } from "../../crd/schema/looks.ts";
import { readSchema } from "../../crd/schema/read-schema.ts";
import { findVersion } from "../../crd/versions.ts";
import { createFieldCounter } from "../../objects/fields-in-use.ts";
import { isApiRequirementManifest } from "../../requirements/api-requirement.ts";
import type { Catalog } from "../../requirements/catalog.ts";
import { isClusterServiceVersionManifest } from "../../requirements/cluster-service-version.ts";
import { isWorkloadManifest, parseWorkload } from "../../requirements/workload.ts";
import { isGuardPolicyManifest } from "../guard-policies.ts";
import { readContents } from "./contents.ts";
import { folderCluster } from "./folder-cluster.ts";
import type { Manifest, ManifestError } from "./manifests.ts";
import { lookAt, wantedSettings } from "./settings-wanted.ts";
import { slimApiRequirement, slimClusterServiceVersion, slimCrd, slimGuardPolicy, slimWorkload } from "./slim.ts";
import type { CrdEvidence, FieldStatistics, JsonRecord, SettingsLook, Snapshot } from "./snapshot.ts";
import type { Strictness } from "./withhold.ts";

export type FolderSnapshotResult =
  { readonly ok: true; readonly value: Snapshot } | { readonly ok: false; readonly error: ManifestError };

export interface FolderSnapshotOptions {
  readonly catalog: Catalog;
  readonly strictness: Strictness;
  /** Schemas are kept too, and which fields objects set. */
  readonly withObjects: boolean;
  /** Version of this crdguard. */
  readonly crdguard: string;
  readonly now: () => Date;
}

/** @param path as it was given. Objects without a namespace are in `default`, as in a folder. */
export async function snapshotOfFolder(
  path: string,
  manifests: readonly Manifest[],
  { catalog, strictness, withObjects, crdguard, now }: FolderSnapshotOptions,
): Promise<FolderSnapshotResult> {
  const contents = readContents(manifests);
  if (!contents.ok) return contents;
  const cluster = folderCluster(path, manifests, catalog);
  if (!cluster.ok) return cluster;
  const objects = manifests.flatMap(({ object }) => slimmed(object, catalog, strictness, withObjects));
  const signal = new AbortController().signal;
  const evidence = await Promise.all(
    contents.value.crds.map(async (crd): Promise<readonly [string, CrdEvidence]> => [
      crd.name,
      {
        objects: await cluster.value.countObjects(crd, signal),
        migration: await cluster.value.findMigration(crd, signal),
        writers: await cluster.value.sampleWriters(crd, signal),
        ...(withObjects ? { fields: fieldStatistics(crd, contents.value.others) } : {}),
      },
    ]),
  );
  return {
    ok: true,
    value: {
      crdguard,
      takenAt: now().toISOString(),
      cluster: { kubernetesVersion: null, server: path },
      redactedFor: null,
      objects,
      settings: wantedSettings(objects, catalog).map((wanted): SettingsLook => {
        const { namespace, name } = wanted;
        const found = contents.value.configMaps.get(`${namespace}/${name}`);
        return found === undefined ? { namespace, name, state: "absent" } : lookAt(wanted, found, strictness);
      }),
      ownCatalog: null,
      unread: [],
      evidence: new Map(evidence.toSorted(([left], [right]) => (left < right ? -1 : 1))),
      health: undefined,
    },
  };
}

/** A webhook that a folder does not have converts no object; without one, each is the same in every version. */
function fieldStatistics(crd: Crd, manifests: readonly Manifest[]): readonly FieldStatistics[] {
  const isConverted = crd.conversion.kind === "webhook";
  return versionsToLookIn(crd).map((version): FieldStatistics => {
    const schema = findVersion(crd, version)?.form?.schema;
    if (schema === undefined) return { version, state: "unreadable", reason: `${crd.name} has no schema of ${version}` };
    const counter = createFieldCounter(readSchema(schema));
    const objects = manifests.filter(
      ({ object: { apiVersion, kind } }) =>
        kind === crd.kind &&
        (isConverted ? apiVersion === `${crd.group}/${version}` : String(apiVersion).startsWith(`${crd.group}/`)),
    );
    for (const { object } of objects) counter.add(object);
    const objectCount = objects.length;
    return { version, state: "read", objectCount, totalCount: objectCount, isComplete: true, seconds: 0, ...counter.result() };
  });
}

function slimmed(object: JsonRecord, catalog: Catalog, strictness: Strictness, withObjects: boolean): readonly JsonRecord[] {
  if (isCrdManifest(object)) return [slimCrd(object, withObjects)];
  if (isApiRequirementManifest(object)) return [slimApiRequirement(object)];
  if (isGuardPolicyManifest(object)) return [slimGuardPolicy(object)];
  if (isClusterServiceVersionManifest(object)) {
    const version = slimClusterServiceVersion(object);
    return version === null ? [] : [version];
  }
  if (!isWorkloadManifest(object)) return [];
  const kind = parseWorkload(object)?.ref.kind;
  return kind === undefined ? [] : [slimWorkload(object, kind, catalog, strictness)];
}

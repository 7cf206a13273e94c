/** @file A snapshot of a folder of manifests, as of the cluster that it stands for. */
import { isCrdManifest } from "../../crd/parse.ts";
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
import type { CrdEvidence, JsonRecord, SettingsLook, Snapshot } from "./snapshot.ts";
import type { Strictness } from "./withhold.ts";

export type FolderSnapshotResult =
  { readonly ok: true; readonly value: Snapshot } | { readonly ok: false; readonly error: ManifestError };

export interface FolderSnapshotOptions {
  readonly catalog: Catalog;
  readonly strictness: Strictness;
  /** Version of this crdguard. */
  readonly crdguard: string;
  readonly now: () => Date;
}

/** @param path as it was given. Objects without a namespace are in `default`, as in a folder. */
export async function snapshotOfFolder(
  path: string,
  manifests: readonly Manifest[],
  { catalog, strictness, crdguard, now }: FolderSnapshotOptions,
): Promise<FolderSnapshotResult> {
  const contents = readContents(manifests);
  if (!contents.ok) return contents;
  const cluster = folderCluster(path, manifests, catalog);
  if (!cluster.ok) return cluster;
  const objects = manifests.flatMap(({ object }) => slimmed(object, catalog, strictness));
  const signal = new AbortController().signal;
  const evidence = await Promise.all(
    contents.value.crds.map(async (crd): Promise<readonly [string, CrdEvidence]> => [
      crd.name,
      {
        objects: await cluster.value.countObjects(crd, signal),
        migration: await cluster.value.findMigration(crd, signal),
        writers: await cluster.value.sampleWriters(crd, signal),
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

function slimmed(object: JsonRecord, catalog: Catalog, strictness: Strictness): readonly JsonRecord[] {
  if (isCrdManifest(object)) return [slimCrd(object)];
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

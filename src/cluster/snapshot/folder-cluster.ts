/** @file Facts from a folder of manifests, in place of a cluster. */
import type { ConversionWebhook, Crd } from "../../crd/crd.ts";
import type { Catalog } from "../../requirements/catalog.ts";
import type { ApiRequirement } from "../../requirements/api-requirement.ts";
import type { ReadSetting } from "../../requirements/condition.ts";
import type { Workload } from "../../requirements/workload.ts";
import type { Bundle } from "../../rules/bundle.ts";
import type { ObjectRef, WebhookLook, WriterEvidence } from "../../rules/facts.ts";
import type { Cluster } from "../cluster.ts";
import { createPictureBuilder } from "../picture.ts";
import { previewOf } from "../preview.ts";
import { createWriterTally, recordedWrites } from "../writers.ts";
import { readContents } from "./contents.ts";
import { type FolderObject, lookInFolder } from "./look-in-folder.ts";
import { type Manifest, type ManifestError, readManifests } from "./manifests.ts";
import { isSnapshotDocument } from "./snapshot-sniff.ts";
import { isRecord } from "../../crd/is-record.ts";

/** A cluster as a folder tells it, with what it declares: nobody sets a status in a folder. */
export interface FolderCluster extends Cluster {
  readonly apiRequirements: readonly ApiRequirement[];
  readonly workloads: readonly Workload[];
}

export type FolderClusterResult =
  { readonly ok: true; readonly value: FolderCluster } | { readonly ok: false; readonly error: ManifestError };

/** Most objects named in an explanation. */
const MAX_EXAMPLES = 5;

/**
 * The folder, with all folders below it, is taken for the whole cluster: CRDs (with or without status), workloads,
 * ConfigMaps that the catalog asks for, and the objects themselves. What is not there does not exist.
 */
export async function readFolderCluster(
  path: string,
  catalog: Catalog,
  bundles: readonly Bundle[] = [],
): Promise<FolderClusterResult> {
  const manifests = await readManifests([path], { isRecursive: true, readStandardInput: null });
  if (!manifests.ok) return manifests;
  // As a failed `kubectl get > file` leaves it: taken for a cluster, it would allow everything.
  if (manifests.value.length === 0) {
    return { ok: false, error: { code: "no-manifests", message: `${path}: no Kubernetes object in there, to judge by` } };
  }
  // Taken for a manifest, it would be an object that says nothing.
  const saved = manifests.value.find(({ object }) => isSnapshotDocument(object));
  if (saved !== undefined) {
    const message = `${saved.file}: a snapshot, which stands for a whole cluster: give the file itself, as it was written`;
    return { ok: false, error: { code: "manifest-malformed", message } };
  }
  return folderCluster(path, manifests.value, catalog, bundles);
}

/** @param path for messages only. */
export function folderCluster(
  path: string,
  manifests: readonly Manifest[],
  catalog: Catalog,
  bundles: readonly Bundle[] = [],
): FolderClusterResult {
  const contents = readContents(manifests);
  if (!contents.ok) return contents;
  const readSetting: ReadSetting = (namespace, name, key) => {
    const values = contents.value.configMaps.get(`${namespace}/${name}`);
    return values === undefined ? undefined : (values.get(key) ?? null);
  };
  const builder = createPictureBuilder(catalog, readSetting, bundles);
  for (const crd of contents.value.crds) builder.putCrd(crd);
  for (const requirement of contents.value.apiRequirements) builder.putApiRequirement(requirement);
  for (const version of contents.value.clusterServiceVersions) builder.putClusterServiceVersion(version);
  for (const policy of contents.value.guardPolicies) builder.putGuardPolicy(policy);
  for (const workload of contents.value.workloads) builder.putWorkload(workload);
  const picture = builder.build();
  const source = { kind: "folder", path } as const;
  return {
    ok: true,
    value: {
      source,
      apiRequirements: contents.value.apiRequirements,
      workloads: contents.value.workloads,
      picture: () => picture,
      preview: (applied) => Promise.resolve(previewOf(builder, applied, readSetting)),
      countObjects(crd) {
        const refs = objectsOf(crd, manifests);
        return Promise.resolve({
          kind: "counted",
          total: refs.length,
          isComplete: true,
          byNamespace: new Map(
            [...Map.groupBy(refs, ({ namespace }) => namespace)].map(([namespace, own]) => [namespace, own.length]),
          ),
          examples: refs.slice(0, MAX_EXAMPLES),
          source,
        });
      },
      // A folder tells no history.
      findMigration: () => Promise.resolve({ kind: "none" }),
      sampleWriters: (crd) => Promise.resolve(writersOf(crd, manifests)),
      readForms: (crd) => Promise.resolve(picture.crds.get(crd.name) ?? null),
      lookAtWebhook: (webhook) => Promise.resolve(webhookIn(webhook, manifests)),
      lookAtObjects: async (previous, next, signal) =>
        lookInFolder(placed(manifestsOf(previous, manifests), previous), previous, next, source, signal),
      // Who can read the folder can read all of it.
      mayList: () => Promise.resolve(true),
      // Nobody's rights are in it.
      mayOverride: () => Promise.resolve("unverified"),
    },
  };
}

/**
 * An object that was saved from a cluster may tell who wrote it. Any other is a manifest, and its file writes it, in the
 * version that it names, whenever it is applied.
 */
function writersOf(crd: Crd, manifests: readonly Manifest[]): WriterEvidence {
  const tally = createWriterTally();
  const own = manifestsOf(crd, manifests);
  for (const { object, file } of own) {
    const recorded = recordedWrites(object["metadata"], crd.group);
    const version = String(object["apiVersion"]).slice(crd.group.length + 1);
    tally.add(
      recorded.length > 0 ? recorded : [{ kind: "file", name: file, version, isSubresourceOnly: false, lastWrittenAt: null }],
    );
  }
  return { kind: "sampled", objectCount: own.length, isComplete: true, writers: tally.writers() };
}

/** What runs, a folder does not tell; but a service that is in it is meant to be there, and what is behind it to run. */
function webhookIn({ target }: ConversionWebhook, manifests: readonly Manifest[]): WebhookLook {
  if (target.kind === "url") return { kind: "unknown", reason: "manifests tell nothing of what answers at a URL" };
  const isThere = manifests.some(({ object }) => {
    if (object["apiVersion"] !== "v1" || object["kind"] !== "Service") return false;
    const { name, namespace } = metadataOf(object);
    return name === target.name && (namespace === "" ? "default" : namespace) === target.namespace;
  });
  return isThere
    ? { kind: "answers" }
    : { kind: "unknown", reason: `no manifest of Service ${target.namespace}/${target.name} is there` };
}

function manifestsOf(crd: Crd, manifests: readonly Manifest[]): readonly Manifest[] {
  return manifests.filter(
    ({ object }) => object["kind"] === crd.kind && String(object["apiVersion"]).startsWith(`${crd.group}/`),
  );
}

function objectsOf(crd: Crd, manifests: readonly Manifest[]): readonly ObjectRef[] {
  return manifestsOf(crd, manifests)
    .map(({ object }) => {
      const { name, namespace } = metadataOf(object);
      return { name, namespace: crd.scope === "Cluster" ? "" : namespace === "" ? "default" : namespace };
    })
    .toSorted((left, right) => (`${left.namespace}/${left.name}` < `${right.namespace}/${right.name}` ? -1 : 1));
}

/** As they are in a cluster, by namespace and name. */
function placed(own: readonly Manifest[], crd: Crd): readonly FolderObject[] {
  return own.map(({ object }) => {
    const metadata = isRecord(object["metadata"]) ? object["metadata"] : {};
    const { name, namespace } = metadataOf(object);
    if (crd.scope === "Cluster") return { ...object, metadata: { ...metadata, name, namespace: undefined } };
    return { ...object, metadata: { ...metadata, name, namespace: namespace === "" ? "default" : namespace } };
  });
}

function metadataOf(object: Readonly<Record<string, unknown>>): { readonly name: string; readonly namespace: string } {
  const metadata = isRecord(object["metadata"]) ? object["metadata"] : {};
  const { name, namespace } = metadata;
  return { name: typeof name === "string" ? name : "", namespace: typeof namespace === "string" ? namespace : "" };
}

/** @file Facts from a folder of manifests, in place of a cluster. */
import { parseCrd, isCrdManifest } from "../../crd/parse.ts";
import type { Crd } from "../../crd/crd.ts";
import type { Catalog } from "../../requirements/catalog.ts";
import { isWorkloadManifest, parseWorkload } from "../../requirements/workload.ts";
import type { ObjectRef } from "../../rules/facts.ts";
import type { Cluster } from "../cluster.ts";
import { createPictureBuilder } from "../picture.ts";
import { type Manifest, type ManifestError, readManifests } from "./manifests.ts";
import { isRecord } from "../../crd/is-record.ts";

export type FolderClusterResult =
  { readonly ok: true; readonly value: Cluster } | { readonly ok: false; readonly error: ManifestError };

/** Most objects named in an explanation. */
const MAX_EXAMPLES = 5;

/**
 * The folder, with all folders below it, is taken for the whole cluster: CRDs (with or without status), workloads,
 * ConfigMaps that the catalog asks for, and the objects themselves. What is not there does not exist.
 */
export async function readFolderCluster(path: string, catalog: Catalog): Promise<FolderClusterResult> {
  const manifests = await readManifests([path], { isRecursive: true, readStandardInput: null });
  return manifests.ok ? folderCluster(path, manifests.value, catalog) : manifests;
}

/** @param path for messages only. */
export function folderCluster(path: string, manifests: readonly Manifest[], catalog: Catalog): FolderClusterResult {
  const settings = readSettings(manifests);
  const builder = createPictureBuilder(catalog, (namespace, name, key) => {
    const configMap = settings.get(`${namespace}/${name}`);
    return configMap === undefined ? undefined : (configMap[key] ?? null);
  });
  for (const { file, line, object } of manifests) {
    const place = `${file}:${String(line)}:1`;
    if (isCrdManifest(object)) {
      const crd = parseCrd(object);
      if (!crd.ok) return malformed(`${place}: ${crd.error.path}: ${crd.error.message}`);
      builder.putCrd(crd.value);
    } else if (isWorkloadManifest(object)) {
      const workload = parseWorkload(object);
      if (workload === null) return malformed(`${place}: a ${String(object["kind"])} needs metadata.name and spec.template`);
      builder.putWorkload(workload);
    }
  }
  const picture = builder.build();
  const source = { kind: "folder", path } as const;
  return {
    ok: true,
    value: {
      source,
      picture: () => picture,
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
      // Who can read the folder can read all of it.
      mayList: () => Promise.resolve(true),
    },
  };
}

function readSettings(manifests: readonly Manifest[]): ReadonlyMap<string, Readonly<Record<string, string>>> {
  return new Map(
    manifests
      .filter(({ object }) => object["apiVersion"] === "v1" && object["kind"] === "ConfigMap")
      .map(({ object }) => {
        const { name, namespace } = metadataOf(object);
        const entries = isRecord(object["data"]) ? Object.entries(object["data"]) : [];
        const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === "string");
        return [`${namespace === "" ? "default" : namespace}/${name}`, Object.fromEntries(texts)];
      }),
  );
}

function objectsOf(crd: Crd, manifests: readonly Manifest[]): readonly ObjectRef[] {
  return manifests
    .filter(({ object }) => object["kind"] === crd.kind && String(object["apiVersion"]).startsWith(`${crd.group}/`))
    .map(({ object }) => {
      const { name, namespace } = metadataOf(object);
      return { name, namespace: crd.scope === "Cluster" ? "" : namespace === "" ? "default" : namespace };
    })
    .toSorted((left, right) => (`${left.namespace}/${left.name}` < `${right.namespace}/${right.name}` ? -1 : 1));
}

function metadataOf(object: Readonly<Record<string, unknown>>): { readonly name: string; readonly namespace: string } {
  const metadata = isRecord(object["metadata"]) ? object["metadata"] : {};
  const { name, namespace } = metadata;
  return { name: typeof name === "string" ? name : "", namespace: typeof namespace === "string" ? namespace : "" };
}

function malformed(message: string): FolderClusterResult {
  return { ok: false, error: { code: "manifest-malformed", message } };
}

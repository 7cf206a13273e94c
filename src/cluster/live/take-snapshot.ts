/** @file Reads a live cluster once, page by page, into a snapshot. */
import { findVersion } from "../../crd/versions.ts";
import { parseCrd } from "../../crd/parse.ts";
import type { Crd } from "../../crd/crd.ts";
import { API_REQUIREMENT_CRD, API_REQUIREMENT_VERSION } from "../../requirements/api-requirement.ts";
import type { Catalog } from "../../requirements/catalog.ts";
import {
  CLUSTER_SERVICE_VERSION_CRD,
  CLUSTER_SERVICE_VERSION_VERSION,
  COPIED_FROM_LABEL,
} from "../../requirements/cluster-service-version.ts";
import { GUARD_POLICY_CRD, GUARD_POLICY_VERSION } from "../guard-policies.ts";
import { keptSchema } from "../snapshot/kept-schema.ts";
import { lookAt, type WantedSettings, wantedSettings } from "../snapshot/settings-wanted.ts";
import { slimApiRequirement, slimClusterServiceVersion, slimCrd, slimGuardPolicy, slimWorkload } from "../snapshot/slim.ts";
import type { JsonRecord, OwnCatalogEntries, SettingsLook, Snapshot, UnreadCollection } from "../snapshot/snapshot.ts";
import type { Strictness } from "../snapshot/withhold.ts";
import type { ApiClient } from "./api-client.ts";
import type { ApiError } from "./api-error.ts";
import { textAt } from "./json.ts";
import { type ListRequest, listPages } from "./pages.ts";
import type { ConfigMapName } from "./read-config-maps.ts";
import { readValues, type SettingValues } from "./settings.ts";
import { inParallel, takeEvidence } from "./take-evidence.ts";

export interface TakeOptions {
  readonly client: ApiClient;
  /** With the cluster's own entries in it. */
  readonly catalog: Catalog;
  readonly ownCatalog: OwnCatalogEntries | null;
  readonly strictness: Strictness;
  /** Schemas are kept too, and which fields objects set. */
  readonly withObjects: boolean;
  /** Version of this crdguard. */
  readonly crdguard: string;
  readonly now: () => Date;
  /** Aborted when the time is over: what was counted by then is a lower bound, what was not read at all an error. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TakeProgress) => void;
}

export type TakeProgress =
  | { readonly kind: "listed"; readonly crds: number; readonly workloads: number }
  | { readonly kind: "counted"; readonly crds: number; readonly of: number };

export type TakeResult =
  | { readonly ok: true; readonly value: Snapshot }
  | { readonly ok: false; /** What could not be read. */ readonly resource: string; readonly error: ApiError };

/** Never rejects. CRDs and workloads must be readable; all else is done without, and told to be missing. */
export async function takeSnapshot(options: TakeOptions): Promise<TakeResult> {
  const { client, catalog, signal, strictness, withObjects, onProgress } = options;
  const takenAt = options.now().toISOString();
  const listed = { crds: 0, workloads: 0 };
  const tellListed = (what: keyof typeof listed, count: number): void => {
    listed[what] += count;
    onProgress({ kind: "listed", ...listed });
  };
  const collections: readonly Collection[] = [
    {
      resource: "customresourcedefinitions",
      path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
      // A CRD may be a megabyte, and a page is parsed in one go.
      pageSize: 25,
      slim: (raw) => slimCrd(raw, withObjects),
      numbers: withObjects ? "exact" : undefined,
      told: (count) => tellListed("crds", count),
    },
    ...(["Deployment", "StatefulSet", "DaemonSet"] as const).map((kind): Collection => {
      const resource = `${kind.toLowerCase()}s`;
      return {
        resource,
        path: `/apis/apps/v1/${resource}`,
        pageSize: 500,
        slim: (raw) => slimWorkload(raw, kind, catalog, strictness),
        told: (count) => tellListed("workloads", count),
      };
    }),
  ];
  const results = await Promise.all(collections.map((collection) => listAll(client, collection, signal)));
  for (const [index, result] of results.entries()) {
    if (!result.ok) return { ok: false, resource: collections[index]?.resource ?? "", error: result.error };
  }
  const [definitions = [], ...workloads] = results.map((result) => (result.ok ? result.objects : []));
  const crds = definitions.flatMap((definition) => {
    const crd = parseCrd(definition, keptSchema);
    return crd.ok ? [crd.value] : [];
  });
  const declared = await listDeclared(client, crds, signal);
  const objects = [...definitions, ...workloads.flat(), ...declared.objects];
  const settings = await inParallel(wantedSettings(objects, catalog), (wanted) =>
    readSettings(client, wanted, strictness, signal),
  );
  let counted = 0;
  const evidence = await takeEvidence(client, crds, { signal, withObjects }, () => {
    counted += 1;
    onProgress({ kind: "counted", crds: counted, of: crds.length });
  });
  return {
    ok: true,
    value: {
      crdguard: options.crdguard,
      takenAt,
      cluster: { kubernetesVersion: await readVersion(client, signal), server: client.server },
      redactedFor: null,
      objects,
      settings,
      ownCatalog: options.ownCatalog,
      unread: declared.unread,
      evidence,
      health: undefined,
    },
  };
}

interface Collection extends Pick<ListRequest, "path" | "labelSelector" | "pageSize" | "numbers"> {
  readonly resource: string;
  /** Null: not worth keeping. */
  readonly slim: (raw: unknown) => JsonRecord | null;
  readonly told: (count: number) => void;
}

type Listed = { readonly ok: true; readonly objects: readonly JsonRecord[] } | { readonly ok: false; readonly error: ApiError };

/** Sorted by namespace and name. A list whose continue token has expired is taken once more. */
async function listAll(client: Pick<ApiClient, "request">, collection: Collection, signal: AbortSignal): Promise<Listed> {
  const { slim, told, resource: _, ...request } = collection;
  for (let attempt = 1; ; attempt += 1) {
    const objects: JsonRecord[] = [];
    const listed = await listPages(client, {
      ...request,
      signal,
      onPage(items) {
        for (const item of items) {
          const object = slim(item);
          if (object !== null) objects.push(object);
        }
        told(items.length);
      },
    });
    if (listed.ok) return { ok: true, objects: sortedByName(objects) };
    if (listed.error.code !== "gone" || attempt > 1) return listed;
    told(-objects.length);
  }
}

function sortedByName(objects: readonly JsonRecord[]): readonly JsonRecord[] {
  const keyed = objects.map((object) => ({
    object,
    key: `${textAt(object, "metadata", "namespace") ?? ""}/${textAt(object, "metadata", "name") ?? ""}`,
  }));
  return keyed.toSorted((left, right) => (left.key < right.key ? -1 : 1)).map(({ object }) => object);
}

/** APIRequirements and ClusterServiceVersions, where the cluster serves them. */
async function listDeclared(
  client: Pick<ApiClient, "request">,
  crds: readonly Crd[],
  signal: AbortSignal,
): Promise<{ readonly objects: readonly JsonRecord[]; readonly unread: readonly UnreadCollection[] }> {
  const isServed = (name: string, version: string): boolean =>
    crds.some((crd) => crd.name === name && findVersion(crd, version)?.isServed === true);
  const told = (): undefined => undefined;
  const collections: readonly Collection[] = [
    ...(isServed(API_REQUIREMENT_CRD, API_REQUIREMENT_VERSION)
      ? [
          {
            resource: "apirequirements",
            path: `/apis/crdguard.dev/${API_REQUIREMENT_VERSION}/apirequirements`,
            pageSize: 500,
            slim: slimApiRequirement,
            told,
          },
        ]
      : []),
    ...(isServed(GUARD_POLICY_CRD, GUARD_POLICY_VERSION)
      ? [
          {
            resource: "guardpolicies",
            path: `/apis/crdguard.dev/${GUARD_POLICY_VERSION}/guardpolicies`,
            pageSize: 500,
            slim: slimGuardPolicy,
            told,
          },
        ]
      : []),
    ...(isServed(CLUSTER_SERVICE_VERSION_CRD, CLUSTER_SERVICE_VERSION_VERSION)
      ? [
          {
            resource: "clusterserviceversions",
            path: `/apis/operators.coreos.com/${CLUSTER_SERVICE_VERSION_VERSION}/clusterserviceversions`,
            labelSelector: `!${COPIED_FROM_LABEL}`,
            pageSize: 50,
            slim: slimClusterServiceVersion,
            told,
          },
        ]
      : []),
  ];
  const results = await Promise.all(collections.map((collection) => listAll(client, collection, signal)));
  return {
    objects: results.flatMap((result) => (result.ok ? result.objects : [])),
    unread: results.flatMap((result, index) =>
      result.ok ? [] : [{ resource: collections[index]?.resource ?? "", reason: result.error.message }],
    ),
  };
}

async function readSettings(
  client: Pick<ApiClient, "request">,
  wanted: WantedSettings,
  strictness: Strictness,
  signal: AbortSignal,
): Promise<SettingsLook> {
  const { namespace, name } = wanted;
  const found = await readConfigMap(client, wanted, signal);
  if (!found.ok) return { namespace, name, state: "unreadable", reason: found.error.message };
  return found.values === null ? { namespace, name, state: "absent" } : lookAt(wanted, found.values, strictness);
}

/** By a field selector, since RBAC can grant `list` of a single name in this form. Values are null where there is none. */
export async function readConfigMap(
  client: Pick<ApiClient, "request">,
  { namespace, name }: ConfigMapName,
  signal: AbortSignal,
): Promise<{ readonly ok: true; readonly values: SettingValues | null } | { readonly ok: false; readonly error: ApiError }> {
  let values: SettingValues | null = null;
  const listed = await listPages(client, {
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`,
    fieldSelector: `metadata.name=${name}`,
    pageSize: 1,
    signal,
    onPage(items) {
      for (const item of items) if (textAt(item, "metadata", "name") === name) values = readValues(item);
    },
  });
  return listed.ok ? { ok: true, values } : listed;
}

async function readVersion(client: Pick<ApiClient, "request">, signal: AbortSignal): Promise<string | null> {
  const answer = await client.request({ method: "GET", path: "/version", signal });
  return answer.ok ? textAt(answer.body, "gitVersion") : null;
}

/** @file The cluster as it is now: a picture kept current by reflectors, and questions that only the API server can answer. */
import { setTimeout as wait } from "node:timers/promises";
import type { Crd } from "../../crd/crd.ts";
import { parseCrd, withoutForms } from "../../crd/parse.ts";
import type { Catalog } from "../../requirements/catalog.ts";
import { parseWorkload, type Workload } from "../../requirements/workload.ts";
import type { Bundle } from "../../rules/bundle.ts";
import type { WorkloadRef } from "../../rules/facts.ts";
import type { Cluster } from "../cluster.ts";
import { createPictureBuilder } from "../picture.ts";
import { previewOf } from "../preview.ts";
import type { ApiClient } from "./api-client.ts";
import { countObjects } from "./count-objects.ts";
import {
  createDeclarations,
  type DeclarationsObserver,
  type StoredApiRequirement,
  type StoredGuardPolicy,
} from "./declarations.ts";
import { findMigration } from "./find-migration.ts";
import { lookAtWebhook } from "./look-at-webhook.ts";
import { isRecord, textAt } from "./json.ts";
import { lookAtObjects, type ObjectLookOptions } from "./look-at-objects.ts";
import { mayList } from "./may-list.ts";
import { mayOverride } from "./may-override.ts";
import { createOwnCatalog, type OwnCatalogSource } from "./own-catalog.ts";
import { type ConfigMapName, readConfigMaps } from "./read-config-maps.ts";
import { readForms } from "./read-forms.ts";
import { createReflector, type Reflector, type ReflectorHandlers } from "./reflector.ts";
import { sampleWriters } from "./sample-writers.ts";
import { createSettings, readValues, type SettingValues } from "./settings.ts";
import type { Timing } from "./timing.ts";
import { tracked } from "./tracked.ts";

export interface LiveClusterObserver extends DeclarationsObserver {
  /** An object that could not be parsed, and is left out of the picture. `key`: `namespace/name` or `name`. */
  unreadable(resource: string, key: string, problem: string): void;
}

export interface LiveClusterOptions {
  readonly client: ApiClient;
  readonly catalog: Catalog;
  /** Released sets of CRDs; none unless given. */
  readonly bundles?: readonly Bundle[];
  /** A ConfigMap with entries beside or in place of those of `catalog`. */
  readonly ownCatalog?: OwnCatalogSource | undefined;
  /** This process runs in the cluster, so that the names of services resolve; false unless told. */
  readonly isInCluster?: boolean;
  readonly observer: LiveClusterObserver;
  /** Of the reflectors. */
  readonly timing?: Timing;
  /** Of the reflectors. */
  readonly idleSeconds?: number;
  /** By which live objects are held against new schemas; they are not looked at without. */
  readonly objectLook?: ObjectLookOptions | undefined;
  /** How long settings may hold back the first picture; 5 unless told. */
  readonly settingsPatienceSeconds?: number;
}

export interface LiveCluster extends Cluster {
  start(): void;
  /** At once and for good; the last picture stays. */
  stop(): void;
  /** Resolves with the first complete picture. Never rejects; stays pending if stopped before. */
  readonly synced: Promise<void>;
  readonly isSynced: boolean;
  /** Objects that the picture was made from, by plural resource name. */
  objectCounts(): Readonly<Record<string, number>>;
  /** The same list, by reference, while nothing changes. */
  apiRequirements(): readonly StoredApiRequirement[];
  /** The same. */
  guardPolicies(): readonly StoredGuardPolicy[];
  /** Running or not. */
  workloads(): Iterable<Workload>;
}

/**
 * Nothing is asked before `start`. The picture is complete when CRDs and all workloads were listed once; it then stays,
 * growing old at worst, whatever happens to the API server.
 */
export function connectLiveCluster(options: LiveClusterOptions): LiveCluster {
  const { client, catalog, observer, objectLook } = options;
  const settings = createSettings({
    changed() {
      builder.settingsChanged();
    },
    wanted(namespace, name) {
      watchConfigMap(namespace, name);
    },
  });
  const builder = createPictureBuilder(catalog, settings.read, options.bundles);
  const counts = new Map<string, number>();
  const stopping = new AbortController();
  let isSynced = false;

  function reflect<T>(source: Source<T>, handlers: ReflectorHandlers<T>): Reflector {
    const { timing, idleSeconds } = options;
    return createReflector({ client, observer, timing, idleSeconds, ...source, handlers });
  }

  const declarations = createDeclarations({
    builder,
    counts,
    observer,
    open: (collection) => createReflector({ client, timing: options.timing, idleSeconds: options.idleSeconds, ...collection }),
  });
  const crds = reflect(
    crdSource(observer),
    tracked(counts, "customresourcedefinitions", {
      put: (crd) => {
        builder.putCrd(crd);
        declarations.crdPut(crd);
      },
      remove: (name) => {
        builder.removeCrd(name);
        declarations.crdRemoved(name);
      },
    }),
  );
  const workloads = WORKLOAD_RESOURCES.map(({ kind, resource }) =>
    reflect(
      workloadSource(kind, resource, observer),
      tracked(counts, resource, {
        put: (workload) => {
          builder.putWorkload(workload);
        },
        remove: (key) => {
          builder.removeWorkload(refOf(kind, key));
        },
      }),
    ),
  );
  const ownCatalog = options.ownCatalog === undefined ? null : reflectOwnCatalog(options.ownCatalog);
  const configMaps: Reflector[] = [];
  const synced = Promise.withResolvers<void>();

  /** Named by the catalog alone, and asked for by workloads that run, so that there are few; but users write catalogs. */
  function watchConfigMap(namespace: string, name: string): void {
    if (stopping.signal.aborted || configMaps.length >= MAX_CONFIG_MAPS) return;
    const reflector = reflect(configMapSource(namespace, name), {
      replace: (items) => {
        settings.set(namespace, name, items.get(`${namespace}/${name}`) ?? null);
      },
      put: (_key, values) => {
        settings.set(namespace, name, values);
      },
      remove: () => {
        settings.set(namespace, name, null);
      },
    });
    configMaps.push(reflector);
    reflector.start();
  }

  function reflectOwnCatalog(source: OwnCatalogSource): Reflector {
    const { namespace, name } = source;
    const own = createOwnCatalog(source, catalog, (merged) => {
      builder.setCatalog(merged);
    });
    return createReflector({
      ...configMapSource(namespace, name),
      client,
      timing: options.timing,
      idleSeconds: options.idleSeconds,
      observer: {
        ...observer,
        failed(resource, error) {
          observer.failed(resource, error);
          source.told({ kind: "unreadable", error });
        },
      },
      handlers: {
        replace: (items) => {
          own.set(items.get(`${namespace}/${name}`) ?? null);
        },
        put: (_key, values) => {
          own.set(values);
        },
        remove: () => {
          own.set(null);
        },
      },
    });
  }

  async function waitForPicture(): Promise<void> {
    await Promise.all([crds, ...workloads].map((reflector) => reflector.synced));
    // Its entries may name settings, so it comes before them. What is refused is an answer too: a server that may not read
    // the ConfigMap guards by the catalog that it has.
    await ownCatalog?.answered;
    // A setting that is not known yet only makes a need "assumed"; it must not keep the guard from answering.
    const patience = wait((options.settingsPatienceSeconds ?? SETTINGS_PATIENCE_SECONDS) * 1_000, undefined, {
      signal: stopping.signal,
      ref: false,
    }).catch(() => undefined);
    // Declarations before settings, which they may make unnecessary. Neither keeps the guard from answering for long.
    await Promise.race([declarations.answered(), patience]);
    await Promise.race([Promise.all(configMaps.map(({ answered }) => answered)), patience]);
    isSynced = true;
    synced.resolve();
  }

  return {
    source: { kind: "cluster" },
    start() {
      for (const reflector of [crds, ...workloads]) reflector.start();
      ownCatalog?.start();
      void waitForPicture();
    },
    stop() {
      stopping.abort();
      for (const reflector of [crds, ...workloads, ...configMaps]) reflector.stop();
      ownCatalog?.stop();
      declarations.stop();
    },
    synced: synced.promise,
    get isSynced() {
      return isSynced;
    },
    objectCounts: () => Object.fromEntries(counts),
    apiRequirements: () => declarations.apiRequirements(),
    guardPolicies: () => declarations.guardPolicies(),
    workloads: () => builder.workloads(),
    picture: () => (isSynced ? builder.build() : null),
    async preview(applied, signal) {
      if (!isSynced) return null;
      // The first look finds out which ConfigMaps are not known; those that can be read in time count in the second.
      const missing = new Map<string, ConfigMapName>();
      const first = previewOf(builder, applied, (namespace, name, key) => {
        const value = settings.peek(namespace, name, key);
        if (value === undefined) missing.set(`${namespace}/${name}`, { namespace, name });
        return value;
      });
      if (missing.size === 0) return first;
      const found = await readConfigMaps(client, [...missing.values()], signal);
      return previewOf(builder, applied, (namespace, name, key) => {
        const values = found.get(`${namespace}/${name}`);
        return values === undefined ? settings.peek(namespace, name, key) : (values.get(key) ?? null);
      });
    },
    countObjects: (crd, signal) => countObjects(client, crd, signal),
    findMigration: (crd, signal) => findMigration(client, crd, signal),
    sampleWriters: (crd, signal) => sampleWriters(client, crd, signal),
    readForms: (crd, signal) => readForms(client, crd, signal),
    lookAtWebhook: (webhook, signal) => lookAtWebhook({ client, webhook, isInCluster: options.isInCluster ?? false, signal }),
    lookAtObjects: async (previous, next, signal) =>
      objectLook === undefined ? { kind: "not-looked" } : lookAtObjects(client, previous, next, objectLook, signal),
    mayList: (requester, target, signal) => mayList(client, requester, target, signal),
    mayOverride: (requester, ruleId, signal) => mayOverride(client, requester, ruleId, signal),
  };
}

const SETTINGS_PATIENCE_SECONDS = 5;

/** Each is a watch of its own; those beyond are taken for unreadable. */
const MAX_CONFIG_MAPS = 64;

const WORKLOAD_RESOURCES = [
  { kind: "Deployment", resource: "deployments" },
  { kind: "StatefulSet", resource: "statefulsets" },
  { kind: "DaemonSet", resource: "daemonsets" },
] as const satisfies readonly { kind: WorkloadRef["kind"]; resource: string }[];

interface Source<T> {
  readonly resource: string;
  readonly path: string;
  readonly fieldSelector?: string;
  readonly pageSize: number;
  readonly transform: (raw: unknown) => T | null;
}

function crdSource(observer: LiveClusterObserver): Source<Crd> {
  const resource = "customresourcedefinitions";
  return {
    resource,
    path: `/apis/apiextensions.k8s.io/v1/${resource}`,
    // A CRD may be a megabyte, and a page is parsed in one go: 25 MB at worst, 1 MB as a rule.
    pageSize: 25,
    transform(raw) {
      // Items of a list carry neither.
      const crd = parseCrd(
        isRecord(raw) ? { ...raw, apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" } : raw,
        withoutForms,
      );
      if (crd.ok) return crd.value;
      observer.unreadable(resource, describe(raw), `${crd.error.path}: ${crd.error.message}`);
      return null;
    },
  };
}

function workloadSource(kind: WorkloadRef["kind"], resource: string, observer: LiveClusterObserver): Source<Workload> {
  return {
    resource,
    path: `/apis/apps/v1/${resource}`,
    // Some 10 kB each: pages of 5 MB.
    pageSize: 500,
    transform(raw) {
      const workload = parseWorkload(raw, kind);
      if (workload === null) observer.unreadable(resource, describe(raw), "it has no name or no pod template");
      return workload;
    },
  };
}

/** A field selector, since RBAC can grant `list` and `watch` of a single name only in this form. */
function configMapSource(namespace: string, name: string): Source<SettingValues> {
  return {
    resource: "configmaps",
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`,
    fieldSelector: `metadata.name=${name}`,
    pageSize: 1,
    transform: readValues,
  };
}

function refOf(kind: WorkloadRef["kind"], key: string): WorkloadRef {
  const [namespace = "", name = ""] = key.split("/");
  return { kind, namespace, name };
}

function describe(raw: unknown): string {
  const name = textAt(raw, "metadata", "name") ?? "?";
  const namespace = textAt(raw, "metadata", "namespace");
  return namespace === null ? name : `${namespace}/${name}`;
}

/** @file The immutable picture of CRDs and needs, and the builder that keeps it current as workloads come and go. */
import { compareText } from "../crd/compare-text.ts";
import type { Crd } from "../crd/crd.ts";
import type { Bundle } from "../rules/bundle.ts";
import { type Need, type UnreadableDeclaration, workloadKey, type WorkloadNeeds, type WorkloadRef } from "../rules/facts.ts";
import { crdNameOf } from "../rules/requirement.ts";
import { type RawGuardPolicy, sortedPolicies } from "./guard-policies.ts";
import { type ApiRequirement, speaksOf } from "../requirements/api-requirement.ts";
import { type Catalog, controllersOf } from "../requirements/catalog.ts";
import { type ClusterServiceVersion, installs } from "../requirements/cluster-service-version.ts";
import type { ReadSetting } from "../requirements/condition.ts";
import { parseImage } from "../requirements/image.ts";
import { findNeeds, type NeedSources } from "../requirements/needs.ts";
import type { Workload } from "../requirements/workload.ts";

export interface ClusterPicture {
  readonly crds: ReadonlyMap<string, Crd>;
  /** Needs of running workloads, by name of the CRD that they speak of; sorted by workload. */
  readonly needs: ReadonlyMap<string, readonly Need[]>;
  readonly unreadableDeclarations: readonly UnreadableDeclaration[];
  /** CRDs that are applied along with what is judged, by name; none at admission, where each is judged by itself. */
  readonly applied: ReadonlyMap<string, Crd>;
  readonly bundles: readonly Bundle[];
  /** What the cluster's GuardPolicies say, in the order of their names; the same list, by reference, while none changes. */
  readonly guardPolicies: readonly RawGuardPolicy[];
}

export interface PictureBuilder {
  putCrd(crd: Crd): void;
  removeCrd(name: string): void;
  putWorkload(workload: Workload): void;
  removeWorkload(ref: WorkloadRef): void;
  putApiRequirement(requirement: ApiRequirement): void;
  removeApiRequirement(namespace: string, name: string): void;
  putClusterServiceVersion(version: ClusterServiceVersion): void;
  removeClusterServiceVersion(namespace: string, name: string): void;
  putGuardPolicy(policy: RawGuardPolicy): void;
  removeGuardPolicy(name: string): void;
  /** Reads every workload again. */
  setCatalog(catalog: Catalog): void;
  /** Reads workloads of catalogued images again, because a setting that needs hang on has changed. */
  settingsChanged(): void;
  /** Costs nothing when nothing changed since the last call; else only what changed is built anew. */
  build(): ClusterPicture;
  /** What it would need, were it applied where settings are as told, along with these APIRequirements. */
  needsOf(workload: Workload, along: Pick<NeedSources, "readSetting" | "apiRequirements">): WorkloadNeeds;
  /** What the workload of this name needs as it runs now; nothing where none runs. */
  currentNeeds(ref: WorkloadRef): WorkloadNeeds;
  isRunning(ref: WorkloadRef): boolean;
  /** Running or not. */
  workloads(): Iterable<Workload>;
}

/**
 * A need is looked up by CRD name in one step, so that a decision costs the same in a cluster of any size. Every workload
 * is kept, since an APIRequirement, or a catalog entry of a user's own, may speak of it at any time.
 */
export function createPictureBuilder(
  initialCatalog: Catalog,
  readSetting: ReadSetting,
  bundles: readonly Bundle[] = [],
): PictureBuilder {
  const crds = new Map<string, Crd>();
  const workloads = new Map<string, { readonly workload: Workload; readonly found: WorkloadNeeds }>();
  const needsByCrd = new Map<string, Map<string, readonly Need[]>>();
  const unreadable = new Map<string, readonly UnreadableDeclaration[]>();
  const staleCrds = new Set<string>();
  const apiRequirements = createNamespacedStore<ApiRequirement>();
  const clusterServiceVersions = createNamespacedStore<ClusterServiceVersion>();
  const guardPolicies = new Map<string, RawGuardPolicy>();
  let sortedGuardPolicies: readonly RawGuardPolicy[] | null = null;
  let catalog = initialCatalog;
  let needs: Map<string, readonly Need[]> = new Map<string, readonly Need[]>();
  let current: ClusterPicture | null = null;

  function sourcesFor(namespace: string, settings: ReadSetting): NeedSources {
    return {
      catalog,
      readSetting: settings,
      apiRequirements: apiRequirements.in(namespace),
      clusterServiceVersions: clusterServiceVersions.in(namespace),
    };
  }

  function forget(key: string): void {
    for (const need of workloads.get(key)?.found.needs ?? []) {
      const name = crdNameOf(need.requirement);
      needsByCrd.get(name)?.delete(key);
      staleCrds.add(name);
    }
    unreadable.delete(key);
    if (workloads.delete(key)) current = null;
  }

  function remember(workload: Workload): void {
    const key = workloadKey(workload.ref);
    forget(key);
    const found = findNeeds(workload, sourcesFor(workload.ref.namespace, readSetting));
    workloads.set(key, { workload, found });
    for (const [name, own] of groupByCrd(found.needs)) {
      const byWorkload = needsByCrd.get(name) ?? new Map<string, readonly Need[]>();
      byWorkload.set(key, own);
      needsByCrd.set(name, byWorkload);
      staleCrds.add(name);
    }
    if (found.unreadable.length > 0) unreadable.set(key, found.unreadable);
    current = null;
  }

  function rememberAll(isConcerned: (workload: Workload) => boolean): void {
    // A copy, since remembering a workload moves its entry to the end of the map.
    for (const { workload } of Array.from(workloads.values())) if (isConcerned(workload)) remember(workload);
  }

  function refreshNeeds(): void {
    if (staleCrds.size === 0) return;
    needs = new Map(needs);
    for (const name of staleCrds) {
      const byWorkload = needsByCrd.get(name);
      if (byWorkload === undefined || byWorkload.size === 0) {
        needs.delete(name);
        needsByCrd.delete(name);
      } else {
        needs.set(name, sortedByKey(byWorkload).flat());
      }
    }
    staleCrds.clear();
  }

  return {
    putCrd(crd) {
      crds.set(crd.name, crd);
      current = null;
    },
    removeCrd(name) {
      if (crds.delete(name)) current = null;
    },
    putWorkload: remember,
    removeWorkload(ref) {
      forget(workloadKey(ref));
    },
    putApiRequirement(requirement) {
      const previous = apiRequirements.put(requirement);
      rememberAll((workload) => speaksOf(requirement, workload) || (previous !== null && speaksOf(previous, workload)));
    },
    removeApiRequirement(namespace, name) {
      const previous = apiRequirements.remove(namespace, name);
      if (previous !== null) rememberAll((workload) => speaksOf(previous, workload));
    },
    putClusterServiceVersion(version) {
      const previous = clusterServiceVersions.put(version);
      rememberAll((workload) => installs(version, workload) || (previous !== null && installs(previous, workload)));
    },
    removeClusterServiceVersion(namespace, name) {
      const previous = clusterServiceVersions.remove(namespace, name);
      if (previous !== null) rememberAll((workload) => installs(previous, workload));
    },
    putGuardPolicy(policy) {
      guardPolicies.set(policy.name, policy);
      sortedGuardPolicies = null;
      current = null;
    },
    removeGuardPolicy(name) {
      if (!guardPolicies.delete(name)) return;
      sortedGuardPolicies = null;
      current = null;
    },
    setCatalog(next) {
      catalog = next;
      rememberAll(() => true);
    },
    settingsChanged() {
      rememberAll(({ containers }) => containers.some(({ image }) => controllersOf(catalog, parseImage(image)).length > 0));
    },
    build() {
      if (current !== null) return current;
      refreshNeeds();
      sortedGuardPolicies ??= sortedPolicies(guardPolicies.values());
      current = {
        crds: new Map(crds),
        needs,
        unreadableDeclarations: sortedByKey(unreadable).flat(),
        applied: NONE,
        bundles,
        guardPolicies: sortedGuardPolicies,
      };
      return current;
    },
    needsOf(workload, along) {
      const sources = sourcesFor(workload.ref.namespace, along.readSetting);
      const isReplaced = ({ namespace, name }: ApiRequirement): boolean =>
        along.apiRequirements.some((other) => other.namespace === namespace && other.name === name);
      const kept = sources.apiRequirements.filter((requirement) => !isReplaced(requirement));
      return findNeeds(workload, { ...sources, apiRequirements: [...kept, ...along.apiRequirements] });
    },
    isRunning: (ref) => workloads.get(workloadKey(ref))?.workload.isRunning ?? false,
    currentNeeds: (ref) => workloads.get(workloadKey(ref))?.found ?? { needs: [], unreadable: [] },
    *workloads() {
      for (const { workload } of workloads.values()) yield workload;
    },
  };
}

const NONE: ReadonlyMap<string, Crd> = new Map<string, Crd>();

interface NamespacedStore<T> {
  /** Gives back what it replaces. */
  put(item: T): T | null;
  /** Gives back what was there. */
  remove(namespace: string, name: string): T | null;
  in(namespace: string): readonly T[];
}

/** Things of a namespace, in the order of their names. */
function createNamespacedStore<T extends { readonly namespace: string; readonly name: string }>(): NamespacedStore<T> {
  const byNamespace = new Map<string, readonly T[]>();
  function take(namespace: string, name: string): T | null {
    const items = byNamespace.get(namespace) ?? [];
    const remaining = items.filter((item) => item.name !== name);
    if (remaining.length === 0) byNamespace.delete(namespace);
    else byNamespace.set(namespace, remaining);
    return items.find((item) => item.name === name) ?? null;
  }
  return {
    put(item) {
      const previous = take(item.namespace, item.name);
      const items = [...(byNamespace.get(item.namespace) ?? []), item];
      byNamespace.set(
        item.namespace,
        items.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
      );
      return previous;
    },
    remove: take,
    in: (namespace) => byNamespace.get(namespace) ?? [],
  };
}

function groupByCrd(needs: readonly Need[]): ReadonlyMap<string, readonly Need[]> {
  return Map.groupBy(needs, (need) => crdNameOf(need.requirement));
}

function sortedByKey<T>(map: ReadonlyMap<string, T>): readonly T[] {
  return [...map].toSorted(([left], [right]) => compareText(left, right)).map(([, value]) => value);
}

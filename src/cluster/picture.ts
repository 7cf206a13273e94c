/** @file The immutable picture of CRDs and needs, and the builder that keeps it current as workloads come and go. */
import type { Crd } from "../crd/crd.ts";
import type { Need, UnreadableDeclaration, WorkloadRef } from "../rules/facts.ts";
import { crdNameOf } from "../rules/requirement.ts";
import { type Catalog } from "../requirements/catalog.ts";
import { findNeeds, type ReadSetting, type WorkloadNeeds } from "../requirements/needs.ts";
import type { Workload } from "../requirements/workload.ts";

export interface ClusterPicture {
  readonly crds: ReadonlyMap<string, Crd>;
  /** Needs of running workloads, by name of the CRD that they speak of; sorted by workload. */
  readonly needs: ReadonlyMap<string, readonly Need[]>;
  readonly unreadableDeclarations: readonly UnreadableDeclaration[];
}

export interface PictureBuilder {
  putCrd(crd: Crd): void;
  removeCrd(name: string): void;
  putWorkload(workload: Workload): void;
  removeWorkload(ref: WorkloadRef): void;
  /** Reads every workload again, because a setting that a catalog entry hangs on has changed. */
  settingsChanged(): void;
  /** Costs nothing when nothing changed since the last call; else only what changed is built anew. */
  build(): ClusterPicture;
}

/**
 * A need is looked up by CRD name in one step, so that a decision costs the same in a cluster of any size. Only workloads
 * that need something are kept, unless the catalog hangs on settings: then those of catalogued images are kept too.
 */
export function createPictureBuilder(catalog: Catalog, readSetting: ReadSetting): PictureBuilder {
  const crds = new Map<string, Crd>();
  const workloads = new Map<string, { readonly workload: Workload; readonly found: WorkloadNeeds }>();
  const needsByCrd = new Map<string, Map<string, readonly Need[]>>();
  const staleCrds = new Set<string>();
  let needs: Map<string, readonly Need[]> = new Map<string, readonly Need[]>();
  let current: ClusterPicture | null = null;

  function forget(key: string): void {
    for (const need of workloads.get(key)?.found.needs ?? []) {
      const name = crdNameOf(need.requirement);
      needsByCrd.get(name)?.delete(key);
      staleCrds.add(name);
    }
    if (workloads.delete(key)) current = null;
  }

  function remember(workload: Workload): void {
    const key = workloadKey(workload.ref);
    forget(key);
    const found = findNeeds(workload, catalog, readSetting);
    if (found.needs.length === 0 && found.unreadable.length === 0 && !hangsOnSettings(workload, catalog)) return;
    workloads.set(key, { workload, found });
    for (const [name, own] of groupByCrd(found.needs)) {
      const byWorkload = needsByCrd.get(name) ?? new Map<string, readonly Need[]>();
      byWorkload.set(key, own);
      needsByCrd.set(name, byWorkload);
      staleCrds.add(name);
    }
    current = null;
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
    settingsChanged() {
      // A copy, since remembering a workload moves its entry to the end of the map.
      for (const workload of Array.from(workloads.values(), (entry) => entry.workload)) remember(workload);
    },
    build() {
      if (current !== null) return current;
      refreshNeeds();
      current = {
        crds: new Map(crds),
        needs,
        unreadableDeclarations: sortedByKey(new Map([...workloads].map(([key, { found }]) => [key, found.unreadable]))).flat(),
      };
      return current;
    },
  };
}

function workloadKey(ref: WorkloadRef): string {
  return `${ref.kind}/${ref.namespace}/${ref.name}`;
}

function hangsOnSettings(workload: Workload, catalog: Catalog): boolean {
  return catalog.some((controller) => controller.when !== null) && workload.isRunning && workload.containers.length > 0
    ? findNeeds(workload, catalog, () => undefined).needs.length > 0
    : false;
}

function groupByCrd(needs: readonly Need[]): ReadonlyMap<string, readonly Need[]> {
  return Map.groupBy(needs, (need) => crdNameOf(need.requirement));
}

function sortedByKey<T>(map: ReadonlyMap<string, T>): readonly T[] {
  return [...map].toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)).map(([, value]) => value);
}

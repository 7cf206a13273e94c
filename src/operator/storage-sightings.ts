/** @file Since when each CRD that is to be migrated is known as it is. */
import type { Crd } from "../crd/crd.ts";
import { isMigrationDue } from "../crd/storage-record.ts";

export interface Sighting {
  readonly crd: Crd;
  /** Since when this generation of it is known; milliseconds by {@link Timing.now}. */
  readonly at: number;
  /** No record is taken before. */
  retryAt: number;
}

export interface Sightings {
  see(crds: ReadonlyMap<string, Crd>, now: number): void;
  /** Of CRDs that are to be migrated. */
  due(): readonly Sighting[];
}

export function createSightings(): Sightings {
  let known: ReadonlyMap<string, Sighting> = new Map();
  return {
    see(crds, now) {
      known = new Map(
        [...crds.values()].filter(isMigrationDue).map((crd) => {
          const before = known.get(crd.name);
          const isSame = before?.crd.uid === crd.uid && before.crd.generation === crd.generation;
          return [crd.name, isSame ? { ...before, crd } : { crd, at: now, retryAt: -Infinity }];
        }),
      );
    },
    due: () => [...known.values()],
  };
}

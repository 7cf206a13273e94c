/**
 * @file What it has cost at least, in one state of the definitions, to have each workload at each release, running or
 * stopped. Workloads act on each other by definitions alone, so that one such table stands for all orders of their upgrades.
 */
import { COST, NEVER } from "./cost.ts";
import type { Crew, Release } from "./crew.ts";
import type { Deed } from "./deed.ts";
import type { Judge, Sight } from "./judge.ts";

/** By id of the release. */
export interface Roster {
  readonly running: Float64Array;
  readonly stopped: Float64Array;
  /** How it came about; see `FROM_BEFORE`. */
  readonly runningFrom: Int32Array;
  readonly stoppedFrom: Int32Array;
}

/** It was so in the state before. */
export const FROM_BEFORE = -1;
/** `fromStopped(id)`: it was stopped at that release, or did not run yet, and was started. Any id as it is: from that release, running. */
const fromStopped = (id: number): number => -2 - id;
export const stoppedIdOf = (from: number): number | null => (from <= -2 ? -2 - from : null);

export function firstRoster(crews: readonly Crew[]): Roster {
  const roster = emptyRoster(1 + Math.max(-1, ...crews.flatMap(({ releases }) => releases.map(({ id }) => id))));
  for (const { running, releases } of crews) {
    if (running !== null) roster.running[running.id] = 0;
    // What does not run today is started as if it had been stopped.
    else for (const { id } of releases) roster.stopped[id] = 0;
  }
  return roster;
}

/** Releases that do not live through the deeds are gone; null where a workload has no release left, and is not stopped. */
export function outlived(roster: Roster, crews: readonly Crew[], deeds: readonly Deed[], judge: Judge): Roster | null {
  const next = emptyRoster(roster.running.length);
  for (const { releases } of crews) {
    let isAlive = false;
    for (const release of releases) {
      const { id } = release;
      const cost = roster.running[id] ?? NEVER;
      next.stopped[id] = roster.stopped[id] ?? NEVER;
      if (cost < NEVER) next.running[id] = cost + harmOf(deeds, release, judge);
      isAlive ||= (next.running[id] ?? NEVER) < NEVER || (next.stopped[id] ?? NEVER) < NEVER;
    }
    if (!isAlive) return null;
  }
  return next;
}

/** All that workloads can come to with the definitions as they are: upgraded, started, and stopped if that is allowed. */
export function settled(roster: Roster, crews: readonly Crew[], judge: Judge, sight: Sight, mayStop: boolean): Roster {
  for (const crew of crews) settleOne(roster, crew, judge, sight, mayStop);
  return roster;
}

function settleOne(roster: Roster, crew: Crew, judge: Judge, sight: Sight, mayStop: boolean): void {
  const arrival = judge.arrivals(crew, sight);
  const { releases } = crew;
  // The latest first, so that each is come to from what others have cost before.
  for (let to = releases.length - 1; to >= 0; to -= 1) {
    const release = releases[to];
    if (release === undefined) continue;
    let best = roster.running[release.id] ?? NEVER;
    let from = FROM_BEFORE;
    for (let index = 0; index <= to; index += 1) {
      const other = releases[index];
      if (other === undefined) continue;
      // Of what costs the same, new definitions come first, as charts have it.
      const cost = roster.running[other.id] ?? NEVER;
      if (index < to && cost < NEVER && cost + release.cost <= best) {
        const sum = cost + release.cost + arrival(other, release);
        if (sum < NEVER && sum <= best) {
          best = sum;
          from = other.id;
        }
      }
      const stopped = roster.stopped[other.id] ?? NEVER;
      if (stopped < NEVER && stopped + COST.start < best) {
        const upgrade = index === to || crew.running === null ? 0 : release.cost;
        const sum = stopped + COST.start + upgrade + arrival(null, release);
        if (sum < best) {
          best = sum;
          from = fromStopped(other.id);
        }
      }
    }
    roster.running[release.id] = best;
    roster.runningFrom[release.id] = from;
  }
  if (!mayStop || !crew.canStop) return;
  for (const { id } of crew.releases) {
    const cost = (roster.running[id] ?? NEVER) + COST.stop;
    // As late as it costs no more.
    if (cost < NEVER && cost <= (roster.stopped[id] ?? NEVER)) {
      roster.stopped[id] = cost;
      roster.stoppedFrom[id] = id;
    }
  }
}

/** The cheapest release to end with, or null where none runs that may. */
export function finalRelease({ running }: Roster, { releases }: Crew): Release | null {
  let best: Release | null = null;
  for (const release of releases) {
    const cost = running[release.id] ?? NEVER;
    if (release.isFinal && cost < (best === null ? NEVER : (running[best.id] ?? NEVER))) best = release;
  }
  return best;
}

/** No release of any workload costs more in `left`. */
export function isNoWorse(left: Roster, right: Roster): boolean {
  for (let id = 0; id < left.running.length; id += 1) {
    if ((left.running[id] ?? NEVER) > (right.running[id] ?? NEVER)) return false;
    if ((left.stopped[id] ?? NEVER) > (right.stopped[id] ?? NEVER)) return false;
  }
  return true;
}

function harmOf(deeds: readonly Deed[], release: Release, judge: Judge): number {
  let sum = 0;
  for (const deed of deeds) {
    sum += judge.harm(deed, release);
    if (sum === NEVER) break;
  }
  return sum;
}

/** @param size number of releases of all workloads. */
function emptyRoster(size: number): Roster {
  return {
    running: new Float64Array(size).fill(NEVER),
    stopped: new Float64Array(size).fill(NEVER),
    runningFrom: new Int32Array(size).fill(FROM_BEFORE),
    stoppedFrom: new Int32Array(size).fill(FROM_BEFORE),
  };
}

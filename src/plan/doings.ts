/** @file Reads off a path what was done with workloads, and between which moves. */
import type { Crew, Release } from "./crew.ts";
import { finalRelease, FROM_BEFORE, stoppedIdOf } from "./roster.ts";
import type { State, World } from "./search.ts";

export type Doing =
  /** `isStopped`: it comes to it while it does not run. */
  | { readonly kind: "upgrade"; readonly crew: Crew; readonly from: Release; readonly to: Release; readonly isStopped: boolean }
  | { readonly kind: "stop"; readonly crew: Crew; readonly at: Release }
  | { readonly kind: "start"; readonly crew: Crew; readonly to: Release }
  /** It did not run before. */
  | { readonly kind: "bring"; readonly crew: Crew; readonly to: Release };

/** For each state of the path what is done in it, after the move that leads to it; those that stop come last. */
export function doingsOf(path: readonly State[], { crews }: Pick<World, "crews">): readonly (readonly Doing[])[] {
  const doings = path.map((): Doing[] => []);
  for (const crew of crews) {
    const releases = new Map(crew.releases.map((release) => [release.id, release] as const));
    const last = path.at(-1);
    let release = last === undefined ? null : finalRelease(last.roster, crew);
    let isStopped = false;
    for (let at = path.length - 1; at >= 0 && release !== null; at -= 1) {
      const own: Doing[] = [];
      const roster = path[at]?.roster;
      for (;;) {
        const from: number = (isStopped ? roster?.stoppedFrom : roster?.runningFrom)?.[release.id] ?? FROM_BEFORE;
        if (from === FROM_BEFORE) break;
        const stoppedId = stoppedIdOf(from);
        const origin: Release = releases.get(stoppedId ?? from) ?? release;
        if (isStopped) own.unshift({ kind: "stop", crew, at: release });
        else if (stoppedId === null) own.unshift({ kind: "upgrade", crew, from: origin, to: release, isStopped: false });
        else if (crew.running === null) own.unshift({ kind: "bring", crew, to: release });
        else {
          own.unshift({ kind: "start", crew, to: release });
          if (origin !== release) own.unshift({ kind: "upgrade", crew, from: origin, to: release, isStopped: true });
        }
        isStopped = stoppedId !== null;
        release = origin;
      }
      doings[at]?.push(...own);
    }
  }
  return doings.map((own) => own.toSorted((left, right) => Number(left.kind === "stop") - Number(right.kind === "stop")));
}

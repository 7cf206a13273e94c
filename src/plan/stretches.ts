/** @file Puts together moves of a path that are one step for whoever walks it: definitions applied one after the other from one set. */
import type { Bundle } from "../rules/bundle.ts";
import type { Deed, Move } from "./deed.ts";
import { type Doing, doingsOf } from "./doings.ts";
import type { State, World } from "./search.ts";

/** Moves that are made together, and what is done with workloads then. */
export interface Stretch {
  readonly kind: Move["kind"] | "start";
  readonly origin: StretchOrigin | null;
  readonly deeds: readonly Deed[];
  readonly doings: readonly Doing[];
}

export type StretchOrigin =
  { readonly kind: "wanted" } | { readonly kind: "bundle"; readonly candidates: readonly Bundle[]; readonly isWhole: boolean };

/** The first one holds what is done before anything moves. */
export function stretchesOf(path: readonly State[], world: World): readonly Stretch[] {
  const doings = doingsOf(path, world);
  const stretches: Stretch[] = [];
  for (const [index, { move }] of path.entries()) {
    const own: Stretch = {
      kind: move?.kind ?? "start",
      origin: move === null ? null : originOf(move),
      deeds: move?.deeds ?? [],
      doings: doings[index] ?? [],
    };
    const last = stretches.at(-1);
    const joined = last === undefined ? null : join(last, own);
    if (joined === null) stretches.push(own);
    else stretches.splice(-1, 1, joined);
  }
  return stretches;
}

function originOf({ origin }: Move): StretchOrigin | null {
  return origin?.kind === "wanted" ? { kind: "wanted" } : origin;
}

function join(left: Stretch, right: Stretch): Stretch | null {
  if (left.kind !== "apply" || right.kind !== "apply" || left.doings.length > 0) return null;
  const origin = joinOrigins(left.origin, right.origin);
  return origin === null ? null : { ...right, origin, deeds: [...left.deeds, ...right.deeds] };
}

function joinOrigins(left: StretchOrigin | null, right: StretchOrigin | null): StretchOrigin | null {
  if (left?.kind === "wanted" && right?.kind === "wanted") return left;
  if (left?.kind !== "bundle" || right?.kind !== "bundle" || left.isWhole || right.isWhole) return null;
  const candidates = left.candidates.filter((bundle) => right.candidates.includes(bundle));
  return candidates.length === 0 ? null : { kind: "bundle", candidates, isWhole: false };
}

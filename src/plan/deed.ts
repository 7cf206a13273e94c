/** @file What a move does to one definition: the parts that rules judge one by one, and that steps are made of. */
import type { CrdChange } from "../rules/change.ts";
import type { Definition } from "./definition.ts";
import type { Form } from "./forms.ts";
import type { Action } from "./plan.ts";

export interface Deed {
  readonly before: Definition;
  readonly after: Definition;
  /** Null: no definition changes, so that there is nothing to judge. */
  readonly change: CrdChange | null;
  readonly work: Work;
}

/** Applying is gathered into one step for all definitions of a set; all else is a step of its own. */
export type Work =
  | { readonly kind: "apply"; readonly form: Form }
  | Extract<Action, { kind: "flip-storage" | "migrate" | "back-up" | "delete-objects" | "delete-definition" | "restore" }>;

export interface Move {
  readonly kind: "apply" | "clear" | "delete";
  /** Of `apply`: what is applied; null of others. */
  readonly origin: Origin | null;
  readonly deeds: readonly [Deed, ...Deed[]];
  readonly cost: number;
}

export type Origin =
  /** `isWhole`: all of the set that is not in place yet. */
  | { readonly kind: "wanted"; readonly isWhole: boolean }
  | { readonly kind: "bundle"; readonly candidates: Form["bundles"]; readonly isWhole: boolean };

/** What becomes of each definition that a move touches, by name. */
export function outcomeOf({ deeds }: Pick<Move, "deeds">): ReadonlyMap<string, Definition> {
  return new Map(deeds.map(({ after }) => [after.name, after] as const));
}

/** @file What a rule is. */
import type { Change } from "./change.ts";
import type { Facts } from "./facts.ts";
import type { Enforcement, RuleFinding } from "./finding.ts";

/**
 * Facts that cost requests to the API server, so that they are gathered only for changes that a rule asks them for. `forms`: those of
 * the CRD before the change (`CrdVersion.form`), where the change does not bring them along. `fit`: what live objects make of the new ones.
 */
export type EvidenceKind = "objects" | "migration" | "writers" | "webhooks" | "forms" | "fit";

/**
 * `api-server-refuses`: the API server refuses the same change by itself, whoever asks. `never-denied`: it finds something in
 * workloads alone, which admission only ever warns about.
 */
export type NoOverride = "api-server-refuses" | "never-denied";

export interface Rule {
  /** The fact found, in kebab case; also the name of its file, its test and its page in `docs/rules/`. */
  readonly id: string;
  readonly defaultEnforcement: Enforcement;
  /** Why no override lifts its denial; absent where one can. */
  readonly noOverride?: NoOverride;
  /** Its findings are about a CRD as a whole, never about some of its versions. */
  readonly isAboutWholeCrd?: true;
  /** What must be gathered before `find` can judge this change; nothing when absent. */
  readonly evidence?: (change: Change) => readonly EvidenceKind[];
  /** Pure; never mutates its input. */
  readonly find: (input: { readonly change: Change; readonly facts: Facts }) => readonly RuleFinding[];
}

/** Gives a rule's literal its type. */
export function defineRule(rule: Rule): Rule {
  return rule;
}

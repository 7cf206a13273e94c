/** @file The answer to one review. */
import type { JudgedFinding } from "../policy/policy.ts";
import type { Change } from "../rules/change.ts";

/** Why no answer could be given; not the asker's fault. */
export type UndecidedReason =
  /** The guard has not seen the cluster completely yet. */
  | "facts-not-synced"
  /** The time that the API server gives ran out. */
  | "deadline-exceeded"
  /** A defect of crdguard; its log holds the error. */
  | "internal-error";

export type Verdict =
  | { readonly kind: "allow"; readonly findings: readonly JudgedFinding[] }
  /** The first finding, at least, is enforced by denial. */
  | { readonly kind: "deny"; readonly findings: readonly [JudgedFinding, ...JudgedFinding[]] }
  | { readonly kind: "undecided"; readonly reason: UndecidedReason };

export interface JudgedChange {
  readonly change: Change;
  readonly verdict: Verdict;
}

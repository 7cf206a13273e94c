/** @file A plan in words: the contract of `crdguard plan -o json`, from which text, Markdown and the walk are made. */
import type { Action, Caution, Obstacle } from "../plan/plan.ts";
import type { ExplainedFinding } from "./finding.ts";

/** Members are added, never changed, within a version. docs/schemas/plan-report.v1alpha1.json describes each. */
export interface PlanReport {
  readonly apiVersion: "crdguard.dev/v1alpha1";
  readonly kind: "PlanReport";
  /** `done`: the cluster is as wanted. */
  readonly outcome: "done" | "planned" | "impossible" | "undecided";
  readonly steps: readonly ExplainedStep[];
  /** What a person should know before the first step. */
  readonly cautions: readonly { readonly kind: Caution["kind"]; readonly message: string }[];
  /** Why there is no way; only with `impossible`. */
  readonly obstacles: readonly ExplainedObstacle[];
  /** What was given and is not planned for, and what became of conflicts; one sentence each. */
  readonly notes: readonly string[];
  /** One sentence. */
  readonly summary: string;
}

export interface ExplainedStep {
  /** From 1. */
  readonly number: number;
  /** The same whenever the same step is planned anew. */
  readonly id: string;
  readonly action: Action["kind"];
  readonly title: string;
  /** Why it comes where it does; null where it is simply what was asked for. */
  readonly because: string | null;
  /** What a person has to do, before the commands where there are any; null: nothing. */
  readonly byHand: string | null;
  /** For a POSIX shell, in this order, each one or more lines; the next only if the one before has worked. */
  readonly commands: readonly string[];
  /** One line each. */
  readonly changes: readonly string[];
  /** It deletes or stops something: nobody should be led into it by a yes to all. */
  readonly isDestructive: boolean;
  /** What the rules have to say of it; nothing that denies. */
  readonly findings: readonly ExplainedFinding[];
  /** It is done once all of them hold. */
  readonly proof: readonly Proof[];
  readonly wayBack: { readonly sentence: string; readonly commands: readonly string[] };
}

/** What differs from action to action. */
export type ActionWords = Pick<
  ExplainedStep,
  "title" | "byHand" | "commands" | "changes" | "isDestructive" | "proof" | "wayBack"
>;

export interface Proof {
  /** Ends with status 0. */
  readonly command: string;
  /** What it prints, without the last line break; empty: nothing. Null: whatever it prints. */
  readonly prints: string | null;
  /** That is part of what it prints, rather than all of it. */
  readonly isPart?: true;
}

export interface ExplainedObstacle {
  readonly kind: Obstacle["kind"];
  readonly message: string;
  /** What could be done about it, one line each. */
  readonly waysOut: readonly string[];
  /** Of what rules refuse. */
  readonly findings: readonly ExplainedFinding[];
}

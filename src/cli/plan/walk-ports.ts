/** @file What a walk asks of the world, and how it ends. */
import type { ExplainedStep, PlanReport } from "../../explain/plan-report.ts";
import type { Journal } from "./journal.ts";

export interface WalkPorts {
  /**
   * From the cluster as it is now.
   * @param backupNumber of the folder that the next backup of a CRD goes to, from 1.
   * @param stopped keys of workloads that this walk has stopped, and that must run in the end.
   */
  plan(backupNumber: (crd: string) => number, stopped: ReadonlySet<string>): Promise<CurrentPlan>;
  /** Runs one command to its end. */
  run(command: string): Promise<StepResult>;
  /** Waits until all proofs hold, as long as the step is worth it. */
  prove(step: ExplainedStep): Promise<StepResult>;
  ask(step: ExplainedStep): Promise<Answer>;
  /** Waits until what is done by hand is done; false where nobody is there to wait for, or gives up. */
  handed(step: ExplainedStep): Promise<boolean>;
  /**
   * Whether all that the last of these backups of a CRD holds is in those before it too, unchanged; then a walk was killed while
   * it deleted, and what is left needs no restoring, nor editing, of its own.
   */
  isCovered(crd: string, backups: readonly number[]): Promise<boolean>;
  /** On the disk when it resolves. */
  write(journal: Journal): Promise<void>;
  tell(event: WalkEvent): void;
}

export type StepResult = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface CurrentPlan {
  readonly report: PlanReport;
  /** What a step of this plan is about, by its id. */
  readonly subjectOf: (id: string) => StepSubject;
  /** Writes the manifests that the step's commands name. */
  prepare(id: string): Promise<void>;
}

export interface StepSubject {
  /** Whose objects it backs up, deletes or restores; null: none. */
  readonly objectsOf: string | null;
  /** That it stops or starts; null: none. */
  readonly workload: string | null;
  /** Definitions that it changes. */
  readonly definitions: readonly string[];
}

export type Answer = "yes" | "skip" | "quit";

export type WalkEvent =
  | { readonly kind: "planned"; readonly report: PlanReport }
  /** `number` of it in the walk, from 1, whatever was done by walks before; `count` of all steps as far as is known now. */
  | { readonly kind: "step"; readonly step: ExplainedStep; readonly number: number; readonly count: number }
  | { readonly kind: "proven" | "skipped"; readonly step: ExplainedStep };

export type WalkEnd =
  | { readonly kind: "done"; readonly stepCount: number; readonly skipped: readonly string[] }
  /** `isByHand`: what is to be done by hand is not done yet. */
  | { readonly kind: "quit"; readonly step: ExplainedStep; readonly isByHand: boolean }
  | { readonly kind: "no-plan"; readonly report: PlanReport }
  /** `stuck`: it is proven, and yet the plan asks for it again. `no-backup`: what it deletes is not backed up. */
  | {
      readonly kind: "failed";
      readonly step: ExplainedStep;
      readonly why: "command" | "proof" | "stuck" | "no-backup";
      readonly reason: string;
    };

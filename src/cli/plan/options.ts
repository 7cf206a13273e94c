/** @file What `crdguard plan` is asked for, and what it ends with. */
import type { PlanReport } from "../../explain/plan-report.ts";
import type { ConflictStrategy } from "../../plan/conflicts.ts";
import type { AgainstChoice } from "../against.ts";
import { EXIT, type ExitStatus } from "../exit-status.ts";
import type { BundleOptions } from "../read-bundle.ts";

export interface PlanOptions extends BundleOptions, AgainstChoice {
  readonly with: readonly string[];
  /** CRDs that belong with those wanted, and are not among them, are left over. */
  readonly prune: boolean;
  readonly onConflict: ConflictStrategy;
  readonly rule: readonly string[];
  /** Files and folders of own catalog entries. */
  readonly catalog: readonly string[];
  readonly output: "text" | "markdown" | "json";
  readonly backupDir: string;
  /** Where manifests of single steps are written; undefined: they are not, unless the plan is walked. */
  readonly stepsDir: string | undefined;
  readonly run: boolean;
  readonly yes: boolean;
  readonly yesDestructive: boolean;
  /** Seconds for which the proof of a step is waited for. */
  readonly proofTimeout: number;
}

export function statusOf({ outcome }: Pick<PlanReport, "outcome">): ExitStatus {
  switch (outcome) {
    case "done":
    case "planned":
      return EXIT.allowed;
    case "impossible":
      return EXIT.denied;
    case "undecided":
      return EXIT.undecided;
  }
}

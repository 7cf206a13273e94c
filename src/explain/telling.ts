/** @file What every output format is made of: the report of `check` or `doctor` in words, whichever way it is written. */
import type { Severity } from "../health/severity.ts";
import type { ExplainedRemedy } from "./remedies.ts";

/** A report, in the order in which it is told. */
export interface Telling {
  readonly command: "check" | "doctor";
  readonly subjects: readonly ToldSubject[];
  /** One line each, on what was not judged and why. */
  readonly notes: readonly string[];
  /** `2 changes: 1 allowed, 1 denied.` */
  readonly summary: string;
}

/** What is judged: a change of a CRD, a workload that is applied, or, in `doctor`, whatever ails. */
export interface ToldSubject {
  /** `grpcroutes.gateway.networking.k8s.io`, or `Deployment <namespace>/<name>`. */
  readonly name: string;
  /** `UPDATE`; null where nothing is done to it. */
  readonly operation: string | null;
  /** `warned`: nothing fails for it, but it is to be seen to. */
  readonly outcome: "passed" | "warned" | "failed" | "undecided";
  /** `allowed`, `denied`, `undecided`; in `doctor`: `healthy`, `ailing`. */
  readonly outcomeWord: string;
  /** Why there is no verdict; null where there is one. */
  readonly reason: string | null;
  /** Where its manifest begins; null where it comes from no file. */
  readonly place: Place | null;
  readonly findings: readonly ToldFinding[];
}

export interface ToldFinding {
  /** Rule of `check` or check of `doctor`. */
  readonly rule: string;
  readonly severity: Severity;
  /** The command's own word for the severity: `deny`, `warn`, `audit`; in `doctor` that of the severity. */
  readonly severityWord: string;
  /** `spec.versions[v1alpha2].served` */
  readonly field: string;
  /** One sentence without a full stop. */
  readonly message: string;
  /** One line each. */
  readonly evidence: readonly string[];
  readonly remedies: readonly ExplainedRemedy[];
  /** Where more is told, relative to the root of the project. */
  readonly page: string;
  /** The way to override it, one line; null where there is none. */
  readonly override: string | null;
  /** Where the field stands; null where the subject comes from no file. */
  readonly place: Place | null;
}

/** Line and column from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

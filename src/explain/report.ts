/** @file Verdicts on many changes → one report: the contract of `-o json`. */
import { compareText } from "../crd/compare-text.ts";
import type { JudgedChange, Verdict } from "../review/verdict.ts";
import type { Change } from "../rules/change.ts";
import { undecidedSentence } from "./admission.ts";
import type { Audience } from "./audience.ts";
import type { CheckInput } from "./check-input.ts";
import { type ExplainedFinding, explainFinding } from "./finding.ts";
import { overrideOffer } from "./override.ts";
import { subjectOf } from "./subject.ts";

/**
 * The contract of `crdguard check -o json`. Members are added, never changed, within a version.
 * docs/schemas/check-report.v1alpha1.json describes each.
 */
export interface CheckReport {
  readonly apiVersion: "crdguard.dev/v1alpha1";
  readonly kind: "CheckReport";
  readonly verdict: Verdict["kind"];
  readonly changes: readonly ReportedChange[];
  /** What was given to be judged. */
  readonly input: CheckInput;
  /** Names of CRDs that belong with those applied, are not among them, and stay in the cluster. */
  readonly leaving: readonly string[];
}

export interface ReportedChange {
  /** Of a change of a CRD: its name. */
  readonly crd?: string;
  /** Of a workload that is applied: `Deployment <namespace>/<name>`. */
  readonly workload?: string;
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly verdict: Verdict["kind"];
  /** Why there is no verdict; only with `undecided`. */
  readonly reason?: string;
  readonly findings: readonly ExplainedFinding[];
}

/** Changes in the order of CRD names. One denial denies the whole; else one undecided change leaves it undecided. */
export function checkReport(
  judged: readonly JudgedChange[],
  audience: Audience,
  { input, leaving }: Pick<CheckReport, "input" | "leaving">,
): CheckReport {
  const changes = judged
    .map(({ change, verdict }) => reportChange(change, verdict, audience))
    .toSorted((left, right) => compareText(orderOf(left), orderOf(right)));
  const kinds = new Set(changes.map(({ verdict }) => verdict));
  const verdict = kinds.has("deny") ? "deny" : kinds.has("undecided") ? "undecided" : "allow";
  return { apiVersion: "crdguard.dev/v1alpha1", kind: "CheckReport", verdict, changes, input, leaving };
}

function reportChange(change: Change, verdict: Verdict, audience: Audience): ReportedChange {
  const subject = subjectOf(change);
  const judged = verdict.kind === "undecided" ? [] : verdict.findings;
  const offer = overrideOffer(judged, subject.name);
  const findings = judged.map((finding) => explainFinding(finding, subject, audience, offer));
  return {
    ...(change.kind === "apply-workload" ? { workload: subject.name } : { crd: subject.name }),
    operation: operationOf(change),
    verdict: verdict.kind,
    ...(verdict.kind === "undecided" ? { reason: undecidedSentence(verdict.reason) } : {}),
    findings,
  };
}

function operationOf(change: Change): ReportedChange["operation"] {
  switch (change.kind) {
    case "create":
      return "CREATE";
    case "update":
    case "status-update":
      return "UPDATE";
    case "delete":
      return "DELETE";
    case "apply-workload":
      return change.today === null ? "CREATE" : "UPDATE";
  }
}

/** CRDs first: they are what workloads wait for. */
function orderOf(change: ReportedChange): string {
  return `${change.workload === undefined ? "0" : "1"}${titleOf(change)}`;
}

/** What is changed: a CRD, or a workload. */
export function titleOf({ crd, workload }: ReportedChange): string {
  return crd ?? workload ?? "";
}

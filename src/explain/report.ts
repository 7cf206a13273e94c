/** @file Verdicts on many changes → one report: the JSON contract, and text for a terminal. */
import { compareText } from "../crd/compare-text.ts";
import type { Colors } from "picocolors/types.js";
import type { JudgedChange, Verdict } from "../review/verdict.ts";
import type { Change } from "../rules/change.ts";
import { undecidedSentence } from "./admission.ts";
import type { Audience } from "./audience.ts";
import { type CheckInput, inputNotes } from "./check-input.ts";
import { type ExplainedFinding, explainFinding, findingLines } from "./finding.ts";
import { subjectOf } from "./subject.ts";
import { countOf, shown } from "./text.ts";

/** The contract of `crdguard check -o json`. Members are added, never changed, within a version. */
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

/** @returns lines without line breaks; allowed changes without findings share one. */
export function reportLines(report: CheckReport, colors: Colors): readonly string[] {
  const telling = report.changes.filter(({ findings, verdict }) => findings.length > 0 || verdict !== "allow");
  const silent = report.changes.filter((change) => !telling.includes(change));
  return [
    ...telling.flatMap((change) => [...changeLines(change, colors), ""]),
    ...(silent.length === 0
      ? []
      : [`${colors.green("✓ allowed")}  ${silent.map((change) => shown(titleOf(change))).join(", ")}`, ""]),
    ...inputNotes(report.input, report.leaving),
    summaryLine(report, colors),
  ];
}

function reportChange(change: Change, verdict: Verdict, audience: Audience): ReportedChange {
  const subject = subjectOf(change);
  const findings =
    verdict.kind === "undecided" ? [] : verdict.findings.map((finding) => explainFinding(finding, subject, audience));
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

function titleOf({ crd, workload }: ReportedChange): string {
  return crd ?? workload ?? "";
}

function changeLines(change: ReportedChange, colors: Colors): readonly string[] {
  const title = `${verdictMark(change.verdict, colors)}  ${colors.bold(shown(titleOf(change)))} ${colors.dim(change.operation)}`;
  const reason = change.reason === undefined ? [] : [`  ${change.reason}`];
  return [title, ...reason, ...change.findings.flatMap((finding) => indentedFinding(finding, colors))];
}

function indentedFinding(finding: ExplainedFinding, colors: Colors): readonly string[] {
  const [sentence = "", ...details] = findingLines(finding);
  const field = finding.enforcement === "deny" ? colors.red(finding.field) : colors.yellow(finding.field);
  return [`  ${finding.enforcement} ${field}: ${sentence}`, ...details.map((line) => `  ${line}`)];
}

function verdictMark(verdict: Verdict["kind"], colors: Colors): string {
  switch (verdict) {
    case "allow":
      return colors.green("✓ allowed");
    case "deny":
      return colors.red("✗ denied");
    case "undecided":
      return colors.yellow("? undecided");
  }
}

function summaryLine({ changes }: CheckReport, colors: Colors): string {
  const count = (verdict: Verdict["kind"]): number => changes.filter((change) => change.verdict === verdict).length;
  const parts = [
    `${String(count("allow"))} allowed`,
    `${String(count("deny"))} denied`,
    ...(count("undecided") > 0 ? [`${String(count("undecided"))} undecided`] : []),
  ];
  return colors.bold(`${countOf(changes.length, "change")}: ${parts.join(", ")}.`);
}

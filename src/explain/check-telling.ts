/** @file CheckReport → the common form from which every output but JSON and YAML is written. */
import type { Severity } from "../health/severity.ts";
import type { Verdict } from "../review/verdict.ts";
import type { Enforcement } from "../rules/finding.ts";
import { inputNotes } from "./check-input.ts";
import { evidenceLines, overrideLine, pageOf, type ExplainedFinding } from "./finding.ts";
import { type CheckReport, type ReportedChange, titleOf } from "./report.ts";
import type { Place, Telling, ToldFinding, ToldSubject } from "./telling.ts";
import { countOf, shown } from "./text.ts";

/**
 * Where something stands that is judged; null where it comes from no file.
 * @param subjectName as the report has it.
 * @param field null for the beginning of the manifest.
 */
export type PlaceOf = (subjectName: string, field: string | null) => Place | null;

export interface CheckTellingOptions {
  readonly placeOf: PlaceOf;
}

export function checkTelling(report: CheckReport, { placeOf }: CheckTellingOptions): Telling {
  return {
    command: "check",
    subjects: report.changes.map((change) => toldChange(change, placeOf)),
    notes: inputNotes(report.input, report.leaving),
    summary: summaryOf(report),
  };
}

function toldChange(change: ReportedChange, placeOf: PlaceOf): ToldSubject {
  const name = titleOf(change);
  return {
    name: shown(name),
    operation: change.operation,
    ...outcomeOf(change.verdict),
    reason: change.reason ?? null,
    place: placeOf(name, null),
    findings: change.findings.map((finding) => toldFinding(finding, placeOf(name, finding.field))),
  };
}

function toldFinding(finding: ExplainedFinding, place: Place | null): ToldFinding {
  const { rule, enforcement, field, message, remedies } = finding;
  return {
    rule,
    severity: severityOf(enforcement),
    severityWord: enforcement,
    field,
    message,
    evidence: evidenceLines(finding),
    remedies,
    page: pageOf(rule),
    override: overrideLine(finding),
    place,
  };
}

function outcomeOf(verdict: Verdict["kind"]): Pick<ToldSubject, "outcome" | "outcomeWord"> {
  switch (verdict) {
    case "allow":
      return { outcome: "passed", outcomeWord: "allowed" };
    case "deny":
      return { outcome: "failed", outcomeWord: "denied" };
    case "undecided":
      return { outcome: "undecided", outcomeWord: "undecided" };
  }
}

export function severityOf(enforcement: Enforcement): Severity {
  switch (enforcement) {
    case "deny":
      return "error";
    case "warn":
      return "warning";
    case "audit":
      return "note";
  }
}

function summaryOf({ changes }: CheckReport): string {
  const count = (verdict: Verdict["kind"]): number => changes.filter((change) => change.verdict === verdict).length;
  const parts = [
    `${String(count("allow"))} allowed`,
    `${String(count("deny"))} denied`,
    ...(count("undecided") > 0 ? [`${String(count("undecided"))} undecided`] : []),
  ];
  return `${countOf(changes.length, "change")}: ${parts.join(", ")}.`;
}

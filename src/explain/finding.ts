/** @file The common form of a told finding, from which every output is made. */
import type { JudgedFinding } from "../policy/policy.ts";
import type { Enforcement } from "../rules/finding.ts";
import type { Audience } from "./audience.ts";
import { type Evidence, evidenceLine, evidenceOf } from "./evidence.ts";
import { messageOf } from "./messages.ts";
import { type ExplainedRemedy, explainRemedies } from "./remedies.ts";
import type { Subject } from "./subject.ts";
import { shown } from "./text.ts";

export interface ExplainedFinding {
  readonly rule: string;
  readonly enforcement: Enforcement;
  readonly field: string;
  readonly message: string;
  readonly evidence: readonly Evidence[];
  readonly remedies: readonly ExplainedRemedy[];
}

export function explainFinding(finding: JudgedFinding, subject: Subject, audience: Audience): ExplainedFinding {
  return {
    rule: finding.rule,
    enforcement: finding.enforcement,
    field: shown(finding.field),
    message: messageOf(finding.fact, subject.name),
    evidence: evidenceOf(finding.fact, subject, audience),
    remedies: explainRemedies(finding.remedies, audience),
  };
}

/** Most lines of evidence and most remedies told in text; JSON tells all. */
const MAX_EVIDENCE_LINES = 10;
const MAX_REMEDIES = 8;

/** A finding as text: its sentence, then who is hurt, how to go on, where to read more. */
export function findingLines(finding: ExplainedFinding): readonly string[] {
  const evidence = finding.evidence.map(evidenceLine).filter((line) => line !== null);
  return [
    `${finding.rule}: ${finding.message}${evidence.length > 0 ? ":" : ""}`,
    ...shortened(evidence, MAX_EVIDENCE_LINES).map((line) => `    ${line}`),
    ...(finding.remedies.length > 0 ? [finding.remedies.length === 1 ? "  To go on:" : "  To go on, do one of:"] : []),
    ...finding.remedies.slice(0, MAX_REMEDIES).flatMap(remedyLines),
    `  More: ${pageOf(finding.rule)}`,
  ];
}

/** A finding in one line, the workload's name first, so that cutting the line does not cost it. */
export function findingLine(finding: ExplainedFinding): string {
  const workload = finding.evidence.find((evidence) => evidence.kind === "workload")?.workload;
  return `${finding.rule}: ${workload === undefined ? "" : `${workload}: `}${finding.message}`;
}

/** Where the rule is explained, relative to the root of the project. */
function pageOf(ruleId: string): string {
  return `docs/rules/${ruleId}.md`;
}

function remedyLines({ title, command }: ExplainedRemedy): readonly string[] {
  return command === undefined
    ? [`    - ${title}`]
    : [`    - ${title}:`, ...command.split("\n").map((line) => `        ${line}`)];
}

function shortened(lines: readonly string[], most: number): readonly string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), `and ${String(lines.length - most)} more`];
}

/** @file The common form of a told finding, from which every output is made. */
import type { JudgedFinding, Relief, UnmetRelief } from "../policy/policy.ts";
import type { Enforcement, Fact } from "../rules/finding.ts";
import type { Audience } from "./audience.ts";
import { type Evidence, evidenceLine, evidenceOf } from "./evidence.ts";
import { doubtInShort, messageOf } from "./messages.ts";
import { isOffered, offerLine, type OverrideOffer } from "./override.ts";
import { reliefClauses, reliefInShort } from "./relief.ts";
import { type ExplainedRemedy, explainRemedies } from "./remedies.ts";
import { type Subject, workloadName } from "./subject.ts";
import type { ToldFinding } from "./telling.ts";
import { countOf, shown } from "./text.ts";

export interface ExplainedFinding {
  readonly rule: string;
  readonly enforcement: Enforcement;
  readonly field: string;
  readonly message: string;
  readonly evidence: readonly Evidence[];
  readonly remedies: readonly ExplainedRemedy[];
  /** Why it is no denial, though its rule denies. */
  readonly relief?: Relief;
  /** What was meant to be a relief, and is none. */
  readonly unmet?: readonly UnmetRelief[];
  /** The way to override it, with all that denies the same change; absent where there is none. */
  readonly override?: OverrideOffer;
}

/** @param offer of the verdict that the finding is part of. */
export function explainFinding(
  finding: JudgedFinding,
  subject: Subject,
  audience: Audience,
  offer: OverrideOffer | null = null,
): ExplainedFinding {
  return {
    rule: finding.rule,
    enforcement: finding.enforcement,
    field: shown(finding.field),
    message: [messageOf(finding.fact, subject.name), ...reliefClauses(finding)].join("; "),
    evidence: evidenceOf(finding.fact, subject, audience),
    remedies: explainRemedies(finding.remedies, audience),
    ...(finding.relief === undefined ? {} : { relief: finding.relief }),
    ...(finding.unmet === undefined ? {} : { unmet: finding.unmet }),
    ...(offer !== null && isOffered(finding) ? { override: offer } : {}),
  };
}

/** Most lines of evidence and most remedies told in text; JSON tells all. */
const MAX_EVIDENCE_LINES = 10;
const MAX_REMEDIES = 8;

/** What is told of a finding, in the order in which every output for people tells it. */
export interface FindingParts {
  /** Ends in a colon where evidence follows. */
  readonly sentence: string;
  /** One line each. */
  readonly evidence: readonly string[];
  /** Null where there is no remedy. */
  readonly remediesHeading: string | null;
  readonly remedies: readonly ExplainedRemedy[];
  readonly more: string;
  /** One line: what lays out all steps; null where the way out is one step. */
  readonly steps: string | null;
  /** One line; null where there is no way to override it. */
  readonly override: string | null;
}

/** Rules whose way out is a step before the one that was denied, often one of several. */
const LEADS_TO_PLAN: ReadonlySet<string> = new Set([
  "required-version-unserved",
  "stored-version-removed",
  "workload-requirement-unmet",
]);

const PLAN_LINE = "All steps: crdguard plan -f <what you apply>";

type Told = Pick<ToldFinding, "rule" | "message" | "evidence" | "remedies" | "page" | "override">;

export function findingParts({ rule, message, evidence, remedies, page, override }: Told): FindingParts {
  return {
    sentence: `${rule}: ${message}${evidence.length > 0 ? ":" : ""}`,
    evidence: shortened(evidence, MAX_EVIDENCE_LINES),
    remediesHeading: remedies.length > 0 ? remediesHeading(remedies) : null,
    remedies: remedies.slice(0, MAX_REMEDIES),
    more: `More: ${page}`,
    steps: LEADS_TO_PLAN.has(rule) ? PLAN_LINE : null,
    override,
  };
}

/** A finding as text: its sentence, then who is hurt, how to go on, where to read more. */
export function findingLines(finding: ExplainedFinding): readonly string[] {
  const { rule, message, remedies } = finding;
  const evidence = evidenceLines(finding);
  return plainLines({ rule, message, evidence, remedies, page: pageOf(rule), override: overrideLine(finding) });
}

/** As `findingLines`, of a finding in its common form; lines may have any length. */
export function plainLines(finding: Told): readonly string[] {
  const { sentence, evidence, remediesHeading: heading, remedies, more, steps, override } = findingParts(finding);
  return [
    sentence,
    ...evidence.map((line) => `    ${line}`),
    ...(heading === null ? [] : [`  ${heading}`]),
    ...remedies.flatMap(remedyLines),
    `  ${more}`,
    ...(steps === null ? [] : [`  ${steps}`]),
    ...(override === null ? [] : [`  ${override}`]),
  ];
}

export function overrideLine({ override }: Pick<ExplainedFinding, "override">): string | null {
  return override === undefined ? null : offerLine(override);
}

export function evidenceLines({ evidence }: Pick<ExplainedFinding, "evidence">): readonly string[] {
  return evidence.map(evidenceLine).filter((line) => line !== null);
}

/** What helps one workload leaves the others as they are. */
function remediesHeading(remedies: readonly ExplainedRemedy[]): string {
  if (remedies.length === 1) return "To go on:";
  const workloads = new Set(remedies.flatMap(({ workload }) => (workload === undefined ? [] : [workload])));
  return workloads.size < 2 ? "To go on, do one of:" : "To go on, do one of (what is about one workload, for each of them):";
}

/**
 * A finding in one line, with what lifted a denial, then the name of a workload or writer first, so that cutting the line
 * does not cost them.
 */
export function findingLine(finding: JudgedFinding, subject: Subject, audience: Audience): string {
  const { rule, fact, relief, unmet: _, ...rest } = finding;
  const { evidence, message } = explainFinding({ ...rest, rule, fact }, subject, audience);
  const lifted = relief === undefined ? "" : `${reliefInShort(relief)}: `;
  return `${rule}: ${lifted}${doubtLine(evidence, fact) ?? `${nameFirst(evidence)}${message}`}`;
}

/** @returns null for what is no doubt about a CRD, and where the reader may see no workload's name. */
function doubtLine(evidence: readonly Evidence[], fact: Fact): string | null {
  if (fact.kind !== "requirement-unsure" || fact.isOfWorkload) return null;
  const workload = evidence.find(({ kind }) => kind === "workload");
  if (workload?.kind !== "workload") return null;
  const named = fact.hurt.find(({ need }) => shown(workloadName(need.workload)) === workload.workload) ?? fact.hurt[0];
  const others = fact.hurt.length === 1 ? "" : ` and ${String(fact.hurt.length - 1)} more`;
  return `${workload.workload}${others} ${doubtInShort(fact.doubt, named.need)}`;
}

function nameFirst(evidence: readonly Evidence[]): string {
  const workload = evidence.find(({ kind }) => kind === "workload");
  if (workload?.kind === "workload") return `${workload.workload}: `;
  const [writer, ...others] = evidence.filter(({ kind }) => kind === "writer");
  if (writer?.kind !== "writer") return "";
  const last = writer.lastWrittenAt === null ? "" : `, last ${writer.lastWrittenAt.slice(0, "2026-05-01".length)}`;
  const more = others.length === 0 ? "" : ` and ${String(others.length)} more`;
  return `${shortName(writer)} (${countOf(writer.count, "object")}${last})${more}: `;
}

/** Field managers have up to 128 characters; what they write in must be readable in a warning of 120 too. */
const MAX_WRITER_LENGTH = 32;

/** A path tells most at its end. */
function shortName({ writer, name }: Extract<Evidence, { kind: "writer" }>): string {
  if (name.length <= MAX_WRITER_LENGTH) return name;
  return writer === "file" ? `…${name.slice(1 - MAX_WRITER_LENGTH)}` : `${name.slice(0, MAX_WRITER_LENGTH - 1)}…`;
}

/** Where the rule is explained, relative to the root of the project. */
export function pageOf(ruleId: string): string {
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

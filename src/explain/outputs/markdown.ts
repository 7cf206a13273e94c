/** @file Telling → Markdown, for a comment on a pull request. */
import { SEVERITIES, type Severity } from "../../health/severity.ts";
import type { Telling, ToldFinding, ToldSubject } from "../telling.ts";
import { countOf, listOf } from "../text.ts";
import { harmless } from "./harmless.ts";
import { codeSpan, findingBody, prose } from "./markdown-text.ts";
import { isSilent, markOf, outcomeOfAll, placeText } from "./words.ts";

/** By this line a bot finds the comment that it wrote before, to put the new one in its place. */
const MARKER = "<!-- crdguard -->";

/** GitHub takes comments of 65,536 characters. The parts below add up to less, with room for the sentences between them. */
const MAX_LENGTHS = { table: 16_000, details: 36_000, silent: 5_000, notes: 5_000 } as const;

export function markdownOutput(telling: Telling): string {
  const all = harmless(telling);
  const { outcome, outcomeWord } = outcomeOfAll(all);
  const talking = all.subjects.filter((subject) => !isSilent(subject));
  const sections = [
    [`## ${markOf(outcome)} crdguard: ${prose(outcomeWord)}`],
    [prose(all.summary)],
    tableLines(talking),
    detailsLines(talking),
    ...silentLines(all.subjects.filter(isSilent)),
    noteLines(all.notes),
  ];
  const body = sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
  return `${MARKER}\n${body.join("\n\n")}\n`;
}

function tableLines(subjects: readonly ToldSubject[]): readonly string[] {
  if (subjects.length === 0) return [];
  const rows = subjects.map((subject) => {
    const { name, operation, outcome, outcomeWord, reason, place, findings } = subject;
    const told = [...(reason === null ? [] : [prose(reason)]), ...(findings.length === 0 ? [] : [countsOf(findings)])];
    const cells = [
      `${markOf(outcome)} ${prose(outcomeWord)}`,
      codeSpan(name),
      operation === null ? "" : prose(operation),
      told.join("; "),
      place === null ? "" : codeSpan(placeText(place)),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const { kept, left } = upTo(rows, MAX_LENGTHS.table);
  return [
    "| | Subject | Operation | Findings | Where |",
    "| --- | --- | --- | --- | --- |",
    ...kept,
    ...(left === 0 ? [] : ["", `${countOf(left, "more row")} left out: ${TOO_LONG}.`]),
  ];
}

const TOO_LONG = "a comment has no room for them; `-o text` tells all";

/** `2 deny, 1 warn` */
function countsOf(findings: readonly ToldFinding[]): string {
  return SEVERITIES.flatMap((severity) => {
    const own = findings.filter((finding) => finding.severity === severity);
    const [first] = own;
    return first === undefined ? [] : [`${String(own.length)} ${prose(first.severityWord)}`];
  }).join(", ");
}

/** What is worst is kept, whatever is left out. */
function detailsLines(subjects: readonly ToldSubject[]): readonly string[] {
  const blocks = SEVERITIES.flatMap((severity) =>
    subjects.flatMap((subject) =>
      subject.findings.filter((finding) => finding.severity === severity).map((finding) => detailsOf(subject, finding)),
    ),
  );
  const { kept, left } = upTo(blocks, MAX_LENGTHS.details);
  return [...kept, ...(left === 0 ? [] : [`Details of ${countOf(left, "finding")} left out: ${TOO_LONG}.`])].flatMap(
    (block, index) => (index === 0 ? [block] : ["", block]),
  );
}

function detailsOf({ name }: ToldSubject, finding: ToldFinding): string {
  const { rule, field, message, severity, severityWord, place } = finding;
  return [
    "<details>",
    `<summary>${severityMark(severity)} ${prose(severityWord)} <b>${prose(name)}</b> ${prose(field)}: ${prose(rule)}: ${prose(message)}</summary>`,
    "",
    ...(place === null ? [] : [`Where: ${codeSpan(placeText(place))}`, ""]),
    ...findingBody(finding),
    "",
    "</details>",
  ].join("\n");
}

function severityMark(severity: Severity): string {
  return severity === "error" ? "✗" : severity === "warning" ? "!" : "·";
}

/** A line for each word that subjects without findings end in. */
function silentLines(subjects: readonly ToldSubject[]): readonly (readonly string[])[] {
  return [...Map.groupBy(subjects, ({ outcomeWord }) => outcomeWord)].map(([word, alike]) => {
    const { kept, left } = upTo(
      alike.map(({ name }) => codeSpan(name)),
      MAX_LENGTHS.silent,
    );
    return [`✓ ${prose(word)}: ${listOf(left === 0 ? kept : [...kept, `${String(left)} more`])}`];
  });
}

function noteLines(notes: readonly string[]): readonly string[] {
  const { kept, left } = upTo(
    notes.map((note) => `- ${prose(note)}`),
    MAX_LENGTHS.notes,
  );
  return [...kept, ...(left === 0 ? [] : [`- ${countOf(left, "more note")} left out: ${TOO_LONG}`])];
}

/** The items that fit into so many characters together, with what joins them; one that is too long makes room for those after it. */
function upTo(items: readonly string[], most: number): { readonly kept: readonly string[]; readonly left: number } {
  let length = 0;
  const kept = items.filter((item) => {
    const longer = length + item.length + 2;
    if (longer > most) return false;
    length = longer;
    return true;
  });
  return { kept, left: items.length - kept.length };
}

/** @file Telling → text for a terminal: what matters subject by subject, the rest in one line, the summary last. */
import type { Severity } from "../../health/severity.ts";
import type { Colors } from "picocolors/types.js";
import { findingParts } from "../finding.ts";
import type { ExplainedRemedy } from "../remedies.ts";
import type { Place, Telling, ToldFinding, ToldSubject } from "../telling.ts";
import { WIDTH, wrapped as wrappedText } from "../text.ts";
import { harmless, inert } from "./harmless.ts";
import { isSilent, markOf, placeText } from "./words.ts";

export interface TextOptions {
  readonly colors: Colors;
  /** Of the terminal; null where there is none. */
  readonly columns: number | null;
}

/** Below this, hanging indents leave no room for words. */
const LEAST_WIDTH = 40;

/** Prose is wrapped; commands are not, for they are meant to be pasted. */
export function textOutput(telling: Telling, { colors, columns }: TextOptions): string {
  const { subjects, notes, summary } = harmless(telling);
  const width = Math.max(columns ?? WIDTH, LEAST_WIDTH);
  const lines = [
    ...subjects.flatMap((subject) => (isSilent(subject) ? [] : [...subjectLines(subject, colors, width), ""])),
    ...silentLines(subjects.filter(isSilent), colors, width),
    ...(notes.length === 0
      ? []
      : [...notes.flatMap((note) => wrapped(note, "note: ", "  ", width)).map((line) => colors.dim(line)), ""]),
    ...wrapped(summary, "", "  ", width).map((line) => colors.bold(line)),
  ];
  return `${lines.join("\n")}\n`;
}

function subjectLines(subject: ToldSubject, colors: Colors, width: number): readonly string[] {
  const { name, operation, reason, place, findings } = subject;
  const title = [
    `${verdictMark(subject, colors)}  ${colors.bold(name)}`,
    ...(operation === null ? [] : [colors.dim(operation)]),
    ...(place === null ? [] : [` ${colors.dim(placeText(place))}`]),
  ].join(" ");
  return [
    title,
    ...(reason === null ? [] : wrapped(reason, "  ", "    ", width)),
    ...findings.flatMap((finding) => findingLines(place === null ? finding : unlessSame(finding, place), colors, width)),
  ];
}

/** The title has told it where nothing finer is known. */
function unlessSame(finding: ToldFinding, { line, column }: Place): ToldFinding {
  return finding.place?.line === line && finding.place.column === column ? { ...finding, place: null } : finding;
}

/** Subjects of which there is nothing to say share a line, by what became of them. */
function silentLines(subjects: readonly ToldSubject[], colors: Colors, width: number): readonly string[] {
  return [...Map.groupBy(subjects, ({ outcomeWord }) => outcomeWord).values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const names = alike.map(({ name }, index) => (index < alike.length - 1 ? `${name},` : name));
    const mark = `${markOf(first.outcome)} ${first.outcomeWord}`;
    return [...painted(wrapped(names, `${mark}  `, undefined, width), "", mark, verdictPaint(first, colors)), ""];
  });
}

function findingLines(finding: ToldFinding, colors: Colors, width: number): readonly string[] {
  const { field, place, severity, severityWord } = finding;
  const { sentence, evidence, remediesHeading, remedies, more, steps, override } = findingParts(finding);
  const start = `  ${severityWord} `;
  return [
    ...painted(wrapped(`${field}: ${sentence}`, start, "    ", width), start, field, severityPaint(severity, colors)),
    ...evidence.flatMap((line) => wrapped(line, "      ", " ".repeat(10), width)),
    ...(remediesHeading === null ? [] : wrapped(remediesHeading, "    ", undefined, width)),
    ...remedies.flatMap((remedy) => remedyLines(remedy, width)),
    ...(place === null ? [] : [`    Where: ${placeText(place)}`]),
    `    ${more}`,
    ...(steps === null ? [] : [`    ${steps}`]),
    ...(override === null ? [] : [`    ${override}`]),
  ];
}

function remedyLines({ title, command }: ExplainedRemedy, width: number): readonly string[] {
  if (command === undefined) return wrapped(title, "      - ", undefined, width);
  return [...wrapped(`${title}:`, "      - ", undefined, width), ...command.split("\n").map((line) => `          ${line}`)];
}

/** A line that begins anew within foreign text may begin with what its first line did not. */
function wrapped(...text: Parameters<typeof wrappedText>): readonly string[] {
  return wrappedText(...text).map(inert);
}

/** Colours what stands after the start of the first line, unless it goes on in the second. */
function painted(lines: readonly string[], start: string, what: string, paint: (text: string) => string): readonly string[] {
  const [first = "", ...others] = lines;
  if (!first.startsWith(`${start}${what}`)) return lines;
  return [`${start}${paint(what)}${first.slice(start.length + what.length)}`, ...others];
}

function verdictMark(subject: ToldSubject, colors: Colors): string {
  return verdictPaint(subject, colors)(`${markOf(subject.outcome)} ${subject.outcomeWord}`);
}

function verdictPaint({ outcome }: ToldSubject, colors: Colors): (text: string) => string {
  switch (outcome) {
    case "passed":
      return colors.green;
    case "failed":
      return colors.red;
    case "warned":
    case "undecided":
      return colors.yellow;
  }
}

function severityPaint(severity: Severity, colors: Colors): (text: string) => string {
  return severity === "error" ? colors.red : colors.yellow;
}

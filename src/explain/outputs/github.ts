/**
 * @file Telling → workflow commands of GitHub Actions, which become annotations of a pull request's lines.
 * Source: github.com/actions/toolkit, packages/core/src/command.ts; github.com/actions/runner, src/Runner.Common/ActionCommand.cs.
 */
import { SEVERITIES, type Severity } from "../../health/severity.ts";
import { plainLines } from "../finding.ts";
import type { Place, Telling, ToldFinding, ToldSubject } from "../telling.ts";
import { countOf, listOf } from "../text.ts";
import { harmless, inert } from "./harmless.ts";
import { relativePath } from "./paths.ts";
import { placeText, titleOf } from "./words.ts";

export interface GithubOptions {
  /** Folder to which paths are relative, absolute: the root of the repository. */
  readonly cwd: string;
}

/** GitHub shows no more annotations of each level for a step, and drops the rest in silence. */
const MAX_ANNOTATIONS = 10;

/** Errors first. What GitHub would not show as an annotation is told in plain lines of the log. */
export function githubOutput(telling: Telling, { cwd }: GithubOptions): string {
  const { subjects, notes, summary } = harmless(telling);
  const annotations = subjects.flatMap(annotationsOf);
  const levels = SEVERITIES.map((severity) => {
    const own = annotations.filter((annotation) => annotation.severity === severity);
    return { severity, shown: own.slice(0, MAX_ANNOTATIONS), left: own.slice(MAX_ANNOTATIONS) };
  });
  const leftOut = levels
    .filter(({ left }) => left.length > 0)
    .map(({ severity, left }) => countOf(left.length, `more ${LEVELS[severity].noun}`));
  return [
    ...levels.flatMap(({ shown }) => shown.map((annotation) => command(annotation, cwd))),
    ...levels.flatMap(({ left }) => left.map(plainLine)),
    ...notes.map((note) => `note: ${note}`),
    `crdguard: ${summary}`,
    ...(leftOut.length === 0
      ? []
      : [
          `crdguard: GitHub shows ${String(MAX_ANNOTATIONS)} annotations of each level: ${listOf(leftOut)}, told in the log alone.`,
        ]),
    "",
  ].join("\n");
}

/** `command` of the workflow, and what a person calls it. */
const LEVELS = {
  error: { command: "error", noun: "error" },
  warning: { command: "warning", noun: "warning" },
  note: { command: "notice", noun: "notice" },
} as const satisfies Record<Severity, { readonly command: string; readonly noun: string }>;

interface Annotation {
  readonly severity: Severity;
  readonly place: Place | null;
  readonly title: string;
  /** The first stands alone where the annotation is left out. */
  readonly lines: readonly [string, ...string[]];
}

function annotationsOf(subject: ToldSubject): readonly Annotation[] {
  const { name, place, outcome, outcomeWord, reason, findings } = subject;
  const undecided: readonly Annotation[] =
    outcome === "undecided"
      ? [{ severity: "error", place, title: `${outcomeWord}: ${titleOf(subject)}`, lines: [`${name}: ${reason ?? outcomeWord}`] }]
      : [];
  return [...undecided, ...findings.map((finding) => annotationOf(subject, finding))];
}

function annotationOf(subject: ToldSubject, finding: ToldFinding): Annotation {
  const [sentence = "", ...details] = plainLines(finding);
  return {
    severity: finding.severity,
    place: finding.place ?? subject.place,
    title: `${finding.rule}: ${titleOf(subject)}`,
    lines: [`${subject.name}: ${finding.field}: ${sentence}`, ...details],
  };
}

function command({ severity, place, title, lines }: Annotation, cwd: string): string {
  const properties = [
    ...(place === null
      ? []
      : [
          `file=${property(inert(relativePath(place.file, cwd) ?? place.file))}`,
          `line=${String(place.line)}`,
          `col=${String(place.column)}`,
        ]),
    `title=${property(title)}`,
  ];
  return `::${LEVELS[severity].command} ${properties.join(",")}::${message(lines.join("\n"))}`;
}

function message(value: string): string {
  return value.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(value: string): string {
  return message(value).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

function plainLine({ severity, place, lines }: Annotation): string {
  const where = place === null ? "" : ` (${placeText(place)})`;
  return `${LEVELS[severity].noun}: ${lines[0]}${where}`;
}

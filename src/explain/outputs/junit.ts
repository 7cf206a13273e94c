/**
 * @file Telling → JUnit XML, as GitLab and Jenkins read it.
 * Source of the form: jenkinsci/xunit-plugin, junit-10.xsd.
 */
import { isFailing, type Severity } from "../../health/severity.ts";
import { plainLines } from "../finding.ts";
import type { Telling, ToldFinding, ToldSubject } from "../telling.ts";
import { countOf } from "../text.ts";
import { harmless } from "./harmless.ts";
import { placeText, titleOf } from "./words.ts";

export interface JunitOptions {
  /** Findings of this severity, and of worse ones, fail a test; null: none does. */
  readonly failLevel: Severity | null;
}

/** One suite; a test for each subject. What fails no test is told in its `system-out`. */
export function junitOutput(telling: Telling, { failLevel }: JunitOptions): string {
  const { command, subjects, notes, summary } = harmless(telling);
  const cases = subjects.map((subject) => testCase(command, subject, failLevel));
  const counts = attributes({
    name: `crdguard ${command}`,
    tests: String(cases.length),
    failures: String(cases.filter(({ isFailure }) => isFailure).length),
    errors: String(subjects.filter(({ outcome }) => outcome === "undecided").length),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${counts}>`,
    `  <testsuite${counts}>`,
    ...cases.flatMap(({ lines }) => lines),
    `    ${element("system-out", {}, [...notes.map((note) => `note: ${note}`), summary])}`,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

interface TestCase {
  readonly lines: readonly string[];
  readonly isFailure: boolean;
}

/** GitLab and Jenkins show one failure of a test: all that fail it stand in the same. */
function testCase(command: Telling["command"], subject: ToldSubject, failLevel: Severity | null): TestCase {
  const failing = subject.findings.filter(({ severity }) => isFailing(severity, failLevel));
  const others = subject.findings.filter((finding) => !failing.includes(finding));
  const [first] = failing;
  const inside = [
    ...(subject.outcome === "undecided"
      ? [element("error", { message: `${subject.outcomeWord}: ${subject.reason ?? ""}`, type: subject.outcomeWord }, [])]
      : []),
    ...(first === undefined
      ? []
      : [element("failure", { message: failureMessage(failing), type: first.rule }, failing.flatMap(findingText))]),
    ...(others.length === 0 ? [] : [element("system-out", {}, others.flatMap(findingText))]),
  ];
  const own = attributes({ name: titleOf(subject), classname: `crdguard.${command}` });
  return {
    isFailure: failing.length > 0,
    lines:
      inside.length === 0
        ? [`    <testcase${own}/>`]
        : [`    <testcase${own}>`, ...inside.map((text) => `      ${text}`), "    </testcase>"],
  };
}

function failureMessage(findings: readonly ToldFinding[]): string {
  const [first, ...others] = findings;
  if (first === undefined) return "";
  const more = others.length === 0 ? "" : ` (and ${countOf(others.length, "more finding")})`;
  return `${first.field}: ${first.rule}: ${first.message}${more}`;
}

function findingText(finding: ToldFinding): readonly string[] {
  const [sentence = "", ...details] = plainLines(finding);
  // Where to read more, and the way to override it.
  const last = finding.override === null ? 1 : 2;
  return [
    `${finding.severityWord} ${finding.field}: ${sentence}`,
    ...details.slice(0, -last),
    ...(finding.place === null ? [] : [`  Where: ${placeText(finding.place)}`]),
    ...details.slice(-last),
  ];
}

function element(name: string, own: Readonly<Record<string, string>>, text: readonly string[]): string {
  return text.length === 0 ? `<${name}${attributes(own)}/>` : `<${name}${attributes(own)}>${xmlText(text.join("\n"))}</${name}>`;
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xmlText(value)}"`)
    .join("");
}

/** For an attribute and for text alike. */
function xmlText(value: string): string {
  return value
    .toWellFormed()
    .replaceAll(FORBIDDEN, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

// Source: www.w3.org/TR/xml, production 2; not even a character reference may name one of these.
// eslint-disable-next-line no-control-regex -- control characters are what is looked for.
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** @file What doctor found, as text for a terminal. */
import type { Colors } from "picocolors/types.js";
import type { ExplainedRemedy } from "./remedies.ts";
import type { Severity, Telling, ToldFinding, ToldSubject } from "./telling.ts";
import { wrapped } from "./text.ts";

/** @returns lines without line breaks. */
export function healthLines(telling: Telling, colors: Colors): readonly string[] {
  return [
    ...telling.subjects.flatMap((subject) => [...subjectLines(subject, colors), ""]),
    ...telling.notes.flatMap((note) => wrapped(note, "")),
    colors.bold(telling.summary),
  ];
}

function subjectLines({ name, findings }: ToldSubject, colors: Colors): readonly string[] {
  return [colors.bold(name), ...findings.flatMap((finding) => findingLines(finding, colors))];
}

function findingLines(finding: ToldFinding, colors: Colors): readonly string[] {
  const { rule, severity, severityWord, message, evidence, remedies, page } = finding;
  const start = `  ${severityWord} ${rule}: `;
  const [first = "", ...more] = wrapped(message, start, "    ");
  return [
    first.replace(severityWord, () => colored(severity, severityWord, colors)),
    ...more,
    ...shortened(evidence, MAX_EVIDENCE_LINES).flatMap((line) => wrapped(line, "    · ", "      ")),
    ...(remedies.length === 0 ? [] : ["    What to do:", ...remedies.flatMap(remedyLines)]),
    colors.dim(`    More: ${page}`),
  ];
}

const MAX_EVIDENCE_LINES = 10;

function shortened(lines: readonly string[], most: number): readonly string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), `and ${String(lines.length - most)} more`];
}

/** A command stands as it is to be pasted, however long. */
function remedyLines({ title, command }: ExplainedRemedy): readonly string[] {
  if (command === undefined) return wrapped(title, "      - ", "        ");
  return [...wrapped(`${title}:`, "      - ", "        "), ...command.split("\n").map((line) => `          ${line}`)];
}

function colored(severity: Severity, word: string, colors: Colors): string {
  switch (severity) {
    case "error":
      return colors.red(word);
    case "warning":
      return colors.yellow(word);
    case "note":
      return colors.cyan(word);
  }
}

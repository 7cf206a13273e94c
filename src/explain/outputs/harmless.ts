/** @file Telling → the same with nothing in it that moves a cursor, turns the direction of text, breaks a line or commands a pipeline. */
import type { ExplainedRemedy } from "../remedies.ts";
import type { Telling, ToldFinding, ToldSubject } from "../telling.ts";
import { escaped } from "../text.ts";

/** What is harmless already stays as it is. Paths stay too: each output has its own way to write them. */
export function harmless({ command, subjects, notes, summary }: Telling): Telling {
  return { command, subjects: subjects.map(harmlessSubject), notes: notes.map(inert), summary: inert(summary) };
}

function harmlessSubject(subject: ToldSubject): ToldSubject {
  const { name, operation, outcomeWord, reason, findings } = subject;
  return {
    ...subject,
    name: inert(name),
    operation: operation === null ? null : inert(operation),
    outcomeWord: inert(outcomeWord),
    reason: reason === null ? null : inert(reason),
    findings: findings.map(harmlessFinding),
  };
}

function harmlessFinding(finding: ToldFinding): ToldFinding {
  const { rule, severityWord, field, message, evidence, remedies, page, override } = finding;
  return {
    ...finding,
    rule: inert(rule),
    severityWord: inert(severityWord),
    field: inert(field),
    message: inert(message),
    evidence: evidence.map(inert),
    remedies: remedies.map(harmlessRemedy),
    page: inert(page),
    override: override === null ? null : inert(override),
  };
}

function harmlessRemedy({ title, command, workload }: ExplainedRemedy): ExplainedRemedy {
  return {
    title: inert(title),
    // Lines of a command are lines of a shell.
    ...(command === undefined ? {} : { command: command.split("\n").map(inert).join("\n") }),
    ...(workload === undefined ? {} : { workload: inert(workload) }),
  };
}

/**
 * One line that a terminal and a log only show. GitHub's runner reads commands out of whatever a step prints: `::` where a line
 * begins, and `##[` anywhere.
 * Source: github.com/actions/runner, src/Runner.Common/ActionCommand.cs.
 */
export function inert(line: string): string {
  return escaped(line)
    .replace(/^(?<indent>\s*)::/, String.raw`$<indent>\u003a:`)
    .replaceAll("##[", String.raw`\u0023#[`);
}

/** @file Telling → the same with nothing in it that moves a cursor, turns the direction of text or breaks a line. */
import type { Telling, ToldFinding, ToldSubject } from "../telling.ts";
import type { ExplainedRemedy } from "../remedies.ts";
import { escaped } from "../text.ts";

/** What is harmless already stays as it is. Paths stay too: each output has its own way to write them. */
export function harmless({ command, subjects, notes, summary }: Telling): Telling {
  return { command, subjects: subjects.map(harmlessSubject), notes: notes.map(escaped), summary: escaped(summary) };
}

function harmlessSubject(subject: ToldSubject): ToldSubject {
  const { name, operation, outcomeWord, reason, findings } = subject;
  return {
    ...subject,
    name: escaped(name),
    operation: operation === null ? null : escaped(operation),
    outcomeWord: escaped(outcomeWord),
    reason: reason === null ? null : escaped(reason),
    findings: findings.map(harmlessFinding),
  };
}

function harmlessFinding(finding: ToldFinding): ToldFinding {
  const { rule, severityWord, field, message, evidence, remedies, page } = finding;
  return {
    ...finding,
    rule: escaped(rule),
    severityWord: escaped(severityWord),
    field: escaped(field),
    message: escaped(message),
    evidence: evidence.map(escaped),
    remedies: remedies.map(harmlessRemedy),
    page: escaped(page),
  };
}

function harmlessRemedy({ title, command, workload }: ExplainedRemedy): ExplainedRemedy {
  return {
    title: escaped(title),
    // Lines of a command are lines of a shell.
    ...(command === undefined ? {} : { command: command.split("\n").map(escaped).join("\n") }),
    ...(workload === undefined ? {} : { workload: escaped(workload) }),
  };
}

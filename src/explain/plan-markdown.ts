/** @file PlanReport → Markdown: a runbook with a box to tick for each step, that can be pasted into a ticket. */
import { evidenceLines, type ExplainedFinding, pageOf } from "./finding.ts";
import { inert } from "./outputs/harmless.ts";
import { codeSpan, fenced, prose } from "./outputs/markdown-text.ts";
import type { ExplainedObstacle, ExplainedStep, PlanReport } from "./plan-report.ts";
import { proofHeading } from "./plan-text.ts";

export function planMarkdown(report: PlanReport): string {
  const { outcome, summary, cautions, notes, steps, obstacles } = report;
  const sections: readonly (readonly string[])[] = [
    [`## crdguard plan: ${TITLES[outcome]}`],
    [told(summary)],
    cautions
      .map(({ message }) => `> **Caution:** ${told(message)}`)
      .flatMap((line, index) => (index === 0 ? [line] : [">", line])),
    notes.map((note) => `- ${told(note)}`),
    ...steps.map(stepLines),
    ...obstacles.map(obstacleLines),
  ];
  const body = sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
  return `${body.join("\n\n")}\n`;
}

const TITLES: Readonly<Record<PlanReport["outcome"], string>> = {
  done: "nothing to do",
  planned: "runbook",
  impossible: "no safe order",
  undecided: "undecided",
};

/** Everything of a step stands within its item, so that the box belongs to all of it. */
function stepLines(step: ExplainedStep): readonly string[] {
  const { number, title, because, changes, findings, byHand, commands, proof, wayBack } = step;
  return [
    `- [ ] **${String(number)}. ${told(title)}**`,
    ...indented([
      ...(because === null ? [] : ["", `Why: ${told(because)}`]),
      ...(changes.length === 0 ? [] : ["", "Changes:", "", ...changes.map((change) => `- ${told(change)}`)]),
      ...findings.flatMap(findingLines),
      ...(byHand === null ? [] : ["", `**By hand:** ${told(byHand)}`]),
      ...commands.flatMap((command) => ["", ...shell(command)]),
      ...proof.flatMap((own, index) => ["", told(proofHeading(own, index)), "", ...shell(own.command)]),
      "",
      `To go back: ${told(wayBack.sentence)}${wayBack.commands.length === 0 ? "" : ":"}`,
      ...wayBack.commands.flatMap((command) => ["", ...shell(command)]),
    ]),
  ];
}

function findingLines(finding: ExplainedFinding): readonly string[] {
  const { rule, enforcement, message } = finding;
  const evidence = evidenceLines(finding);
  return [
    "",
    `${told(enforcement)}: **${told(rule)}**: ${told(message)} (${codeSpan(pageOf(rule))})`,
    ...(evidence.length === 0 ? [] : ["", ...fenced("text", evidence.map(inert).join("\n"))]),
  ];
}

function obstacleLines({ message, waysOut, findings }: ExplainedObstacle): readonly string[] {
  return [
    `- ✗ ${told(message)}`,
    ...indented([
      ...findings.flatMap(findingLines),
      ...(waysOut.length === 0 ? [] : ["", ...waysOut.map((way) => `- ${told(way)}`)]),
    ]),
  ];
}

function shell(command: string): readonly string[] {
  return fenced("sh", command.split("\n").map(inert).join("\n"));
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === "" ? "" : `  ${line}`));
}

function told(text: string): string {
  return prose(inert(text));
}

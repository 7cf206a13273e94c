/** @file PlanReport → text for a terminal: prose is wrapped, commands are not, for they are meant to be pasted. */
import type { Colors } from "picocolors/types.js";
import { evidenceLines, pageOf, findingParts } from "./finding.ts";
import type { ExplainedFinding } from "./finding.ts";
import { inert } from "./outputs/harmless.ts";
import type { ExplainedObstacle, ExplainedStep, PlanReport, Proof } from "./plan-report.ts";
import { WIDTH, wrapped as wrappedText } from "./text.ts";

export interface PlanTextOptions {
  readonly colors: Colors;
  /** Of the terminal; null where there is none. */
  readonly columns: number | null;
}

const LEAST_WIDTH = 40;

export function planText(report: PlanReport, { colors, columns }: PlanTextOptions): string {
  const width = Math.max(columns ?? WIDTH, LEAST_WIDTH);
  const blocks = [
    prefaceLines(report, { colors, columns }),
    ...report.steps.flatMap((step) => [[""], stepLines(step, { colors, columns })]),
    ...report.obstacles.flatMap((obstacle) => [[""], obstacleLines(obstacle, colors, width)]),
  ];
  const lines = blocks.flat();
  const above = lines[0] === "" ? lines.slice(1) : lines;
  return `${[...above, ...(above.length === 0 ? [] : [""]), ...wrapped(report.summary, "", width, "  ").map((line) => colors.bold(line))].join("\n")}\n`;
}

/** What a person should know before the first step, and what became of what was given. */
export function prefaceLines({ cautions, notes }: PlanReport, { colors, columns }: PlanTextOptions): readonly string[] {
  const width = Math.max(columns ?? WIDTH, LEAST_WIDTH);
  return [
    ...cautions.flatMap(({ message }) => wrapped(message, `${colors.yellow("caution")}: `, width, "  ")),
    ...notes.flatMap((note) => wrapped(note, "note: ", width, "  ").map((line) => colors.dim(line))),
  ];
}

/** Why there is no way, without the rest. */
export function obstacleText({ obstacles, summary }: PlanReport, { colors, columns }: PlanTextOptions): string {
  const width = Math.max(columns ?? WIDTH, LEAST_WIDTH);
  const lines = obstacles.flatMap((obstacle) => [...obstacleLines(obstacle, colors, width), ""]);
  return `${[...lines, ...wrapped(summary, "", width, "  ").map((line) => colors.bold(line))].join("\n")}\n`;
}

/**
 * One step, as the plan and the walk show it.
 * @param mark before its title; its number unless told.
 */
export function stepLines(
  step: ExplainedStep,
  { colors, columns }: PlanTextOptions,
  mark = `${String(step.number)}. `,
): readonly string[] {
  const width = Math.max(columns ?? WIDTH, LEAST_WIDTH);
  const [first = "", ...others] = wrapped(step.title, mark, width, "   ");
  return [
    `${mark}${colors.bold(first.slice(mark.length))}`,
    ...others.map((line) => colors.bold(line)),
    ...(step.because === null ? [] : wrapped(step.because, "   Why: ", width)),
    ...labelled("Changes", step.changes, width),
    ...step.findings.flatMap((finding) => findingLines(finding, colors, width)),
    ...(step.byHand === null ? [] : wrapped(step.byHand, `   ${colors.yellow("By hand")}: `, width, " ".repeat(12))),
    ...(step.commands.length === 0 ? [] : ["   Run:", ...step.commands.flatMap(commandLines)]),
    ...step.proof.flatMap((proof, index) => [`   ${proofHeading(proof, index)}`, ...commandLines(proof.command)]),
    ...wrapped(
      `${step.wayBack.sentence}${step.wayBack.commands.length === 0 ? "" : ":"}`,
      "   To go back: ",
      width,
      " ".repeat(6),
    ),
    ...step.wayBack.commands.flatMap(commandLines),
  ];
}

export function proofHeading({ prints, isPart }: Proof, index: number): string {
  const start = index === 0 ? "Done when this" : "and this";
  if (prints === null) return `${start} succeeds:`;
  if (prints === "") return `${start} prints nothing:`;
  return `${start} prints ${isPart === true ? "something with " : ""}${inert(prints)}:`;
}

function labelled(label: string, lines: readonly string[], width: number): readonly string[] {
  const [only, ...others] = lines;
  if (only === undefined) return [];
  if (others.length === 0) return wrapped(only, `   ${label}: `, width, " ".repeat(6));
  return [`   ${label}:`, ...lines.flatMap((line) => wrapped(line, "     - ", width))];
}

function commandLines(command: string): readonly string[] {
  return command.split("\n").map((line) => `     ${inert(line)}`);
}

function findingLines(finding: ExplainedFinding, colors: Colors, width: number): readonly string[] {
  const { rule, message, remedies } = finding;
  const parts = findingParts({ rule, message, evidence: evidenceLines(finding), remedies, page: pageOf(rule), override: null });
  return [
    ...wrapped(parts.sentence, `   ${colors.yellow(finding.enforcement)} `, width, " ".repeat(6)),
    ...parts.evidence.flatMap((line) => wrapped(line, " ".repeat(8), width)),
    `     ${parts.more}`,
  ];
}

function obstacleLines({ message, waysOut, findings }: ExplainedObstacle, colors: Colors, width: number): readonly string[] {
  return [
    ...wrapped(message, `${colors.red("✗")} `, width, "  "),
    ...findings.flatMap((finding) => findingLines(finding, colors, width)),
    ...(waysOut.length === 0 ? [] : [`  To go on${waysOut.length === 1 ? "" : ", do one of"}:`]),
    ...waysOut.flatMap((way) => wrapped(way, "    - ", width)),
  ];
}

/** Colours at the start have no width. */
function wrapped(text: string, start: string, width: number, indent?: string): readonly string[] {
  // eslint-disable-next-line no-control-regex -- the character that begins a colour is what is looked for.
  const bare = start.replaceAll(/\u001b\[\d+m/g, "");
  const [first = "", ...others] = wrappedText(text, bare, indent ?? " ".repeat(bare.length), width);
  return [`${start}${inert(first.slice(bare.length))}`, ...others.map(inert)];
}

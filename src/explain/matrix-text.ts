/** @file The matrix of controllers and bundles, as text for a terminal and as Markdown. */
import type { Colors } from "picocolors/types.js";
import type { FitVerdict } from "../rules/compatibility.ts";
import { isHard } from "../rules/requirement.ts";
import { outcomeWord, stateWord } from "./messages.ts";
import { countOf, listOf, shellWord, shown, wrapped } from "./text.ts";
import type { CompatibilityMatrix, MatrixSubject, ReportedFit, ReportedLoss, ReportedChoice } from "./matrix.ts";

/** How much a reader asked for: a line for each controller release, or every cause. */
export type MatrixDetail = "brief" | "full";

/** @param isSet a set was asked for, so that a bundle for all of it is told. */
export function matrixLines(
  matrix: CompatibilityMatrix,
  { isSet, detail }: { readonly isSet: boolean; readonly detail: MatrixDetail },
  colors: Colors,
): readonly string[] {
  if (matrix.subjects.length === 0) return [nobodyLine(matrix), ...notJudgedLines(matrix, colors)];
  const sections = [...Map.groupBy(matrix.subjects, headingOf)].map(([heading, subjects]) => [
    ...wrapped(heading, "", "  ").map(colors.bold),
    ...subjects.flatMap((subject) => [
      ...(detail === "brief" ? briefLines(subject, colors) : subjectLines(subject, colors)),
      ...(isSet ? notCountedLines(subject, colors) : []),
    ]),
    "",
  ]);
  return [
    ...sections.flat(),
    ...(detail === "brief" ? ["--controller ID tells why", ""] : []),
    ...notJudgedLines(matrix, colors),
    ...(isSet ? [...choiceLines(matrix, colors), ""] : []),
    legend(matrix, colors),
  ];
}

/** Tables as docs and pull requests take them. */
export function matrixMarkdown(matrix: CompatibilityMatrix, isSet: boolean): string {
  const title = `# ${inMarkdown(shown(matrix.bundle))}\n`;
  const doubts = notJudgedLines(matrix, PLAIN).map((line) => `${inMarkdown(line)}\n`);
  if (matrix.subjects.length === 0) return [title, `${inMarkdown(nobodyLine(matrix))}\n`, ...doubts].join("\n").trimEnd();
  const channels = channelsOf(matrix);
  const tables = [...Map.groupBy(matrix.subjects, headingOf)].map(([heading, subjects]) =>
    [
      `## ${inMarkdown(heading)}`,
      "",
      `| ${["versions", ...channels].join(" | ")} |`,
      `| ${["versions", ...channels].map(() => "---").join(" | ")} |`,
      ...subjects.map((subject) => {
        const cells = channels.map((channel) =>
          runsOf(subject, channel)
            .map((run) => inMarkdown(`${MARKS[run.verdict]} ${spanOf(run)}${run.cause === "" ? "" : `: ${run.cause}`}`))
            .join("<br>"),
        );
        return `| ${[inMarkdown(titleOf(subject)), ...cells].join(" | ")} |`;
      }),
      "",
      ...(isSet ? subjects.flatMap((subject) => notCountedText(subject) ?? []).map((text) => `${inMarkdown(text)}\n`) : []),
    ].join("\n"),
  );
  const choice = isSet ? [...choiceParagraphs(matrix), ""] : [];
  return [title, ...tables, ...doubts, ...choice, legend(matrix, PLAIN)].join("\n");
}

/** Nothing in it opens markup or another cell of a table. */
function inMarkdown(text: string): string {
  return text.replaceAll(/[\\|*_`<[\]]/g, String.raw`\$&`);
}

const MARKS = { works: "✓", "loses-feature": "~", breaks: "✗" } as const satisfies Record<FitVerdict, string>;

type Paint = Pick<Colors, "green" | "yellow" | "red" | "dim" | "bold">;

const asIs = (text: string | number | null | undefined): string => String(text);
const PLAIN: Paint = { green: asIs, yellow: asIs, red: asIs, dim: asIs, bold: asIs };

function subjectLines(subject: MatrixSubject, colors: Paint): readonly string[] {
  const channels = [...new Set(subject.fits.map(({ channel }) => channel))];
  const channelWidth = widthOf(channels);
  const spanWidth = widthOf(channels.flatMap((channel) => runsOf(subject, channel).map(spanOf)));
  return [
    ...titleLines(subject),
    ...channels.flatMap((channel) =>
      runsOf(subject, channel).flatMap((run, index) => {
        const label = (index === 0 ? channel : "").padEnd(channelWidth);
        const mark = `${MARKS[run.verdict]} ${spanOf(run).padEnd(spanWidth)}`;
        const start = `    ${label}  ${mark}  `;
        // Cut before it is painted: escapes of colours have no width.
        const [first = start, ...others] = wrapped(run.cause, start);
        const painted = `    ${colors.dim(label)}  ${paint(run.verdict, colors)(mark)}  ${first.slice(start.length)}`;
        return [painted.trimEnd(), ...others];
      }),
    ),
  ];
}

function briefLines(subject: MatrixSubject, colors: Paint): readonly string[] {
  const verdictsAlone = { ...subject, fits: subject.fits.map((fit) => ({ ...fit, losses: [] })) };
  const channels = [...new Set(subject.fits.map(({ channel }) => channel))];
  const channelWidth = widthOf(channels);
  const runs = channels.map((channel) => runsOf(verdictsAlone, channel));
  const spanWidth = widthOf(runs.flat().map(spanOf));
  return [
    ...titleLines(subject),
    ...channels.map((channel, index) => {
      const spans = (runs[index] ?? []).map((run) =>
        paint(run.verdict, colors)(`${MARKS[run.verdict]} ${spanOf(run).padEnd(spanWidth)}`),
      );
      return `    ${colors.dim(channel.padEnd(channelWidth))}  ${spans.join("  ")}`.trimEnd();
    }),
  ];
}

function widthOf(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}

/** All entries of a controller have the same premise. */
function headingOf({ workload, controller, premise }: MatrixSubject): string {
  const name = shown(workload ?? controller ?? "");
  return premise === null ? name : `${name}, with ${shown(premise)}`;
}

function titleLines(subject: MatrixSubject): readonly string[] {
  return wrapped(titleOf(subject), "  ", "    ");
}

function titleOf({ versions, setting, confidence }: MatrixSubject): string {
  const title = versions === null ? "as it runs" : shown(versions);
  return [title, ...(setting === null ? [] : [`with ${shown(setting)}`]), ...(confidence === "low" ? ["unconfirmed"] : [])].join(
    ", ",
  );
}

function notCountedLines(subject: MatrixSubject, colors: Paint): readonly string[] {
  const text = notCountedText(subject);
  return text === null ? [] : wrapped(text, "    ", "      ").map((line) => colors.yellow(line));
}

/** @returns null where all is counted. */
function notCountedText({ notCounted, workload }: MatrixSubject): string | null {
  if (notCounted.length === 0) return null;
  const why = workload === null ? "which were not given" : "which cannot be read";
  return `not counted: needs under these settings, ${why}: ${notCounted.map(shown).join("; ")}`;
}

function nobodyLine({ bundle }: CompatibilityMatrix): string {
  return `None of them is known to need anything of ${shown(bundle)}.`;
}

function notJudgedLines({ notJudged }: CompatibilityMatrix, colors: Paint): readonly string[] {
  return notJudged.map((workload) => colors.yellow(`not judged, since its needs are not known: ${shown(workload)}`));
}

interface Run {
  readonly verdict: FitVerdict;
  readonly first: string;
  readonly last: string;
  readonly cause: string;
}

/** Neighbouring releases of a channel that are alike, as one. */
function runsOf({ fits }: MatrixSubject, channel: string): readonly Run[] {
  const runs: Run[] = [];
  for (const fit of fits.filter((one) => one.channel === channel)) {
    const cause = causeOf(fit);
    const last = runs.at(-1);
    if (last?.verdict === fit.verdict && last.cause === cause) runs[runs.length - 1] = { ...last, last: fit.version };
    else runs.push({ verdict: fit.verdict, first: fit.version, last: fit.version, cause });
  }
  return runs;
}

/**
 * `crashes: Gateway and HTTPRoute v1 not listed; stops working: TLSRoute v1alpha2 absent`. Of a bundle that breaks
 * something, what breaks it: that a feature is lost as well is then no matter. What a mark says by itself is not repeated.
 */
function causeOf({ verdict, losses }: ReportedFit): string {
  if (verdict !== "breaks") return lossesText(losses);
  const hard = losses.filter(({ outcome }) => isHard(outcome));
  return [...Map.groupBy(hard, ({ outcome }) => outcome)]
    .map(([outcome, own]) => `${outcomeWord(outcome)}: ${lossesText(own)}`)
    .join("; ");
}

function lossesText(losses: readonly ReportedLoss[]): string {
  const byState = Map.groupBy(losses, ({ versions, state }) => `${versions.map(shown).join("|")} ${stateWord(state)}`);
  return [...byState].map(([state, own]) => `${listOf(own.map(({ kind }) => shown(kind)))} ${state}`).join("; ");
}

function spanOf({ first, last }: Run): string {
  return first === last ? `v${first}` : `v${first}–v${last}`;
}

function choiceLines(matrix: CompatibilityMatrix, colors: Paint): readonly string[] {
  const { minimum, recommended } = matrix;
  if (minimum === null || recommended === null) return [colors.red(noneSuits(matrix))];
  return [
    `${colors.bold("minimum")}      ${choiceTitle(minimum)}`,
    `${colors.bold("recommended")}  ${choiceTitle(recommended)}`,
    ...lacks(matrix, recommended).flatMap((text) => wrapped(text, "  ", "    ")),
    ...commands(recommended).map((command) => `  ${command}`),
  ];
}

function choiceParagraphs(matrix: CompatibilityMatrix): readonly string[] {
  const { minimum, recommended } = matrix;
  if (minimum === null || recommended === null) return [inMarkdown(noneSuits(matrix))];
  return [
    `- minimum: ${inMarkdown(choiceTitle(minimum))}`,
    `- recommended: ${inMarkdown(choiceTitle(recommended))}`,
    ...lacks(matrix, recommended).map((text) => `  - ${inMarkdown(text)}`),
    ...commands(recommended).flatMap((command) => ["", "```sh", command, "```"]),
  ];
}

function noneSuits({ bundle }: CompatibilityMatrix): string {
  return `No release of ${shown(bundle)} lets all of them work.`;
}

function choiceTitle({ version, channel, losses }: ReportedChoice): string {
  const count = losses.reduce((sum, own) => sum + own.length, 0);
  return `v${version}, ${channel} channel${count === 0 ? "" : `, which lacks ${countOf(count, "API")}`}`;
}

/** By subject, in their order. */
function lacks({ subjects }: CompatibilityMatrix, { losses }: ReportedChoice): readonly string[] {
  return losses.flatMap((own, index) => {
    const subject = subjects[index];
    if (own.length === 0 || subject === undefined) return [];
    return [`${shown(subject.workload ?? subject.controller ?? "")} loses a feature: ${lossesText(own)}`];
  });
}

function commands({ install }: ReportedChoice): readonly string[] {
  return install === null ? [] : [`kubectl apply --server-side -f ${shellWord(install)}`];
}

function legend({ subjects }: CompatibilityMatrix, colors: Paint): string {
  const doubt = subjects.some(({ confidence }) => confidence === "low") ? "\nunconfirmed: too little is known to deny by" : "";
  return colors.dim(`✓ works  ~ loses a feature  ✗ breaks; each in a cluster with this release and no other definitions${doubt}`);
}

function channelsOf({ subjects }: CompatibilityMatrix): readonly string[] {
  return [...new Set(subjects.flatMap(({ fits }) => fits.map(({ channel }) => channel)))];
}

function paint(verdict: FitVerdict, colors: Paint): (text: string) => string {
  switch (verdict) {
    case "works":
      return colors.green;
    case "loses-feature":
      return colors.yellow;
    case "breaks":
      return colors.red;
  }
}

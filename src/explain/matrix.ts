/** @file How controllers get on with bundles → a report, text, Markdown. */
import type { Colors } from "picocolors/types.js";
import type { Bundle } from "../rules/bundle.ts";
import type { Choice, Fit, FitVerdict, Loss } from "../rules/compatibility.ts";
import { type ApiState, crdNameOf, type Outcome } from "../rules/requirement.ts";
import { outcomePhrase, statePhrase } from "./messages.ts";
import { countOf, shown } from "./text.ts";

/** The contract of `crdguard matrix -o json`. Members are added, never changed, within a version. */
export interface CompatibilityMatrix {
  readonly apiVersion: "crdguard.dev/v1alpha1";
  readonly kind: "CompatibilityMatrix";
  readonly bundle: string;
  readonly subjects: readonly MatrixSubject[];
  /** Of all subjects together; null where nobody asked for a set, or where no bundle suits all. */
  readonly minimum: ReportedChoice | null;
  readonly recommended: ReportedChoice | null;
  /** Workloads whose needs are not known: their image names no version, or a setting cannot be read. */
  readonly notJudged: readonly string[];
}

export interface MatrixSubject {
  /** Catalog id; null where a workload's needs are declared. */
  readonly controller: string | null;
  /** Semver range of the release; null for a workload. */
  readonly versions: string | null;
  /** `Deployment <namespace>/<name>`; null for a release of the catalog. */
  readonly workload: string | null;
  /** What is taken to hold. */
  readonly premise: string | null;
  /** The setting under which these needs come; null: by default, or as given. */
  readonly setting: string | null;
  /** Oldest first, of one release standard first. */
  readonly fits: readonly ReportedFit[];
}

export interface ReportedFit {
  readonly version: string;
  readonly channel: string;
  readonly verdict: FitVerdict;
  readonly losses: readonly ReportedLoss[];
}

export interface ReportedLoss {
  readonly crd: string;
  readonly kind: string;
  /** Any one of them would do. */
  readonly versions: readonly string[];
  readonly state: ApiState;
  readonly outcome: Outcome;
  readonly effect: string | null;
}

export interface ReportedChoice {
  readonly version: string;
  readonly channel: string;
  readonly install: string | null;
  /** What goes missing for all that; by subject, in their order. */
  readonly losses: readonly (readonly ReportedLoss[])[];
}

export type SubjectTitle = Omit<MatrixSubject, "fits">;

/** @param kinds kind by name of the CRD. */
export function compatibilityMatrix(
  bundle: string,
  subjects: readonly { readonly title: SubjectTitle; readonly fits: readonly Fit[] }[],
  choice: { readonly minimum: Choice | null; readonly recommended: Choice | null },
  notJudged: readonly string[],
  kinds: ReadonlyMap<string, string>,
): CompatibilityMatrix {
  const toLoss = ({ requirement, state, outcome, effect }: Loss): ReportedLoss => ({
    crd: crdNameOf(requirement),
    kind: kinds.get(crdNameOf(requirement)) ?? requirement.resource,
    versions: requirement.versions,
    state,
    outcome,
    effect,
  });
  const toChoice = (chosen: Choice | null): ReportedChoice | null =>
    chosen && {
      ...place(chosen.bundle),
      install: chosen.bundle.installUrl,
      losses: chosen.fits.map(({ losses }) => losses.map(toLoss)),
    };
  return {
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "CompatibilityMatrix",
    bundle,
    subjects: subjects.map(({ title, fits }) => ({
      ...title,
      fits: fits.map((fit) => ({ ...place(fit.bundle), verdict: fit.verdict, losses: fit.losses.map(toLoss) })),
    })),
    minimum: toChoice(choice.minimum),
    recommended: toChoice(choice.recommended),
    notJudged,
  };
}

/** How much a reader asked for: a line for each controller release, or every cause. */
export type MatrixDetail = "brief" | "full";

/** @param isSet a set was asked for, so that a bundle for all of it is told. */
export function matrixLines(
  matrix: CompatibilityMatrix,
  { isSet, detail }: { readonly isSet: boolean; readonly detail: MatrixDetail },
  colors: Colors,
): readonly string[] {
  const lines: string[] = [];
  let controller: string | null = null;
  for (const subject of matrix.subjects) {
    const heading = subject.workload ?? subject.controller ?? "";
    if (heading !== controller) lines.push(...(lines.length === 0 ? [] : [""]), colors.bold(shown(heading)));
    controller = heading;
    lines.push(...(detail === "brief" ? briefLines(subject, colors) : subjectLines(subject, colors)));
  }
  if (detail === "brief") lines.push("", "--controller ID tells why");
  if (!isSet) return [...lines, "", legend(colors)];
  return [
    ...lines,
    "",
    ...matrix.notJudged.map((workload) => colors.yellow(`not judged, since its needs are not known: ${shown(workload)}`)),
    ...choiceLines(matrix, colors),
    "",
    legend(colors),
  ];
}

/** Tables as docs and pull requests take them. */
export function matrixMarkdown(matrix: CompatibilityMatrix, isSet: boolean): string {
  const channels = channelsOf(matrix);
  const byHeading = Map.groupBy(matrix.subjects, ({ workload, controller }) => workload ?? controller ?? "");
  const tables = [...byHeading].map(([heading, subjects]) =>
    [
      `## ${shown(heading)}`,
      "",
      `| ${["versions", ...channels].join(" | ")} |`,
      `| ${["versions", ...channels].map(() => "---").join(" | ")} |`,
      ...subjects.map((subject) => {
        const cells = channels.map((channel) =>
          runsOf(subject, channel)
            .map((run) => `${MARKS[run.verdict]} ${spanOf(run)}${run.cause === "" ? "" : `: ${run.cause}`}`)
            .join("<br>"),
        );
        return `| ${[titleOf(subject).replaceAll("|", String.raw`\|`), ...cells].join(" | ")} |`;
      }),
      "",
    ].join("\n"),
  );
  const choice = isSet ? choiceLines(matrix, PLAIN).map((line) => `${line}\n`) : [];
  return [`# ${shown(matrix.bundle)}\n`, ...tables, ...choice, legend(PLAIN)].join("\n");
}

const MARKS = { works: "✓", "loses-feature": "~", breaks: "✗" } as const satisfies Record<FitVerdict, string>;

type Paint = Pick<Colors, "green" | "yellow" | "red" | "dim" | "bold">;

const asIs = (text: string | number | null | undefined): string => String(text);
const PLAIN: Paint = { green: asIs, yellow: asIs, red: asIs, dim: asIs, bold: asIs };

function subjectLines(subject: MatrixSubject, colors: Paint): readonly string[] {
  const channels = [...new Set(subject.fits.map(({ channel }) => channel))];
  const width = Math.max(...channels.map((channel) => channel.length));
  return [
    `  ${titleOf(subject)}`,
    ...channels.flatMap((channel) =>
      runsOf(subject, channel).map((run, index) => {
        const label = (index === 0 ? channel : "").padEnd(width);
        const mark = paint(run.verdict, colors)(`${MARKS[run.verdict]} ${spanOf(run).padEnd(SPAN_WIDTH)}`);
        return `    ${colors.dim(label)}  ${mark}${run.cause === "" ? "" : ` ${run.cause}`}`.trimEnd();
      }),
    ),
  ];
}

function briefLines(subject: MatrixSubject, colors: Paint): readonly string[] {
  const channels = [...new Set(subject.fits.map(({ channel }) => channel))];
  const width = Math.max(...channels.map((channel) => channel.length));
  return [
    `  ${titleOf(subject)}`,
    ...channels.map((channel) => {
      const runs = runsOf({ ...subject, fits: subject.fits.map((fit) => ({ ...fit, losses: [] })) }, channel);
      const spans = runs.map((run) => paint(run.verdict, colors)(`${MARKS[run.verdict]} ${spanOf(run).padEnd(SPAN_WIDTH)}`));
      return `    ${colors.dim(channel.padEnd(width))}  ${spans.join("  ")}`.trimEnd();
    }),
  ];
}

/** `v0.5.0–v1.6.1` */
const SPAN_WIDTH = 13;

function titleOf({ versions, premise, setting }: MatrixSubject): string {
  const settings = [premise, setting].filter((text) => text !== null).map((text) => shown(text));
  const title = versions === null ? "as it runs" : shown(versions);
  return settings.length === 0 ? title : `${title}, with ${settings.join(" and ")}`;
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

const MOST_CAUSES = 4;

/** Of a bundle that breaks something, what breaks it: that a feature is lost as well is then no matter. */
function causeOf({ verdict, losses }: ReportedFit): string {
  const telling = verdict === "breaks" ? losses.filter(({ outcome }) => outcome !== "loses-feature") : losses;
  const names = telling.map(({ kind, versions, state }) => `${shown(kind)} ${versions.map(shown).join("|")} ${STATES[state]}`);
  const more = names.length - MOST_CAUSES;
  return more > 0 ? `${names.slice(0, MOST_CAUSES).join(", ")} and ${String(more)} more` : names.join(", ");
}

const STATES = {
  served: "served",
  "not-preferred": "not preferred",
  unserved: "unserved",
  unlisted: "not listed",
  absent: "absent",
} as const satisfies Record<ApiState, string>;

function spanOf({ first, last }: Run): string {
  return first === last ? `v${first}` : `v${first}–v${last}`;
}

function choiceLines(matrix: CompatibilityMatrix, colors: Paint): readonly string[] {
  const { minimum, recommended } = matrix;
  if (minimum === null || recommended === null) {
    return [colors.red(`No release of ${shown(matrix.bundle)} lets all of them work.`)];
  }
  const losses = recommended.losses.flatMap((own, index) => own.map((loss) => lossLine(matrix.subjects[index], loss)));
  return [
    `${colors.bold("minimum")}      v${minimum.version}, ${minimum.channel} channel`,
    `${colors.bold("recommended")}  v${recommended.version}, ${recommended.channel} channel` +
      (losses.length === 0 ? "" : `, which still lacks ${countOf(losses.length, "API")}:`),
    ...losses,
    ...(recommended.install === null ? [] : [`  kubectl apply --server-side -f ${recommended.install}`]),
  ];
}

function lossLine(subject: MatrixSubject | undefined, loss: ReportedLoss): string {
  const who = shown(subject?.workload ?? subject?.controller ?? "");
  return (
    `  ${who}: ${loss.versions.map(shown).join(" or ")} of ${loss.crd}, ${statePhrase(loss.state)}: ` +
    outcomePhrase(loss.outcome, false)
  );
}

function legend(colors: Paint): string {
  return colors.dim("✓ works  ~ loses a feature  ✗ breaks; each in a cluster with this release and no other definitions");
}

function channelsOf({ subjects }: CompatibilityMatrix): readonly string[] {
  return [...new Set(subjects.flatMap(({ fits }) => fits.map(({ channel }) => channel)))];
}

function place({ version, channel }: Bundle): { readonly version: string; readonly channel: string } {
  return { version, channel };
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

/** @file Needs and how they stand, as text for a terminal. */
import type { Colors } from "picocolors/types.js";
import { isHard, type Outcome, type Requirement } from "../rules/requirement.ts";
import type { Loss, Standing } from "../rules/standing.ts";
import { outcomePhrase, outcomeWord, stateWord } from "./messages.ts";
import { countOf, listOf, numberOf, wrapped } from "./text.ts";
import type { RequirementsReport, ReportedWorkload, ReportedNeed, ReportedCrd } from "./requirements.ts";

/** @returns lines without line breaks. */
export function requirementsLines(report: RequirementsReport, colors: Colors): readonly string[] {
  const { crd, workloads } = report;
  const needLines = workloads.length === 0 ? [] : [...workloadTable(workloads, colors), ""];
  if (crd === undefined) return [...needLines, colors.bold(summaryLine(report))];
  return [
    ...crdLines(crd, colors),
    "",
    ...needLines,
    colors.bold(summaryLine(report)),
    ...(crd.exists ? ["", ...lossLines(crd, colors)] : []),
  ];
}

function summaryLine({ summary, crd }: RequirementsReport): string {
  const { workloads, needs, met, unmet, unknown, unreadable } = summary;
  if (workloads === 0) {
    return crd === undefined ? "No workload is known to need an API." : "No workload is known to need it.";
  }
  const parts = [
    `${numberOf(met)} met`,
    ...(unmet.hard > 0 ? [`${String(unmet.hard)} unmet (hard)`] : []),
    ...(unmet.soft > 0 ? [`${String(unmet.soft)} unmet (soft)`] : []),
    ...(unknown > 0 ? [`${String(unknown)} in doubt`] : []),
  ];
  const declarations = unreadable === 0 ? "" : ` ${countOf(unreadable, "declaration")} cannot be read.`;
  return `${countOf(workloads, "workload")}, ${countOf(needs, "need")}: ${parts.join(", ")}.${declarations}`;
}

/** One table over all workloads, so that its columns stand below each other throughout. */
function workloadTable(workloads: readonly ReportedWorkload[], colors: Colors): readonly string[] {
  const needs = workloads.flatMap((workload) => workload.needs).filter(({ source }) => source.certainty !== "unknown-version");
  const isTabled = needs.length > 0;
  const widths = [
    columnWidth(["NEEDS", ...needs.map(({ crd }) => crd)], 52),
    columnWidth(["VERSION", ...needs.map(({ versions }) => versions.join("|"))], 16),
    columnWidth(["STATE", ...needs.map(({ state }) => stateWord(state))], 13),
  ];
  // A cell that is longer than its column moves those of its own line alone.
  const indent = widths.reduce((sum, width) => sum + width + 2, 4);
  const row = (cells: readonly string[], last: string): readonly string[] => {
    const start = cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join("  ");
    return wrapped(last, `    ${start}  `, " ".repeat(indent));
  };
  const lines = workloads.flatMap((workload) => ["", ...workloadLines(workload, row, colors)]);
  return isTabled ? [...row(["NEEDS", "VERSION", "STATE"], "WITHOUT IT").map(colors.dim), ...lines] : lines.slice(1);
}

type Row = (cells: readonly string[], last: string) => readonly string[];

function workloadLines(workload: ReportedWorkload, row: Row, colors: Colors): readonly string[] {
  const groups = Map.groupBy(workload.needs, ({ source }) => `${source.text}\n${source.image ?? ""}`);
  return [
    `${markOf(worstOf(workload), colors)} ${colors.bold(workload.workload)}`,
    ...workload.unreadable.flatMap(({ key, problem }) =>
      wrapped(`${problem}; until it is corrected, nobody knows what it needs`, `  annotation ${key}: `, "      "),
    ),
    ...[...groups.values()].flatMap((needs) => groupLines(needs, row, colors)),
  ];
}

/** Needs that are known from the same place. */
function groupLines(needs: readonly ReportedNeed[], row: Row, colors: Colors): readonly string[] {
  const [first] = needs;
  if (first === undefined) return [];
  const { text, image, effect, certainty } = first.source;
  const known = wrapped(image === null ? text : `${text}; image ${image}`, "  known from ").map(colors.dim);
  if (certainty === "unknown-version") return [...known, ...unknownVersionLines(needs)];
  return [
    ...known,
    ...needs.flatMap((need) => {
      const [start = "", ...more] = row([need.crd, need.versions.join("|"), stateWord(need.state)], consequenceOf(need));
      return [`  ${markOf(need, colors)}${start.slice(3)}`, ...more];
    }),
    ...(effect !== null && needs.some((need) => need.standing === "unmet" && isHard(need.outcome))
      ? wrapped(`it ${effect}`, "    ").map(colors.dim)
      : []),
  ];
}

/** All that any version needs would be a long table, of which most does not concern the one that runs. */
function unknownVersionLines(needs: readonly ReportedNeed[]): readonly string[] {
  const lacking = needs.filter(({ standing }) => standing !== "met");
  if (lacking.length === 0) return ["    whatever its version, it gets what it needs"];
  const apis = [...Map.groupBy(lacking, ({ crd }) => crd)]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([crd, own]) => `${crd} ${[...new Set(own.map(({ versions }) => versions.join("|")))].toSorted().join(" or ")}`);
  return wrapped(
    `${apis.join(", ")}; an annotation can say what it needs (docs/requirements.md)`,
    "    some version of it does not get ",
    "      ",
  );
}

/** What becomes of the workload: now, or else in the states that the API could be in. */
function consequenceOf({ standing, outcome, outcomes }: ReportedNeed): string {
  if (standing === "unmet") return outcomeWord(outcome);
  if (standing === "unknown") return `perhaps ${outcomeWord(outcome)}`;
  const [usual, ...others] = [...Map.groupBy(LOST_STATES, (state) => outcomes[state])]
    .toSorted(([, left], [, right]) => right.length - left.length)
    .map(([each, states]) => ({ word: outcomeWord(each), states: listOf(states.map(stateWord), "or") }));
  const exceptions = others.map(({ word, states }) => `${word} if ${states}`);
  return [...exceptions, `${exceptions.length === 0 ? "" : "else "}${usual?.word ?? ""}`].join(", ");
}

const LOST_STATES = ["unserved", "unlisted", "absent"] as const satisfies readonly (keyof Requirement["outcomes"])[];

interface Marked {
  readonly standing: Standing;
  readonly outcome: Outcome;
}

function worstOf({ standing, needs }: ReportedWorkload): Marked {
  return { standing, outcome: needs.find((need) => need.standing === standing)?.outcome ?? "works" };
}

function markOf({ standing, outcome }: Marked, colors: Colors): string {
  switch (standing) {
    case "met":
      return colors.green("✓");
    case "unmet":
      return isHard(outcome) ? colors.red("✗") : colors.yellow("!");
    case "unknown":
      return colors.yellow("?");
  }
}

function crdLines({ name, exists, versions }: ReportedCrd, colors: Colors): readonly string[] {
  if (!exists) return [`${colors.bold(name)} does not exist`];
  const told = versions.map(
    (version) => `${version.name} (${version.served ? "served" : "unserved"}${version.storage ? ", storage" : ""})`,
  );
  return wrapped(told.join(", "), `${name}: `, "    ").map((line, index) =>
    index === 0 ? line.replace(name, () => colors.bold(name)) : line,
  );
}

/** Losses that hurt the same workloads in the same way are told together. */
function lossLines({ losses }: ReportedCrd, colors: Colors): readonly string[] {
  const groups = Map.groupBy(losses, ({ version, hurt }) => JSON.stringify([version, hurt]));
  return [...groups.values()].flatMap((same) => {
    const [{ version, hurt } = { version: null, hurt: [] }] = same;
    const subject = version ?? "the definition";
    const changes = same.map(({ change }) => lossPhrase(change));
    const head = `If ${subject} were ${listOf(changes, "or")}`;
    if (hurt.length === 0) return [`${head}: nobody is known to be hurt`];
    return [
      `${head}:`,
      ...hurt.map(
        ({ workload, outcome, standing }) =>
          `  ${markOf({ standing, outcome }, colors)} ${workload} ${standing === "unknown" ? "perhaps " : ""}${outcomePhrase(outcome, true)}`,
      ),
    ];
  });
}

function lossPhrase(change: Loss["kind"]): string {
  switch (change) {
    case "unserved":
      return "no longer served";
    case "dropped":
      return "dropped from spec.versions";
    case "deleted":
      return "deleted";
  }
}

function columnWidth(cells: readonly string[], most: number): number {
  return Math.min(most, Math.max(...cells.map((cell) => cell.length)));
}

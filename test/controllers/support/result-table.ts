/** @file Before all runs: what they need is there. After them: one table of what was expected and what was seen. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { buildApiServer, requireTools } from "../../e2e/support/api-server.ts";
import { requireGo } from "./go-modules.ts";

/** One run of one controller. */
export interface Row {
  readonly controller: string;
  readonly state: string;
  readonly expected: string;
  readonly observed: string;
  readonly agrees: boolean;
  readonly how: string;
  readonly line: string;
}

declare module "vitest" {
  interface ProvidedContext {
    /** A file that takes one row as JSON a line. */
    resultsPath: string;
  }
}

/** @returns what prints the table. @throws Error of one sentence where a tool is missing. */
export default async function setup(project: TestProject): Promise<() => void> {
  await requireGo();
  await requireTools();
  await buildApiServer();
  const folder = mkdtempSync(join(tmpdir(), "crdguard-controllers-"));
  const path = join(folder, "results.jsonl");
  writeFileSync(path, "");
  project.provide("resultsPath", path);
  return () => {
    const rows = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Row);
    rmSync(folder, { recursive: true });
    process.stdout.write(`${table(rows)}\n`);
  };
}

function table(rows: readonly Row[]): string {
  const cells = rows.map(({ controller, state, expected, observed, agrees, how, line }) => [
    agrees ? "✓" : "✗",
    controller,
    state,
    expected,
    observed,
    `${how}: ${line.slice(0, LINE_LENGTH)}`,
  ]);
  const header = ["", "controller", "CRDs", "catalog says", "observed", "how, and the line that it said it in"];
  const widths = header.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const lines = [header, ...cells].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const wrong = rows.filter(({ agrees }) => !agrees);
  const disagreements = wrong.map(
    ({ controller, state, expected, observed, line }) =>
      `${controller}, ${state}: the catalog says ${expected}; observed ${observed}:\n  ${line}`,
  );
  return [
    "",
    ...lines,
    "",
    `${String(rows.length)} runs, ${String(wrong.length)} disagree with the catalog`,
    ...disagreements,
  ].join("\n");
}

const LINE_LENGTH = 240;

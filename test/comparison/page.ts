/** @file The table in docs/comparison.md: one row for each pair. */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import type { Checks, CrdifyVerdict } from "./crdify.ts";
import type { OurVerdict, Verdict } from "./our-verdict.ts";
import type { Pair } from "./pairs.ts";

const PAGE = fileURLToPath(new URL("../../docs/comparison.md", import.meta.url));
const START = "<!-- table: npm run compare -->\n";
const END = "<!-- end of the table -->\n";
const HEAD = ["crdify's check", "Change", "crdify", "configured", "crdguard", "crdguard, with an object"];

/** @param ours one for each pair. */
export function comparisonTable(
  pairs: readonly Pair[],
  ours: readonly OurVerdict[],
  crdifyVerdict: (pair: Pair) => CrdifyVerdict,
): string {
  const rows = ours.flatMap((verdict, index) => {
    const pair = pairs[index];
    if (pair === undefined) return [];
    const [check, title, alone, withObject] = ourCells(pair, verdict);
    const { byDefault, configured } = crdifyVerdict(pair);
    return [[check, title, checksCell(byDefault), checksCell(configured), alone, withObject]];
  });
  return [HEAD, HEAD.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

/** What needs no crdify: its check and the change, and both of our verdicts. */
export function ourCells({ check, title }: Pair, { alone, withObject }: OurVerdict): readonly [string, string, string, string] {
  return [check === "none" ? "–" : `\`${check}\``, title, verdictCell(alone), withObject === null ? "" : verdictCell(withObject)];
}

function verdictCell(verdict: Verdict): string {
  const told = verdict.map((words) => words.replace(/ (?<rule>.+)$/, ": `$<rule>`"));
  return told.length === 0 ? "passes" : told.join(", ");
}

function checksCell(checks: Checks): string {
  return checks.length === 0 ? "passes" : `error: ${checks.map((name) => `\`${name}\``).join(", ")}`;
}

/** As `ourCells`, of each row of the page. */
export async function cellsOnPage(): Promise<readonly (readonly string[])[]> {
  const { table } = await readPage();
  const rows = table
    .trim()
    .split("\n")
    .slice(2)
    .map((line) => line.split("|").map((cell) => cell.trim()));
  // Before the first bar and after the last one there is nothing.
  return rows.map(([, check = "", title = "", , , alone = "", withObject = ""]) => [check, title, alone, withObject]);
}

export async function writeTable(table: string): Promise<void> {
  const { before, after } = await readPage();
  const page = `${before}${START}\n${table}\n${END}${after}`;
  await writeFile(PAGE, await format(page, { ...(await resolveConfig(PAGE)), parser: "markdown" }));
}

/** @throws where the markers are not there. */
async function readPage(): Promise<{ readonly before: string; readonly table: string; readonly after: string }> {
  const page = await readFile(PAGE, "utf8");
  const [before, rest] = page.split(START, 2);
  const [table, after] = rest?.split(END, 2) ?? [];
  if (before === undefined || table === undefined || after === undefined)
    throw new Error(`${PAGE} has lost a marker of its table`);
  return { before, table, after };
}

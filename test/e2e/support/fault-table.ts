/** @file The table of faults in docs/reliability.md: its rows are what the tests saw, with how long it took. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface FaultRow {
  readonly fault: string;
  /** What became of reviews meanwhile, and how it ended. */
  readonly outcome: string;
  /** From the fault until all is as it must be. */
  readonly seconds: number;
}

const PAGE = join(import.meta.dirname, "../../../docs/reliability.md");
const START = "<!-- faults: written by UPDATE_DOCS=1 npm run test:e2e -- test/e2e/reliability.test.ts -->\n";
const END = "<!-- end of faults -->";

/** What the page says of these faults, without the times. With UPDATE_DOCS, writes them first. */
export async function documentedFaults(seen: readonly FaultRow[]): Promise<readonly Omit<FaultRow, "seconds">[]> {
  const text = await readFile(PAGE, "utf8");
  const [before = "", rest = ""] = text.split(START);
  const [, after = ""] = rest.split(END);
  if (process.env["UPDATE_DOCS"] !== undefined) {
    const { format, resolveConfig } = await import("prettier");
    const table = ["| Fault | What happened | Seconds |", "| --- | --- | --- |", ...seen.map(rowOf), ""].join("\n");
    const options = await resolveConfig(PAGE);
    await writeFile(PAGE, await format(`${before}${START}\n${table}\n${END}${after}`, { ...options, filepath: PAGE }));
  }
  const [, table = ""] = (await readFile(PAGE, "utf8")).split(START);
  const [lines = ""] = table.split(END);
  return lines
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) => {
      const [, fault = "", outcome = ""] = line.split("|").map((cell) => cell.trim());
      return { fault, outcome };
    });
}

function rowOf({ fault, outcome, seconds }: FaultRow): string {
  return `| ${fault} | ${outcome} | ${seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds))} |`;
}

/** The page on outputs shows what `check` prints, but for what it leaves out and says so. */
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { REPORT_FORMATS } from "../../../src/cli/report-formats.ts";
import { quotedIn, ROOT, tableRows } from "./sources.ts";

const page = await readFile(`${ROOT}docs/outputs.md`, "utf8");

/** A block that begins with `$ crdguard …`, in a fence of any length. */
const SHOWN = /^(?<fence>`{3,})text\n\$ crdguard (?<args>[^\n]+)\n(?<output>[^]*?)\n\k<fence>$/gm;

const shown = [...page.matchAll(SHOWN)].map(({ groups }) => ({
  args: groups?.["args"] ?? "",
  output: groups?.["output"] ?? "",
}));

/** A line of three dots stands for lines left out, three dots at a line's end for its rest. */
function patternOf(output: string): RegExp {
  const lines = output.split("\n").map((line) => {
    if (line === "…") return String.raw`(?:[^\n]*\n)+?`;
    const [, start = "", rest = ""] = /^(.*?)(…?)$/.exec(line) ?? [];
    return `${start.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)}${rest === "" ? "" : String.raw`[^\n]*`}\n`;
  });
  return new RegExp(`^${lines.join("")}$`);
}

describe("docs/outputs.md", () => {
  it("lists every form, and shows each but json, of which yaml is another", () => {
    const listed = tableRows(page)
      .flatMap(([first = ""]) => quotedIn(first))
      .filter((name) => name !== "-o");
    const formats = shown.map(({ args }) => args.split(" ").at(-1));

    expect(listed).toEqual(REPORT_FORMATS);
    expect(formats).toEqual(REPORT_FORMATS.filter((format) => format !== "json"));
  });

  it.each(shown)("shows what $args prints", ({ args, output }) => {
    const ran = spawnSync(process.execPath, [`${ROOT}src/cli/main.ts`, ...args.split(" ")], {
      cwd: ROOT,
      env: { PATH: process.env["PATH"] ?? "" },
      encoding: "utf8",
    });

    expect(ran.stderr).toBe("");
    expect(ran.stdout).toMatch(patternOf(output));
  });

  it("would notice another word", () => {
    expect("a\nb\nc\nd e\n").toMatch(patternOf("a\n…\nd…"));
    expect("a\nb\nc\nx e\n").not.toMatch(patternOf("a\n…\nd…"));
    expect("a\nb\n").not.toMatch(patternOf("a"));
  });
});

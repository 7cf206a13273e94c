/** What the page on commands shows is what they print. */
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { ROOT } from "./sources.ts";

const PAGE = `${ROOT}docs/commands.md`;

/** A block that begins with `$ crdguard …`, up to the output. */
const SHOWN = /```text\n\$ crdguard (?<args>[^\n]+)\n(?<output>[^]*?)```/g;

const shown = [...(await readFile(PAGE, "utf8")).matchAll(SHOWN)].map(({ groups }) => ({
  args: groups?.["args"] ?? "",
  output: groups?.["output"] ?? "",
}));

describe("docs/commands.md", () => {
  it("shows output", () => {
    expect(shown.length).toBeGreaterThan(1);
  });

  it.each(shown)("shows what $args prints", async ({ args, output }) => {
    const ran = spawnSync(process.execPath, [`${ROOT}src/cli/main.ts`, ...args.split(" ")], {
      cwd: ROOT,
      env: { PATH: process.env["PATH"] ?? "" },
      encoding: "utf8",
    });
    if (process.env["UPDATE_DOCS"] === "1") {
      const page = await readFile(PAGE, "utf8");
      await writeFile(
        PAGE,
        page.replace(`$ crdguard ${args}\n${output}\`\`\``, () => `$ crdguard ${args}\n${ran.stdout}\`\`\``),
      );
      return;
    }

    expect(ran.stderr).toBe("");
    expect(output, "run the tests once with UPDATE_DOCS=1").toBe(ran.stdout);
  });
});

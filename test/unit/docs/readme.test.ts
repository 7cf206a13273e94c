import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";

describe("README.md", () => {
  let readme: string;
  let demo: string;

  beforeAll(() => {
    readme = readFileSync("README.md", "utf8");
    demo = spawnSync(process.execPath, ["src/cli/main.ts", "demo"], { encoding: "utf8" }).stdout;
  });

  it("shows what the demo really prints of its first change", () => {
    const [, first = "nothing is printed"] = /^(✗ denied {2}1\.[^]*?\n)\n. \w+ {2}2\./m.exec(demo) ?? [];
    const shown = /```text\n(?<output>[^]*?)```/.exec(readme)?.groups?.["output"] ?? "nothing is shown";
    if (process.env["UPDATE_DOCS"] === "1") {
      writeFileSync(
        "README.md",
        readme.replace(shown, () => first),
      );
      return;
    }

    expect(shown, "run the tests once with UPDATE_DOCS=1").toBe(first);
  });

  it("names every rule", async () => {
    const { rules } = await import("../../../src/rules/checks/index.ts");

    expect(rules.map(({ id }) => id).filter((id) => !readme.includes(`docs/rules/${id}.md`))).toEqual([]);
  });

  it("names only npm scripts that exist", () => {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const named = [...readme.matchAll(/npm run (?<script>[a-z0-9:-]+)/g)].map(({ groups }) => groups?.["script"] ?? "");

    expect(named.filter((script) => !(script in scripts))).toEqual([]);
    expect(named.length).toBeGreaterThan(0);
  });
});

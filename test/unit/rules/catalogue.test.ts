import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { rules } from "../../../src/rules/checks/index.ts";
import type { Rule } from "../../../src/rules/rule.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const CHECKS = join(ROOT, "src/rules/checks");
const HEADINGS = ["What it finds", "Why it matters", "What you see", "What to do", "When to turn it off"];

const ids = readdirSync(CHECKS)
  .filter((file) => file !== "index.ts")
  .map((file) => file.replace(/\.ts$/, ""))
  .toSorted();

describe("the catalogue of rules", () => {
  it("names every rule, sorted by id", () => {
    expect(rules.map(({ id }) => id)).toEqual(ids);
  });

  it("has no page of a rule that is none", () => {
    expect(markdownIn("docs/rules").filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("has no test of a rule that is none", () => {
    const tested = readdirSync(join(ROOT, "test/unit/rules/checks")).map((file) => file.replace(/\.test\.ts$/, ""));

    expect(tested.filter((id) => !ids.includes(id))).toEqual([]);
  });
});

describe.each(ids)("the rule %s", (id) => {
  it("is what its file exports, alone, under its id in camel case", async () => {
    const exported = (await import(join(CHECKS, `${id}.ts`))) as Readonly<Record<string, Rule>>;
    const name = id.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

    expect(Object.entries(exported).map(([key, rule]) => [key, rule.id])).toEqual([[name, id]]);
  });

  it("says what it is, and where that is known from", () => {
    const text = readFileSync(join(CHECKS, `${id}.ts`), "utf8");

    expect(text).toMatch(/^\/\*\* @file Finds /);
    expect(text).toMatch(/^ \* Source: \S/m);
  });

  it("has a test", () => {
    expect(existsSync(join(ROOT, "test/unit/rules/checks", `${id}.test.ts`))).toBe(true);
  });

  it("has a page with a title and its five headings, none of them empty", () => {
    const page = readFileSync(join(ROOT, "docs/rules", `${id}.md`), "utf8");
    // What stands between fences is output, in which a number sign begins no heading.
    const prose = page.replaceAll(/^```[\s\S]*?^```/gm, "(an example)");
    const [title, ...sections] = prose.split(/^## /m);

    expect(title).toMatch(new RegExp(`^# \`?${id}\`?\n`));
    expect(sections.map((section) => section.split("\n", 1)[0])).toEqual(HEADINGS);
    expect(sections.filter((section) => section.slice(section.indexOf("\n")).trim() === "")).toEqual([]);
  });
});

function markdownIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith(".md") && file !== "README.md")
    .map((file) => file.replace(/\.md$/, ""));
}

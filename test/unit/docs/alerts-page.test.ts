/** The page on alerts has a section for each rule, with its expression, what it means and what to do. */
import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { readRuleGroups } from "../../support/monitoring.ts";
import { ROOT } from "./sources.ts";

const PAGE = `${ROOT}docs/alerts.md`;
const page = await readFile(PAGE, "utf8");
const rules = (await readRuleGroups()).flatMap((group) => group.rules);

/** From its heading to the next one. */
function sectionOf(alert: string): string {
  return page.split(/^(?=## )/m).find((section) => section.startsWith(`## ${alert}\n`)) ?? "";
}

const EXPRESSION = /```promql\n(?<expression>[^]*?)```/;

describe("docs/alerts.md", () => {
  it("has a section for each alert, and no other, in the order of the rules", () => {
    const headings = [...page.matchAll(/^## (?<name>\w+)$/gm)].map(({ groups }) => groups?.["name"]);

    expect(headings).toEqual(rules.map(({ alert }) => alert));
  });

  it.each(rules)("shows of $alert its expression, severity and time", async (rule) => {
    const section = sectionOf(rule.alert);
    const after = rule.for === undefined ? "at once" : `after \`${rule.for}\``;
    if (process.env["UPDATE_DOCS"] === "1") {
      const mended = section
        .replace(EXPRESSION, () => `\`\`\`promql\n${rule.expr}\`\`\``)
        .replace(/^`\w+`, .*$/m, () => `\`${rule.labels.severity}\`, ${after}: ${rule.annotations.summary}.`);
      await writeFile(
        PAGE,
        (await readFile(PAGE, "utf8")).replace(section, () => mended),
      );
      return;
    }

    expect(EXPRESSION.exec(section)?.groups?.["expression"], "run the tests once with UPDATE_DOCS=1").toBe(rule.expr);
    expect(section).toContain(`\n\`${rule.labels.severity}\`, ${after}: ${rule.annotations.summary}.\n`);
  });

  it.each(rules)("says what $alert means and what to do, with a command", ({ alert }) => {
    expect(sectionOf(alert)).toMatch(/\*\*What it means\.\*\* [^]{40,}\*\*What to do\.\*\* [^]{20,}```sh\n(?:crdguard|kubectl) /);
  });

  it.each(rules)("is where the runbook of $alert leads", ({ alert, annotations }) => {
    expect(annotations.runbook_url).toBe(`https://github.com/crdguard/crdguard/blob/main/docs/alerts.md#${alert.toLowerCase()}`);
  });
});

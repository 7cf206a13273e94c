/** The pages in docs/doctor: complete, of one form, and with output that doctor really gives. UPDATE_DOCS=1 rewrites it. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createColors } from "picocolors";
import { describe, expect, it } from "vitest";
import { healthTelling } from "../../../src/explain/health-report.ts";
import { textOutput } from "../../../src/explain/outputs/text.ts";
import { checks } from "../../../src/health/checks/index.ts";
import { examine } from "../../../src/health/examine.ts";
import { HEALTH_EXAMPLES } from "../../support/health-examples.ts";
import { ROOT } from "./sources.ts";

const FOLDER = `${ROOT}docs/doctor/`;
const HEADINGS = ["What it finds", "Why it matters", "What you see", "What to do", "When to turn it off"];

describe("docs/doctor", () => {
  it("has a page for each check, and no other", async () => {
    expect((await readdir(FOLDER)).toSorted()).toEqual(checks.map(({ id }) => `${id}.md`));
  });

  it("is listed in docs/doctor.md, with each check's default severity", async () => {
    const page = await readFile(`${ROOT}docs/doctor.md`, "utf8");
    const rows = [...page.matchAll(/^\| \[`(?<id>[a-z-]+)`\]\((?<page>[^)]+)\) +\| (?<severity>\w+)/gm)];

    expect(rows.map(({ groups }) => ({ ...groups }))).toEqual(
      checks.map(({ id, defaultSeverity }) => ({ id, page: `doctor/${id}.md`, severity: defaultSeverity })),
    );
  });

  describe.each(checks.map(({ id }) => id))("%s", (id) => {
    const path = `${FOLDER}${id}.md`;

    it("has the five headings, in their order, none of them empty", async () => {
      const page = await readFile(path, "utf8");
      const [title, ...sections] = page.replaceAll(/^```[\s\S]*?^```/gm, "(an example)").split(/^## /m);

      expect(title).toBe(`# ${id}\n\n`);
      expect(sections.map((section) => section.split("\n", 1)[0])).toEqual(HEADINGS);
      expect(sections.filter((section) => section.slice(section.indexOf("\n")).trim() === "")).toEqual([]);
    });

    it("shows what one really sees", async () => {
      const output = outputOf(id);
      const page = await readFile(path, "utf8");
      const [block = "", shown] = /```text\n([\s\S]*?)\n```/.exec(page) ?? [];
      if (process.env["UPDATE_DOCS"] === "1" && block !== "") {
        await writeFile(
          path,
          page.replace(block, () => `\`\`\`text\n${output}\n\`\`\``),
        );
        return;
      }

      expect(shown, "run the tests once with UPDATE_DOCS=1").toBe(output);
      expect(output).toContain(` ${id}: `);
    });

    it("says how to turn it off", async () => {
      expect(await readFile(path, "utf8")).toContain(`crdguard doctor --check ${id}=off`);
    });
  });
});

/** What ails, without the last lines, which speak of the whole cluster. */
function outputOf(id: string): string {
  const facts = HEALTH_EXAMPLES[id];
  if (facts === undefined) throw new Error(`the test has no example for ${id}`);
  const findings = examine(facts).filter(({ check }) => check === id);
  const telling = healthTelling({ facts, findings, workloadCount: 1 }, "error");
  const lines = textOutput({ ...telling, notes: [] }, { colors: createColors(false), columns: null })
    .trimEnd()
    .split("\n");
  return ["$ crdguard doctor", ...lines.slice(0, -2)].join("\n");
}

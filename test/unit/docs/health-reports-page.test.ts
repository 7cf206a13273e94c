/** The page on health reports shows what a report really says. UPDATE_DOCS=1 rewrites it. */
import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { yamlText } from "../../../src/cli/yaml-text.ts";
import { clusterReport } from "../../../src/explain/cluster-report.ts";
import { examine } from "../../../src/health/examine.ts";
import { HEALTH_EXAMPLES } from "../../support/health-examples.ts";
import { ROOT } from "./sources.ts";

const PAGE = `${ROOT}docs/health-reports.md`;
const YAML = /```yaml\n(?<shown>[^]*?)\n```/;

describe("docs/health-reports.md", () => {
  it("shows a report up to its first result", async () => {
    const facts = HEALTH_EXAMPLES["requirement-unmet"];
    if (facts === undefined) throw new Error("there is an example for each check");
    const report = clusterReport({ facts, findings: examine(facts), workloadCount: 40 }, { form: "openreports" });
    const output = `${yamlText({ ...report, results: report.results.slice(0, 1) })}# …`;
    const page = await readFile(PAGE, "utf8");
    if (process.env["UPDATE_DOCS"] === "1") {
      await writeFile(
        PAGE,
        page.replace(YAML, () => `\`\`\`yaml\n${output}\n\`\`\``),
      );
      return;
    }

    expect(YAML.exec(page)?.groups?.["shown"], "run the tests once with UPDATE_DOCS=1").toBe(output);
  });
});

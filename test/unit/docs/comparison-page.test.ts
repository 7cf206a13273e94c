/** docs/comparison.md says of each pair what the engine says today. What crdify says is written by `npm run compare`. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { ourVerdicts } from "../../comparison/our-verdict.ts";
import { cellsOnPage, ourCells } from "../../comparison/page.ts";
import { PAIRS } from "../../comparison/pairs.ts";
import { ROOT } from "./sources.ts";

const cells = await cellsOnPage();
const verdicts = await ourVerdicts(PAIRS);

/** Source: crdify v0.6.0, pkg/runner/registry.go, and `unhandled`. */
const CRDIFY_CHECKS = [
  "scope",
  "existingFieldRemoval",
  "storedVersionRemoval",
  "enum",
  "default",
  "maximum",
  "maxItems",
  "maxLength",
  "maxProperties",
  "minimum",
  "minItems",
  "minLength",
  "minProperties",
  "nullable",
  "pattern",
  "required",
  "type",
  "description",
  "unhandled",
];

describe("docs/comparison.md", () => {
  it("has a row for each pair, and no other", () => {
    expect(
      cells.map(([check, title]) => `${check ?? ""} ${title ?? ""}`),
      "run npm run compare with UPDATE_DOCS=1",
    ).toEqual(PAIRS.map(({ check, title }) => `${check === "none" ? "–" : `\`${check}\``} ${title}`));
  });

  it.each(PAIRS.map((pair, index) => ({ name: `${pair.check}: ${pair.title}`, pair, index })))(
    "says what crdguard says of $name",
    ({ pair, index }) => {
      const verdict = verdicts[index];
      expect(verdict).toBeDefined();
      expect(cells[index], "run npm run compare with UPDATE_DOCS=1").toEqual(verdict && ourCells(pair, verdict));
    },
  );

  it.each(CRDIFY_CHECKS)("has a pair for crdify's %s, and docs/rules/README.md maps it", async (check) => {
    expect(PAIRS.map((pair) => pair.check)).toContain(check);
    const table = (await readFile(`${ROOT}docs/rules/README.md`, "utf8")).split("## By crdify's checks")[1] ?? "";
    expect(table).toContain(`\`${check}\``);
  });
});

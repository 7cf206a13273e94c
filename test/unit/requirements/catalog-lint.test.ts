import { describe, expect, it } from "vitest";
import { lintCatalogText } from "../../../src/requirements/catalog-lint.ts";

/** What `crdguard catalog lint` tells of other mistakes is tested with the command. */
describe("lintCatalogText", () => {
  const file = ["controller: turner", "images: [example/turner]"];

  it.each([
    { title: "as a condition", text: [...file, "when: &self { not: *self }", "releases: []"].join("\n") },
    { title: "as an image", text: "controller: turner\nimages: &self [*self]\nreleases: []" },
    { title: "as a whole", text: "&self\nreleases: [*self]" },
  ])("ends where a file holds itself $title", ({ text }) => {
    const { controller, problems } = lintCatalogText(text);

    expect(controller).toBeNull();
    expect(problems.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      "catalog-malformed: is more than 100 levels deep, or holds itself by a YAML alias",
    ]);
  });

  it("tells of a range that holds no version, where it stands", () => {
    const text = [
      ...file,
      "releases:",
      '  - versions: ">=2.0.0 <1.0.0"',
      "    verified: doc",
      "    confidence: high",
      "    sources: [its manual]",
      "    needs: [{ resource: gears.own.dev, versions: [v1], presence: unconditional, outcomes: crashes }]",
    ].join("\n");

    expect(lintCatalogText(text)).toEqual({
      controller: null,
      problems: [{ code: "catalog-range-invalid", message: '">=2.0.0 <1.0.0" holds no version', line: 4, column: 5 }],
    });
  });
});

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { isCatalogFileName, parseCatalogTexts, readCatalog } from "../../../src/requirements/catalog-folder.ts";

const release = {
  versions: ">=1.0.0",
  verified: "run",
  confidence: "high",
  sources: ["own.dev"],
  needs: [{ resource: "gears.own.dev", versions: ["v1"], presence: "unconditional", outcomes: "crashes" }],
};
const file = { controller: "turner", images: ["own.dev/turner"], releases: [release] };

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "crdguard-catalog-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
  return folder;
}

describe("readCatalog", () => {
  it("reads the YAML files of a folder in the order of their names, and no others", async () => {
    const folder = await folderOf({
      "b.yaml": JSON.stringify({ ...file, controller: "b" }),
      "c.yml": JSON.stringify({ ...file, controller: "c" }),
      "a.yaml": JSON.stringify(file),
      "README.md": "#",
      "d.yaml.bak": "{",
    });
    await mkdir(join(folder, "below"));
    await writeFile(join(folder, "below", "e.yaml"), "{");
    const catalog = await readCatalog(folder);

    expect(catalog.ok && catalog.value.map(({ id }) => id)).toEqual(["turner", "b", "c"]);
  });

  it("reads the catalog that comes with crdguard unless it is told otherwise", async () => {
    const catalog = await readCatalog();

    expect(catalog.ok && catalog.value.some(({ id }) => id === "envoy-gateway")).toBe(true);
  });

  it("refuses a folder that is not there", async () => {
    const folder = join(await folderOf({}), "absent");

    expect(await readCatalog(folder)).toEqual({
      ok: false,
      error: { code: "catalog-unreadable", message: `${folder}: no folder that can be read` },
    });
  });

  it("refuses a folder without a catalog file, which can only be the wrong one", async () => {
    const folder = await folderOf({ "README.md": "#" });

    expect(await readCatalog(folder)).toEqual({
      ok: false,
      error: { code: "catalog-unreadable", message: `${folder}: no .yaml file in this folder` },
    });
  });

  it.each([
    {
      title: "what is no catalog",
      text: "controller: turner",
      code: "catalog-malformed",
      message: 'a.yaml: "images" is missing, and 1 more (crdguard catalog lint tells all)',
    },
    { title: "nothing", text: "", code: "catalog-malformed", message: "a.yaml: null must be object" },
    {
      title: "what is no YAML",
      text: "a: [",
      code: "catalog-malformed",
      message: expect.stringMatching(/^a\.yaml: Flow sequence/) as string,
    },
    {
      title: "a key that stands twice",
      text: "controller: a\ncontroller: b",
      code: "catalog-malformed",
      message: expect.stringMatching(/^a\.yaml: Map keys must be unique/) as string,
    },
    {
      title: "an alias of nothing",
      text: "controller: *a",
      code: "catalog-malformed",
      message: expect.stringMatching(/^a\.yaml: Unresolved alias/) as string,
    },
    {
      title: "a range that is none",
      text: JSON.stringify({ ...file, releases: [{ ...release, versions: "new" }] }),
      code: "catalog-range-invalid",
      message: 'a.yaml: /releases/0/versions: "new" is not a semver range',
    },
  ])("names the file of $title", async ({ text, code, message }) => {
    expect(await readCatalog(await folderOf({ "a.yaml": text }))).toEqual({ ok: false, error: { code, message } });
  });

  it("refuses one controller in two files, and names the second", async () => {
    expect(await readCatalog(await folderOf({ "a.yaml": JSON.stringify(file), "b.yaml": JSON.stringify(file) }))).toEqual({
      ok: false,
      error: { code: "catalog-duplicate", message: 'b.yaml: controller "turner" is in another file too' },
    });
  });
});

describe("parseCatalogTexts", () => {
  it("reads no text as an empty catalog", () => {
    expect(parseCatalogTexts(new Map())).toEqual({ ok: true, value: [] });
  });

  it.each([
    {
      title: "a condition that holds itself",
      text: JSON.stringify(file).replace("{", '{"when": &self { not: *self },'),
      message: /^a\.yaml: is more than 100 levels deep, or holds itself by a YAML alias$/,
    },
    {
      title: "brackets without end",
      text: `when: ${"[".repeat(50_000)}`,
      message: /^a\.yaml: /,
    },
    {
      title: "aliases of aliases, whose text would fill the memory",
      text: [
        "a: &a [x, x]",
        ..."bcdefghijklmnopqrstuvwxyz".split("").map((name, index, all) => {
          const before = all[index - 1] ?? "a";
          return `${name}: &${name} [${`*${before},`.repeat(9)}*${before}]`;
        }),
      ].join("\n"),
      message: /^a\.yaml: Excessive alias count/,
    },
  ])("refuses $title, and goes on", ({ text, message }) => {
    expect(parseCatalogTexts(new Map([["a.yaml", text]]))).toEqual({
      ok: false,
      error: { code: "catalog-malformed", message: expect.stringMatching(message) as string },
    });
  });
});

describe("isCatalogFileName", () => {
  it.each([
    { name: "turner.yaml", isFile: true },
    { name: "turner.yml", isFile: true },
    { name: "turner.YAML", isFile: false },
    { name: "turner.yaml.bak", isFile: false },
    { name: "yaml", isFile: false },
  ])("knows $name: $isFile", ({ name, isFile }) => {
    expect(isCatalogFileName(name)).toBe(isFile);
  });
});

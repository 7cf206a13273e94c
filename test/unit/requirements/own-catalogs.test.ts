import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { mergeCatalogs } from "../../../src/requirements/catalog.ts";
import { readCatalog, readOwnCatalogs } from "../../../src/requirements/catalog-folder.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "crdguard-own-"));

afterAll(() => {
  rmSync(FOLDER, { recursive: true });
});

/** One that needs gears in this version. */
function entry(controller: string, version: string): string {
  return `
controller: ${controller}
images: [example/${controller}]
releases:
  - versions: ">=1.0.0"
    verified: doc
    confidence: high
    sources: [its manual]
    needs: [{ resource: gears.own.dev, versions: [${version}], presence: unconditional, outcomes: crashes }]
`;
}

const FILES: Readonly<Record<string, string>> = {
  "mill/turner.yaml": entry("turner", "v1"),
  "mill/lathe.yml": entry("lathe", "v1"),
  "mill/readme.md": "no entry",
  "mill/below/deeper.yaml": entry("deeper", "v1"),
  "turner-v2.txt": entry("turner", "v2"),
  "empty/readme.md": "no entry",
  "twice/a.yaml": entry("turner", "v1"),
  "twice/b.yaml": entry("turner", "v2"),
  "wrong/no-form.yaml": entry("turner", "v1").replace("images:", "image:"),
  "wrong/range.yaml": entry("turner", "v1").replace(">=1.0.0", "one or newer"),
  "wrong/many.yaml": `controller: turner
images: [example/turner]
releases: [${Array.from({ length: 101 }, () => "x").join()}]`,
  "wrong/no-end.yaml": "images: [\n",
  "wrong/two.yaml": `${entry("turner", "v1")}---${entry("lathe", "v1")}`,
};
for (const [name, text] of Object.entries(FILES)) {
  mkdirSync(dirname(join(FOLDER, name)), { recursive: true });
  writeFileSync(join(FOLDER, name), text);
}

/** Ids with the version that their first need names. */
async function read(...paths: readonly string[]): Promise<readonly string[]> {
  const result = await readOwnCatalogs(paths.map((path) => join(FOLDER, path)));
  if (!result.ok) return [`${result.error.code}: ${result.error.message.replaceAll(`${FOLDER}/`, "")}`];
  return result.value.map(({ id, releases }) => `${id} ${releases[0]?.needs[0]?.requirement.versions.join() ?? ""}`);
}

describe("a user's own catalog entries", () => {
  it.each<{ title: string; paths: readonly string[]; entries: readonly string[] }>([
    { title: "no path: none", paths: [], entries: [] },
    { title: "the .yaml and .yml files of a folder, and none below it", paths: ["mill"], entries: ["lathe v1", "turner v1"] },
    { title: "a file, whatever its name", paths: ["turner-v2.txt"], entries: ["turner v2"] },
    { title: "of one controller in two paths, the later", paths: ["mill", "turner-v2.txt"], entries: ["lathe v1", "turner v2"] },
    { title: "whichever comes first", paths: ["turner-v2.txt", "mill"], entries: ["lathe v1", "turner v1"] },
  ])("are read: $title", async ({ paths, entries }) => {
    expect(await read(...paths)).toEqual(entries);
  });

  it.each([
    { path: "absent", problem: "catalog-unreadable: absent: no file or folder that can be read" },
    { path: "empty", problem: "catalog-unreadable: empty: no .yaml file in this folder" },
    { path: "twice", problem: 'catalog-duplicate: twice/b.yaml: controller "turner" is in another file too' },
    { path: "wrong/range.yaml", problem: /^catalog-range-invalid: wrong\/range\.yaml: \/releases\/0\/versions: "one or newer" / },
    { path: "wrong/no-form.yaml", problem: /^catalog-malformed: wrong\/no-form\.yaml: .*image/ },
    { path: "wrong/many.yaml", problem: /^catalog-malformed: wrong\/many\.yaml: \/releases: .* more than 100 items/ },
    {
      path: "wrong/two.yaml",
      problem: "catalog-malformed: wrong/two.yaml: holds several documents; each controller needs a file of its own",
    },
    { path: "wrong/no-end.yaml", problem: /^catalog-malformed: wrong\/no-end\.yaml: Flow sequence .* at line 2, column 1$/ },
  ])("name the file, its member and what is wrong: $path", async ({ path, problem }) => {
    expect(await read("mill", path)).toEqual([
      typeof problem === "string" ? problem : (expect.stringMatching(problem) as string),
    ]);
  });

  it("replace the built-in entry of the same controller, and leave the others alone", async () => {
    const builtIn = await readCatalog();
    writeFileSync(join(FOLDER, "istiod.yaml"), entry("istiod", "v9"));
    const own = await readOwnCatalogs([join(FOLDER, "istiod.yaml"), join(FOLDER, "mill")]);
    if (!builtIn.ok || !own.ok) throw new Error("the catalogs cannot be read");
    const merged = mergeCatalogs(builtIn.value, own.value);

    expect(merged.map(({ id }) => id)).toEqual([...builtIn.value.map(({ id }) => id), "lathe", "turner"].toSorted());
    expect(merged.find(({ id }) => id === "istiod")?.images).toEqual([{ path: "example/istiod", tag: null, isOfficial: false }]);
    expect(merged.filter(({ id }) => id === "envoy-gateway")).toEqual(builtIn.value.filter(({ id }) => id === "envoy-gateway"));
  });
});

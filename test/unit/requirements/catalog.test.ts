import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import { type CatalogFileResult, minimumVersion, parseCatalogFile } from "../../../src/requirements/catalog.ts";
import { describeCondition } from "../../../src/requirements/condition.ts";

const need = { resource: "gears.own.dev", versions: ["v1"], presence: "unconditional", outcomes: "crashes" };
const release = { versions: ">=1.0.0 <2.0.0", verified: "run", confidence: "high", sources: ["own.dev"], needs: [need] };
const file = { controller: "turner", images: ["own.dev/turner"], releases: [release] };
const CRASHES = { absent: "crashes", unlisted: "crashes", unserved: "crashes" };

describe("parseCatalogFile", () => {
  it("reads a controller with the least that is needed", () => {
    expect(parseCatalogFile(file)).toEqual({
      ok: true,
      value: {
        id: "turner",
        description: null,
        images: [{ path: "turner", tag: null, isOfficial: false }],
        tagPrefixes: [],
        versionLabel: null,
        versionSetting: null,
        owns: [],
        when: null,
        releases: [
          {
            versions: ">=1.0.0 <2.0.0",
            verified: "run",
            confidence: "high",
            effect: null,
            errors: [],
            sources: ["own.dev"],
            needs: [
              {
                requirement: {
                  group: "own.dev",
                  resource: "gears",
                  versions: ["v1"],
                  presence: "unconditional",
                  outcomes: CRASHES,
                },
                when: null,
                note: null,
              },
            ],
          },
        ],
      },
    });
  });

  it("puts the oldest release first, whatever the order of the file", () => {
    const parsed = parseCatalogFile({
      ...file,
      releases: [{ ...release, versions: ">=10.0.0" }, { ...release, versions: "9.x" }, release],
    });

    expect(releasesOf(parsed).map(minimumVersion)).toEqual(["1.0.0", "9.0.0", "10.0.0"]);
  });

  it("reads several resources of one need, which share the rest of it", () => {
    const several = { ...need, resource: ["gears.own.dev", "axles.own.dev"], when: { arg: "--mill" }, note: "since 1.2" };
    const parsed = parseCatalogFile({ ...file, releases: [{ ...release, needs: [several] }] });

    expect(
      releasesOf(parsed)[0]?.needs.map(({ requirement, when, note }) => [
        requirement.resource,
        requirement.outcomes,
        when === null ? null : describeCondition(when),
        note,
      ]),
    ).toEqual([
      ["gears", CRASHES, "--mill", "since 1.2"],
      ["axles", CRASHES, "--mill", "since 1.2"],
    ]);
  });

  it.each([
    { when: { arg: "--gears" }, words: "--gears" },
    { when: { arg: "--gears=round" }, words: "--gears=round" },
    { when: { argRegex: "^--gears=.*round" }, words: "an argument like ^--gears=.*round" },
    { when: { env: { GEARS: "round" } }, words: "GEARS=round" },
    { when: { configMap: { name: "turner", key: "gears", equals: "" } }, words: "gears= in ConfigMap turner" },
    {
      when: { configMap: { namespace: "mill", name: "turner", key: "gears", matches: "r.*d" } },
      words: "gears like r.*d in ConfigMap mill/turner",
    },
    { when: { not: { arg: "--idle" } }, words: "not --idle" },
    { when: { anyOf: [{ arg: "--a" }, { allOf: [{ arg: "--b" }, { arg: "--c" }] }] }, words: "--a or (--b and --c)" },
    { when: { not: { anyOf: [{ arg: "--a" }, { arg: "--b" }] } }, words: "not (--a or --b)" },
    { when: { unreadable: "a gear in its file" }, words: "a gear in its file" },
  ])("reads the condition $words, of a controller as of a need", ({ when, words }) => {
    const parsed = parseCatalogFile({ ...file, when, releases: [{ ...release, needs: [{ ...need, when }] }] });

    expect(parsed).toMatchObject({ ok: true });
    if (!parsed.ok || parsed.value.when === null) return;
    expect(describeCondition(parsed.value.when)).toBe(words);
    expect(parsed.value.releases[0]?.needs[0]?.when).toEqual(parsed.value.when);
  });

  it.each([
    { title: "nothing", input: null, path: "", message: "null must be object" },
    { title: "no controller", input: { ...file, controller: undefined }, path: "", message: '"controller" is missing' },
    {
      title: "a controller that is no id",
      input: { ...file, controller: "Turner!" },
      path: "/controller",
      message: '"Turner!" is not an id of small letters, digits and hyphens',
    },
    { title: "no image", input: { ...file, images: [] }, path: "/images", message: "[] must NOT have fewer than 1 items" },
    {
      title: "a member that nobody knows",
      input: { ...file, imgaes: [] },
      path: "/imgaes",
      message: 'unknown member "imgaes"; did you mean "images"?',
    },
    {
      title: "a member whose name a JSON pointer must escape",
      input: { ...file, "a/b~c": 1 },
      path: "/a~1b~0c",
      message: 'unknown member "a/b~c"',
    },
    { title: "no release", input: { ...file, releases: [] }, path: "/releases", message: "[] must NOT have fewer than 1 items" },
    {
      title: "a release without sources",
      input: { ...file, releases: [{ ...release, sources: [] }] },
      path: "/releases/0/sources",
      message: "[] must NOT have fewer than 1 items",
    },
    {
      title: "an outcome that is none",
      input: withNeed({ outcomes: { ...CRASHES, absent: "explodes" } }),
      path: "/releases/0/needs/0/outcomes/absent",
      message: '"explodes" is none of works, loses-feature, stops-working, crashes',
    },
    {
      title: "an outcome in short that is none",
      input: withNeed({ outcomes: "explodes" }),
      path: "/releases/0/needs/0/outcomes",
      message: '"explodes" is none of works, loses-feature, stops-working, crashes',
    },
    {
      title: "a resource without a group",
      input: withNeed({ resource: "gears" }),
      path: "/releases/0/needs/0/resource",
      message: '"gears" is not of the form <plural>.<group>, as the name of a CRD',
    },
    {
      title: "a resource twice in a need",
      input: withNeed({ resource: ["gears.own.dev", "gears.own.dev"] }),
      path: "/releases/0/needs/0/resource",
      message: expect.stringContaining("must NOT have duplicate items") as string,
    },
    {
      title: "a condition on a ConfigMap without a value",
      input: { ...file, when: { configMap: { namespace: "mill", name: "turner", key: "on" } } },
      path: "/when/configMap",
      message: 'either "equals" or "matches" is needed',
    },
    {
      title: "two conditions in one",
      input: { ...file, when: { arg: "--a", env: { A: "b" } } },
      path: "/when",
      message: "exactly one member is needed; several conditions go into allOf or anyOf",
    },
  ])("refuses $title, by one error", ({ input, path, message }) => {
    expect(parseCatalogFile(input)).toEqual({ ok: false, errors: [{ code: "catalog-malformed", path, message }] });
  });

  it.each([
    { title: "of an argument", input: { ...file, when: { argRegex: "(" } }, path: "/when/argRegex" },
    {
      title: "of a ConfigMap, deep inside",
      input: withNeed({ when: { not: { anyOf: [{ configMap: { name: "a", key: "b", matches: "(" } }] } } }),
      path: "/releases/0/needs/0/when/not/anyOf/0/configMap/matches",
    },
    {
      title: "of a version",
      input: { ...file, versionSetting: { configMap: { name: "a", key: "b", matches: "(" } } },
      path: "/versionSetting/configMap/matches",
    },
  ])("refuses a pattern $title that RE2 does not know", ({ input, path }) => {
    expect(parseCatalogFile(input)).toEqual({
      ok: false,
      errors: [{ code: "catalog-pattern-invalid", path, message: '"(" is no regular expression of RE2' }],
    });
  });

  it("refuses a range that is none", () => {
    expect(parseCatalogFile({ ...file, releases: [{ ...release, versions: "from 1 to 2" }] })).toEqual({
      ok: false,
      errors: [{ code: "catalog-range-invalid", path: "/releases/0/versions", message: '"from 1 to 2" is not a semver range' }],
    });
  });

  it.each([
    {
      title: "neighbours",
      ranges: [">=1.0.0 <2.0.1", ">=2.0.0 <3.0.0"],
      message: '">=1.0.0 <2.0.1" and ">=2.0.0 <3.0.0" overlap',
    },
    { title: "the same range twice", ranges: [">=1.0.0", ">=1.0.0"], message: '">=1.0.0" and ">=1.0.0" overlap' },
    { title: "ranges in two pieces", ranges: ["1.x || 5.x", "2.x", "5.1.x"], message: '"1.x || 5.x" and "5.1.x" overlap' },
  ])("refuses overlapping ranges: $title", ({ ranges, message }) => {
    expect(parseCatalogFile({ ...file, releases: ranges.map((versions) => ({ ...release, versions })) })).toEqual({
      ok: false,
      errors: [{ code: "catalog-ranges-overlap", path: "/releases/0/versions", message }],
    });
  });
});

function withNeed(changes: Readonly<Record<string, unknown>>): object {
  return { ...file, releases: [{ ...release, needs: [{ ...need, ...changes }] }] };
}

function releasesOf(parsed: CatalogFileResult) {
  return parsed.ok ? parsed.value.releases : [];
}

describe("readCatalog", () => {
  async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "crdguard-catalog-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
    return folder;
  }

  it("reads the YAML files of a folder, and no others", async () => {
    const folder = await folderOf({
      "b.yaml": JSON.stringify({ ...file, controller: "b" }),
      "a.yaml": JSON.stringify(file),
      "README.md": "#",
    });
    const catalog = await readCatalog(folder);

    expect(catalog.ok && catalog.value.map(({ id }) => id)).toEqual(["turner", "b"]);
  });

  it.each([
    {
      title: "what is no catalog",
      text: "controller: turner",
      code: "catalog-malformed",
      message: 'a.yaml: "images" is missing, and 1 more (crdguard catalog lint tells all)',
    },
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
  ])("names the file of $title", async ({ text, code, message }) => {
    expect(await readCatalog(await folderOf({ "a.yaml": text }))).toEqual({ ok: false, error: { code, message } });
  });
});

import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import semver from "semver";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import { type CatalogController, minimumVersion, parseCatalogFile } from "../../../src/requirements/catalog.ts";
import { apiState, type ApiState, outcomeIn, type Requirement } from "../../../src/rules/requirement.ts";
import { crd } from "../../support/builders.ts";

const need = {
  resource: "gears.own.dev",
  versions: ["v1"],
  presence: "unconditional",
  outcomes: { absent: "crashes", unlisted: "crashes", unserved: "crashes" },
};
const release = { versions: ">=1.0.0 <2.0.0", verified: "run", confidence: "high", sources: ["own.dev"], needs: [need] };
const file = { controller: "turner", images: ["own.dev/turner"], releases: [release] };

describe("parseCatalogFile", () => {
  it("reads a controller, its releases oldest first", () => {
    const later = { ...release, versions: ">=2.0.0" };

    expect(parseCatalogFile({ ...file, releases: [later, release] })).toEqual({
      ok: true,
      value: {
        id: "turner",
        images: [{ path: "turner", tag: null }],
        when: null,
        releases: [">=1.0.0 <2.0.0", ">=2.0.0"].map((versions) => ({
          versions,
          requirements: [
            { group: "own.dev", resource: "gears", versions: ["v1"], presence: "unconditional", outcomes: need.outcomes },
          ],
        })),
      },
    });
  });

  it.each([
    { title: "nothing", input: null, message: "/ must be object" },
    { title: "no controller", input: { ...file, controller: undefined }, message: "/ must have required property 'controller'" },
    {
      title: "a controller that is no id",
      input: { ...file, controller: "Turner!" },
      message: '/controller must match pattern "^[a-z0-9][a-z0-9-]*$"',
    },
    { title: "no image", input: { ...file, images: [] }, message: "/images must NOT have fewer than 1 items" },
    { title: "a member that nobody knows", input: { ...file, imgaes: [] }, message: "/ must NOT have additional properties" },
    { title: "no release", input: { ...file, releases: [] }, message: "/releases must NOT have fewer than 1 items" },
    {
      title: "a release without sources",
      input: { ...file, releases: [{ ...release, sources: [] }] },
      message: "/releases/0/sources must NOT have fewer than 1 items",
    },
    {
      title: "an outcome that is none",
      input: { ...file, releases: [{ ...release, needs: [{ ...need, outcomes: { ...need.outcomes, absent: "explodes" } }] }] },
      message: "/releases/0/needs/0/outcomes/absent must be equal to one of the allowed values",
    },
    {
      title: "a resource without a group",
      input: { ...file, releases: [{ ...release, needs: [{ ...need, resource: "gears" }] }] },
      message: '/releases/0/needs/0/resource must match pattern "^[a-z0-9-]+(\\.[a-z0-9-]+)+$"',
    },
    {
      title: "a condition without a value",
      input: { ...file, when: { configMap: { namespace: "mill", name: "turner", key: "on" } } },
      message: "/when/configMap must have required property 'equals'",
    },
  ])("refuses $title", ({ input, message }) => {
    expect(parseCatalogFile(input)).toEqual({ ok: false, error: { code: "catalog-malformed", message } });
  });

  it("refuses a range that is none", () => {
    expect(parseCatalogFile({ ...file, releases: [{ ...release, versions: "from 1 to 2" }] })).toEqual({
      ok: false,
      error: { code: "catalog-range-invalid", message: '"from 1 to 2" is not a semver range' },
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
      error: { code: "catalog-ranges-overlap", message },
    });
  });
});

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
      message: "a.yaml: / must have required property 'images'",
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

const CATALOG = fileURLToPath(new URL("../../../catalog/", import.meta.url));

describe.each(readdirSync(CATALOG))("the shipped catalog file %s", (name) => {
  const input: unknown = parse(readFileSync(join(CATALOG, name), "utf8"));
  const result = parseCatalogFile(input);
  const controller: CatalogController = result.ok ? result.value : { id: "", images: [], when: null, releases: [] };

  it("can be read, and is named after its controller", () => {
    expect(result).toMatchObject({ ok: true, value: { id: name.replace(/\.yaml$/, "") } });
    expect(controller.releases.length).toBeGreaterThan(0);
  });

  it("has ranges that do not overlap, each from a version that it holds", () => {
    const overlapping = controller.releases.flatMap((left, index) =>
      controller.releases.slice(index + 1).filter((right) => semver.intersects(left.versions, right.versions)),
    );

    expect(overlapping).toEqual([]);
    expect(controller.releases.filter((known) => !semver.satisfies(minimumVersion(known), known.versions))).toEqual([]);
  });

  it("gives each image once, and a source for each release", () => {
    const paths = controller.images.map(({ path }) => path);
    const { releases } = input as {
      readonly releases: readonly { readonly versions: string; readonly sources: readonly string[] }[];
    };

    expect(paths.filter((path) => path === "")).toEqual([]);
    expect(releases.filter(({ sources }) => sources.length === 0 || sources.some((source) => source.trim() === ""))).toEqual([]);
  });

  it.each(
    controller.releases.flatMap(({ versions, requirements }) =>
      requirements.map((requirement) => ({ versions, requirement, resource: requirement.resource })),
    ),
  )("is met in one state of $resource and not in another, for $versions", ({ requirement }) => {
    const outcomes = (["served", "unserved", "unlisted", "absent"] as const).map((state) =>
      outcomeIn(requirement, stateOf(requirement, state)),
    );

    expect(outcomes[0]).toBe("works");
    expect(outcomes.slice(1).filter((outcome) => outcome !== "works").length).toBeGreaterThan(0);
  });

  it("needs each API once a release", () => {
    const twice = controller.releases.filter(
      ({ requirements }) => new Set(requirements.map(({ resource, group }) => `${resource}.${group}`)).size < requirements.length,
    );

    expect(twice).toEqual([]);
  });
});

/** The state of a CRD made to be in it. */
function stateOf(requirement: Requirement, state: ApiState): ApiState {
  const [version = ""] = requirement.versions;
  const name = `${requirement.resource}.${requirement.group}`;
  switch (state) {
    case "served":
      return apiState(requirement, crd({ name, served: [version] }));
    case "unserved":
      return apiState(requirement, crd({ name, served: ["v99"], unserved: [version] }));
    case "unlisted":
      return apiState(requirement, crd({ name, served: ["v99"] }));
    case "absent":
      return apiState(requirement, null);
  }
}

import { describe, expect, it } from "vitest";
import { minimumVersion } from "../../../src/requirements/catalog.ts";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import { compilePattern, type Condition } from "../../../src/requirements/condition.ts";
import { findNeeds } from "../../../src/requirements/needs.ts";
import { DEFAULT_CONFIGURATION, findRelease, needsOfRelease, type ReleaseNeeds } from "../../../src/requirements/releases.ts";
import type { NeededApi } from "../../../src/rules/compatibility.ts";
import { requirement } from "../../support/builders.ts";
import { controller, release, workload } from "../../support/catalog.ts";

const GEARS: Condition = { kind: "arg", name: "--gears", value: null };
const LATHE: Condition = { kind: "arg", name: "--lathe", value: null };
const ENV: Condition = { kind: "env", name: "MILL_GEARS", value: "true" };
const COUNTED = compilePattern("count: [0-9]");
if (COUNTED === null) throw new Error("no pattern");
const IN_CONFIG: Condition = {
  kind: "config-map",
  key: { namespace: null, name: "mill", key: "gears" },
  test: { kind: "equals", value: "on" },
};
const LIKE_CONFIG: Condition = {
  kind: "config-map",
  key: { namespace: null, name: "mill", key: "mill.yaml" },
  test: { kind: "matches", pattern: COUNTED },
};

/** A release that needs v1 always, and v2, v3, … under each condition in turn. */
function askOf(conditions: readonly Condition[], { args = [] as readonly string[], env = {} } = {}): ReleaseNeeds {
  const always = { requirement: requirement({ versions: ["v1"] }), when: null, note: null };
  const others = conditions.map((when, index) => ({
    requirement: requirement({ versions: [`v${String(index + 2)}`] }),
    when,
    note: null,
  }));
  const only = release(">=1.0.0", [always, ...others]);
  return needsOfRelease(controller({ releases: [only] }), only, { args, env }, () => true);
}

const versionsOf = (needs: readonly NeededApi[]): string =>
  needs.map(({ requirement: { versions } }) => versions.join()).join(" ");

describe("needsOfRelease", () => {
  it.each([
    { title: "an argument that is not given", when: [GEARS], needs: "v1", under: ["--gears: v1 v2"] },
    { title: "an argument that is given", when: [GEARS], given: { args: ["--gears"] }, needs: "v1 v2", under: [] },
    { title: "a variable that is given", when: [ENV], given: { env: { MILL_GEARS: "true" } }, needs: "v1 v2", under: [] },
    {
      title: "a negation, which holds by default",
      when: [{ kind: "not", condition: GEARS } satisfies Condition],
      needs: "v1 v2",
      under: [],
    },
    {
      title: "two settings, each with what it brings alone",
      when: [GEARS, LATHE],
      needs: "v1",
      under: ["--gears: v1 v2", "--lathe: v1 v3"],
    },
    {
      title: "a setting that takes another along",
      when: [GEARS, { kind: "all-of", conditions: [GEARS, LATHE] } satisfies Condition],
      needs: "v1",
      under: ["--gears: v1 v2", "--gears and --lathe: v1 v2 v3"],
    },
    {
      title: "a setting that takes another away",
      when: [GEARS, { kind: "not", condition: GEARS } satisfies Condition],
      needs: "v1 v3",
      under: ["--gears: v1 v2"],
    },
    {
      title: "several ways to the same setting, by the first",
      when: [{ kind: "any-of", conditions: [GEARS, ENV] } satisfies Condition],
      needs: "v1",
      under: ["--gears: v1 v2"],
    },
    {
      title: "a key of a ConfigMap, of which nothing is known",
      when: [IN_CONFIG, { kind: "any-of", conditions: [GEARS, IN_CONFIG] } satisfies Condition],
      needs: "v1",
      under: ["gears=on in ConfigMap mill: v1 v2 v3", "--gears: v1 v3"],
    },
    {
      title: "a pattern, of which no example can be made",
      when: [LIKE_CONFIG, GEARS],
      needs: "v1",
      under: ["mill.yaml like count: [0-9] in ConfigMap mill: v1 v2", "--gears: v1 v3"],
    },
    {
      title: "what nobody can read",
      when: [{ kind: "unreadable", text: "the configuration file" } satisfies Condition],
      needs: "v1",
      under: ["the configuration file: v1 v2"],
    },
  ])("tells of $title", ({ when, given, needs, under }) => {
    const told = askOf(when, given);

    expect({
      needs: versionsOf(told.needs),
      under: told.under.map(({ setting, needs: own }) => `${setting}: ${versionsOf(own)}`),
    }).toEqual({ needs, under });
  });

  it("leaves out what is not of interest, and settings that bring nothing else", () => {
    const gears = { requirement: requirement({ versions: ["v1"] }), when: GEARS, note: null };
    const cogs = { requirement: { ...requirement({ versions: ["v1"] }), resource: "cogs" }, when: LATHE, note: null };
    const only = release(">=1.0.0", [gears, cogs], { effect: "stands still" });

    expect(
      needsOfRelease(controller({ releases: [only] }), only, DEFAULT_CONFIGURATION, (name) => name === "cogs.own.dev"),
    ).toEqual({
      premise: null,
      needs: [],
      under: [{ setting: "--lathe", needs: [{ requirement: cogs.requirement, effect: "stands still" }] }],
    });
  });

  it.each([
    { title: "which is taken to hold", args: [], premise: "--gears" },
    { title: "unless it is given", args: ["--gears"], premise: null },
  ])("names what the whole entry is about, $title", ({ args, premise }) => {
    const only = release(">=1.0.0", [requirement({ versions: ["v1"] })]);
    const told = needsOfRelease(controller({ releases: [only], when: GEARS }), only, { args, env: {} }, () => true);

    expect([told.premise, versionsOf(told.needs)]).toEqual([premise, "v1"]);
  });
});

describe("findRelease", () => {
  const mill = controller({ releases: [release(">=1.0.0 <2.0.0", []), release(">=2.0.0", [])], tagPrefixes: ["mill-"] });

  it.each([
    { version: "1.9.9", range: ">=1.0.0 <2.0.0" },
    { version: "v2.0.0", range: ">=2.0.0" },
    { version: "mill-2.1.0", range: ">=2.0.0" },
    { version: "0.9.0", range: null },
    { version: "latest", range: null },
  ])("$version is of $range", ({ version, range }) => {
    expect(findRelease(mill, version)?.versions ?? null).toBe(range);
  });
});

const catalog = await readCatalog();
if (!catalog.ok) throw new Error(catalog.error.message);

/** Those that a workload of their image shows by itself. */
const shipped = catalog.value
  .filter(({ when, versionSetting }) => when === null && versionSetting === null)
  .flatMap((known) => known.releases.map((own) => ({ known, own, range: own.versions, id: known.id })));

describe("the shipped catalog", () => {
  it.each(shipped)("says of $id $range what admission says of a workload without settings", ({ known, own }) => {
    const [image] = known.images;
    if (image === undefined) throw new Error(`${known.id} has no image`);
    const tag = `${known.tagPrefixes[0] ?? ""}${minimumVersion(own)}`;
    const place = image.isOfficial ? "docker.io/library" : "own.dev";
    const { needs } = findNeeds(workload({ image: `${place}/${image.path}:${tag}` }), {
      catalog: [known],
      readSetting: () => null,
      apiRequirements: [],
      clusterServiceVersions: [],
    });

    expect(needsOfRelease(known, own, DEFAULT_CONFIGURATION, () => true).needs.map((need) => need.requirement)).toEqual(
      needs.filter(({ certainty }) => certainty.kind !== "conditional").map((need) => need.requirement),
    );
  });
});

import { describe, expect, it } from "vitest";
import { controllersOf, mergeCatalogs, minimumVersion, wantedKeys } from "../../../src/requirements/catalog.ts";
import { type CatalogError, type CatalogFileResult, parseCatalogFile } from "../../../src/requirements/catalog-form.ts";
import { type Condition, describeCondition } from "../../../src/requirements/condition.ts";
import { parseImage } from "../../../src/requirements/image.ts";
import { requirement } from "../../support/builders.ts";
import { controller, release as releaseOf } from "../../support/catalog.ts";

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

  it("reads all that a controller and a release may tell", () => {
    const parsed = parseCatalogFile({
      ...file,
      description: "Turner, an example",
      images: ["ghcr.io/example/turner", "docker.io/library/turner"],
      tagPrefixes: ["stable-"],
      versionLabel: "app.kubernetes.io/version",
      versionSetting: { configMap: { namespace: "mill", name: "config", key: "plugins", matches: "turner/v([0-9.]+)" } },
      owns: ["own.dev"],
      releases: [{ ...release, confidence: "low", verified: "issue", effect: "exits at start", errors: ["no gears"] }],
    });

    expect(parsed).toMatchObject({
      ok: true,
      value: {
        description: "Turner, an example",
        images: [
          { path: "example/turner", tag: null, isOfficial: false },
          { path: "turner", tag: null, isOfficial: true },
        ],
        tagPrefixes: ["stable-"],
        versionLabel: "app.kubernetes.io/version",
        versionSetting: { key: { namespace: "mill", name: "config", key: "plugins" } },
        owns: ["own.dev"],
        releases: [{ confidence: "low", verified: "issue", effect: "exits at start", errors: ["no gears"] }],
      },
    });
    expect(parsed.ok && parsed.value.versionSetting?.pattern.capture("a/turner/v1.2.3/b")).toBe("1.2.3");
  });

  it.each([
    { outcomes: "works", read: { absent: "works", unlisted: "works", unserved: "works" } },
    { outcomes: "loses-feature", read: { absent: "loses-feature", unlisted: "loses-feature", unserved: "loses-feature" } },
    {
      outcomes: { absent: "works", unlisted: "stops-working", unserved: "crashes" },
      read: { absent: "works", unlisted: "stops-working", unserved: "crashes" },
    },
  ])("reads outcomes in short and in long: $outcomes", ({ outcomes, read }) => {
    const parsed = parseCatalogFile(withNeed({ outcomes }));

    expect(releasesOf(parsed)[0]?.needs[0]?.requirement.outcomes).toEqual(read);
  });

  it("takes a YAML alias for one condition, which is then asked once", () => {
    const when = { arg: "--gears" };
    const needs = [
      { ...need, when },
      { ...need, resource: "cogs.own.dev", when },
    ];
    const [first, second] = releasesOf(parseCatalogFile({ ...file, releases: [{ ...release, needs }] }))[0]?.needs ?? [];

    expect(first?.when).toEqual({ kind: "arg", name: "--gears", value: null });
    expect(second?.when).toBe(first?.when);
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
      releasesOf(parsed)[0]?.needs.map(({ requirement: needed, when, note }) => [
        needed.resource,
        needed.outcomes,
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
    {
      title: "a member of a need that nobody knows",
      input: withNeed({ outcome: "crashes" }),
      path: "/releases/0/needs/0/outcome",
      message: 'unknown member "outcome"; did you mean "outcomes"?',
    },
    {
      title: "an image that is no text",
      input: { ...file, images: ["own.dev/turner", 7] },
      path: "/images/1",
      message: "7 must be string",
    },
    {
      title: "text in place of releases",
      input: { ...file, releases: "1.x" },
      path: "/releases",
      message: '"1.x" must be array',
    },
    {
      title: "an empty list of what it owns",
      input: { ...file, owns: [] },
      path: "/owns",
      message: "[] must NOT have fewer than 1 items",
    },
    {
      title: "a release that is none",
      input: { ...file, releases: [null] },
      path: "/releases/0",
      message: "null must be object",
    },
    {
      title: "a release without needs",
      input: { ...file, releases: [{ ...release, needs: [] }] },
      path: "/releases/0/needs",
      message: "[] must NOT have fewer than 1 items",
    },
    {
      title: "a way of knowing that is none",
      input: { ...file, releases: [{ ...release, verified: "guess" }] },
      path: "/releases/0/verified",
      message: '"guess" is none of run, source, issue, doc, derived',
    },
    {
      title: "a confidence in another case",
      input: { ...file, releases: [{ ...release, confidence: "High" }] },
      path: "/releases/0/confidence",
      message: '"High" is none of high, medium, low',
    },
    {
      title: "a need without a version",
      input: withNeed({ versions: [] }),
      path: "/releases/0/needs/0/versions",
      message: "[] must NOT have fewer than 1 items",
    },
    {
      title: "a presence that is none",
      input: withNeed({ presence: "discovery" }),
      path: "/releases/0/needs/0/presence",
      message:
        '"discovery" is none of unconditional, crd-name, crd-version-listed, discovery-served, discovery-preferred, bundle-version',
    },
    {
      title: "outcomes without one of the states",
      input: withNeed({ outcomes: { absent: "works", unlisted: "works" } }),
      path: "/releases/0/needs/0/outcomes",
      message: '"unserved" is missing',
    },
    {
      title: "an outcome of a state that there is not",
      input: withNeed({ outcomes: { ...CRASHES, served: "works" } }),
      path: "/releases/0/needs/0/outcomes/served",
      message: 'unknown member "served"; did you mean "unserved"?',
    },
    {
      title: "a need without outcomes",
      input: withNeed({ outcomes: undefined }),
      path: "/releases/0/needs/0",
      message: '"outcomes" is missing',
    },
    {
      title: "a resource that is written as a kind",
      input: withNeed({ resource: "Gears.own.dev" }),
      path: "/releases/0/needs/0/resource",
      message: '"Gears.own.dev" is not of the form <plural>.<group>, as the name of a CRD',
    },
    {
      title: "a resource with its version",
      input: withNeed({ resource: ["gears.own.dev/v1"] }),
      path: "/releases/0/needs/0/resource/0",
      message: '"gears.own.dev/v1" is not of the form <plural>.<group>, as the name of a CRD',
    },
    {
      title: "a condition on a ConfigMap with two tests",
      input: { ...file, when: { configMap: { name: "turner", key: "on", equals: "1", matches: "1" } } },
      path: "/when/configMap",
      message: 'either "equals" or "matches" is needed',
    },
    {
      title: "a condition on a ConfigMap without its name",
      input: { ...file, when: { configMap: { key: "on", equals: "1" } } },
      path: "/when/configMap",
      message: '"name" is missing',
    },
    {
      title: "a condition on a ConfigMap's number",
      input: { ...file, when: { configMap: { name: "turner", key: "on", equals: 1 } } },
      path: "/when/configMap/equals",
      message: "1 must be string",
    },
    {
      title: "an empty condition",
      input: { ...file, when: {} },
      path: "/when",
      message: "exactly one member is needed; several conditions go into allOf or anyOf",
    },
    {
      title: "two variables in one condition",
      input: { ...file, when: { env: { A: "1", B: "2" } } },
      path: "/when/env",
      message: "exactly one member is needed; several conditions go into allOf or anyOf",
    },
    {
      title: "a variable that is to be true, unquoted",
      input: { ...file, when: { env: { A: true } } },
      path: "/when/env/A",
      message: "true must be string",
    },
    {
      title: "a condition on nothing, deep inside",
      input: withNeed({ when: { not: { allOf: [{ arg: "--a" }, { anyOf: [] }] } } }),
      path: "/releases/0/needs/0/when/not/allOf/1/anyOf",
      message: "[] must NOT have fewer than 1 items",
    },
    {
      title: "a condition that is misspelled",
      input: { ...file, when: { argRegexp: "x" } },
      path: "/when/argRegexp",
      message: 'unknown member "argRegexp"; did you mean "argRegex"?',
    },
    {
      title: "a version setting without a pattern",
      input: { ...file, versionSetting: { configMap: { name: "a", key: "b" } } },
      path: "/versionSetting/configMap",
      message: '"matches" is missing',
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

  it.each([">=2.0.0 <1.0.0", "<0.0.0-0"])("refuses the range %s, which holds no version", (versions) => {
    expect(parseCatalogFile({ ...file, releases: [{ ...release, versions }] })).toEqual({
      ok: false,
      errors: [{ code: "catalog-range-invalid", path: "/releases/0/versions", message: `"${versions}" holds no version` }],
    });
  });

  it("tells of all that is wrong with the form", () => {
    const parsed = parseCatalogFile({
      controller: "Turner",
      images: [],
      releases: [
        { ...release, verified: "guess", needs: [{ ...need, presence: "seen" }] },
        { ...release, sources: undefined },
      ],
    });

    expect(placesOf(parsed)).toEqual([
      "catalog-malformed /controller",
      "catalog-malformed /images",
      "catalog-malformed /releases/0/needs/0/presence",
      "catalog-malformed /releases/0/verified",
      "catalog-malformed /releases/1",
    ]);
  });

  it("tells of all that is wrong with ranges and patterns, once the form is right", () => {
    const parsed = parseCatalogFile({
      ...file,
      when: { argRegex: "(" },
      releases: [
        { ...release, needs: [{ ...need, when: { argRegex: "[" } }] },
        { ...release, versions: "one" },
        { ...release, versions: "1.5.x" },
        { ...release, versions: "1.5.1" },
      ],
    });

    expect(placesOf(parsed)).toEqual([
      "catalog-pattern-invalid /releases/0/needs/0/when/argRegex",
      "catalog-pattern-invalid /when/argRegex",
      "catalog-range-invalid /releases/1/versions",
      "catalog-ranges-overlap /releases/0/versions",
      "catalog-ranges-overlap /releases/0/versions",
      "catalog-ranges-overlap /releases/2/versions",
    ]);
  });

  it.each([
    { title: "100 levels of conditions, far more than anybody can read", input: { ...file, when: nested(100) } },
    { title: "a condition that holds itself", input: { ...file, when: circular() } },
    { title: "a text's place that holds itself", input: { ...file, controller: circular() } },
  ])("refuses $title", ({ input }) => {
    expect(parseCatalogFile(input)).toEqual({
      ok: false,
      errors: [{ code: "catalog-malformed", path: "", message: "is more than 100 levels deep, or holds itself by a YAML alias" }],
    });
  });

  it("reads conditions of 90 levels", () => {
    expect(parseCatalogFile({ ...file, when: nested(90) })).toMatchObject({ ok: true });
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

/** `<code> <path>` of all errors, sorted. */
function placesOf(parsed: CatalogFileResult): readonly string[] {
  const errors: readonly CatalogError[] = parsed.ok ? [] : parsed.errors;
  return errors.map(({ code, path }) => `${code} ${path}`).toSorted();
}

function nested(levels: number): object {
  return levels === 0 ? { arg: "--gears" } : { not: nested(levels - 1) };
}

function circular(): object {
  const condition: { not?: object } = {};
  condition.not = condition;
  return condition;
}

describe("minimumVersion", () => {
  it.each([
    { versions: ">=1.2.3 <2.0.0", first: "1.2.3" },
    { versions: "1.x", first: "1.0.0" },
    { versions: "5.x || 1.4.x", first: "1.4.0" },
    { versions: "<2.0.0", first: "0.0.0" },
    { versions: ">1.2.3", first: "1.2.4" },
    { versions: ">=1.0.0-0", first: "1.0.0-0" },
  ])("of $versions is $first", ({ versions, first }) => {
    expect(minimumVersion({ versions })).toBe(first);
  });
});

describe("wantedKeys", () => {
  it("tells every ConfigMap key that a version, a controller or a need hangs on, however deep", () => {
    const onKey = (key: string): Condition => ({
      kind: "config-map",
      key: { namespace: null, name: "config", key },
      test: { kind: "equals", value: "on" },
    });
    const read = parseCatalogFile({
      ...file,
      versionSetting: { configMap: { namespace: "mill", name: "config", key: "version", matches: "." } },
    });
    const plugin = read.ok ? [read.value] : [];
    const needed = { requirement: requirement({ versions: ["v1"] }), note: null };
    const conditioned = controller({
      when: { kind: "any-of", conditions: [{ kind: "arg", name: "--a", value: null }, onKey("controller")] },
      releases: [
        releaseOf("1.x", [{ ...needed, when: null }]),
        releaseOf("2.x", [{ ...needed, when: { kind: "not", condition: onKey("need") } }]),
      ],
    });

    expect(wantedKeys([...plugin, conditioned])).toEqual([
      { namespace: "mill", name: "config", key: "version" },
      { namespace: null, name: "config", key: "controller" },
      { namespace: null, name: "config", key: "need" },
    ]);
  });
});

describe("mergeCatalogs", () => {
  const entry = (id: string, description: string) => controller({ id, description, releases: [] });

  it("puts a user's entries in place of built-in ones of the same id, and beside the others, in the order of ids", () => {
    const merged = mergeCatalogs(
      [entry("b", "built-in"), entry("d", "built-in")],
      [entry("d", "own"), entry("a", "own"), entry("c", "own")],
    );

    expect(merged.map(({ id, description }) => `${id} ${description ?? ""}`)).toEqual(["a own", "b built-in", "c own", "d own"]);
  });

  it("is the built-in catalog where a user has none", () => {
    const builtIn = [entry("a", "built-in"), entry("b", "built-in")];

    expect(mergeCatalogs(builtIn, [])).toEqual(builtIn);
  });
});

describe("controllersOf", () => {
  const named = (id: string, ...images: readonly string[]) => controller({ id, images: images.map(parseImage), releases: [] });
  const catalog = [
    named("gateway", "docker.io/envoyproxy/gateway", "docker.io/envoyproxy/gateway-dev"),
    named("host", "quay.io/argoproj/host"),
    named("plugin", "quay.io/argoproj/host"),
    named("traefik", "docker.io/library/traefik", "docker.io/traefik/traefik"),
    named("controller", "cr.example.dev/controller"),
  ];

  it.each([
    { image: "envoyproxy/gateway:v1.0.1", ids: ["gateway"] },
    { image: "registry.example/proxy/envoyproxy/gateway-dev-distroless", ids: ["gateway"] },
    { image: "rancher/mirrored-envoyproxy-gateway:v1", ids: ["gateway"] },
    { image: "docker.io/envoyproxy/gateway-helm", ids: [] },
    { image: "myorg/gateway", ids: [] },
    { image: "gateway", ids: [] },
    { image: "quay.io/argoproj/host:v1", ids: ["host", "plugin"] },
    { image: "traefik:v3", ids: ["traefik"] },
    { image: "traefik/traefik:v3", ids: ["traefik"] },
    { image: "registry.example/mirror/library/traefik:v3", ids: ["traefik"] },
    { image: "registry.example/traefik-mesh:v3", ids: [] },
    { image: "cr.example.dev/controller", ids: ["controller"] },
    { image: "cr.example.dev/someone/controller", ids: [] },
    { image: "", ids: [] },
  ])("knows those of $image, each once", ({ image, ids }) => {
    expect(controllersOf(catalog, parseImage(image)).map(({ id }) => id)).toEqual(ids);
  });
});

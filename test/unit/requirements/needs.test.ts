import { describe, expect, it, vi } from "vitest";
import type { ApiRequirement } from "../../../src/requirements/api-requirement.ts";
import type { Catalog } from "../../../src/requirements/catalog.ts";
import type { ClusterServiceVersion } from "../../../src/requirements/cluster-service-version.ts";
import { compilePattern, type Condition, type ReadSetting } from "../../../src/requirements/condition.ts";
import { findNeeds as find, type NeedSources } from "../../../src/requirements/needs.ts";
import type { Workload } from "../../../src/requirements/workload.ts";
import type { Certainty, Need, WorkloadNeeds } from "../../../src/rules/facts.ts";
import type { Requirement } from "../../../src/rules/requirement.ts";
import { requirement } from "../../support/builders.ts";
import { container, controller, release, workload } from "../../support/catalog.ts";

const turner = controller({
  releases: [
    release(">=1.0.0 <1.1.0", [requirement({ versions: ["v1alpha1"] })]),
    release(">=1.1.0 <2.0.0", [requirement({ versions: ["v1beta1"] })]),
    release(">=2.0.0", [{ ...requirement({ versions: ["v1"] }), resource: "cogs" }]),
  ],
});
const GEARS_ON: Condition = {
  kind: "config-map",
  key: { namespace: "mill", name: "config", key: "gears" },
  test: { kind: "equals", value: "on" },
};
const conditional: Catalog = [{ ...turner, when: GEARS_ON }];

function findNeeds(given: Workload, catalog: Catalog, readSetting: ReadSetting, along: Partial<NeedSources> = {}): WorkloadNeeds {
  return find(given, { catalog, readSetting, apiRequirements: [], clusterServiceVersions: [], ...along });
}

const noSettings: ReadSetting = () => undefined;

/** What is needed and how sure that is, for short. */
function summary(needs: readonly Need[]): readonly unknown[] {
  return needs.map(({ requirement: { resource, versions }, source, certainty }) => [
    `${resource}/${versions.join("|")}`,
    sourceName(source),
    certainty.kind,
  ]);
}

function sourceName(source: Need["source"]): string {
  switch (source.kind) {
    case "annotation":
      return source.key;
    case "api-requirement":
      return `APIRequirement ${source.name}`;
    case "cluster-service-version":
      return `ClusterServiceVersion ${source.name}`;
    case "catalog":
      return source.versionRange;
  }
}

describe("findNeeds", () => {
  it("believes an owner who declares that nothing is needed, over the catalog", () => {
    const declared = workload({ annotations: { "crdguard.dev/requires": "" } });

    expect(findNeeds(declared, [turner], noSettings)).toEqual({ needs: [], unreadable: [] });
  });

  it("tells what the catalog knows of an image, and what later releases need", () => {
    expect(findNeeds(workload(), [turner], noSettings)).toEqual({
      needs: [
        {
          workload: { kind: "Deployment", namespace: "mill", name: "turner" },
          requirement: requirement({ versions: ["v1alpha1"] }),
          source: {
            kind: "catalog",
            controller: "turner",
            versionRange: ">=1.0.0 <1.1.0",
            image: "own.dev/mill/turner:v1.0.3",
            container: "main",
            effect: null,
            owns: [],
          },
          certainty: { kind: "known" },
          laterReleases: [
            { minimumVersion: "1.1.0", requirements: [requirement({ versions: ["v1beta1"] })] },
            { minimumVersion: "2.0.0", requirements: [{ ...requirement({ versions: ["v1"] }), resource: "cogs" }] },
          ],
        },
      ],
      unreadable: [],
    });
  });

  const byCatalog = ["gears/v1alpha1", ">=1.0.0 <1.1.0", "known"];
  const everyRelease = [
    ["gears/v1alpha1", ">=1.0.0 <1.1.0", "unknown-version"],
    ["gears/v1beta1", ">=1.1.0 <2.0.0", "unknown-version"],
    ["cogs/v1", ">=2.0.0", "unknown-version"],
  ];

  it.each<{ title: string; given: Workload; needs: readonly unknown[] }>([
    {
      title: "an image below a mirror",
      given: workload({ image: "reg.example:5000/proxy/mill/turner:v1.0.3" }),
      needs: [byCatalog],
    },
    {
      title: "a candidate, by what its release needs",
      given: workload({ image: "own.dev/mill/turner:1.0.0-rc.1" }),
      needs: [byCatalog],
    },
    { title: "two numbers that lie in one release", given: workload({ image: "own.dev/mill/turner:v1.0" }), needs: [byCatalog] },
    { title: "an image of nobody", given: workload({ image: "own.dev/mill/painter:v1.0.3" }), needs: [] },
    {
      title: "a version before any that is known, of which nobody knows the needs",
      given: workload({ image: "own.dev/mill/turner:v0.9.0" }),
      needs: everyRelease,
    },
    {
      title: "two numbers before any that is known, which nobody can tell",
      given: workload({ image: "own.dev/mill/turner:v0.9" }),
      needs: everyRelease,
    },
    { title: "a tag that is no version", given: workload({ image: "own.dev/mill/turner:latest" }), needs: everyRelease },
    { title: "a digest alone", given: workload({ image: "own.dev/mill/turner@sha256:0a1b" }), needs: everyRelease },
    {
      title: "a DaemonSet, like any other",
      given: workload({ ref: { kind: "DaemonSet", namespace: "mill", name: "turner" } }),
      needs: [byCatalog],
    },
    { title: "a workload scaled to zero, which needs nothing", given: workload({ isRunning: false }), needs: [] },
    {
      title: "a workload scaled to zero, whatever it declares",
      given: workload({ isRunning: false, annotations: { "crdguard.dev/requires": "nonsense" } }),
      needs: [],
    },
    {
      title: "each container on its own",
      given: workload({
        containers: [
          container({ name: "a", image: "own.dev/mill/turner:v1.0.3" }),
          container({ name: "b", image: "own.dev/mill/turner:v1.1.0" }),
        ],
      }),
      needs: [byCatalog, ["gears/v1beta1", ">=1.1.0 <2.0.0", "known"]],
    },
    {
      title: "a declaration in place of the catalog's entry",
      given: workload({ annotations: { "crdguard.dev/requires": "gears.own.dev/v1" } }),
      needs: [["gears/v1", "crdguard.dev/requires", "known"]],
    },
    {
      title: "a declared use in place of the catalog's entry",
      given: workload({ annotations: { "crdguard.dev/uses": "gears.own.dev/v1" } }),
      needs: [["gears/v1", "crdguard.dev/uses", "known"]],
    },
    {
      title: "both declarations together",
      given: workload({ annotations: { "crdguard.dev/uses": "gears.own.dev/v1", "crdguard.dev/requires": "cogs.own.dev/v1" } }),
      needs: [
        ["cogs/v1", "crdguard.dev/requires", "known"],
        ["gears/v1", "crdguard.dev/uses", "known"],
      ],
    },
  ])("reads $title", ({ given, needs }) => {
    const found = findNeeds(given, [turner], noSettings);

    expect({ needs: summary(found.needs), unreadable: found.unreadable }).toEqual({ needs, unreadable: [] });
  });

  it("tells an annotation with a slip in its key, beside what it knows all the same", () => {
    const found = findNeeds(workload({ annotations: { "crdguard.dev/require": "gears.own.dev/v1" } }), [turner], noSettings);

    expect(summary(found.needs)).toEqual([byCatalog]);
    expect(found.unreadable).toEqual([
      {
        workload: { kind: "Deployment", namespace: "mill", name: "turner" },
        key: "crdguard.dev/require",
        value: "gears.own.dev/v1",
        problem: "there is no such annotation; crdguard.dev/requires and crdguard.dev/uses are known",
      },
    ]);
  });

  it("tells a declaration that cannot be read, and does not fall back on the catalog", () => {
    expect(findNeeds(workload({ annotations: { "crdguard.dev/requires": "gears" } }), [turner], noSettings)).toEqual({
      needs: [],
      unreadable: [
        {
          workload: { kind: "Deployment", namespace: "mill", name: "turner" },
          key: "crdguard.dev/requires",
          value: "gears",
          problem: '"gears" is not of the form <plural>.<group>/<version>[|<version>]',
        },
      ],
    });
  });

  it("offers no later release where the version is unknown", () => {
    expect(
      findNeeds(workload({ image: "own.dev/mill/turner:latest" }), [turner], noSettings).needs.map(
        ({ laterReleases }) => laterReleases,
      ),
    ).toEqual([[], [], []]);
  });

  it.each<{ title: string; setting: string | null | undefined; certainties: readonly Certainty[] }>([
    { title: "holds where it is as the catalog says", setting: "on", certainties: [{ kind: "known" }] },
    { title: "does not hold where it is otherwise", setting: "off", certainties: [] },
    { title: "does not hold where it is nearly so", setting: "On", certainties: [] },
    { title: "does not hold where the key is missing", setting: null, certainties: [] },
    {
      title: "is taken for granted where the ConfigMap is unknown",
      setting: undefined,
      certainties: [{ kind: "assumed", condition: "gears=on in ConfigMap mill/config" }],
    },
  ])("asks for the setting that a need hangs on: it $title", ({ setting, certainties }) => {
    const readSetting = vi.fn<ReadSetting>(() => setting);

    expect(findNeeds(workload(), conditional, readSetting).needs.map(({ certainty }) => certainty)).toEqual(certainties);
    expect(readSetting.mock.calls).toEqual([["mill", "config", "gears"]]);
  });

  it("asks for no setting where the workload declares its needs, or is none of the catalog's", () => {
    const readSetting = vi.fn<ReadSetting>(() => "on");
    findNeeds(workload({ annotations: { "crdguard.dev/requires": "gears.own.dev/v1" } }), conditional, readSetting);
    findNeeds(workload({ image: "own.dev/mill/painter" }), conditional, readSetting);

    expect(readSetting).not.toHaveBeenCalled();
  });

  it("asks for no setting where the controller is switched off otherwise", () => {
    const readSetting = vi.fn<ReadSetting>(() => "on");
    const needed = { requirement: requirement({ versions: ["v1"] }), when: GEARS_ON, note: null };
    const catalog = [
      controller({ when: { kind: "arg", name: "--gears", value: null }, releases: [release(">=1.0.0", [needed])] }),
    ];

    expect(findNeeds(workload(), catalog, readSetting).needs).toEqual([]);
    expect(readSetting).not.toHaveBeenCalled();
  });

  it("says that the version is unknown rather than that the setting is taken for granted", () => {
    expect(
      findNeeds(workload({ image: "own.dev/mill/turner:latest" }), conditional, noSettings).needs.map(
        ({ certainty }) => certainty.kind,
      ),
    ).toEqual(["unknown-version", "unknown-version", "unknown-version"]);
  });

  const apiRequirement = (shape: Partial<ApiRequirement> = {}): ApiRequirement => ({
    namespace: "mill",
    name: "declared",
    generation: 1,
    target: { kind: "reference", workload: { kind: "Deployment", name: "turner" } },
    requirements: [{ requirement: requirement({ versions: ["v9"] }), reason: "we know" }],
    ...shape,
  });
  const csv = (requirements: readonly Requirement[], shape: Partial<ClusterServiceVersion> = {}): ClusterServiceVersion => ({
    namespace: "mill",
    name: "turner.v1",
    deployments: ["turner"],
    requirements,
    ...shape,
  });
  const declared = ["gears/v9", "APIRequirement declared", "known"];
  const cogs = { ...requirement({ versions: ["v3"] }), resource: "cogs" };

  it.each<{ title: string; given?: Workload; along: Partial<NeedSources>; needs: readonly unknown[] }>([
    { title: "an APIRequirement over the catalog", along: { apiRequirements: [apiRequirement()] }, needs: [declared] },
    {
      title: "an annotation over an APIRequirement",
      given: workload({ annotations: { "crdguard.dev/requires": "gears.own.dev/v1" } }),
      along: { apiRequirements: [apiRequirement()] },
      needs: [["gears/v1", "crdguard.dev/requires", "known"]],
    },
    {
      title: "all APIRequirements that speak of it, by name or by label",
      given: workload({ labels: { app: "turner" } }),
      along: {
        apiRequirements: [
          apiRequirement(),
          apiRequirement({
            name: "labelled",
            target: { kind: "selector", selector: { matchLabels: { app: "turner" }, matchExpressions: [] } },
            requirements: [{ requirement: cogs, reason: null }],
          }),
        ],
      },
      needs: [declared, ["cogs/v3", "APIRequirement labelled", "known"]],
    },
    {
      title: "the catalog where the APIRequirement speaks of another workload",
      along: {
        apiRequirements: [
          apiRequirement({ namespace: "other" }),
          apiRequirement({ target: { kind: "reference", workload: { kind: "StatefulSet", name: "turner" } } }),
        ],
      },
      needs: [byCatalog],
    },
    {
      title: "OLM beside the catalog, where the catalog is silent",
      along: { clusterServiceVersions: [csv([requirement({ versions: ["v7"] }), cogs])] },
      needs: [byCatalog, ["cogs/v3", "ClusterServiceVersion turner.v1", "known"]],
    },
    {
      title: "OLM alone, where the image is in no catalog",
      given: workload({ image: "own.dev/mill/painter:v1.0.3" }),
      along: { clusterServiceVersions: [csv([requirement({ versions: ["v7"] }), cogs])] },
      needs: [
        ["gears/v7", "ClusterServiceVersion turner.v1", "known"],
        ["cogs/v3", "ClusterServiceVersion turner.v1", "known"],
      ],
    },
    {
      title: "the catalog over OLM in all releases, where the tag tells none",
      given: workload({ image: "own.dev/mill/turner:latest" }),
      along: { clusterServiceVersions: [csv([requirement({ versions: ["v7"] }), cogs])] },
      needs: everyRelease,
    },
    {
      title: "both ClusterServiceVersions of a Deployment, as while one replaces the other",
      given: workload({ image: "own.dev/mill/painter:v1.0.3" }),
      along: { clusterServiceVersions: [csv([cogs]), csv([cogs], { name: "turner.v2" })] },
      needs: [
        ["cogs/v3", "ClusterServiceVersion turner.v1", "known"],
        ["cogs/v3", "ClusterServiceVersion turner.v2", "known"],
      ],
    },
    {
      title: "OLM for no workload that is scaled to zero",
      given: workload({ isRunning: false }),
      along: { clusterServiceVersions: [csv([cogs])], apiRequirements: [apiRequirement()] },
      needs: [],
    },
    {
      title: "an annotation over OLM",
      given: workload({ annotations: { "crdguard.dev/requires": "" } }),
      along: { clusterServiceVersions: [csv([cogs])] },
      needs: [],
    },
    {
      title: "an APIRequirement that requires nothing, over the catalog",
      along: { apiRequirements: [apiRequirement({ requirements: [] })] },
      needs: [],
    },
    {
      title: "an unreadable annotation over everything",
      given: workload({ annotations: { "crdguard.dev/requires": "gears" } }),
      along: { apiRequirements: [apiRequirement()], clusterServiceVersions: [csv([cogs])] },
      needs: [],
    },
    {
      title: "OLM under an APIRequirement",
      along: { apiRequirements: [apiRequirement()], clusterServiceVersions: [csv([cogs])] },
      needs: [declared],
    },
    {
      title: "OLM for the Deployments that it installs, and in their namespace alone",
      along: { clusterServiceVersions: [csv([cogs], { deployments: ["other"] }), csv([cogs], { namespace: "other" })] },
      needs: [byCatalog],
    },
  ])("believes $title", ({ given = workload(), along, needs }) => {
    expect(summary(findNeeds(given, [turner], noSettings, along).needs)).toEqual(needs);
  });

  it("passes the reason of an APIRequirement on", () => {
    const { needs } = findNeeds(workload(), [turner], noSettings, { apiRequirements: [apiRequirement()] });

    expect(needs).toEqual([
      {
        workload: { kind: "Deployment", namespace: "mill", name: "turner" },
        requirement: requirement({ versions: ["v9"] }),
        source: { kind: "api-requirement", name: "declared", reason: "we know" },
        certainty: { kind: "known" },
        laterReleases: [],
      },
    ]);
  });

  const gears = requirement({ versions: ["v1"] });
  const when = (condition: Condition): Catalog => [
    controller({ releases: [release(">=1.0.0", [{ requirement: gears, when: condition, note: null }])] }),
  ];
  const FLAG: Condition = { kind: "arg", name: "--gears", value: null };
  const UNREADABLE: Condition = { kind: "unreadable", text: "gears in its own file" };

  it.each<{ title: string; catalog: Catalog; given?: Workload }>([
    { title: "a need is switched off", catalog: when(FLAG) },
    { title: "the controller is switched off, as in another role of its image", catalog: [{ ...turner, when: FLAG }] },
  ])("does not believe OLM where the catalog knows that $title", ({ catalog }) => {
    expect(findNeeds(workload(), catalog, noSettings, { clusterServiceVersions: [csv([gears])] }).needs).toEqual([]);
  });

  it.each<{ title: string; catalog: Catalog; given?: Workload; certainties: readonly Certainty[] }>([
    { title: "does not exist without its flag", catalog: when(FLAG), certainties: [] },
    {
      title: "is known with its flag",
      catalog: when(FLAG),
      given: workload({ args: ["--gears"] }),
      certainties: [{ kind: "known" }],
    },
    {
      title: "is conditional where nothing tells",
      catalog: when(UNREADABLE),
      certainties: [{ kind: "conditional", condition: "gears in its own file" }],
    },
    {
      title: "does not exist where one part of its condition is false, whatever the other",
      catalog: when({ kind: "all-of", conditions: [UNREADABLE, FLAG] }),
      certainties: [],
    },
    {
      title: "is unconfirmed where the catalog is not sure",
      catalog: [controller({ releases: [release(">=1.0.0", [gears], { confidence: "low" })] })],
      certainties: [{ kind: "unconfirmed" }],
    },
    {
      title: "is conditional rather than assumed, where both hold",
      catalog: [{ ...controller({ releases: when(UNREADABLE)[0]?.releases ?? [] }), when: GEARS_ON }],
      certainties: [{ kind: "conditional", condition: "gears in its own file" }],
    },
    {
      title: "is conditional rather than unconfirmed",
      catalog: [
        controller({
          releases: [release(">=1.0.0", [{ requirement: gears, when: UNREADABLE, note: null }], { confidence: "low" })],
        }),
      ],
      certainties: [{ kind: "conditional", condition: "gears in its own file" }],
    },
    {
      title: "is unconfirmed rather than assumed",
      catalog: [{ ...controller({ releases: [release(">=1.0.0", [gears], { confidence: "low" })] }), when: GEARS_ON }],
      certainties: [{ kind: "unconfirmed" }],
    },
    {
      title: "is known where the catalog is fairly sure",
      catalog: [controller({ releases: [release(">=1.0.0", [gears], { confidence: "medium", verified: "derived" })] })],
      certainties: [{ kind: "known" }],
    },
    {
      title: "is assumed by its own condition too",
      catalog: when(GEARS_ON),
      certainties: [{ kind: "assumed", condition: "gears=on in ConfigMap mill/config" }],
    },
    {
      title: "does not exist where its controller is switched off, whatever its own condition",
      catalog: [{ ...controller({ releases: when(UNREADABLE)[0]?.releases ?? [] }), when: FLAG }],
      certainties: [],
    },
    {
      title: "is of an unknown version before the first range",
      catalog: [controller({ releases: [release(">=2.0.0", [gears])] })],
      certainties: [{ kind: "unknown-version" }],
    },
    {
      title: "is of an unknown version between two ranges, once for each",
      catalog: [controller({ releases: [release("<1.0.0", [gears]), release(">=2.0.0", [gears])] })],
      certainties: [{ kind: "unknown-version" }, { kind: "unknown-version" }],
    },
    {
      title: "is of an unknown version where two numbers lie in two ranges",
      catalog: [controller({ releases: [release(">=1.0.0 <1.0.2", [gears]), release(">=1.0.2", [gears])] })],
      given: workload({ image: "own.dev/mill/turner:v1.0" }),
      certainties: [{ kind: "unknown-version" }, { kind: "unknown-version" }],
    },
    {
      title: "of an unknown version does not exist without its flag",
      catalog: when(FLAG),
      given: workload({ image: "own.dev/mill/turner:latest" }),
      certainties: [],
    },
    {
      title: "of an unknown version is no more than that, whatever else is in doubt",
      catalog: when(UNREADABLE),
      given: workload({ image: "own.dev/mill/turner:latest" }),
      certainties: [{ kind: "unknown-version" }],
    },
    {
      title: "is known at the first version of its range",
      catalog: [controller({ releases: [release(">=1.0.3", [gears])] })],
      certainties: [{ kind: "known" }],
    },
  ])("a need $title", ({ catalog, given = workload(), certainties }) => {
    expect(findNeeds(given, catalog, noSettings).needs.map(({ certainty }) => certainty)).toEqual(certainties);
  });

  it.each([
    {
      title: "the tag, where it tells one",
      image: "own.dev/mill/turner:v1.0.3",
      labels: { version: "2.0.0" },
      range: ">=1.0.0 <1.1.0",
    },
    {
      title: "the label that the catalog names, by digest",
      image: "own.dev/mill/turner@sha256:0a",
      labels: { version: "v2.0.0" },
      range: ">=2.0.0",
    },
  ])("takes the version from $title", ({ image, labels, range }) => {
    const { needs } = findNeeds(workload({ image, labels }), [{ ...turner, versionLabel: "version" }], noSettings);

    expect(needs.map(({ source }) => sourceName(source))).toEqual([range]);
  });

  it.each([
    { title: "is missing", labels: {} },
    { title: "is no version", labels: { version: "main" } },
    { title: "is another's", labels: { Version: "2.0.0" } },
  ])("does not know the version where the label that the catalog names $title", ({ labels }) => {
    const { needs } = findNeeds(
      workload({ image: "own.dev/mill/turner:latest", labels }),
      [{ ...turner, versionLabel: "version" }],
      noSettings,
    );

    expect(new Set(needs.map(({ certainty }) => certainty.kind))).toEqual(new Set(["unknown-version"]));
  });

  it("takes a prefix off a tag where the catalog names it, and only there", () => {
    const given = workload({ image: "own.dev/mill/turner:stable-2.0.0" });
    const rangesOf = (catalog: Catalog) => findNeeds(given, catalog, noSettings).needs.map(({ source }) => sourceName(source));

    expect(rangesOf([{ ...turner, tagPrefixes: ["stable-"] }])).toEqual([">=2.0.0"]);
    expect(rangesOf([turner])).toEqual([">=1.0.0 <1.1.0", ">=1.1.0 <2.0.0", ">=2.0.0"]);
  });

  it("does not believe a label that the catalog does not name", () => {
    const { needs } = findNeeds(workload({ image: "own.dev/mill/turner", labels: { version: "2.0.0" } }), [turner], noSettings);

    expect(new Set(needs.map(({ certainty }) => certainty.kind))).toEqual(new Set(["unknown-version"]));
  });

  it.each([
    { setting: "plugins: https://own.dev/download/v2.1.0/plugin", ranges: [">=2.0.0"] },
    { setting: "plugins: none", ranges: [] },
    { setting: null, ranges: [] },
    { setting: undefined, ranges: [] },
  ])("takes the version of a plugin from the setting $setting, or takes it for unused", ({ setting, ranges }) => {
    const pattern = compilePattern("download/v?([0-9.]+)/");
    if (pattern === null) throw new Error("the pattern must be one");
    const plugin = { ...turner, versionSetting: { key: { namespace: null, name: "config", key: "plugins" }, pattern } };
    const readSetting = vi.fn<ReadSetting>(() => setting);

    expect(findNeeds(workload(), [plugin], readSetting).needs.map(({ source }) => sourceName(source))).toEqual(ranges);
    expect(readSetting.mock.calls).toEqual([["mill", "config", "plugins"]]);
  });

  it("finds two controllers in one image, since a plugin runs in its host", () => {
    const plugin = { ...turner, id: "plugin" };
    const found = findNeeds(workload(), [turner, plugin], noSettings);

    expect(found.needs.map(({ source }) => source.kind === "catalog" && source.controller)).toEqual(["turner", "plugin"]);
  });

  it("reads each container by its own arguments", () => {
    const given = workload({
      containers: [container({ name: "a" }), container({ name: "b", args: ["--gears"] }), container({ name: "c" })],
    });

    expect(
      findNeeds(given, when(FLAG), noSettings).needs.map(({ source }) => source.kind === "catalog" && source.container),
    ).toEqual(["b"]);
  });

  it("asks a setting once for a container, however many needs hang on it", () => {
    const conditionedTwice = [gears, cogs].map((needed) => ({ requirement: needed, when: GEARS_ON, note: null }));
    const catalog = [{ ...controller({ releases: [release(">=1.0.0", conditionedTwice)] }), when: GEARS_ON }];
    const readSetting = vi.fn<ReadSetting>(() => "on");

    expect(findNeeds(workload(), catalog, readSetting).needs).toHaveLength(2);
    expect(readSetting).toHaveBeenCalledTimes(1);
  });

  it("tells of a later release whose needs are in doubt, and of one that needs nothing", () => {
    const catalog = [
      controller({
        releases: [
          release(">=1.0.0 <2.0.0", [gears]),
          release(">=2.0.0 <3.0.0", [{ requirement: cogs, when: UNREADABLE, note: null }]),
          release(">=3.0.0", [{ requirement: cogs, when: FLAG, note: null }]),
        ],
      }),
    ];

    expect(findNeeds(workload(), catalog, noSettings).needs.map(({ laterReleases }) => laterReleases)).toEqual([
      [
        { minimumVersion: "2.0.0", requirements: [cogs] },
        { minimumVersion: "3.0.0", requirements: [] },
      ],
    ]);
  });

  it("tells of no release before the one that runs", () => {
    const { needs } = findNeeds(workload({ image: "own.dev/mill/turner:v2.3.0" }), [turner], noSettings);

    expect(needs.map(({ laterReleases }) => laterReleases)).toEqual([[]]);
  });

  it("tells of later releases what they need under today's settings, what they bring along too", () => {
    const own = { ...requirement({ versions: ["v1"] }), group: "turner.dev" };
    const catalog = [
      controller({
        owns: ["turner.dev"],
        releases: [
          release(">=1.0.0 <2.0.0", [gears]),
          release(">=2.0.0", [cogs, own, { requirement: gears, when: FLAG, note: null }]),
        ],
      }),
    ];
    const later = (args: readonly string[]): unknown =>
      findNeeds(workload({ args }), catalog, noSettings).needs.map(({ laterReleases }) => laterReleases);

    expect(later([])).toEqual([[{ minimumVersion: "2.0.0", requirements: [cogs, own] }]]);
    expect(later(["--gears"])).toEqual([[{ minimumVersion: "2.0.0", requirements: [cogs, own, gears] }]]);
  });
});

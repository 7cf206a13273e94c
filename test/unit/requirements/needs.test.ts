import { describe, expect, it, vi } from "vitest";
import type { Catalog, CatalogController } from "../../../src/requirements/catalog.ts";
import { parseImage } from "../../../src/requirements/image.ts";
import { findNeeds, type ReadSetting } from "../../../src/requirements/needs.ts";
import type { Workload } from "../../../src/requirements/workload.ts";
import type { Certainty, Need } from "../../../src/rules/facts.ts";
import { requirement } from "../../support/builders.ts";

const turner: CatalogController = {
  id: "turner",
  images: [parseImage("own.dev/mill/turner")],
  when: null,
  releases: [
    { versions: ">=1.0.0 <1.1.0", requirements: [requirement({ versions: ["v1alpha1"] })] },
    { versions: ">=1.1.0 <2.0.0", requirements: [requirement({ versions: ["v1beta1"] })] },
    { versions: ">=2.0.0", requirements: [{ ...requirement({ versions: ["v1"] }), resource: "cogs" }] },
  ],
};
const conditional: Catalog = [
  { ...turner, when: { configMap: { namespace: "mill", name: "config", key: "gears", equals: "on" } } },
];

function workload(shape: Partial<Workload> & { readonly image?: string } = {}): Workload {
  return {
    ref: { kind: "Deployment", namespace: "mill", name: "turner" },
    isRunning: true,
    containers: [{ name: "main", image: shape.image ?? "own.dev/mill/turner:v1.0.3" }],
    annotations: {},
    ...shape,
  };
}

const noSettings: ReadSetting = () => undefined;

/** What is needed and how sure that is, for short. */
function summary(needs: readonly Need[]): readonly unknown[] {
  return needs.map(({ requirement: { resource, versions }, source, certainty }) => [
    `${resource}/${versions.join("|")}`,
    source.kind === "annotation" ? source.key : source.versionRange,
    certainty.kind,
  ]);
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
          },
          certainty: { kind: "known" },
          laterReleases: [
            { minimumVersion: "1.1.0", requirement: requirement({ versions: ["v1beta1"] }) },
            { minimumVersion: "2.0.0", requirement: null },
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
    { title: "a version before any that is known", given: workload({ image: "own.dev/mill/turner:v0.9.0" }), needs: [] },
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
          { name: "a", image: "own.dev/mill/turner:v1.0.3" },
          { name: "b", image: "own.dev/mill/turner:v1.1.0" },
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
    {
      title: "the catalog's entry beside an annotation that declares nothing",
      given: workload({ annotations: { "crdguard.dev/other": "gears.own.dev/v1" } }),
      needs: [byCatalog],
    },
  ])("reads $title", ({ given, needs }) => {
    const found = findNeeds(given, [turner], noSettings);

    expect({ needs: summary(found.needs), unreadable: found.unreadable }).toEqual({ needs, unreadable: [] });
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

  it("says that the version is unknown rather than that the setting is taken for granted", () => {
    expect(
      findNeeds(workload({ image: "own.dev/mill/turner:latest" }), conditional, noSettings).needs.map(
        ({ certainty }) => certainty.kind,
      ),
    ).toEqual(["unknown-version", "unknown-version", "unknown-version"]);
  });
});

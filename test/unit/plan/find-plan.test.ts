import { describe, expect, it } from "vitest";
import { findPlan } from "../../../src/plan/find-plan.ts";
import { bundle, form, question, told, walk, type WorldWords } from "../../support/plans.ts";

interface Row extends WorldWords {
  readonly title: string;
  readonly steps: readonly string[];
}

/** 2.0.0 leaves gears alone, where they are not served as it needs them; 1.0.0 cannot do without. */
const TURNER_WITH_FEATURE = {
  name: "turner",
  releases: {
    "1.0.0": [{ crd: "gears", versions: ["v1alpha1"] }],
    "2.0.0": [{ crd: "gears", versions: ["v1"], outcome: "loses-feature" }],
  },
  target: "2.0.0",
} as const;

describe("a plan", () => {
  it.each<Row>([
    {
      title: "has no steps where all is as wanted",
      installed: [form("gears", "v1*")],
      wanted: [form("gears", "v1*")],
      steps: [],
    },
    {
      title: "applies what differs in schemas alone, which are not looked at",
      installed: [form("gears", "v1*")],
      wanted: [form("gears", "v1*")],
      differing: ["gears.own.dev"],
      steps: ["apply wanted"],
    },
    {
      title: "applies a set as a whole where nobody minds",
      installed: [form("gears", "v1alpha1*"), form("cogs", "v1*")],
      wanted: [form("gears", "v1* v1alpha1-"), form("cogs", "v1*"), form("belts", "v1*")],
      steps: ["apply wanted"],
    },
    {
      title: "upgrades first where the release needed works with the definitions of now, to the lowest that will do",
      installed: [form("gears", "v1* v1alpha1")],
      wanted: [form("gears", "v1*")],
      workloads: [
        {
          name: "turner",
          releases: {
            "1.0.0": [{ crd: "gears", versions: ["v1alpha1"] }],
            "1.1.0": [{ crd: "gears", versions: ["v1", "v1alpha1"] }],
            "1.2.0": [{ crd: "gears", versions: ["v1"] }],
          },
        },
      ],
      steps: ["upgrade turner 1.0.0 → 1.1.0", "apply wanted"],
    },
    {
      title: "upgrades last where the release asked for needs what is wanted",
      installed: [form("gears", "v1alpha1*")],
      wanted: [form("gears", "v1* v1alpha1")],
      workloads: [
        {
          name: "turner",
          releases: { "1.0.0": [{ crd: "gears", versions: ["v1alpha1"] }], "2.0.0": [{ crd: "gears", versions: ["v1"] }] },
          target: "2.0.0",
        },
      ],
      steps: ["apply wanted", "upgrade turner 1.0.0 → 2.0.0"],
    },
    {
      title: "has a release find the objects that it looks after, before it comes",
      installed: [form("gears", "v1alpha1*"), form("cogs", "v1*")],
      wanted: [form("gears", "v1* v1alpha1"), form("cogs", "v1* v2")],
      workloads: [TURNER_WITH_FEATURE],
      steps: ["apply wanted", "upgrade turner 1.0.0 → 2.0.0"],
    },
    {
      title: "passes a stop in between rather than have a workload leave its objects alone",
      installed: [form("gears", "v1alpha1*", undefined, { version: "v1.0.0", channel: "standard" })],
      wanted: [form("gears", "v1*", undefined, { version: "v1.2.0", channel: "standard" })],
      bundles: [bundle("1.1.0", [form("gears", "v1* v1alpha1")])],
      workloads: [TURNER_WITH_FEATURE],
      steps: ["apply 1.1.0 standard", "upgrade turner 1.0.0 → 2.0.0", "migrate gears to v1", "apply wanted"],
    },
    {
      title: "has no regard to a feature without objects",
      installed: [form("gears", "v1alpha1*", undefined, { version: "v1.0.0", channel: "standard" })],
      wanted: [form("gears", "v1* v1alpha1-", undefined, { version: "v1.2.0", channel: "standard" })],
      bundles: [bundle("1.1.0", [form("gears", "v1* v1alpha1")])],
      objects: { gears: 0 },
      workloads: [TURNER_WITH_FEATURE],
      steps: ["upgrade turner 1.0.0 → 2.0.0", "apply wanted"],
    },
    {
      title: "loses a feature where there is no other way",
      installed: [form("gears", "v1alpha1*")],
      wanted: [form("gears", "v1* v1alpha1-")],
      workloads: [TURNER_WITH_FEATURE],
      steps: ["upgrade turner 1.0.0 → 2.0.0", "apply wanted"],
    },
    {
      title: "upgrades nobody who does not have to",
      installed: [form("gears", "v1alpha1*")],
      wanted: [form("gears", "v1* v1alpha1")],
      workloads: [
        {
          name: "turner",
          releases: { "1.0.0": [{ crd: "gears", versions: ["v1alpha1"] }], "2.0.0": [{ crd: "gears", versions: ["v1"] }] },
        },
      ],
      steps: ["apply wanted"],
    },
    {
      title: "passes a released bundle that serves what both ends need",
      installed: [form("gears", "v1alpha1*", undefined, { version: "v1.0.0", channel: "standard" })],
      wanted: [form("gears", "v1* v1alpha1-", undefined, { version: "v1.2.0", channel: "standard" })],
      bundles: [
        bundle("1.0.0", [form("gears", "v1alpha1*")]),
        bundle("1.1.0", [form("gears", "v1* v1alpha1")]),
        bundle("1.2.0", [form("gears", "v1* v1alpha1-")]),
      ],
      workloads: [
        {
          name: "turner",
          releases: { "1.0.0": [{ crd: "gears", versions: ["v1alpha1"] }], "2.0.0": [{ crd: "gears", versions: ["v1"] }] },
        },
      ],
      steps: ["apply 1.1.0 standard", "upgrade turner 1.0.0 → 2.0.0", "apply wanted"],
    },
    {
      title: "takes of a bundle only what is needed, where the rest of it cannot be had",
      installed: [form("gears", "v1alpha1*"), form("cogs", "v1alpha1*")],
      wanted: [form("gears", "v1* v1alpha1-", undefined, { version: "v1.2.0", channel: "standard" })],
      bundles: [bundle("1.1.0", [form("gears", "v1* v1alpha1"), form("cogs", "v1*")])],
      workloads: [
        {
          name: "turner",
          releases: { "1.0.0": [{ crd: "gears", versions: ["v1alpha1"] }], "2.0.0": [{ crd: "gears", versions: ["v1"] }] },
        },
      ],
      steps: ["apply gears of 1.1.0 standard", "upgrade turner 1.0.0 → 2.0.0", "apply wanted"],
    },
    {
      title: "holds back of what is wanted what is refused until somebody is upgraded, who needs the rest first",
      installed: [form("gears", "v1alpha1*"), form("cogs", "v1alpha1*")],
      wanted: [form("gears", "v1* v1alpha1-"), form("cogs", "v1* v1alpha1")],
      workloads: [
        {
          name: "turner",
          releases: {
            "1.0.0": [{ crd: "gears", versions: ["v1alpha1"] }],
            "2.0.0": [{ crd: "cogs", versions: ["v1"] }],
          },
        },
      ],
      steps: ["apply cogs of wanted", "upgrade turner 1.0.0 → 2.0.0", "apply wanted"],
    },
    {
      title: "migrates what may be stored in a version that goes",
      installed: [form("gears", "v1* v1alpha1", ["v1alpha1", "v1"])],
      wanted: [form("gears", "v1*")],
      steps: ["migrate gears to v1", "apply wanted"],
    },
    {
      title: "flips the storage version first where it goes itself",
      installed: [form("gears", "v1alpha1* v1beta1 v1")],
      wanted: [form("gears", "v1* v1beta1")],
      steps: ["flip gears to v1", "migrate gears to v1", "apply wanted"],
    },
    {
      title: "replaces a definition with its objects where no version survives",
      installed: [form("gears", "v1alpha2*")],
      wanted: [form("gears", "v1alpha3*")],
      steps: [
        "back up gears in v1alpha2",
        "delete objects of gears",
        "delete gears",
        "apply wanted",
        "restore gears in v1alpha3, edited",
      ],
    },
    {
      title: "replaces a definition alone where there are no objects",
      installed: [form("gears", "v1alpha2*")],
      wanted: [form("gears", "v1alpha3*")],
      objects: { gears: 0 },
      steps: ["delete gears", "apply wanted"],
    },
    {
      title: "takes a bundle in between rather than replace objects",
      installed: [form("gears", "v1alpha2*", undefined, { version: "v1.0.0", channel: "standard" })],
      wanted: [form("gears", "v1alpha3*", undefined, { version: "v1.2.0", channel: "standard" })],
      bundles: [bundle("1.1.0", [form("gears", "v1alpha3* v1alpha2")])],
      steps: ["apply 1.1.0 standard", "migrate gears to v1alpha3", "apply wanted"],
    },
    {
      title: "stops a workload, where no release of it lives through the change, and starts the one that is asked for",
      installed: [form("gears", "v1alpha2*")],
      wanted: [form("gears", "v1alpha3*")],
      workloads: [
        {
          name: "turner",
          releases: { "1.0.0": [{ crd: "gears", versions: ["v1alpha2"] }], "2.0.0": [{ crd: "gears", versions: ["v1alpha3"] }] },
        },
      ],
      objects: { gears: 0 },
      steps: ["stop turner", "delete gears", "apply wanted", "upgrade turner 1.0.0 → 2.0.0", "start turner"],
    },
    {
      title: "deletes what is to go, once nobody needs it, with a copy of its objects",
      installed: [form("gears", "v1*"), form("cogs", "v1*")],
      delete: ["gears"],
      workloads: [
        {
          name: "turner",
          releases: { "1.0.0": [{ crd: "gears", versions: ["v1"] }], "2.0.0": [{ crd: "cogs", versions: ["v1"] }] },
        },
      ],
      steps: ["upgrade turner 1.0.0 → 2.0.0", "back up gears in v1", "delete objects of gears", "delete gears"],
    },
    {
      title: "has what is to go served again first, where nobody can read its objects",
      installed: [form("gears", "v1*-", undefined, { version: "v1.0.0", channel: "standard" })],
      wanted: [form("cogs", "v1*", undefined, { version: "v1.1.0", channel: "standard" })],
      delete: ["gears"],
      bundles: [bundle("1.0.0", [form("gears", "v1*")]), bundle("1.1.0", [form("cogs", "v1*")])],
      steps: ["apply wanted", "apply 1.0.0 standard", "back up gears in v1", "delete objects of gears", "delete gears"],
    },
    {
      title: "replaces what is empty and not served, since nobody can migrate it",
      installed: [form("gears", "v1alpha1*- v1-")],
      wanted: [form("gears", "v1*")],
      objects: { gears: 0 },
      steps: ["delete gears", "apply wanted"],
    },
    {
      title: "deletes an empty leftover at once",
      installed: [form("gears", "v1*")],
      delete: ["gears"],
      objects: { gears: 0 },
      steps: ["delete gears"],
    },
    {
      title: "brings a new workload once what it needs is there",
      installed: [],
      wanted: [form("gears", "v1*")],
      workloads: [
        { name: "turner", releases: { "1.0.0": [{ crd: "gears", versions: ["v1"] }] }, target: "1.0.0", isRunning: false },
      ],
      steps: ["apply wanted", "apply turner"],
    },
    {
      title: "finds a bundle for a release that is asked for, with no definitions given",
      installed: [form("gears", "v1alpha1*", undefined, { version: "v1.0.0", channel: "standard" })],
      bundles: [bundle("1.0.0", [form("gears", "v1alpha1*")]), bundle("1.1.0", [form("gears", "v1* v1alpha1")])],
      workloads: [
        {
          name: "turner",
          releases: { "1.0.0": [{ crd: "gears", versions: ["v1alpha1"] }], "2.0.0": [{ crd: "gears", versions: ["v1"] }] },
          target: "2.0.0",
        },
      ],
      steps: ["apply 1.1.0 standard", "upgrade turner 1.0.0 → 2.0.0"],
    },
    {
      title: "brings what a release needs that is asked for before it, though that of today fails for want of it too",
      installed: [form("gears", "v1alpha1*", undefined, { version: "v1.0.0", channel: "standard" })],
      bundles: [bundle("1.1.0", [form("gears", "v1* v1alpha1")])],
      workloads: [
        {
          name: "turner",
          releases: { "1.0.0": [{ crd: "gears", versions: ["v1"] }], "2.0.0": [{ crd: "gears", versions: ["v1"] }] },
          target: "2.0.0",
        },
      ],
      steps: ["apply 1.1.0 standard", "upgrade turner 1.0.0 → 2.0.0"],
    },
    {
      title: "takes all of a release, where the rest of it differs in schemas alone and nobody wants it otherwise",
      installed: [
        form("gears", "v1alpha1*", undefined, { version: "v1.0.0", channel: "standard" }),
        form("cogs", "v1*", undefined, { version: "v1.0.0", channel: "standard" }),
      ],
      bundles: [bundle("1.1.0", [form("gears", "v1* v1alpha1"), form("cogs", "v1*"), form("belts", "v1*")])],
      workloads: [
        {
          name: "turner",
          releases: {
            "1.0.0": [{ crd: "gears", versions: ["v1"] }],
            "2.0.0": [
              { crd: "gears", versions: ["v1"] },
              { crd: "belts", versions: ["v1"] },
            ],
          },
          target: "2.0.0",
        },
      ],
      steps: ["apply 1.1.0 standard", "upgrade turner 1.0.0 → 2.0.0"],
    },
    {
      title: "takes of a release what is needed alone, where the rest of it would be a step back",
      installed: [
        form("gears", "v1alpha1*", undefined, { version: "v1.0.0", channel: "standard" }),
        form("cogs", "v1*", undefined, { version: "v1.2.0", channel: "standard" }),
      ],
      bundles: [bundle("1.1.0", [form("gears", "v1* v1alpha1"), form("cogs", "v1*"), form("belts", "v1*")])],
      workloads: [
        {
          name: "turner",
          releases: {
            "1.0.0": [{ crd: "gears", versions: ["v1"] }],
            "2.0.0": [
              { crd: "gears", versions: ["v1"] },
              { crd: "belts", versions: ["v1"] },
            ],
          },
          target: "2.0.0",
        },
      ],
      steps: ["apply belts gears of 1.1.0 standard", "upgrade turner 1.0.0 → 2.0.0"],
    },
    {
      title: "has a release work that is asked for as it runs, and fails",
      installed: [form("gears", "v1alpha1*", undefined, { version: "v1.0.0", channel: "standard" })],
      bundles: [bundle("1.1.0", [form("gears", "v1* v1alpha1")])],
      workloads: [{ name: "turner", releases: { "1.0.0": [{ crd: "gears", versions: ["v1"] }] }, target: "1.0.0" }],
      steps: ["apply 1.1.0 standard"],
    },
    {
      title: "leaves a release as it is that is asked for as it runs, and works",
      installed: [form("gears", "v1alpha1*")],
      workloads: [{ name: "turner", releases: { "1.0.0": [{ crd: "gears", versions: ["v1alpha1"] }] }, target: "1.0.0" }],
      steps: [],
    },
    {
      title: "has who must be upgraded work again, rather than fail as before",
      installed: [
        form("gears", "v1alpha1*", undefined, { version: "v1.0.0", channel: "standard" }),
        form("cogs", "v1alpha1* v1"),
      ],
      wanted: [form("cogs", "v1* v1alpha1-")],
      bundles: [bundle("1.1.0", [form("gears", "v1* v1alpha1")])],
      workloads: [
        {
          name: "turner",
          releases: {
            "1.0.0": [
              { crd: "gears", versions: ["v1"] },
              { crd: "cogs", versions: ["v1alpha1"] },
            ],
            "2.0.0": [
              { crd: "gears", versions: ["v1"] },
              { crd: "cogs", versions: ["v1"] },
            ],
          },
        },
      ],
      steps: ["apply 1.1.0 standard", "upgrade turner 1.0.0 → 2.0.0", "apply wanted"],
    },
    {
      title: "leaves alone what is broken already",
      installed: [form("gears", "v1alpha1*")],
      wanted: [form("gears", "v1alpha1* v1alpha2")],
      workloads: [{ name: "turner", releases: { "1.0.0": [{ crd: "gears", versions: ["v1"] }] } }],
      steps: ["apply wanted"],
    },
  ])("$title", ({ steps, ...words }) => {
    const asked = question(words);

    const planned = findPlan(asked);

    expect(planned.kind === "plan" ? told(planned.steps) : planned).toEqual(steps);
    const { denials, missing } = walk(asked, planned.kind === "plan" ? planned.steps : []);
    expect({ denials, missing }).toEqual({ denials: [], missing: [] });
  });

  it("replaces objects rather than bring a release that fails, and that policy would let pass", () => {
    const asked = question({
      installed: [form("gears", "v1alpha1*", undefined, { version: "v1.0.0", channel: "standard" })],
      bundles: [bundle("1.1.0", [form("gears", "v1*")])],
      workloads: [
        {
          name: "turner",
          releases: { "1.0.0": [{ crd: "gears", versions: ["v1"] }], "2.0.0": [{ crd: "gears", versions: ["v1"] }] },
          target: "2.0.0",
        },
      ],
    });
    const flags = { ...asked.flags, enforcement: new Map([["workload-requirement-unmet", "warn"] as const]) };

    const [planned, withoutBundle] = [asked, { ...asked, picture: { ...asked.picture, bundles: [] } }].map((own) =>
      findPlan({ ...own, flags }),
    );

    expect(planned?.kind === "plan" ? told(planned.steps) : planned).toEqual([
      "back up gears in v1alpha1",
      "delete objects of gears",
      "delete gears",
      "apply 1.1.0 standard",
      "restore gears in v1, edited",
      "upgrade turner 1.0.0 → 2.0.0",
    ]);
    expect(withoutBundle?.kind === "plan" ? told(withoutBundle.steps) : withoutBundle).toEqual(["upgrade turner 1.0.0 → 2.0.0"]);
  });

  it("tells why a step comes where it does", () => {
    const asked = question({
      installed: [form("gears", "v1alpha1*", undefined, { version: "v1.0.0", channel: "standard" })],
      wanted: [form("gears", "v1*", undefined, { version: "v1.2.0", channel: "standard" })],
      bundles: [bundle("1.1.0", [form("gears", "v1* v1alpha1")])],
      workloads: [
        {
          name: "turner",
          releases: { "1.0.0": [{ crd: "gears", versions: ["v1alpha1"] }], "2.0.0": [{ crd: "gears", versions: ["v1"] }] },
        },
      ],
    });

    const planned = findPlan(asked);

    const gears = "gears.own.dev";
    expect(planned.kind === "plan" ? planned.steps.map(({ id, because }) => [id, because]) : planned).toEqual([
      [
        "apply/mill-1.1.0-standard",
        {
          kind: "overlap",
          versions: [
            { crd: gears, version: "v1" },
            { crd: gears, version: "v1alpha1" },
          ],
        },
      ],
      ["upgrade/Deployment/mill/turner@2.0.0", { kind: "refused-before", rule: "required-version-unserved", crds: [gears] }],
      [`migrate/${gears}`, { kind: "refused-before", rule: "stored-version-removed", crds: [gears] }],
      ["apply/wanted", null],
    ]);
  });
});

describe("cautions", () => {
  it("tell of objects that go for a while, of who is stopped, of what is broken today, and of what nobody counted", () => {
    const words: WorldWords = {
      installed: [form("gears", "v1alpha2*"), form("cogs", "v1*")],
      wanted: [form("gears", "v1alpha3*")],
      workloads: [
        {
          name: "turner",
          releases: {
            "1.0.0": [{ crd: "gears", versions: ["v1alpha2"] }],
            "2.0.0": [{ crd: "gears", versions: ["v1alpha3"] }],
          },
        },
        { name: "miller", releases: { "1.0.0": [{ crd: "cogs", versions: ["v2"] }] } },
      ],
    };
    const plain = question(words);
    const reason = "the server is not asked";
    const uncountable = { kind: "uncountable", reason } as const;
    const gears = { objects: uncountable, migration: { kind: "none" }, writers: { kind: "not-sampled" } } as const;

    const planned = findPlan({ ...plain, evidence: new Map([["gears.own.dev", gears]]) });

    expect(planned.kind === "plan" ? planned.cautions : planned).toEqual([
      { kind: "workload-stopped", workload: { kind: "Deployment", namespace: "mill", name: "turner" } },
      { kind: "objects-replaced", crd: "gears.own.dev", objects: uncountable },
      {
        kind: "unmet-today",
        workload: { kind: "Deployment", namespace: "mill", name: "miller" },
        crd: "cogs.own.dev",
        versions: ["v2"],
      },
      { kind: "objects-uncounted", crd: "gears.own.dev", reason },
    ]);
  });

  it("tell of what is broken today only where no step mends it", () => {
    const planned = findPlan(
      question({
        installed: [form("gears", "v1alpha1*", undefined, { version: "v1.0.0", channel: "standard" })],
        bundles: [bundle("1.1.0", [form("gears", "v1* v1alpha1")])],
        workloads: [{ name: "turner", releases: { "1.0.0": [{ crd: "gears", versions: ["v1"] }] }, target: "1.0.0" }],
      }),
    );

    expect(planned).toMatchObject({ kind: "plan", steps: [{ id: "apply/mill-1.1.0-standard" }], cautions: [] });
  });

  it.each([
    { title: "until a later step", wanted: "v1* v1alpha1-", isForGood: false },
    { title: "for good", wanted: "v1alpha1* v1alpha2", isForGood: true },
  ])("tell of a feature that is lost $title", ({ wanted, isForGood }) => {
    const planned = findPlan(
      question({
        installed: [form("gears", "v1alpha1*")],
        wanted: [form("gears", wanted)],
        workloads: [TURNER_WITH_FEATURE],
      }),
    );

    expect(planned.kind === "plan" ? planned.cautions : planned).toMatchObject([
      {
        kind: "feature-lost",
        workload: { name: "turner" },
        crd: "gears.own.dev",
        versions: ["v1"],
        objects: { total: 2 },
        isForGood,
      },
    ]);
  });

  it("name a workload of which nothing is known, and leave it as it is", () => {
    const plain = question({
      installed: [form("gears", "v1alpha1* v1")],
      wanted: [form("gears", "v1alpha1*")],
      workloads: [{ name: "turner", releases: { latest: [{ crd: "gears", versions: ["v1"] }] } }],
    });
    const [turner] = plain.workloads;
    if (turner === undefined) throw new Error("there is one");
    const needs = turner.today.needs.map((need) => ({ ...need, certainty: { kind: "unknown-version" } as const }));

    const planned = findPlan({ ...plain, workloads: [{ ...turner, today: { version: null, needs } }] });

    expect(planned).toMatchObject({
      kind: "plan",
      steps: [{ id: "apply/wanted", findings: [{ rule: "required-version-unserved", enforcement: "warn" }] }],
      cautions: [{ kind: "unknown-needs", image: "own.dev/turner:vlatest" }],
    });
  });
});

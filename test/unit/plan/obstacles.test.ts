import { describe, expect, it } from "vitest";
import { findPlan } from "../../../src/plan/find-plan.ts";
import { counted } from "../../support/builders.ts";
import { bundle, form, question } from "../../support/plans.ts";

const turner = { kind: "Deployment", namespace: "mill", name: "turner" } as const;
const gears = "gears.own.dev";

describe("no plan", () => {
  it("names the workload that no known release of does with what is wanted, and nobody else", () => {
    const planned = findPlan(
      question({
        installed: [form("gears", "v1alpha1*"), form("cogs", "v1*")],
        wanted: [form("gears", "v1* v1alpha1-")],
        workloads: [
          { name: "turner", releases: { "1.0.0": [{ crd: "gears", versions: ["v1alpha1"] }] } },
          { name: "miller", releases: { "1.0.0": [{ crd: "cogs", versions: ["v1"] }] } },
        ],
      }),
    );

    expect(planned).toMatchObject({
      kind: "impossible",
      obstacles: [
        {
          kind: "workload-unsatisfied",
          workload: { ref: turner },
          to: null,
          requirements: [{ crd: gears, versions: ["v1alpha1"] }],
        },
      ],
    });
  });

  it("names the release that was asked for, and what it needs in the end", () => {
    const planned = findPlan(
      question({
        installed: [form("gears", "v1alpha1*")],
        wanted: [form("gears", "v1alpha1*")],
        workloads: [
          {
            name: "turner",
            releases: { "1.0.0": [{ crd: "gears", versions: ["v1alpha1"] }], "2.0.0": [{ crd: "gears", versions: ["v1"] }] },
            target: "2.0.0",
          },
        ],
      }),
    );

    expect(planned).toMatchObject({
      kind: "impossible",
      obstacles: [{ kind: "workload-unsatisfied", to: "2.0.0", requirements: [{ crd: gears, versions: ["v1"] }] }],
    });
  });

  it.each([
    { title: "and that no release of a set has", bundles: [], servedBy: null },
    {
      title: "and that a release has which lies beyond what is wanted",
      bundles: [bundle("3.0.0", [form("cogs", "v1*")])],
      servedBy: { version: "3.0.0" },
    },
  ])("names what a release would fail for that is asked for, as that of today does, $title", ({ bundles, servedBy }) => {
    const planned = findPlan(
      question({
        installed: [form("gears", "v1*", undefined, { version: "v1.0.0", channel: "standard" })],
        wanted: [form("gears", "v1* v2", undefined, { version: "v2.0.0", channel: "standard" })],
        bundles: [bundle("1.0.0", [form("gears", "v1*")]), ...bundles],
        workloads: [
          {
            name: "turner",
            releases: { "1.0.0": [{ crd: "cogs", versions: ["v1"] }], "2.0.0": [{ crd: "cogs", versions: ["v1"] }] },
            target: "2.0.0",
          },
        ],
      }),
    );

    expect(planned).toMatchObject({
      kind: "impossible",
      obstacles: [
        { kind: "workload-unsatisfied", to: "2.0.0", requirements: [{ crd: "cogs.own.dev", versions: ["v1"], servedBy }] },
      ],
    });
  });

  it("names a workload that needs what is to go, and cannot be stopped", () => {
    const planned = findPlan(
      question({
        installed: [form("gears", "v1*"), form("cogs", "v1*")],
        delete: ["gears"],
        workloads: [
          { name: "turner", kind: "DaemonSet", releases: { "1.0.0": [{ crd: "gears", versions: ["v1"] }] } },
          { name: "miller", releases: { "1.0.0": [{ crd: "cogs", versions: ["v1"] }] } },
        ],
      }),
    );

    expect(planned).toMatchObject({ kind: "impossible", obstacles: [{ workload: { ref: { name: "turner" } } }] });
    expect(planned).toHaveProperty("obstacles.length", 1);
  });

  it("tells what is refused whoever runs", () => {
    const planned = findPlan(
      question({ installed: [form("gears", "v1alpha1*-")], wanted: [form("gears", "v1*")], objects: { gears: 3 } }),
    );

    expect(planned).toMatchObject({
      kind: "impossible",
      obstacles: [{ kind: "change-refused", crd: gears, findings: [{ rule: "stored-version-removed", enforcement: "deny" }] }],
    });
  });

  it("says so where the catalog knows no such version", () => {
    const asked = question({
      installed: [form("gears", "v1*")],
      workloads: [{ name: "turner", releases: { "1.0.0": [{ crd: "gears", versions: ["v1"] }] }, target: "9.9.9" }],
    });

    expect(findPlan(asked)).toMatchObject({
      kind: "impossible",
      obstacles: [{ kind: "version-unknown", workload: { ref: turner }, wanted: "9.9.9" }],
    });
  });

  it("is said of nothing that was not looked at to the end", () => {
    const asked = question({
      installed: [form("gears", "v1alpha1*")],
      wanted: [form("gears", "v1*")],
      workloads: [{ name: "turner", releases: { "1.0.0": [{ crd: "gears", versions: ["v1alpha1"] }] } }],
    });

    expect(findPlan({ ...asked, stateLimit: 0 })).toEqual({ kind: "undecided", statesSeen: expect.any(Number) });
  });

  it("is the answer where a policy forbids what the plan would do", () => {
    const asked = question({
      installed: [form("gears", "v1* v1alpha1")],
      wanted: [form("gears", "v1*")],
      guardPolicies: [
        { name: "strict", generation: 1, spec: { rules: [{ id: "version-in-use-unserved", enforcement: "deny" }] } },
      ],
    });
    const writers = {
      kind: "sampled",
      objectCount: 1,
      isComplete: true,
      writers: [
        { kind: "file", name: "a.yaml", version: "v1alpha1", objectCount: 1, isSubresourceOnly: false, lastWrittenAt: null },
      ],
    } as const;
    const evidence = new Map([[gears, { objects: counted(1), migration: { kind: "none" } as const, writers }]]);

    expect(findPlan({ ...asked, evidence })).toMatchObject({
      kind: "impossible",
      obstacles: [{ kind: "change-refused", crd: gears, findings: [{ rule: "version-in-use-unserved" }] }],
    });
  });
});

import { describe, expect, it } from "vitest";
import { requiredResourceDeleted } from "../../../../src/rules/checks/required-resource-deleted.ts";
import { crd, need, noFacts, remove, requirement, update } from "../../../support/builders.ts";

const gears = crd({ served: ["v1"] });
const hard = need({ versions: ["v1"] });

describe("required-resource-deleted", () => {
  it("denies while a running workload crashes without the resource", () => {
    expect(requiredResourceDeleted.find({ change: remove(gears), facts: { ...noFacts, needs: [hard] } })).toEqual([
      {
        field: "metadata.name",
        fact: {
          kind: "required-resource-deleted",
          hurt: [{ need: hard, before: "works", after: "crashes", stateAfter: "absent" }],
        },
        remedies: [{ kind: "scale-down", need: hard }],
      },
    ]);
  });

  it("names the first later release that needs the resource no more, which can come first", () => {
    const upgradable = need({
      versions: ["v1"],
      image: "own.dev/turner:v1.0.0",
      laterReleases: [
        { minimumVersion: "1.1.0", requirements: [requirement({ versions: ["v1"] })] },
        { minimumVersion: "2.0.0", requirements: [] },
      ],
    });
    const [finding] = requiredResourceDeleted.find({
      change: remove(gears),
      facts: { ...noFacts, crds: new Map([[gears.name, gears]]), needs: [upgradable] },
    });

    expect(finding?.remedies).toEqual([
      { kind: "upgrade-workload", need: upgradable, minimumVersion: "2.0.0", isPossibleBefore: true },
      { kind: "scale-down", need: upgradable },
    ]);
  });

  it("takes what a later release brings along for there, but not if it is what would be deleted", () => {
    const upgradable = need({
      versions: ["v1"],
      image: "own.dev/turner:v1.0.0",
      owns: ["own.dev"],
      laterReleases: [
        { minimumVersion: "1.1.0", requirements: [requirement({ versions: ["v1"] })] },
        { minimumVersion: "2.0.0", requirements: [{ ...requirement({ versions: ["v1"] }), resource: "cogs" }] },
      ],
    });
    const [finding] = requiredResourceDeleted.find({
      change: remove(gears),
      facts: { ...noFacts, crds: new Map([[gears.name, gears]]), needs: [upgradable] },
    });

    expect(finding?.remedies).toEqual([
      { kind: "upgrade-workload", need: upgradable, minimumVersion: "2.0.0", isPossibleBefore: true },
      { kind: "scale-down", need: upgradable },
    ]);
  });

  it.each([
    { doubt: "conditional", certainty: { kind: "conditional", condition: "--gears" } },
    { doubt: "unconfirmed", certainty: { kind: "unconfirmed" } },
    { doubt: "unknown-version", certainty: { kind: "unknown-version" } },
  ] as const)("warns, and no more, of a need that is $doubt", ({ doubt, certainty }) => {
    const unsure = need({ versions: ["v1"], certainty });

    expect(requiredResourceDeleted.find({ change: remove(gears), facts: { ...noFacts, needs: [unsure] } })).toEqual([
      {
        field: "metadata.name",
        fact: {
          kind: "requirement-unsure",
          doubt,
          hurt: [{ need: unsure, before: "works", after: "crashes", stateAfter: "absent" }],
          isOfWorkload: false,
        },
        remedies: [{ kind: "declare-requirement", need: unsure }],
        isAdvisory: true,
      },
    ]);
  });

  it("warns, and no more, of a workload that loses a feature", () => {
    const findings = requiredResourceDeleted.find({
      change: remove(gears),
      facts: { ...noFacts, needs: [need({ versions: ["v1"], outcome: "loses-feature" })] },
    });

    expect(findings.map(({ isAdvisory }) => isAdvisory)).toEqual([true]);
  });

  it.each([
    {
      title: "allows when the workload does well without the resource",
      change: remove(gears),
      needs: [need({ versions: ["v1"], outcomes: { absent: "works", unlisted: "crashes", unserved: "crashes" } })],
    },
    {
      title: "allows when the workload is broken already: no served version fits it before the deletion either",
      change: remove(gears),
      needs: [need({ versions: ["v2"] })],
    },
    { title: "has no opinion on an update", change: update(gears, gears), needs: [hard] },
    { title: "allows when nobody needs it", change: remove(gears), needs: [] },
  ])("$title", ({ change, needs }) => {
    expect(requiredResourceDeleted.find({ change, facts: { ...noFacts, needs } })).toEqual([]);
  });
});

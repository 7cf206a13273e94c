import { describe, expect, it } from "vitest";
import { leavingCrds } from "../../../src/rules/leaving.ts";
import { crd } from "../../support/builders.ts";

const gears = crd({ name: "gears.own.dev", served: ["v1"] });
const cogs = crd({ name: "cogs.own.dev", served: ["v1"] });
const axles = crd({ name: "axles.own.dev", served: ["v1"] });
const foreign = crd({ name: "axles.other.dev", served: ["v1"] });

describe("leavingCrds", () => {
  it.each([
    { title: "nothing where all are applied", applied: [gears, cogs], cluster: [gears, cogs], leaving: [] },
    {
      title: "those of the same group, by name",
      applied: [gears],
      cluster: [gears, cogs, axles],
      leaving: ["axles.own.dev", "cogs.own.dev"],
    },
    { title: "none of another group", applied: [gears], cluster: [gears, foreign], leaving: [] },
    {
      title: "none that is being deleted anyway",
      applied: [gears],
      cluster: [gears, { ...cogs, isTerminating: true }],
      leaving: [],
    },
    { title: "nothing where no CRD is applied", applied: [], cluster: [gears, cogs], leaving: [] },
    { title: "those of the group of a CRD that is new", applied: [gears], cluster: [cogs], leaving: ["cogs.own.dev"] },
  ])("finds $title", ({ applied, cluster, leaving }) => {
    const crds = new Map(cluster.map((one) => [one.name, one]));

    expect(leavingCrds(applied, crds).map(({ name }) => name)).toEqual(leaving);
  });
});

import { describe, expect, it } from "vitest";
import type { Crd } from "../../../src/crd/crd.ts";
import { leavingCrds } from "../../../src/rules/leaving.ts";
import { crd } from "../../support/builders.ts";

const gears = crd({ name: "gears.own.dev", served: ["v1"] });
const cogs = crd({ name: "cogs.own.dev", served: ["v1"] });
const axles = crd({ name: "axles.own.dev", served: ["v1"] });
const foreign = crd({ name: "axles.other.dev", served: ["v1"] });

const release = (name: string) => ({ kind: "helm-release", namespace: "mill", name, isKept: false }) as const;
const owned = (one: Crd, name: string): Crd => ({ ...one, owners: [release(name)] });

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
    {
      title: "none that another Helm release owns",
      applied: [gears],
      cluster: [owned(gears, "ours"), owned(cogs, "theirs"), owned(axles, "ours")],
      leaving: ["axles.own.dev"],
    },
    {
      title: "those of the release that the manifest names",
      applied: [owned(gears, "ours")],
      cluster: [owned(cogs, "ours")],
      leaving: ["cogs.own.dev"],
    },
    {
      title: "those of the group where nobody says who owns what is applied",
      applied: [gears],
      cluster: [gears, owned(cogs, "theirs")],
      leaving: ["cogs.own.dev"],
    },
    { title: "nothing where no CRD is applied", applied: [], cluster: [gears, cogs], leaving: [] },
    { title: "those of the group of a CRD that is new", applied: [gears], cluster: [cogs], leaving: ["cogs.own.dev"] },
  ])("finds $title", ({ applied, cluster, leaving }) => {
    const crds = new Map(cluster.map((one) => [one.name, one]));

    expect(leavingCrds(applied, crds).map(({ name }) => name)).toEqual(leaving);
  });
});

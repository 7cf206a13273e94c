import { describe, expect, it } from "vitest";
import type { Action, PlannedWorkload, Step } from "../../../src/plan/plan.ts";
import { isDone, type LiveSight, type Proof } from "../../../src/plan/proof.ts";
import { counted } from "../../support/builders.ts";
import { workload } from "../../support/catalog.ts";
import { form } from "../../support/plans.ts";

const turner: PlannedWorkload = {
  ref: { kind: "Deployment", namespace: "mill", name: "turner" },
  controller: "turner",
  image: "own.dev/mill/turner:v1.0.0",
  container: "main",
  helmRelease: null,
};
const old = form("gears", "v1 v1alpha1*", ["v1alpha1"]);
const flipped = form("gears", "v1* v1alpha1", ["v1alpha1", "v1"]);
const pruned = form("gears", "v1* v1alpha1", ["v1"]);
const next = form("gears", "v1*");

const definitions = { kind: "wanted" } as const;
const apply: Action = { kind: "apply-definitions", definitions, crds: ["gears.own.dev"], isWhole: true };
const upgrade = (to: string, from = "1.0.0"): Action => ({
  kind: "upgrade-workload",
  workload: turner,
  from,
  to,
  byManifest: false,
});
const objects = counted(2);

describe("a step is done", () => {
  it.each<{
    readonly title: string;
    readonly action: Action;
    readonly changes?: Step["changes"];
    readonly sight: Partial<LiveSight> & { readonly gears?: typeof old };
    readonly proof: Proof;
  }>([
    {
      title: "once the definitions are like those that were applied",
      action: apply,
      changes: [{ name: "gears.own.dev", before: pruned, after: next }],
      sight: { gears: next },
      proof: "done",
    },
    {
      title: "not while a version is still served that was to go",
      action: apply,
      changes: [{ name: "gears.own.dev", before: pruned, after: next }],
      sight: { gears: pruned },
      proof: "not-done",
    },
    {
      title: "not while the definition of before is still being deleted",
      action: apply,
      changes: [{ name: "gears.own.dev", before: null, after: next }],
      sight: { gears: { ...next, isTerminating: true } },
      proof: "not-done",
    },
    {
      title: "once the storage version is flipped",
      action: { kind: "flip-storage", crd: old, to: "v1" },
      sight: { gears: flipped },
      proof: "done",
    },
    { title: "not before it is", action: { kind: "flip-storage", crd: old, to: "v1" }, sight: { gears: old }, proof: "not-done" },
    {
      title: "once nothing but what remains is among the stored versions",
      action: { kind: "migrate", crd: flipped, objects, remaining: ["v1"] },
      sight: { gears: pruned },
      proof: "done",
    },
    {
      title: "not while more is",
      action: { kind: "migrate", crd: flipped, objects, remaining: ["v1"] },
      sight: { gears: flipped },
      proof: "not-done",
    },
    {
      title: "once the definition is gone",
      action: { kind: "delete-definition", crd: old, isLeftover: false },
      sight: {},
      proof: "done",
    },
    {
      title: "not while it is there",
      action: { kind: "delete-definition", crd: old, isLeftover: false },
      sight: { gears: old },
      proof: "not-done",
    },
    {
      title: "once the image is of the version",
      action: upgrade("1.1.0"),
      sight: { workloads: [workload({ image: "own.dev/mill/turner:v1.1.0" })] },
      proof: "done",
    },
    {
      title: "once it is of a newer one",
      action: upgrade("1.1.0"),
      sight: { workloads: [workload({ image: "own.dev/mill/turner:v1.3.2" })] },
      proof: "done",
    },
    {
      title: "not while it is of an older one",
      action: upgrade("1.1.0"),
      sight: { workloads: [workload({ image: "own.dev/mill/turner:v1.0.3" })] },
      proof: "not-done",
    },
    {
      title: "not at a newer one where it was to go back",
      action: upgrade("1.0.0", "1.1.0"),
      sight: { workloads: [workload({ image: "own.dev/mill/turner:v1.1.0" })] },
      proof: "not-done",
    },
    {
      title: "perhaps, where the tag tells nothing",
      action: upgrade("1.1.0"),
      sight: { workloads: [workload({ image: "own.dev/mill/turner:latest" })] },
      proof: "unseen",
    },
    {
      title: "once it is scaled to zero",
      action: { kind: "stop-workload", workload: turner },
      sight: { workloads: [workload({ isRunning: false })] },
      proof: "done",
    },
    {
      title: "once it runs again",
      action: { kind: "start-workload", workload: turner },
      sight: { workloads: [workload()] },
      proof: "done",
    },
    {
      title: "not while something of what was applied is missing",
      action: { kind: "apply-workloads", workloads: [turner] },
      sight: {},
      proof: "not-done",
    },
    {
      title: "as far as anyone can see, where a copy was made",
      action: { kind: "back-up", crd: old, readIn: "v1", objects },
      sight: {},
      proof: "unseen",
    },
    {
      title: "once no object is left",
      action: { kind: "delete-objects", crd: old, readIn: "v1", objects },
      sight: { objects: counted(0) },
      proof: "done",
    },
    {
      title: "not while one is",
      action: { kind: "delete-objects", crd: old, readIn: "v1", objects },
      sight: { objects: counted(1) },
      proof: "not-done",
    },
    {
      title: "once all objects are back",
      action: { kind: "restore", crd: next, writtenIn: "v1alpha1", restoredIn: "v1", mustBeEdited: true, objects },
      sight: { objects: counted(2) },
      proof: "done",
    },
    {
      title: "not while one is missing",
      action: { kind: "restore", crd: next, writtenIn: "v1alpha1", restoredIn: "v1", mustBeEdited: true, objects },
      sight: { objects: counted(1) },
      proof: "not-done",
    },
  ])("$title", ({ action, changes = [], sight: { gears, ...sight }, proof }) => {
    const crds = new Map(gears === undefined ? [] : [[gears.name, gears]]);

    expect(
      isDone({ id: "step", action, changes, findings: [], because: null }, { crds, workloads: [], objects: null, ...sight }),
    ).toBe(proof);
  });
});

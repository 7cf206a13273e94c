import { describe, expect, it } from "vitest";
import { storedVersionForgotten } from "../../../../src/rules/checks/stored-version-forgotten.ts";
import type { MigrationEvidence, ObjectEvidence } from "../../../../src/rules/facts.ts";
import { counted, crd, noFacts, statusUpdate, update } from "../../../support/builders.ts";

const gears = crd({ served: ["v1", "v1alpha1"], storage: "v1", stored: ["v1alpha1", "v1"] });
const none: MigrationEvidence = { kind: "none" };
const succeeded: MigrationEvidence = { kind: "succeeded", by: "StorageVersionMigration gears" };
const outdated: MigrationEvidence = {
  kind: "outdated",
  by: "StorageVersionMigration gears",
  reason: "the CRD was written later",
};
const uncountable: ObjectEvidence = { kind: "uncountable", reason: "forbidden" };

describe("stored-version-forgotten", () => {
  it.each([
    { title: "denies a trim while objects exist", objects: counted(2), migration: none },
    { title: "denies a trim when objects cannot be counted", objects: uncountable, migration: none },
    { title: "denies a trim when the count was cut short", objects: counted(0, { isComplete: false }), migration: none },
    { title: "denies a trim on a migration that is too old", objects: counted(2), migration: outdated },
  ])("$title", ({ objects, migration }) => {
    expect(
      storedVersionForgotten.find({ change: statusUpdate(gears, ["v1"]), facts: { ...noFacts, objects, migration } }),
    ).toEqual([
      {
        field: "status.storedVersions[v1alpha1]",
        fact: { kind: "stored-version-forgotten", version: "v1alpha1", isStorageVersion: false, objects, migration },
        remedies: [{ kind: "migrate", crd: gears }],
      },
    ]);
  });

  it.each([
    { title: "allows a trim when no object exists", objects: counted(0), migration: none },
    { title: "allows a trim after a migration, whatever the count", objects: counted(2), migration: succeeded },
    { title: "allows a trim after a migration even if objects cannot be counted", objects: uncountable, migration: succeeded },
  ])("$title", ({ objects, migration }) => {
    expect(
      storedVersionForgotten.find({ change: statusUpdate(gears, ["v1"]), facts: { ...noFacts, objects, migration } }),
    ).toEqual([]);
  });

  it("denies to forget the storage version, even without objects and after a migration", () => {
    const change = statusUpdate(gears, ["v1alpha1"]);
    const findings = storedVersionForgotten.find({ change, facts: { ...noFacts, objects: counted(0), migration: succeeded } });

    expect(findings.map(({ field, remedies }) => ({ field, remedies }))).toEqual([
      { field: "status.storedVersions[v1]", remedies: [{ kind: "keep-stored-version", version: "v1" }] },
    ]);
  });

  it.each([
    { title: "an untouched list", change: statusUpdate(gears, ["v1alpha1", "v1"]) },
    { title: "a list in another order", change: statusUpdate(gears, ["v1", "v1alpha1"]) },
    { title: "a longer list", change: statusUpdate(gears, ["v1alpha1", "v1", "v2"]) },
    { title: "an update of the spec", change: update(gears, crd({ served: ["v1"] })) },
  ])("has no opinion on $title, and asks for no evidence", ({ change }) => {
    expect(storedVersionForgotten.find({ change, facts: { ...noFacts, objects: counted(2) } })).toEqual([]);
    expect(storedVersionForgotten.evidence?.(change)).toEqual([]);
  });
});

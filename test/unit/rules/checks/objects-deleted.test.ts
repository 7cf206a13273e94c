import { describe, expect, it } from "vitest";
import { objectsDeleted } from "../../../../src/rules/checks/objects-deleted.ts";
import { counted, crd, noFacts, remove, update } from "../../../support/builders.ts";

const gears = crd({ served: ["v1", "v1alpha1"] });

describe("objects-deleted", () => {
  it.each([
    { title: "denies while one object exists", objects: counted(1) },
    { title: "denies when the count was cut short above zero", objects: counted(3200, { isComplete: false }) },
    { title: "denies when the count was cut short at zero: objects may exist", objects: counted(0, { isComplete: false }) },
    { title: "denies when the objects cannot be counted", objects: { kind: "uncountable", reason: "forbidden" } as const },
  ])("$title", ({ objects }) => {
    const findings = objectsDeleted.find({ change: remove(gears), facts: { ...noFacts, objects } });

    expect(findings).toEqual([
      {
        field: "metadata.name",
        fact: { kind: "objects-deleted", objects },
        remedies: [{ kind: "delete-objects", crd: gears, readIn: "v1" }],
      },
    ]);
  });

  it("tells how to let the server count them, where it may not list them", () => {
    const objects = { kind: "uncountable", reason: "crdguard may not list gears.own.dev", isForbidden: true } as const;
    const [finding] = objectsDeleted.find({ change: remove(gears), facts: { ...noFacts, objects } });

    expect(finding?.remedies).toEqual([
      { kind: "allow-counting", crd: gears },
      { kind: "delete-objects", crd: gears, readIn: "v1" },
    ]);
  });

  it("allows when no object exists", () => {
    expect(objectsDeleted.find({ change: remove(gears), facts: { ...noFacts, objects: counted(0) } })).toEqual([]);
  });

  it("tells to serve a version first where none is served, since nobody can see the objects then", () => {
    const unserved = crd({ served: [], unserved: ["v1"] });
    const [finding] = objectsDeleted.find({
      change: remove(unserved),
      facts: { ...noFacts, objects: { kind: "uncountable", reason: "no version is served" } },
    });

    expect(finding?.remedies).toEqual([{ kind: "serve-to-count", crd: unserved }]);
  });

  it("has no opinion on an update, and asks for no count", () => {
    const change = update(gears, gears);

    expect(objectsDeleted.find({ change, facts: { ...noFacts, objects: counted(5) } })).toEqual([]);
    expect(objectsDeleted.evidence?.(change)).toEqual([]);
    expect(objectsDeleted.evidence?.(remove(gears))).toEqual(["objects"]);
  });
});

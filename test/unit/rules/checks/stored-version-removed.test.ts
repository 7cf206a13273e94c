import { describe, expect, it } from "vitest";
import { storedVersionRemoved } from "../../../../src/rules/checks/stored-version-removed.ts";
import { counted, crd, noFacts, remove, statusUpdate, update } from "../../../support/builders.ts";
import { crdWithForms, form, specOf } from "../../../support/schemas.ts";

/** grpcroutes of a cluster that went v1.0 experimental → v1.1. */
const mixed = crd({ served: ["v1", "v1alpha2"], storage: "v1", stored: ["v1alpha2", "v1"] });
const onlyV1 = crd({ served: ["v1"] });
/** backendtlspolicies v1.0 and v1.1. */
const alpha2 = crd({ served: ["v1alpha2"] });
const alpha3 = crd({ served: ["v1alpha3"] });
/** Both versions there, the old one still the storage version. */
const oldStorage = crd({ served: ["v1", "v1alpha2"], storage: "v1alpha2" });

describe("stored-version-removed", () => {
  it("denies to drop a version that the status names", () => {
    const objects = counted(3);

    expect(storedVersionRemoved.find({ change: update(mixed, onlyV1), facts: { ...noFacts, objects } })).toEqual([
      {
        field: "spec.versions[v1alpha2]",
        fact: { kind: "stored-version-removed", version: "v1alpha2", case: "migrate", objects, isAssumedStored: false },
        remedies: [
          { kind: "migrate", crd: mixed },
          { kind: "keep-version-listed", version: "v1alpha2" },
        ],
      },
    ]);
  });

  it.each([
    {
      title: "no object: the entry can be forgotten",
      change: update(mixed, onlyV1),
      objects: counted(0),
      situation: "no-objects",
      remedy: { kind: "forget-stored-version", crd: mixed, remaining: ["v1"] },
    },
    {
      title: "no object, and the storage version goes: the empty definition can be made anew",
      change: update(alpha2, alpha3),
      objects: counted(0),
      situation: "no-objects",
      remedy: { kind: "recreate-empty-crd", crd: alpha2 },
    },
    {
      title: "objects, and the storage version stays: migrate",
      change: update(mixed, onlyV1),
      objects: counted(1),
      situation: "migrate",
      remedy: { kind: "migrate", crd: mixed },
    },
    {
      title: "objects not counted to the end: migrate as if there were some",
      change: update(mixed, onlyV1),
      objects: counted(0, { isComplete: false }),
      situation: "migrate",
      remedy: { kind: "migrate", crd: mixed },
    },
    {
      title: "objects, and the storage version itself goes in one jump: flip it first",
      change: update(oldStorage, onlyV1),
      objects: counted(1),
      situation: "storage-version-dropped",
      remedy: { kind: "flip-storage-version", crd: oldStorage, to: "v1" },
    },
    {
      title: "objects, and no version in common: back up, delete, replace, create anew",
      change: update(alpha2, alpha3),
      objects: counted(1),
      situation: "no-common-version",
      remedy: { kind: "replace-by-backup", crd: alpha2, readIn: "v1alpha2", newVersion: "v1alpha3" },
    },
  ])("$title", ({ change, objects, situation, remedy }) => {
    const [finding] = storedVersionRemoved.find({ change, facts: { ...noFacts, objects } });

    expect(finding?.fact).toMatchObject({ kind: "stored-version-removed", case: situation });
    expect(finding?.remedies[0]).toEqual(remedy);
  });

  it("knows a version that goes on under another name, in which objects are restored as they are", () => {
    const same = form(specOf({ size: { type: "integer" } }));
    const previous = crdWithForms({ served: ["v1alpha2"] }, { v1alpha2: same });
    const change = update(previous, crdWithForms({ served: ["v1alpha3"] }, { v1alpha3: same }));
    const [finding] = storedVersionRemoved.find({ change, facts: { ...noFacts, objects: counted(1) } });

    expect(storedVersionRemoved.evidence?.(change)).toEqual(["objects", "forms"]);
    expect(finding?.fact).toMatchObject({ case: "no-common-version", renamedTo: "v1alpha3" });
    expect(finding?.remedies[0]).toEqual({
      kind: "replace-by-backup",
      crd: previous,
      readIn: "v1alpha2",
      newVersion: "v1alpha3",
      isRenamed: true,
    });
  });

  it("says when the status was not given and the storage version is taken for stored", () => {
    const withoutStatus = crd({ served: ["v1alpha2"], storedSource: "assumed" });
    const [finding] = storedVersionRemoved.find({
      change: update(withoutStatus, alpha3),
      facts: { ...noFacts, objects: counted(1) },
    });

    expect(finding?.fact).toMatchObject({ isAssumedStored: true });
  });

  it.each([
    { title: "allows to drop a version that nothing is stored in", change: update(crd({ served: ["v1", "v1beta1"] }), onlyV1) },
    {
      title: "allows to stop serving a stored version: it is still listed",
      change: update(mixed, crd({ served: ["v1"], unserved: ["v1alpha2"] })),
    },
    { title: "allows what changes no version", change: update(mixed, { ...mixed, bundle: { version: "v9", channel: null } }) },
    { title: "allows what was missing before", change: update(crd({ served: ["v1"], stored: ["v1alpha2", "v1"] }), onlyV1) },
    { title: "has no opinion on a deletion", change: remove(mixed) },
    { title: "has no opinion on the status", change: statusUpdate(mixed, ["v1"]) },
  ])("$title, and asks for no count", ({ change }) => {
    expect(storedVersionRemoved.find({ change, facts: { ...noFacts, objects: counted(1) } })).toEqual([]);
    expect(storedVersionRemoved.evidence?.(change)).toEqual([]);
  });
});

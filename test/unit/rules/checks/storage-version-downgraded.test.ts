import { describe, expect, it } from "vitest";
import { storageVersionDowngraded } from "../../../../src/rules/checks/storage-version-downgraded.ts";
import { converter, create, crd, noFacts, remove, statusUpdate, update } from "../../../support/builders.ts";

describe("storage-version-downgraded", () => {
  it.each([
    { title: "warns of v1 → v1beta1", before: "v1", after: "v1beta1", flagged: true },
    { title: "warns of v1beta2 → v1beta1", before: "v1beta2", after: "v1beta1", flagged: true },
    { title: "warns of v2 → v1", before: "v2", after: "v1", flagged: true },
    { title: "allows v1beta1 → v1", before: "v1beta1", after: "v1", flagged: false },
    { title: "allows v9 → v10: numbers, not letters", before: "v9", after: "v10", flagged: false },
    { title: "allows no change", before: "v1", after: "v1", flagged: false },
    {
      title: "allows names that tell no stability",
      before: "v1api20230101storage",
      after: "v1api20240101storage",
      flagged: false,
    },
    { title: "allows what goes to such a name", before: "v1", after: "v20240101preview", flagged: false },
  ])("$title", ({ before, after, flagged }) => {
    const served = [before, after];
    const change = update(crd({ storage: before, served }), crd({ storage: after, served }));

    expect(storageVersionDowngraded.find({ change, facts: noFacts })).toEqual(
      flagged
        ? [
            {
              field: `spec.versions[${after}].storage`,
              fact: { kind: "storage-version-downgraded", before, after, isConverted: false },
              remedies: [{ kind: "keep-storage-version", version: before, isListed: true }],
            },
          ]
        : [],
    );
  });

  it("tells that a webhook may keep fields, and that the version is gone from the manifest", () => {
    const conversion = converter();
    const change = update(crd({ served: ["v1"], conversion }), crd({ served: ["v1beta1"], conversion }));

    expect(storageVersionDowngraded.find({ change, facts: noFacts })).toMatchObject([
      { fact: { isConverted: true }, remedies: [{ version: "v1", isListed: false }] },
    ]);
  });

  it.each([
    { title: "a creation", change: create(crd({ served: ["v1alpha1"] })) },
    { title: "a deletion", change: remove(crd({ served: ["v1"] })) },
    { title: "a status update", change: statusUpdate(crd({ served: ["v1"], stored: ["v1", "v1beta1"] }), ["v1"]) },
  ])("allows $title", ({ change }) => {
    expect(storageVersionDowngraded.find({ change, facts: noFacts })).toEqual([]);
  });
});

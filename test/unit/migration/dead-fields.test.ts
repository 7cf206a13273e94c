import { describe, expect, it } from "vitest";
import { isDeadVersion, livingFields } from "../../../src/migration/dead-fields.ts";
import { crd } from "../../support/builders.ts";

const both = crd({ served: ["v1", "v1beta1"], unserved: ["v1alpha1"], storage: "v1", stored: ["v1beta1", "v1"] });

describe("isDeadVersion", () => {
  it.each([
    { title: "one that is not listed", apiVersion: "own.dev/v0", isDead: true },
    { title: "one that is not served", apiVersion: "own.dev/v1alpha1", isDead: true },
    { title: "one that is about to be pruned", apiVersion: "own.dev/v1beta1", isDead: true },
    { title: "not the storage version", apiVersion: "own.dev/v1", isDead: false },
    { title: "nothing of another group", apiVersion: "other.dev/v0", isDead: false },
    { title: "nothing without a group", apiVersion: "v0", isDead: false },
  ])("takes $title", ({ apiVersion, isDead }) => {
    expect(isDeadVersion(both, apiVersion)).toBe(isDead);
  });

  it("takes one that is served, and stored no more, for living", () => {
    expect(isDeadVersion(crd({ served: ["v1", "v1beta1"], stored: ["v1"] }), "own.dev/v1beta1")).toBe(false);
  });
});

describe("livingFields", () => {
  const dead = { manager: "team", apiVersion: "own.dev/v1alpha1" };
  const living = { manager: "other", apiVersion: "own.dev/v1" };

  it.each([
    { title: "nothing where all are living", managedFields: [living], left: null },
    { title: "nothing where there are none", managedFields: [], left: null },
    { title: "the living ones", managedFields: [dead, living], left: [living] },
  ])("leaves $title", ({ managedFields, left }) => {
    expect(livingFields({ managedFields }, both, "v1")).toEqual(left);
  });

  it("leaves one that owns nothing where no other may stay", () => {
    expect(livingFields({ managedFields: [dead] }, both, "v1")).toEqual([
      {
        manager: "crdguard-migrate",
        operation: "Update",
        apiVersion: "own.dev/v1",
        fieldsType: "FieldsV1",
        fieldsV1: { "f:metadata": { "f:name": {} } },
      },
    ]);
  });
});

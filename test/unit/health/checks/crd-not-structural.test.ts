import { describe, expect, it } from "vitest";
import { crdNotStructural } from "../../../../src/health/checks/crd-not-structural.ts";
import { crd } from "../../../support/builders.ts";
import { healthFacts } from "../../../support/health.ts";

const having = (status: string, type = "NonStructuralSchema") => ({
  ...crd({ served: ["v1"] }),
  conditions: [{ type, status, reason: "Violations", message: "spec.preserveUnknownFields: Invalid value: true" }],
});

describe("crd-not-structural", () => {
  it("is a warning of a schema that the API server calls so, in its own words", () => {
    expect(crdNotStructural.find(healthFacts({ crds: [having("True")] }))).toEqual([
      {
        subject: { kind: "crd", name: "gears.own.dev" },
        field: "spec.versions.schema.openAPIV3Schema",
        fact: { kind: "crd-not-structural", reason: "spec.preserveUnknownFields: Invalid value: true" },
        remedies: [{ kind: "make-structural", crd: having("True") }],
      },
    ]);
  });

  it.each([
    { title: "a condition that does not hold", ailing: having("False") },
    { title: "another condition", ailing: having("True", "NamesAccepted") },
    { title: "no condition", ailing: crd({ served: ["v1"] }) },
  ])("says nothing of $title", ({ ailing }) => {
    expect(crdNotStructural.find(healthFacts({ crds: [ailing] }))).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { storedVersionUnlisted } from "../../../../src/health/checks/stored-version-unlisted.ts";
import { counted, crd } from "../../../support/builders.ts";
import { healthFacts } from "../../../support/health.ts";

describe("stored-version-unlisted", () => {
  it("is an error of a version that the status alone names, to be forgotten where no object is", () => {
    const ailing = crd({ served: ["v1"], stored: ["v1alpha1", "v1"] });

    expect(storedVersionUnlisted.find(healthFacts({ crds: [ailing], objects: counted(0) }))).toEqual([
      {
        subject: { kind: "crd", name: "gears.own.dev" },
        field: "status.storedVersions",
        fact: { kind: "stored-version-unlisted", versions: ["v1alpha1"], objects: counted(0) },
        remedies: [{ kind: "forget-stored-versions", crd: ailing, isEmpty: true }],
      },
    ]);
  });

  it.each([
    { title: "puts the version back where objects are", objects: counted(2), remedy: "relist-versions" },
    { title: "puts it back where a count was cut short", objects: counted(0, { isComplete: false }), remedy: "relist-versions" },
  ])("$title", ({ objects, remedy }) => {
    const [finding] = storedVersionUnlisted.find(
      healthFacts({ crds: [crd({ served: ["v1"], stored: ["v1alpha1", "v1"] })], objects }),
    );

    expect(finding?.remedies.map(({ kind }) => kind)).toEqual([remedy]);
  });

  it.each([
    {
      title: "a version that is listed, if not served",
      shape: { served: ["v1"], unserved: ["v1alpha1"], stored: ["v1alpha1", "v1"] },
    },
    { title: "a manifest without status", shape: { served: ["v1"], stored: ["v0"], storedSource: "assumed" as const } },
  ])("says nothing of $title", ({ shape }) => {
    expect(storedVersionUnlisted.find(healthFacts({ crds: [crd(shape)] }))).toEqual([]);
  });
});

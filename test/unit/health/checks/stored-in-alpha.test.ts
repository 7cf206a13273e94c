import { describe, expect, it } from "vitest";
import { storedInAlpha } from "../../../../src/health/checks/stored-in-alpha.ts";
import { crd } from "../../../support/builders.ts";
import { healthFacts } from "../../../support/health.ts";

describe("stored-in-alpha", () => {
  it("warns where a more stable version is served", () => {
    const ailing = crd({ served: ["v1alpha1", "v1beta1", "v1"], storage: "v1alpha1" });

    expect(storedInAlpha.find(healthFacts({ crds: [ailing] }))).toEqual([
      {
        subject: { kind: "crd", name: "gears.own.dev" },
        field: "spec.versions[v1alpha1].storage",
        fact: { kind: "stored-in-alpha", storage: "v1alpha1", better: "v1" },
        remedies: [{ kind: "store-in", crd: ailing, to: "v1" }],
      },
    ]);
  });

  it("notes those that have no better one, once for their group", () => {
    const crds = ["wheels.own.dev", "gears.own.dev", "cogs.other.dev"].map((name) =>
      crd({ name, served: ["v1alpha1", "v1alpha2"] }),
    );

    expect(storedInAlpha.find(healthFacts({ crds }))).toMatchObject([
      { severity: "note", subject: { group: "own.dev" }, fact: { crds: ["gears.own.dev", "wheels.own.dev"] } },
      { severity: "note", subject: { group: "other.dev" }, fact: { crds: ["cogs.other.dev"] } },
    ]);
  });

  it.each([
    { title: "a beta version", shape: { served: ["v1beta1", "v1"], storage: "v1beta1" } },
    { title: "a version of another form", shape: { served: ["alpha", "v1"], storage: "alpha" } },
    { title: "an alpha version that is not the storage version", shape: { served: ["v1", "v1alpha1"] } },
  ])("says nothing of $title", ({ shape }) => {
    expect(storedInAlpha.find(healthFacts({ crds: [crd(shape)] }))).toEqual([]);
  });

  it("makes no better one of a version that is not served", () => {
    const crds = [crd({ served: ["v1alpha1"], unserved: ["v1"], storage: "v1alpha1" })];

    expect(storedInAlpha.find(healthFacts({ crds }))).toMatchObject([{ fact: { kind: "alpha-only" } }]);
  });
});

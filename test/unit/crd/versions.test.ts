import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commonVersions, compareVersions, servedVersions, storageVersion } from "../../../src/crd/versions.ts";
import { crd } from "../../support/builders.ts";

describe("compareVersions", () => {
  it("orders as Kubernetes documents it", () => {
    const documented = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"];

    expect(documented.toReversed().toSorted((left, right) => compareVersions(right, left))).toEqual(documented);
  });

  it.each([
    { title: "GA wins over beta, whatever the numbers", left: "v1", right: "v2beta1", sign: 1 },
    { title: "numbers are numbers, not letters", left: "v10", right: "v9", sign: 1 },
    { title: "a name of another form comes last", left: "v1alpha1", right: "stable", sign: 1 },
    { title: "v0 is a name of another form", left: "v0", right: "v1alpha1", sign: -1 },
    { title: "equal names are equal", left: "v1beta1", right: "v1beta1", sign: 0 },
  ])("$title", ({ left, right, sign }) => {
    expect(Math.sign(compareVersions(left, right))).toBe(sign);
  });

  it("is a total order", () => {
    const name = fc.oneof(
      fc.stringMatching(/^v[1-9]\d?$/),
      fc.stringMatching(/^v[1-9](alpha|beta)[1-9]$/),
      fc.stringMatching(/^[a-z][a-z0-9]{0,4}$/),
    );
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) || 0);
        expect(compareVersions(a, b) === 0).toBe(a === b);
        if (compareVersions(a, b) > 0 && compareVersions(b, c) > 0) expect(compareVersions(a, c)).toBeGreaterThan(0);
      }),
    );
  });
});

describe("questions about versions", () => {
  const subject = crd({ served: ["v1alpha1", "v1"], unserved: ["v1beta1"], storage: "v1beta1" });

  it("names the storage version, served or not", () => {
    expect(storageVersion(subject)).toBe("v1beta1");
  });

  it("names served versions, most stable first", () => {
    expect(servedVersions(subject)).toEqual(["v1", "v1alpha1"]);
  });

  it("names common versions, most stable first", () => {
    expect(commonVersions(subject, crd({ served: ["v2", "v1beta1", "v1"] }))).toEqual(["v1", "v1beta1"]);
  });
});

import { describe, expect, it } from "vitest";
import { UNRECORDED } from "../../../src/crd/crd.ts";
import { parseCrd } from "../../../src/crd/parse.ts";

function manifest(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "gears.own.dev", generation: 3 },
    spec: {
      group: "own.dev",
      scope: "Namespaced",
      names: { plural: "gears", kind: "Gear" },
      versions: [
        { name: "v1", served: true, storage: true, schema: {} },
        { name: "v1alpha1", served: false, storage: false },
      ],
    },
    ...changes,
  };
}

const spec = manifest()["spec"];

describe("parseCrd", () => {
  it.each<[title: string, names: object, others: readonly string[]]>([
    ["its kind in small letters for want of a singular, as the API server fills it in", {}, ["gear"]],
    ["its own singular", { singular: "cog" }, ["cog"]],
    ["its short names and categories", { shortNames: ["gr"], categories: ["all"] }, ["gear", "gr", "all"]],
  ])("names an object by %s", (_title, names, others) => {
    const result = parseCrd(manifest({ spec: { ...Object(spec), names: { plural: "gears", kind: "Gear", ...names } } }));

    expect(result.ok && result.value.otherNames).toEqual(others);
  });

  it("keeps what rules read, and nothing else", () => {
    const input = manifest({
      metadata: {
        name: "gears.own.dev",
        generation: 3,
        labels: { team: "mill", size: 3 },
        annotations: {
          "gateway.networking.k8s.io/bundle-version": "v1.1.0",
          "gateway.networking.k8s.io/channel": "standard",
          other: "x",
        },
        managedFields: [
          { manager: "kubectl", time: "2026-01-01T00:00:00Z" },
          { manager: "helm", time: "2026-03-01T00:00:00Z" },
          { manager: "kube-apiserver", time: "2026-05-01T00:00:00Z", subresource: "status" },
        ],
      },
      status: { storedVersions: ["v1alpha1", "v1"], conditions: [{ type: "Established", status: "True" }] },
    });

    expect(parseCrd(input)).toEqual({
      ok: true,
      value: {
        name: "gears.own.dev",
        group: "own.dev",
        plural: "gears",
        kind: "Gear",
        scope: "Namespaced",
        versions: [
          { name: "v1", isServed: true, isStorage: true },
          { name: "v1alpha1", isServed: false, isStorage: false },
        ],
        stored: { names: ["v1alpha1", "v1"], source: "status" },
        bundle: { version: "v1.1.0", channel: "standard" },
        ...UNRECORDED,
        otherNames: ["gear"],
        conversion: { kind: "none", isUntold: true },
        generation: 3,
        labels: { team: "mill" },
        lastWrittenAt: "2026-03-01T00:00:00Z",
      },
    });
  });

  it.each([
    { title: "nothing", annotations: undefined, expected: null },
    { title: "nothing without rules", annotations: { "crdguard.dev/override-reason": "why" }, expected: null },
    { title: "nothing of what is no text", annotations: { "crdguard.dev/override": ["objects-deleted"] }, expected: null },
    {
      title: "rules alone",
      annotations: { "crdguard.dev/override": "objects-deleted" },
      expected: { rules: "objects-deleted", reason: null, until: null },
    },
    {
      title: "all of it, as it stands",
      annotations: {
        "crdguard.dev/override": " a,b",
        "crdguard.dev/override-reason": "why",
        "crdguard.dev/override-until": "soon",
      },
      expected: { rules: " a,b", reason: "why", until: "soon" },
    },
  ])("reads $title of an override", ({ annotations, expected }) => {
    const result = parseCrd(manifest({ metadata: { name: "gears.own.dev", uid: "u1", annotations } }));

    expect(result.ok && [result.value.uid, result.value.override]).toEqual(["u1", expected]);
  });

  it("takes the storage version for stored where there is no status", () => {
    const result = parseCrd(manifest());

    expect(result.ok && result.value.stored).toEqual({ names: ["v1"], source: "assumed" });
  });

  it.each([
    { title: "of this generation counts", observedGeneration: 3, reason: "MigrationSucceeded", expected: true },
    { title: "of an older generation does not", observedGeneration: 2, reason: "MigrationSucceeded", expected: false },
    { title: "that failed does not", observedGeneration: 3, reason: "MigrationFailed", expected: false },
  ])("a finished in-tree migration $title", ({ observedGeneration, reason, expected }) => {
    const conditions = [{ type: "StorageMigrating", status: "False", reason, observedGeneration }];
    const result = parseCrd(manifest({ status: { storedVersions: ["v1"], conditions } }));

    expect(result.ok && result.value.isMigratedInTree).toBe(expected);
  });

  it.each([
    { title: "null", input: null, code: "not-a-crd", path: "" },
    { title: "a list", input: [], code: "not-a-crd", path: "" },
    { title: "another kind", input: { apiVersion: "v1", kind: "Pod" }, code: "not-a-crd", path: "kind" },
    {
      title: "v1beta1",
      input: manifest({ apiVersion: "apiextensions.k8s.io/v1beta1" }),
      code: "crd-malformed",
      path: "apiVersion",
    },
    { title: "no spec", input: manifest({ spec: undefined }), code: "crd-malformed", path: "spec" },
    {
      title: "no versions",
      input: manifest({ spec: { ...Object(spec), versions: [] } }),
      code: "crd-malformed",
      path: "spec.versions",
    },
    {
      title: "a version twice",
      input: manifest({ spec: { ...Object(spec), versions: [1, 2].map(() => ({ name: "v1", served: true, storage: true })) } }),
      code: "crd-malformed",
      path: "spec.versions[1].name",
    },
    {
      title: "served that is no boolean",
      input: manifest({ spec: { ...Object(spec), versions: [{ name: "v1", served: "yes", storage: true }] } }),
      code: "crd-malformed",
      path: "spec.versions[0].served",
    },
  ])("refuses $title and says where", ({ input, code, path }) => {
    const result = parseCrd(input);

    expect(result.ok ? null : { code: result.error.code, path: result.error.path }).toEqual({ code, path });
  });

  it("is not moved by __proto__ keys", () => {
    const hostile: unknown = JSON.parse(
      JSON.stringify(manifest()).replace('"spec":{', '"__proto__":{"polluted":true},"spec":{"__proto__":{"versions":[]},'),
    );

    expect(parseCrd(hostile)).toEqual(parseCrd(manifest()));
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});

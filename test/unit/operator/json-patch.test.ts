import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyPatch, type PatchOperation } from "../../../src/operator/json-patch.ts";

const document = { spec: { replicas: 2, args: ["serve", "--listen"], "a/b": { "m~n": 1 } } };

describe("a patch", () => {
  it.each<{ readonly title: string; readonly operation: PatchOperation; readonly spec: unknown }>([
    {
      title: "replaces a member",
      operation: { op: "replace", path: "/spec/replicas", value: 3 },
      spec: { ...document.spec, replicas: 3 },
    },
    {
      title: "adds a member",
      operation: { op: "add", path: "/spec/paused", value: true },
      spec: { ...document.spec, paused: true },
    },
    {
      title: "adds to the end of a list",
      operation: { op: "add", path: "/spec/args/-", value: "x" },
      spec: { ...document.spec, args: ["serve", "--listen", "x"] },
    },
    {
      title: "inserts into a list",
      operation: { op: "add", path: "/spec/args/1", value: "x" },
      spec: { ...document.spec, args: ["serve", "x", "--listen"] },
    },
    {
      title: "removes an item",
      operation: { op: "remove", path: "/spec/args/0" },
      spec: { ...document.spec, args: ["--listen"] },
    },
    {
      title: "reads escapes: ~1 is a slash, ~0 a tilde",
      operation: { op: "replace", path: "/spec/a~1b/m~0n", value: 2 },
      spec: { ...document.spec, "a/b": { "m~n": 2 } },
    },
  ])("$title", ({ operation, spec }) => {
    const before = structuredClone(document);

    expect(applyPatch(document, [operation])).toEqual({ spec });
    expect(document).toEqual(before);
  });

  it.each<PatchOperation>([
    { op: "replace", path: "/spec/paused", value: true },
    { op: "remove", path: "/spec/paused" },
    { op: "add", path: "/status/ready", value: 1 },
    { op: "replace", path: "/spec/args/2", value: "x" },
    { op: "add", path: "/spec/args/3", value: "x" },
    { op: "replace", path: "/spec/args/-", value: "x" },
    { op: "add", path: "/spec/args/01", value: "x" },
    { op: "add", path: "/spec/replicas/x", value: "x" },
  ])("throws where it does not fit: $op $path", (operation) => {
    expect(() => applyPatch(document, [operation])).toThrow(`there is nothing at ${operation.path} to ${operation.op}`);
  });

  it("takes away what it has added, at any key", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.jsonValue(), (key, value) => {
        fc.pre(key !== "__proto__");
        const path = `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        const patched = applyPatch({}, [{ op: "add", path, value }]);

        expect(patched).toEqual({ [key]: value });
        expect(applyPatch(patched, [{ op: "remove", path }])).toEqual({});
      }),
    );
  });
});

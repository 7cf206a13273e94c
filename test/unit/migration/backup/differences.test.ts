import { describe, expect, it } from "vitest";
import { differencesOf } from "../../../../src/migration/backup/differences.ts";

describe("what of an object is not in another", () => {
  it.each<{ title: string; wanted: unknown; live: unknown; dropped?: readonly string[]; changed?: readonly string[] }>([
    { title: "nothing, where they are the same", wanted: { a: [1, { b: 2 }] }, live: { a: [1, { b: 2 }] } },
    { title: "nothing, where the other has more", wanted: { a: {} }, live: { a: { b: "default" }, c: 1 } },
    { title: "a field that was dropped", wanted: { spec: { size: 1 } }, live: { spec: {} }, dropped: ["spec.size"] },
    { title: "all below it only once", wanted: { spec: { a: { b: 1 } } }, live: {}, dropped: ["spec"] },
    { title: "a field with another value", wanted: { spec: { size: 1 } }, live: { spec: { size: "1" } }, changed: ["spec.size"] },
    { title: "an item of a list", wanted: { a: [{ b: 1 }, { b: 2 }] }, live: { a: [{ b: 1 }, { b: 3 }] }, changed: ["a[1].b"] },
    { title: "a list that is longer", wanted: { a: [1] }, live: { a: [1, 2] }, changed: ["a"] },
    { title: "the order of a list", wanted: { a: [1, 2] }, live: { a: [2, 1] }, changed: ["a[0]", "a[1]"] },
    {
      title: "not the order of finalizers, nor those of others",
      wanted: { metadata: { finalizers: ["b", "a"] } },
      live: { metadata: { finalizers: ["c", "a", "b"] } },
    },
    {
      title: "a finalizer that is missing",
      wanted: { metadata: { finalizers: ["b", "a"] } },
      live: { metadata: { finalizers: ["a"] } },
      dropped: ["metadata.finalizers[0]"],
    },
    { title: "a key that is no word", wanted: { a: { "x.y/z": 1 } }, live: { a: {} }, dropped: ['a["x.y/z"]'] },
    { title: "not a null that is not there", wanted: { a: null }, live: {} },
    { title: "what every record inherits", wanted: { constructor: "x" }, live: {}, dropped: ["constructor"] },
    { title: "digits beyond a double", wanted: { a: 2n ** 60n }, live: { a: 2n ** 60n + 1n }, changed: ["a"] },
  ])("$title", ({ wanted, live, dropped = [], changed = [] }) => {
    expect(differencesOf(wanted, live)).toEqual({ dropped, changed });
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FoundOwner, ownerKey, wavesOf, withOwners } from "../../../../src/migration/backup/owner-references.ts";

const reference = { apiVersion: "own.dev/v1", kind: "Drum", name: "a", uid: "old", controller: true };
const owned = { kind: "Gear", metadata: { name: "g", namespace: "mill", ownerReferences: [reference] } };

describe("owner references", () => {
  it.each<{ title: string; found: FoundOwner; references: unknown; leftOut: unknown }>([
    {
      title: "point at the owner that there is now, in a version that is served",
      found: { kind: "found", uid: "new", apiVersion: "own.dev/v2" },
      references: [{ ...reference, uid: "new", apiVersion: "own.dev/v2" }],
      leftOut: [],
    },
    {
      title: "are left out where the owner is gone",
      found: { kind: "gone" },
      references: undefined,
      leftOut: [{ owner: { apiVersion: "own.dev/v1", kind: "Drum", name: "a", namespace: "mill" }, reason: null }],
    },
    {
      title: "are left out where nobody may say whether it is there",
      found: { kind: "unknown", reason: "forbidden" },
      references: undefined,
      leftOut: [{ owner: { apiVersion: "own.dev/v1", kind: "Drum", name: "a", namespace: "mill" }, reason: "forbidden" }],
    },
  ])("$title", ({ found, references, leftOut }) => {
    const mapped = withOwners(owned, () => found);

    expect(mapped.object["metadata"]).toEqual(
      references === undefined ? { name: "g", namespace: "mill" } : { name: "g", namespace: "mill", ownerReferences: references },
    );
    expect(mapped.leftOut).toEqual(leftOut);
  });

  it("name an owner whatever version it is read in", () => {
    const owner = { apiVersion: "own.dev/v1", kind: "Drum", namespace: "", name: "a" };

    expect(ownerKey({ ...owner, apiVersion: "own.dev/v2" })).toBe(ownerKey(owner));
    expect(ownerKey({ ...owner, apiVersion: "v1" })).not.toBe(ownerKey(owner));
  });
});

describe("waves", () => {
  it("have owners before those they own, and circles last", () => {
    const { waveOf, count } = wavesOf(
      new Map([
        ["child", ["parent"]],
        ["grandchild", ["child", "parent"]],
        ["left", ["right"]],
        ["right", ["left"]],
        ["self", ["self"]],
      ]),
    );

    expect([...waveOf]).toEqual([
      ["child", 1],
      ["grandchild", 2],
      ["left", 3],
      ["right", 3],
      ["self", 3],
    ]);
    expect(count).toBe(4);
  });

  it("are one where nobody owns anybody", () => {
    expect(wavesOf(new Map())).toEqual({ waveOf: new Map(), count: 1 });
  });

  it("hold each object once, and never one before an owner but in circles", () => {
    const names = fc.constantFrom("a", "b", "c", "d", "e");
    fc.assert(
      fc.property(fc.dictionary(names, fc.uniqueArray(names, { minLength: 1 })), (owners) => {
        const own = new Map(Object.entries(owners));
        const { waveOf, count } = wavesOf(own);

        expect([...waveOf.keys()].toSorted()).toEqual([...own.keys()].toSorted());
        for (const [name, wave] of waveOf) {
          expect(wave).toBeLessThan(count);
          if (wave < count - 1) for (const owner of own.get(name) ?? []) expect(waveOf.get(owner) ?? 0).toBeLessThan(wave);
        }
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalText } from "../../../../src/crd/canonical-text.ts";
import { contentHash, hashOfAll, restorable } from "../../../../src/migration/backup/content.ts";

const LIVE = {
  apiVersion: "own.dev/v1",
  kind: "Gear",
  metadata: {
    name: "a",
    namespace: "mill",
    uid: "u",
    resourceVersion: "7",
    generation: 2,
    creationTimestamp: "2026-01-01T00:00:00Z",
    deletionTimestamp: "2026-01-02T00:00:00Z",
    deletionGracePeriodSeconds: 0,
    selfLink: "/x",
    managedFields: [{ manager: "kubectl" }],
    labels: { a: "b" },
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
    finalizers: ["own.dev/hold"],
    ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "b", uid: "v" }],
  },
  spec: { uid: "its own", metadata: { uid: "of a template" } },
  status: { phase: "turning" },
};

describe("what is kept of an object", () => {
  it("is all but what the API server gives anew", () => {
    expect(restorable(LIVE)).toEqual({
      ...LIVE,
      metadata: {
        name: "a",
        namespace: "mill",
        labels: { a: "b" },
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
        finalizers: ["own.dev/hold"],
        ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "b", uid: "v" }],
      },
    });
  });

  it("is the same when it is taken again", () => {
    fc.assert(
      fc.property(
        fc.record({
          metadata: fc.dictionary(fc.constantFrom("uid", "name", "labels", "managedFields"), fc.jsonValue()),
          spec: fc.jsonValue(),
        }),
        (object) => {
          expect(restorable(restorable(object))).toEqual(restorable(object));
        },
      ),
    );
  });
});

describe("the hash of a content", () => {
  it("does not depend on the order of members", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.integer(), (object, seed) => {
        const entries = Object.entries(object);
        const turned = entries.map((_, index) => entries[(index + Math.abs(seed)) % entries.length] ?? ["", null]);

        expect(contentHash(Object.fromEntries(turned.toReversed()))).toBe(contentHash(object));
      }),
    );
  });

  it("depends on all else: two JSON values have one text only where they are the same", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        const isSame = canonicalText(left) === canonicalText(right);

        expect(JSON.parse(canonicalText(left))).toEqual(JSON.parse(JSON.stringify(left)));
        if (isSame) expect(JSON.parse(canonicalText(left))).toEqual(JSON.parse(JSON.stringify(right)));
      }),
    );
  });

  it("takes all digits of an integer", () => {
    expect(canonicalText({ b: 9_223_372_036_854_775_807n, a: [1] })).toBe('{"a":[1],"b":9223372036854775807}');
  });

  it("over many is that of lines as sha256sum prints them", () => {
    const hash = "0".repeat(64);

    // printf '%s  a.yaml\n' 000…0 | sha256sum
    expect(hashOfAll([{ sha256: hash, path: "a.yaml" }])).not.toBe(hashOfAll([{ sha256: hash, path: "b.yaml" }]));
    expect(hashOfAll([])).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });
});

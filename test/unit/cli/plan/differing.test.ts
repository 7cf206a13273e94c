import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differs } from "../../../../src/cli/plan/differing.ts";

type Crd = Readonly<Record<string, unknown>>;

const LIVE: Crd = {
  metadata: {
    name: "gears.own.dev",
    uid: "1",
    labels: { app: "mill", added: "by somebody" },
    annotations: { note: "a", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
  },
  spec: {
    group: "own.dev",
    conversion: { strategy: "None" },
    names: { plural: "gears", kind: "Gear", listKind: "GearList" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
  },
  status: { storedVersions: ["v1"] },
};

const VERSION = { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } };

describe("a definition", () => {
  it.each<{ title: string; given: Crd; expected: boolean }>([
    { title: "that says nothing else is the same", given: { metadata: { name: "gears.own.dev" }, spec: {} }, expected: false },
    {
      title: "that leaves out what the API server adds is the same",
      given: { metadata: { labels: { app: "mill" } }, spec: { names: { plural: "gears", kind: "Gear" }, versions: [VERSION] } },
      expected: false,
    },
    { title: "with another status is the same", given: { ...LIVE, status: { storedVersions: ["v2"] } }, expected: false },
    {
      title: "whose members that say nothing are spelled out is the same",
      given: {
        spec: {
          preserveUnknownFields: false,
          names: { shortNames: [] },
          versions: [{ ...VERSION, deprecated: false, subresources: {} }],
        },
      },
      expected: false,
    },
    { title: "with another label differs", given: { metadata: { labels: { app: "forge" } } }, expected: true },
    { title: "with another annotation differs", given: { metadata: { annotations: { note: "b" } } }, expected: true },
    {
      title: "with a version more differs",
      given: { spec: { versions: [VERSION, { ...VERSION, name: "v2" }] } },
      expected: true,
    },
    {
      title: "with a column more differs",
      given: { spec: { versions: [{ ...VERSION, additionalPrinterColumns: [{ name: "Age" }] }] } },
      expected: true,
    },
    {
      title: "whose version lacks its schema differs: a list's items are applied as a whole",
      given: { spec: { versions: [{ name: "v1", served: true, storage: true }] } },
      expected: true,
    },
    {
      title: "with another type in its schema differs",
      given: { spec: { versions: [{ ...VERSION, schema: { openAPIV3Schema: { type: "array" } } }] } },
      expected: true,
    },
    {
      title: "that no longer serves a version differs",
      given: { spec: { versions: [{ ...VERSION, served: false }] } },
      expected: true,
    },
    { title: "with an object where there is a text differs", given: { spec: { group: { name: "own.dev" } } }, expected: true },
  ])("$title", ({ given, expected }) => {
    expect(differs(given, LIVE)).toBe(expected);
  });

  it("never differs from itself, whatever the API server adds to its objects", () => {
    const value = fc.jsonValue();
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), fc.dictionary(fc.string(), value), (spec, added) => {
        expect(differs({ spec }, { spec })).toBe(false);
        expect(differs({ spec }, { spec: { ...added, ...spec } })).toBe(false);
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WrittenSchema } from "../../../../src/crd/crd.ts";
import { parseCrd } from "../../../../src/crd/parse.ts";
import { isUnformed, looksFor } from "../../../../src/crd/schema/looks.ts";
import { isSameSchema } from "../../../../src/crd/schema/same-schema.ts";
import { crd, type CrdShape } from "../../../support/builders.ts";

const OLD = { type: "object", properties: { size: { type: "integer" } } };
const NEW = { type: "object", properties: { size: { type: "string" } } };
const OTHER = { type: "object", properties: { teeth: { type: "integer" } } };
const SAME = { ...OLD, description: "A gear." };
const WEBHOOK = { kind: "webhook", target: { kind: "url", url: "https://own.dev" }, caBundle: null } as const;

interface Row {
  readonly title: string;
  readonly before: CrdShape;
  readonly after: CrdShape;
  /** `<read in>: <version> <before> → <after> <validated or not> <pruned as>`. */
  readonly looks: readonly string[];
}

const v1 = (schema: object): CrdShape => ({ served: ["v1"], schemas: { v1: { ...schema } } });
const both = (newer: object, older: object, more: Partial<CrdShape> = {}): CrdShape => ({
  served: ["v1", "v1beta1"],
  schemas: { v1: { ...newer }, v1beta1: { ...older } },
  ...more,
});

const ROWS: readonly Row[] = [
  { title: "reads nothing where no schema changes", before: v1(OLD), after: v1(OLD), looks: [] },
  { title: "reads nothing where words for people change alone", before: v1(OLD), after: v1(SAME), looks: [] },
  {
    title: "reads objects in the version whose schema changes",
    before: v1(OLD),
    after: v1(NEW),
    looks: ["v1: v1 OLD → NEW validated stored"],
  },
  {
    title: "reads once, in the storage version, where conversion changes nothing",
    before: both(OLD, OLD),
    after: both(NEW, NEW),
    looks: ["v1: v1 OLD → NEW validated stored; v1beta1 OLD → NEW validated served"],
  },
  {
    title: "reads each version by itself where a webhook converts",
    before: both(OLD, OTHER, { conversion: WEBHOOK }),
    after: both(NEW, NEW, { conversion: WEBHOOK }),
    looks: ["v1: v1 OLD → NEW validated stored", "v1beta1: v1beta1 OTHER → NEW validated served"],
  },
  {
    title: "reads each version by itself where the storage version is not served",
    before: both(OLD, OLD, { served: ["v1beta1", "v1beta2"], unserved: ["v1"], storage: "v1", schemas: ALL(OLD) }),
    after: both(NEW, NEW, { served: ["v1beta1", "v1beta2"], unserved: ["v1"], storage: "v1", schemas: ALL(NEW) }),
    looks: [
      "v1beta2: v1beta2 OLD → NEW validated served; v1 OLD → NEW unvalidated stored",
      "v1beta1: v1beta1 OLD → NEW validated served",
    ],
  },
  {
    title: "holds objects against a version that is served from now on, by what was fine so far",
    before: v1(OLD),
    after: { served: ["v1", "v2"], storage: "v1", schemas: { v1: OLD, v2: NEW } },
    looks: ["v1: v2 OLD → NEW validated -"],
  },
  {
    title: "reads nothing where the version that is served from now on has the schema of today",
    before: v1(OLD),
    after: { served: ["v1", "v2"], storage: "v1", schemas: { v1: OLD, v2: SAME } },
    looks: [],
  },
  {
    title: "cannot tell what a webhook makes of objects in a version that is served from now on",
    before: v1(OLD),
    after: { served: ["v1", "v2"], storage: "v1", schemas: { v1: OLD, v2: NEW }, conversion: WEBHOOK },
    looks: [],
  },
  {
    title: "looks for what another storage version loses",
    before: both(OLD, OTHER),
    after: both(OLD, OTHER, { storage: "v1beta1" }),
    looks: ["v1: v1beta1 OLD → OTHER unvalidated stored"],
  },
  {
    title: "tells once what another storage version loses whose schema changes too",
    before: both(OLD, OTHER),
    after: both(OLD, NEW, { storage: "v1beta1" }),
    looks: ["v1: v1beta1 OTHER → NEW validated -; v1beta1 OLD → NEW unvalidated stored"],
  },
  {
    title: "looks for what is lost of objects stored in a version that is not served",
    before: { served: ["v1"], unserved: ["v1beta1"], stored: ["v1beta1", "v1"], schemas: { v1: OLD, v1beta1: OLD } },
    after: { served: ["v1"], unserved: ["v1beta1"], schemas: { v1: OLD, v1beta1: OTHER } },
    looks: ["v1: v1beta1 OLD → OTHER unvalidated stored"],
  },
  {
    title: "leaves a version that nothing is stored in, and that nobody can read, alone",
    before: { served: ["v1"], unserved: ["v1beta1"], schemas: { v1: OLD, v1beta1: OLD } },
    after: { served: ["v1"], unserved: ["v1beta1"], schemas: { v1: OLD, v1beta1: OTHER } },
    looks: [],
  },
  {
    title: "leaves versions that go away to other rules",
    before: both(OLD, OLD),
    after: v1(OLD),
    looks: [],
  },
  {
    title: "holds nothing against a version that comes in place of the one that objects are stored in",
    before: v1(OLD),
    after: { served: ["v2"], storage: "v2", schemas: { v2: NEW } },
    looks: [],
  },
  {
    title: "can read nothing where no version is served",
    before: { served: [], unserved: ["v1"], schemas: { v1: OLD } },
    after: { served: [], unserved: ["v1"], schemas: { v1: NEW } },
    looks: [],
  },
];

function ALL(schema: object): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return { v1: { ...schema }, v1beta1: { ...schema }, v1beta2: { ...schema } };
}

describe("looksFor", () => {
  it.each(ROWS)("$title", ({ before, after, looks }) => {
    expect(
      looksFor(crd(before), crd(after)).map(
        ({ readIn, checks }) =>
          `${readIn}: ${checks
            .map((check) => {
              const change = `${nameOf(check.before)} → ${nameOf(check.after)}`;
              return `${check.version} ${change} ${check.isValidated ? "" : "un"}validated ${check.prunedAs ?? "-"}`;
            })
            .join("; ")}`,
      ),
    ).toEqual(looks);
  });

  it("gives the same looks for the same two CRDs, without comparing them again", () => {
    const [before, after] = [crd(v1(OLD)), crd(v1(NEW))];

    expect(looksFor(before, after)).toBe(looksFor(before, after));
  });

  it("knows nothing of CRDs without forms", () => {
    expect(looksFor(crd({ served: ["v1"] }), crd(v1(NEW)))).toEqual([]);
    expect(isUnformed(crd({ served: ["v1"] }))).toBe(true);
    expect(isUnformed(crd(v1(NEW)))).toBe(false);
  });
});

function nameOf(schema: WrittenSchema | null): string {
  const text = schema?.kind === "value" ? JSON.stringify(schema.value) : "?";
  return ["OLD", "NEW", "OTHER"].find((_, index) => JSON.stringify([OLD, NEW, OTHER][index]) === text) ?? "SAME";
}

describe("isSameSchema", () => {
  it.each([
    { title: "descriptions", left: { description: "a" }, right: { description: "b" }, same: true },
    {
      title: "descriptions further down",
      left: { items: { allOf: [{ title: "a" }] }, not: { example: 1 } },
      right: { items: { allOf: [{}] }, not: {} },
      same: true,
    },
    { title: "the order of members", left: { type: "object", format: "x" }, right: { format: "x", type: "object" }, same: true },
    { title: "a keyword with null", left: { nullable: null }, right: {}, same: true },
    { title: "a default of null", left: { default: null }, right: {}, same: false },
    {
      title: "a property that is called description",
      left: { properties: { description: { type: "string" } } },
      right: { properties: { description: { type: "integer" } } },
      same: false,
    },
    {
      title: "a default that holds a description",
      left: { default: { title: "a" } },
      right: { default: { title: "b" } },
      same: false,
    },
    {
      title: "integers that a double cannot hold",
      left: '{"maximum":9007199254740993}',
      right: '{"maximum":9007199254740992}',
      same: false,
    },
  ])("$title: $same", ({ left, right, same }) => {
    expect(isSameSchema(written(left), written(right))).toBe(same);
  });

  it("takes text and value of any JSON for the same", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        expect(isSameSchema({ kind: "json", text: JSON.stringify(value) }, { kind: "value", value })).toBe(true);
      }),
    );
  });
});

function written(schema: object | string): WrittenSchema {
  return typeof schema === "string" ? { kind: "json", text: schema } : { kind: "value", value: schema };
}

describe("a CRD that preserves unknown fields, as those of v1beta1 do", () => {
  const before = crd(both(OLD, OLD));

  it("has its objects validated, and loses nothing of them", () => {
    const after = { ...crd(both(NEW, NEW)), preservesUnknownFields: true } as const;

    expect(
      looksFor(before, after).map(({ checks }) => checks.map(({ isValidated, prunedAs }) => ({ isValidated, prunedAs }))),
    ).toEqual([
      [
        { isValidated: true, prunedAs: null },
        { isValidated: true, prunedAs: null },
      ],
    ]);
  });

  it("is pruned from then on when it does so no more", () => {
    const legacy = { ...before, preservesUnknownFields: true } as const;

    expect(looksFor(legacy, crd(both(NEW, NEW)))).toEqual(looksFor(before, crd(both(NEW, NEW))));
  });

  it("is told by its manifest", () => {
    const manifest = (preserveUnknownFields: boolean): unknown => ({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "gears.own.dev" },
      spec: {
        group: "own.dev",
        names: { plural: "gears", kind: "Gear" },
        scope: "Namespaced",
        preserveUnknownFields,
        versions: [{ name: "v1", served: true, storage: true }],
      },
    });

    expect(parseCrd(manifest(true))).toMatchObject({ value: { preservesUnknownFields: true } });
    expect(parseCrd(manifest(false))).not.toHaveProperty("value.preservesUnknownFields");
  });
});

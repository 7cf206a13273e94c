import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSchema } from "../../../src/crd/schema/read-schema.ts";
import type { Schema } from "../../../src/crd/schema/schema.ts";
import { fieldPath, type FieldSegment, readFieldPath } from "../../../src/objects/field-paths.ts";
import { createFieldCounter } from "../../../src/objects/fields-in-use.ts";
import { lostFields } from "../../../src/objects/lost-fields.ts";
import { below, type Path } from "../../../src/objects/paths.ts";
import { prune, unknownFields } from "../../../src/objects/unknown-fields.ts";
import { schemaPair } from "../../support/structural/arbitraries.ts";

function schemaOf(value: unknown): Schema {
  return readSchema({ kind: "value", value });
}

function specOf(properties: object, more: object = {}): Schema {
  return schemaOf({ type: "object", properties: { spec: { type: "object", properties, ...more } } });
}

function countsOf(schema: Schema, objects: readonly unknown[], maxFields?: number): Record<string, number> {
  const counter = createFieldCounter(schema, maxFields);
  for (const object of objects) counter.add(object);
  return Object.fromEntries(counter.result().counts);
}

const TEXT = { type: "string" };

describe("fields in use", () => {
  const schema = specOf({
    size: { type: "integer" },
    labels: { type: "object", additionalProperties: TEXT },
    rules: { type: "array", items: { type: "object", properties: { name: TEXT, "a.b": TEXT } } },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { known: TEXT } },
    pod: { type: "object", "x-kubernetes-embedded-resource": true },
  });

  it("are counted once an object, without values and without names that somebody chose", () => {
    const objects = [
      {
        metadata: { name: "shop" },
        spec: { size: 1, labels: { team: "shop", tier: "till" }, rules: [{ name: "x" }, { "a.b": "x" }] },
      },
      { spec: { size: null, free: { known: "x", chosen: { secret: "hunter2" } }, rules: [] } },
      { spec: { pod: { apiVersion: "v1", metadata: { labels: { team: "shop" } }, spec: {} } } },
      { spec: { unknown: 1 } },
    ];

    expect(countsOf(schema, objects)).toEqual({
      spec: 4,
      "spec.size": 2,
      "spec.labels": 1,
      "spec.labels.*": 1,
      "spec.rules": 2,
      "spec.rules[]": 1,
      "spec.rules[].name": 1,
      'spec.rules[]."a.b"': 1,
      "spec.free": 1,
      "spec.free.known": 1,
      "spec.free.*": 1,
      "spec.pod": 1,
      "spec.pod.apiVersion": 1,
      "spec.pod.metadata": 1,
    });
  });

  it("are no more than there is room for, and the rest is counted", () => {
    const counter = createFieldCounter(schema, 2);
    counter.add({ spec: { size: 1, labels: { a: "b" }, rules: [{ name: "x" }] } });

    expect(counter.result()).toEqual({
      counts: new Map([
        ["spec", 1],
        ["spec.size", 1],
      ]),
      untoldCount: 2,
    });
  });

  it("have paths that are read as they are written", () => {
    const segment = fc.oneof(
      fc.record({
        kind: fc.constant("member" as const),
        name: fc.oneof(fc.string(), fc.constantFrom("a", "*", "[]", "a.b", '"')),
      }),
      fc.constant<FieldSegment>({ kind: "item" }),
      fc.constant<FieldSegment>({ kind: "key" }),
    );
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1 }), (segments) => {
        expect(readFieldPath(segments.reduce(fieldPath, ""))).toEqual(segments);
      }),
    );
  });

  it.each(["", ".", "a.", ".a", "a..b", "a]", "a[0]", '"a', "a*", "a\\"])("are no path in %j", (path) => {
    expect(readFieldPath(path)).toBeNull();
  });
});

describe("lost fields, by what is in use", () => {
  it.each<{ title: string; before: Schema; after: Schema; object: object; lost: readonly string[]; isInDoubt?: true }>([
    {
      title: "a field that is gone",
      before: specOf({ a: TEXT, b: TEXT }),
      after: specOf({ a: TEXT }),
      object: { spec: { a: "x", b: "x" } },
      lost: ["spec.b"],
    },
    {
      title: "none that nobody sets",
      before: specOf({ a: TEXT, b: TEXT }),
      after: specOf({ a: TEXT }),
      object: { spec: { a: "x" } },
      lost: [],
    },
    {
      title: "a subtree once",
      before: specOf({ a: { type: "object", properties: { b: TEXT } } }),
      after: specOf({}),
      object: { spec: { a: { b: "x" } } },
      lost: ["spec.a"],
    },
    {
      title: "a field of items of a map",
      before: specOf({ m: { type: "object", additionalProperties: { type: "array", items: { properties: { a: TEXT } } } } }),
      after: specOf({ m: { type: "object", additionalProperties: { type: "array", items: { properties: {} } } } }),
      object: { spec: { m: { k: [{ a: "x" }] } } },
      lost: ["spec.m[][].a"],
    },
    {
      title: "a map whose keys are not known any more",
      before: specOf({ m: { type: "object", additionalProperties: TEXT } }),
      after: specOf({ m: { type: "object" } }),
      object: { spec: { m: { k: "x" } } },
      lost: ["spec.m[]"],
    },
    {
      title: "none where the new schema keeps what it does not know",
      before: specOf({ a: TEXT }),
      after: specOf({}, { "x-kubernetes-preserve-unknown-fields": true }),
      object: { spec: { a: "x" } },
      lost: [],
    },
    {
      title: "none for sure of a key that may be a name",
      before: specOf({ m: { type: "object", additionalProperties: TEXT } }),
      after: specOf({ m: { type: "object", properties: { k: TEXT } } }),
      object: { spec: { m: { k: "x" } } },
      lost: [],
      isInDoubt: true,
    },
    {
      title: "none for sure below what nobody named",
      before: specOf({}, { "x-kubernetes-preserve-unknown-fields": true }),
      after: specOf({}, { additionalProperties: { type: "object", properties: {} } }),
      object: { spec: { k: { l: 1 } } },
      lost: [],
      isInDoubt: true,
    },
  ])("are $title", ({ before, after, object, lost, isInDoubt = false }) => {
    const counter = createFieldCounter(before);
    counter.add(object);

    expect(lostFields(counter.result(), before, before, after)).toEqual({
      fields: lost.map((path) => ({ path, objectCount: 1 })),
      isInDoubt,
    });
  });

  it("are those that pruning takes away, or a doubt is told", () => {
    let certain = 0;
    let withLosses = 0;
    fc.assert(
      fc.property(schemaPair(), ({ schema, changed, contents }) => {
        const [before, after] = [schemaOf(schema), schemaOf(changed)];
        const read = contents.map(({ value }) => prune<unknown>(value, before));
        const counter = createFieldCounter(before);
        for (const object of read) counter.add(object);
        const told = lostFields(counter.result(), before, before, after);
        const expected = new Map<string, number>();
        for (const object of read) {
          for (const path of new Set(unknownFields(object, after).map((lost) => bracketed(lost, before)))) {
            expected.set(path, (expected.get(path) ?? 0) + 1);
          }
        }

        const found = new Map(told.fields.map(({ path, objectCount }) => [path, objectCount]));
        if (told.isInDoubt) expect([...expected]).toEqual(expect.arrayContaining([...found]));
        else expect(found).toEqual(expected);
        if (!told.isInDoubt) certain += 1;
        if (!told.isInDoubt && found.size > 0) withLosses += 1;
      }),
      { numRuns: 300, seed: 20_260_102 },
    );
    expect(certain).toBeGreaterThan(150);
    expect(withLosses).toBeGreaterThan(8);
  });
});

/** As statistics write it: a name that the schema does not have is some key. */
function bracketed(path: Path, schema: Schema): string {
  let text = "";
  let level: Schema | null = schema;
  for (const segment of path) {
    const isNamed: boolean =
      typeof segment === "string" &&
      (level?.properties.has(segment) === true ||
        (level?.isEmbeddedResource === true && ["apiVersion", "kind", "metadata"].includes(segment)));
    text += !isNamed ? "[]" : text === "" ? String(segment) : `.${String(segment)}`;
    level = level === null ? null : below(level, segment);
  }
  return text;
}

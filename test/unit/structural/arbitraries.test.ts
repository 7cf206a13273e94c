/** @file What the generators of schemas and objects promise to the tests that use them. That the API server takes the schemas is shown by `test/e2e/schema-oracle.test.ts`. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSchema } from "../../../src/crd/schema/read-schema.ts";
import type { Schema } from "../../../src/crd/schema/schema.ts";
import { contentsFor, schemaAndObjects, schemaPair, structuralSchema } from "../../support/structural/arbitraries.ts";
import { isObject, type Written, writtenJson } from "../../support/structural/written.ts";

const SAMPLE = { numRuns: 600, seed: 20_260_101 };
const SMALLER_SAMPLE = { ...SAMPLE, numRuns: 200 };

describe("generated schemas", () => {
  const schemas = fc.sample(structuralSchema(), SAMPLE);

  it("use every keyword that a structural schema may have", () => {
    const used = new Set(schemas.flatMap((schema) => keywordsOf(schema)));
    const expected =
      "type format nullable properties additionalProperties required minProperties maxProperties items minItems maxItems uniqueItems " +
      "minLength maxLength pattern minimum exclusiveMinimum maximum exclusiveMaximum multipleOf enum default allOf anyOf oneOf not " +
      "description x-kubernetes-int-or-string x-kubernetes-embedded-resource x-kubernetes-preserve-unknown-fields " +
      "x-kubernetes-map-type x-kubernetes-list-type x-kubernetes-list-map-keys";
    expect([...used].toSorted()).toEqual(expected.split(" ").toSorted());
  });

  it("are read with nothing left unhandled", () => {
    const left = schemas.flatMap((schema) => unhandledIn(readSchema({ kind: "json", text: writtenJson(schema) })));
    expect(left).toEqual([]);
  });

  it("shrink to one text in spec", () => {
    expect(new Set(schemas.map(writtenJson)).size).toBeGreaterThan(500);
    const failure = fc.check(
      fc.property(structuralSchema(), () => false),
      { seed: 1 },
    );
    expect(failure.counterexample).toEqual([
      { type: "object", properties: { spec: { type: "object", properties: { a: { type: "string" } } } } },
    ]);
  });
});

describe("generated objects", () => {
  it("are faultless as often as not, and hold numbers that only their text tells apart", () => {
    const contents = fc.sample(schemaAndObjects(), SMALLER_SAMPLE).flatMap((made) => made.contents);
    const faultless = contents.filter(({ faultCount }) => faultCount === 0).length / contents.length;
    const texts = contents.map(({ value }) => writtenJson(value));
    expect(faultless).toBeGreaterThan(0.3);
    expect(faultless).toBeLessThan(0.7);
    for (const literal of [":1.0", ":1e3", "9007199254740993", "9223372036854775808", "null", "😀", '"unknown"']) {
      expect(texts.filter((text) => text.includes(literal)).length, literal).toBeGreaterThan(5);
    }
  });

  it("are the same for the same seed, for schemas that were not made here too", () => {
    const schema = { type: "object", properties: { spec: { type: "object", properties: { a: { type: "string" } } } } };
    const made = contentsFor(schema, 20, 7);
    expect(made).toEqual(contentsFor(schema, 20, 7));
    expect(new Set(made.map(({ value }) => writtenJson(value))).size).toBeGreaterThan(5);
  });
});

describe("generated pairs of schemas", () => {
  it("differ in most cases, in little", () => {
    const pairs = fc.sample(schemaPair(), SMALLER_SAMPLE);
    const differing = pairs.filter(({ schema, changed }) => writtenJson(schema) !== writtenJson(changed));
    expect(differing.length / pairs.length).toBeGreaterThan(0.8);
    for (const { changed } of pairs) expect(unhandledIn(readSchema({ kind: "json", text: writtenJson(changed) }))).toEqual([]);
  });
});

function keywordsOf(schema: Written): readonly string[] {
  if (!isObject(schema)) return [];
  const { properties, items, additionalProperties } = schema;
  const nested = ["allOf", "anyOf", "oneOf"].flatMap((keyword) =>
    Array.isArray(schema[keyword]) ? schema[keyword] : [],
  ) as Written[];
  const below = [
    ...Object.values(isObject(properties) ? properties : {}),
    items ?? null,
    additionalProperties ?? null,
    schema["not"] ?? null,
  ];
  return [...Object.keys(schema), ...[...below, ...nested].flatMap(keywordsOf)];
}

function unhandledIn(schema: Schema): readonly string[] {
  const { additionalProperties: values, items, not } = schema;
  return [
    ...schema.unhandled.keys(),
    ...[...schema.properties.values(), ...schema.allOf, ...schema.anyOf, ...schema.oneOf].flatMap(unhandledIn),
    ...[items, not, typeof values === "boolean" ? null : values].flatMap((each) => (each === null ? [] : unhandledIn(each))),
  ];
}

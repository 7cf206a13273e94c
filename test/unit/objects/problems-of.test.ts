import { describe, expect, it } from "vitest";
import { asRead } from "../../../src/objects/apply-defaults.ts";
import { exactPath } from "../../../src/objects/paths.ts";
import { problemsOf } from "../../../src/objects/problems-of.ts";
import { gear, schemaOf } from "./schemas.ts";

/** Each answer is that of the Go code of the API server (k8s.io/apiextensions-apiserver v0.35.4), without path and value. */
describe("an object is refused", () => {
  it.each<{ title: string; schema: object; spec: string; told: readonly string[] }>([
    { title: "a text for an integer", schema: { type: "integer" }, spec: '"1"', told: ["spec: must be of type integer"] },
    { title: "a fraction for an integer", schema: { type: "integer" }, spec: "1.5", told: ["spec: must be of type integer"] },
    {
      title: "an integer beyond 64 bits",
      schema: { type: "integer" },
      spec: "9223372036854775808",
      told: ["spec: must be of type integer"],
    },
    {
      title: "an object for a text with a format",
      schema: { type: "string", format: "date" },
      spec: "{}",
      told: ["spec: must be of type date"],
    },
    {
      title: "true for an int-or-string",
      schema: { "x-kubernetes-int-or-string": true },
      spec: "true",
      told: ["spec: must be of type integer,string"],
    },
    {
      title: "null that may be, but is not in the enum",
      schema: { type: "string", nullable: true, enum: ["a"] },
      spec: "null",
      told: ['spec: Unsupported value: supported values: "a"'],
    },
    {
      title: "null in a list",
      schema: { type: "array", items: { type: "string" } },
      spec: "[null]",
      told: ["spec[0]: must be of type string"],
    },
    {
      title: "a long text",
      schema: { type: "string", maxLength: 3 },
      spec: '"abcd"',
      told: ["spec: Too long: may not be more than 3 bytes"],
    },
    {
      title: "a text of two",
      schema: { type: "string", maxLength: 1 },
      spec: '"ab"',
      told: ["spec: Too long: may not be more than 1 byte"],
    },
    {
      title: "an emoji, which is one long",
      schema: { type: "string", minLength: 2 },
      spec: '"😀"',
      told: ["spec: should be at least 2 chars long"],
    },
    { title: "a pattern", schema: { type: "string", pattern: "^a$" }, spec: '"b"', told: ["spec: should match '^a$'"] },
    {
      title: "a short text, and nothing of its pattern",
      schema: { type: "string", minLength: 5, pattern: "^a$" },
      spec: '"b"',
      told: ["spec: should be at least 5 chars long"],
    },
    {
      title: "a text that is not in the enum",
      schema: { type: "string", enum: ["a", "b"] },
      spec: '"c"',
      told: ['spec: Unsupported value: supported values: "a", "b"'],
    },
    {
      title: "an integer that is not in the enum",
      schema: { type: "integer", enum: [1, 2] },
      spec: "3",
      told: ['spec: Unsupported value: supported values: "1", "2"'],
    },
    {
      title: "an object that is not in the enum",
      schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true, enum: [{ a: 1 }] },
      spec: '{"a":2}',
      told: [String.raw`spec: Unsupported value: supported values: "{\"a\":1}"`],
    },
    { title: "maximum", schema: { type: "integer", maximum: 3 }, spec: "4", told: ["spec: should be less than or equal to 3"] },
    {
      title: "exclusive maximum",
      schema: { type: "integer", maximum: 3, exclusiveMaximum: true },
      spec: "3",
      told: ["spec: should be less than 3"],
    },
    {
      title: "minimum",
      schema: { type: "number", minimum: 1.5 },
      spec: "1.25",
      told: ["spec: should be greater than or equal to 1.5"],
    },
    {
      title: "exclusive minimum",
      schema: { type: "integer", minimum: 0, exclusiveMinimum: true },
      spec: "0",
      told: ["spec: should be greater than 0"],
    },
    {
      title: "a large maximum, as Go writes it",
      schema: { type: "number", maximum: 1_000_000 },
      spec: "2000000.5",
      told: ["spec: should be less than or equal to 1e+06"],
    },
    {
      title: "anything by a maximum that is no double",
      schema: { type: "integer", maximum: Number("9223372036854775807") },
      spec: "1",
      told: ["spec: should be less than or equal to -9223372036854775808"],
    },
    { title: "multipleOf", schema: { type: "integer", multipleOf: 2 }, spec: "3", told: ["spec: should be a multiple of 2"] },
    {
      title: "an integer by a fraction",
      schema: { type: "number", multipleOf: 0.5 },
      spec: "3",
      told: ["spec: factor MultipleOf declared must be positive: 0"],
    },
    {
      title: "minItems",
      schema: { type: "array", minItems: 1, items: { type: "string" } },
      spec: "[]",
      told: ["spec: should have at least 1 items"],
    },
    {
      title: "maxItems",
      schema: { type: "array", maxItems: 1, items: { type: "string" } },
      spec: '["a","b"]',
      told: ["spec: Too many: must have at most 1 item"],
    },
    {
      title: "uniqueItems",
      schema: { type: "array", uniqueItems: true, items: { type: "string" } },
      spec: '["a","a"]',
      told: ["spec: shouldn't contain duplicates"],
    },
    {
      title: "the second of three alike in a set",
      schema: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
      spec: '["a","b","a","a"]',
      told: ["spec[2]: Duplicate value"],
    },
    {
      title: "a key that is there twice",
      schema: keyed(["k"]),
      spec: '[{"k":"a","v":1},{"k":"a","v":2}]',
      told: ["spec[1]: Duplicate value"],
    },
    {
      title: "two keys, one of them missing",
      schema: keyed(["k", "v"]),
      spec: '[{"k":"a","v":1},{"k":"a","v":2},{"k":"a"},{"k":"a"}]',
      told: ["spec[3]: Duplicate value"],
    },
    {
      title: "texts in a map",
      schema: keyed(["k"]),
      spec: '["a"]',
      told: ["spec[0]: must be of type object", "spec[0]: must be an object for an array of list-type map"],
    },
    {
      title: "a missing member",
      schema: { type: "object", required: ["a"], properties: { a: { type: "string" } } },
      spec: "{}",
      told: ["spec.a: Required value"],
    },
    {
      title: "minProperties",
      schema: { type: "object", minProperties: 1, additionalProperties: { type: "string" } },
      spec: "{}",
      told: ["spec: should have at least 1 properties"],
    },
    {
      title: "maxProperties",
      schema: { type: "object", maxProperties: 1, additionalProperties: { type: "string" } },
      spec: '{"a":"","b":""}',
      told: ["spec: Too many: must have at most 1 item"],
    },
    {
      title: "a value of a map",
      schema: { type: "object", additionalProperties: { type: "integer" } },
      spec: '{"a":"x"}',
      told: ["spec[a]: must be of type integer"],
    },
    {
      title: "additionalProperties: false",
      schema: { type: "object", properties: { a: { type: "string" } }, additionalProperties: false },
      spec: '{"b":1}',
      told: ["spec.b: is a forbidden property"],
    },
    {
      title: "anyOf, and the first of its alternatives",
      schema: { type: "string", anyOf: [{ minLength: 3 }, { maxLength: 1 }] },
      spec: '"ab"',
      told: ["spec: must validate at least one schema (anyOf)", "spec: should be at least 3 chars long"],
    },
    {
      title: "anyOf, and the alternative with the most to look at",
      schema: {
        type: "object",
        properties: { a: { type: "string" } },
        anyOf: [{ required: ["c"] }, { properties: { a: { minLength: 3 } } }],
      },
      spec: '{"a":"ab"}',
      told: ["spec: must validate at least one schema (anyOf)", "spec.a: should be at least 3 chars long"],
    },
    {
      title: "oneOf without any",
      schema: { type: "string", oneOf: [{ minLength: 3 }, { maxLength: 1 }] },
      spec: '"ab"',
      told: ["spec: must validate one and only one schema (oneOf). Found none valid", "spec: should be at least 3 chars long"],
    },
    {
      title: "oneOf with two",
      schema: { type: "string", oneOf: [{ minLength: 1 }, { maxLength: 3 }] },
      spec: '"ab"',
      told: ["spec: must validate one and only one schema (oneOf). Found 2 valid alternatives"],
    },
    {
      title: "allOf with one",
      schema: { type: "string", allOf: [{ minLength: 1 }, { maxLength: 1 }] },
      spec: '"ab"',
      told: ["spec: Too long: may not be more than 1 byte", "spec: must validate all the schemas (allOf)"],
    },
    {
      title: "allOf without any",
      schema: { type: "string", allOf: [{ minLength: 3 }, { maxLength: 1 }] },
      spec: '"ab"',
      told: [
        "spec: should be at least 3 chars long",
        "spec: Too long: may not be more than 1 byte",
        "spec: must validate all the schemas (allOf). None validated",
      ],
    },
    {
      title: "not",
      schema: { type: "string", not: { enum: ["ab"] } },
      spec: '"ab"',
      told: ["spec: must not validate the schema (not)"],
    },
    { title: "a resource without kind", schema: EMBEDDED, spec: '{"apiVersion":"v1"}', told: ["spec.kind: Required value"] },
    {
      title: "a resource of a strange version",
      schema: EMBEDDED,
      spec: '{"apiVersion":"a/b/c","kind":"Pod"}',
      told: ["spec.apiVersion: unexpected GroupVersion string: a/b/c"],
    },
    {
      title: "a resource of no kind",
      schema: EMBEDDED,
      spec: '{"apiVersion":"v1","kind":""}',
      told: ["spec.kind: must not be empty"],
    },
    {
      title: "a resource of a strange name",
      schema: EMBEDDED,
      spec: '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a/b"}}',
      told: ["spec.metadata.name: may not contain '/'"],
    },
  ])("$title", ({ schema, spec, told }) => {
    expect(tell(schema, spec)).toEqual(told);
  });
});

describe("an object is fine", () => {
  it.each<{ title: string; schema: object; spec: string }>([
    { title: "an integer for a number", schema: { type: "number" }, spec: "1" },
    { title: "nearly an integer", schema: { type: "integer" }, spec: "1.0000000001" },
    { title: "the largest integer", schema: { type: "integer" }, spec: "9223372036854775807" },
    { title: "an integer that int32 cannot hold", schema: { type: "integer", format: "int32" }, spec: "3000000000" },
    { title: "a list for a text with a format", schema: { type: "string", format: "date" }, spec: "[1]" },
    { title: "an integer for an int-or-string", schema: { "x-kubernetes-int-or-string": true }, spec: "1" },
    { title: "null that may be", schema: { type: "string", nullable: true }, spec: "null" },
    {
      title: "null that may be, whatever oneOf says",
      schema: { type: "string", nullable: true, oneOf: [{ minLength: 1 }, { minLength: 2 }] },
      spec: "null",
    },
    { title: "an emoji of length one", schema: { type: "string", maxLength: 1 }, spec: '"😀"' },
    { title: "a pattern of RE2", schema: { type: "string", pattern: String.raw`(?i)^[[:alpha:]]+\z` }, spec: '"ABc"' },
    { title: "a fraction that is cut to what is allowed", schema: { type: "number", enum: [1] }, spec: "1.5" },
    { title: "the number of a character", schema: { "x-kubernetes-int-or-string": true, enum: ["A"] }, spec: "65" },
    { title: "0 by a minimum of 0.5", schema: { type: "number", minimum: 0.5 }, spec: "0" },
    { title: "0.3 by multipleOf 0.1", schema: { type: "number", multipleOf: 0.1 }, spec: "0.3" },
    {
      title: "no member called constructor",
      schema: { type: "object", properties: { constructor: { type: "string" } } },
      spec: "{}",
    },
    { title: "a number and a text that look alike in a set", schema: LOOSE_SET, spec: '[1,"1"]' },
    { title: "a format that nobody knows", schema: { type: "string", format: "gear" }, spec: '"x"' },
  ])("$title", ({ schema, spec }) => {
    expect(tell(schema, spec)).toEqual([]);
  });

  it("in time, by a pattern that takes others for ever", () => {
    const schema = { type: "string", pattern: "^(a+)+$" };

    expect(tell(schema, JSON.stringify(`${"a".repeat(5_000)}b`))).toEqual(["spec: should match '^(a+)+$'"]);
  });
});

const EMBEDDED = { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true };
const LOOSE_SET = { type: "array", "x-kubernetes-list-type": "set", items: { "x-kubernetes-preserve-unknown-fields": true } };

function keyed(keys: readonly string[]): object {
  return {
    type: "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": keys,
    items: { type: "object", properties: { k: { type: "string" }, v: { type: "integer" } } },
  };
}

function tell(spec: object, object: string): readonly string[] {
  const schema = schemaOf(spec);
  return problemsOf(asRead(gear(object), schema), schema).map(({ path, message }) => `${exactPath(path, schema)}: ${message}`);
}

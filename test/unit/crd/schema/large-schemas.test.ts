/** What a schema may be at most, or somebody makes of it, is compared within the time that a review has. */
import { describe, expect, it } from "vitest";
import type { WrittenSchema } from "../../../../src/crd/crd.ts";
import { compareSchemas } from "../../../../src/crd/schema/compare-schemas.ts";
import { directionOf } from "../../../../src/crd/schema/direction.ts";
import { readSchema } from "../../../../src/crd/schema/read-schema.ts";
import { isSameSchema } from "../../../../src/crd/schema/same-schema.ts";
import type { Schema } from "../../../../src/crd/schema/schema.ts";

function schema(value: unknown): Schema {
  return readSchema({ kind: "value", value });
}

function times<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function nested(levels: number, wrap: (inner: object) => object, inner: object): object {
  return levels === 0 ? inner : nested(levels - 1, wrap, wrap(inner));
}

describe("a schema nested as deep as the API server takes it", () => {
  const deep = (type: string, levels = 4_900): WrittenSchema => ({
    kind: "json",
    text: `${'{"properties":{"a":'.repeat(levels)}{"type":"${type}"}${"}}".repeat(levels)}`,
  });

  it("is known to be the same, or not", () => {
    expect(isSameSchema(deep("string"), deep("string"))).toBe(true);
    expect(isSameSchema(deep("string"), deep("integer"))).toBe(false);
    expect(isSameSchema(deep("string", 399), deep("integer", 399))).toBe(false);
  });

  it("is compared, down to a level that nobody writes by hand, and as a whole below", () => {
    expect(compareSchemas(readSchema(deep("string")), readSchema(deep("string")))).toEqual([]);
    expect(compareSchemas(readSchema(deep("string")), readSchema(deep("integer")))).toMatchObject([{ kind: "unhandled" }]);
  });
});

/** Each took minutes, or for ever, while every one was looked up among all, or written out anew at each level. */
describe("a schema of great size", () => {
  it.each<[title: string, of: (name: string) => object, kinds: readonly string[]]>([
    [
      "100,000 required fields",
      (name) => ({ type: "object", required: times(100_000, (index) => `${name}${String(index)}`) }),
      ["required-added", "required-removed"],
    ],
    [
      "20,000 alternatives",
      (name) => ({ anyOf: times(20_000, (index) => ({ required: [`${name}${String(index)}`] })) }),
      ["any-of"],
    ],
    [
      "10,000 rules",
      (name) => ({ "x-kubernetes-validations": times(10_000, (index) => ({ rule: `self.${name} == ${String(index)}` })) }),
      ["cel-rule-added", "cel-rule-removed"],
    ],
    [
      "alternatives within alternatives",
      (name) => nested(400, (inner) => ({ anyOf: [inner] }), { required: [name] }),
      ["any-of"],
    ],
    ["the opposite of opposites", (name) => nested(400, (inner) => ({ not: inner }), { required: [name] }), ["not"]],
    [
      "integers or texts within such",
      (name) =>
        nested(100, (inner) => ({ "x-kubernetes-int-or-string": true, anyOf: [inner, inner].slice(1) }), { required: [name] }),
      ["any-of"],
    ],
  ])("is compared: %s", (_title, of, kinds) => {
    const changes = compareSchemas(schema(of("a")), schema(of("b")));

    expect([...new Set(changes.map(({ kind }) => kind))].toSorted()).toEqual(kinds);
    expect(changes.map(directionOf)).toContain("narrows");
    expect(compareSchemas(schema(of("a")), schema(of("a")))).toEqual([]);
  });
});

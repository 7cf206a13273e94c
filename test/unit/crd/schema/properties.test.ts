import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareSchemas } from "../../../../src/crd/schema/compare-schemas.ts";
import { directionOf } from "../../../../src/crd/schema/direction.ts";
import { readSchema } from "../../../../src/crd/schema/read-schema.ts";
import { schemaText } from "../../../../src/crd/schema/same-value.ts";
import type { SchemaChange } from "../../../../src/crd/schema/schema-change.ts";
import { changePhrase } from "../../../../src/explain/schema-change.ts";
import { schema, type Written } from "../../../support/schemas.ts";
import { isKept, pruned, taken, type Value } from "./support/acceptance.ts";

const NAMES = ["a", "b", "c"];
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

/** Without members that are not said. */
function said(shape: Written): Written {
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined && value !== false));
}

const textCheck = fc.record({ minLength: maybe(fc.nat(2)), maxLength: maybe(fc.nat(4)) }).map(said);

const text = fc
  .record({
    type: fc.constant("string"),
    nullable: fc.boolean(),
    minLength: maybe(fc.nat(2)),
    maxLength: maybe(fc.integer({ min: 2, max: 4 })),
    enum: maybe(fc.uniqueArray(fc.constantFrom("", "x", "yy", "zzz"), { minLength: 1 })),
    default: maybe(fc.constantFrom("x", "yy")),
    anyOf: maybe(fc.array(textCheck, { minLength: 1, maxLength: 2 })),
    allOf: maybe(fc.array(textCheck, { minLength: 1, maxLength: 2 })),
    description: maybe(fc.string()),
  })
  .map(said);

const number = fc
  .record({
    type: fc.constantFrom("integer", "number"),
    nullable: fc.boolean(),
    minimum: maybe(fc.integer({ min: -1, max: 2 })),
    exclusiveMinimum: fc.boolean(),
    maximum: maybe(fc.integer({ min: 1, max: 4 })),
    exclusiveMaximum: fc.boolean(),
  })
  .map(said);

const flexible = fc.constantFrom<Written>({ "x-kubernetes-int-or-string": true }, { type: "boolean" });

function objectOf(member: fc.Arbitrary<Written>): fc.Arbitrary<Written> {
  return fc
    .record({
      type: fc.constant("object"),
      properties: fc.dictionary(fc.constantFrom(...NAMES), member, { maxKeys: 3, noNullPrototype: true }),
      required: maybe(fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 })),
      minProperties: maybe(fc.nat(1)),
      "x-kubernetes-preserve-unknown-fields": fc.boolean(),
    })
    .map(said);
}

function mapOf(member: fc.Arbitrary<Written>): fc.Arbitrary<Written> {
  return fc
    .record({ type: fc.constant("object"), additionalProperties: member, maxProperties: maybe(fc.integer({ min: 1, max: 3 })) })
    .map(said);
}

function listOf(member: fc.Arbitrary<Written>): fc.Arbitrary<Written> {
  return fc
    .record({
      type: fc.constant("array"),
      items: member,
      maxItems: maybe(fc.integer({ min: 1, max: 3 })),
      "x-kubernetes-list-type": maybe(fc.constantFrom("set", "atomic")),
    })
    .map(said);
}

const { tree } = fc.letrec<{ tree: Written }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    text,
    number,
    flexible,
    objectOf(tie("tree")),
    mapOf(tie("tree")),
    listOf(tie("tree")),
  ),
}));
const anySchema: fc.Arbitrary<Written> = objectOf(tree);

/** Two schemas that are alike but for a few places. */
const likePair: fc.Arbitrary<readonly [Written, Written]> = fc
  .tuple(anySchema, fc.infiniteStream(fc.nat(9)), fc.infiniteStream(tree))
  .map(([before, choices, fresh]) => [withFittingDefaults(before), withFittingDefaults(changed(before, choices, fresh))]);

/** The API server takes no default that its own schema refuses. */
function withFittingDefaults(level: Written): Written {
  const { default: value, ...rest } = level;
  const isFit = value !== undefined && taken(rest, value as Value) !== null;
  return Object.fromEntries(
    Object.entries(isFit ? level : rest).map(([keyword, own]): [string, unknown] => {
      if (keyword === "items" || keyword === "additionalProperties") return [keyword, withFittingDefaults(own as Written)];
      if (keyword !== "properties") return [keyword, own];
      const members = Object.entries(own as Record<string, Written>);
      return [keyword, Object.fromEntries(members.map(([name, member]) => [name, withFittingDefaults(member)]))];
    }),
  );
}

/** One keyword in ten goes, and one schema in ten is another one. */
function changed(level: Written, choices: Iterator<number>, fresh: Iterator<Written>): Written {
  const next = (): number => Number(choices.next().value);
  return Object.fromEntries(
    Object.entries(level).flatMap(([keyword, value]): [string, unknown][] => {
      if (keyword === "type") return [[keyword, value]];
      if (next() === 0) return [];
      if (keyword === "items" || keyword === "additionalProperties")
        return [[keyword, next() === 0 ? fresh.next().value : changed(value as Written, choices, fresh)]];
      if (keyword !== "properties") return [[keyword, typeof value === "number" && next() < 2 ? value + 1 : value]];
      const members = Object.entries(value as Record<string, Written>).filter(() => next() !== 0);
      const kept = members.map(([name, member]): [string, Written] => [name, changed(member, choices, fresh)]);
      return [[keyword, Object.fromEntries(next() === 0 ? [...kept, ["c", fresh.next().value as Written]] : kept)]];
    }),
  );
}

/** Members last first, and whatever has no order in JSON Schema too. */
function reversed(value: unknown, keyword = ""): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => reversed(item));
    return ["required", "enum", "anyOf", "allOf"].includes(keyword) ? items.toReversed() : items;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member, name)]),
  );
}

function compare(before: Written, after: Written): readonly SchemaChange[] {
  return compareSchemas(schema(before), schema(after)).filter(({ kind }) => kind !== "documentation");
}

function directions(changes: readonly SchemaChange[]): ReadonlySet<string> {
  return new Set(changes.map(directionOf));
}

/** Mostly of the schema's making. */
function valueOf(level: Written): fc.Arbitrary<Value> {
  const stray: fc.Arbitrary<Value> = fc.constantFrom<Value>(null, true, 0, 1.5, "x", [], {});
  return fc.oneof({ weight: 12, arbitrary: fitting(level) }, { weight: 1, arbitrary: stray });
}

function fitting(level: Written): fc.Arbitrary<Value> {
  if (level["x-kubernetes-int-or-string"] === true) return fc.constantFrom<Value>(1, "x");
  switch (level["type"]) {
    case "string":
      return level["enum"] === undefined
        ? fc.constantFrom("", "x", "yy", "zzz", "vvvv", "uuuuu")
        : fc.constantFrom(...(level["enum"] as string[]));
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.integer({ min: -2, max: 5 });
    case "number":
      return fc.constantFrom(-1.5, -1, 0, 0.5, 1, 2, 2.5, 3, 4);
    case "array":
      return fc.array(valueOf((level["items"] as Written) ?? {}), { maxLength: 3 });
    case "object": {
      const properties = (level["properties"] ?? {}) as Record<string, Written>;
      const named = fc.record(Object.fromEntries(Object.entries(properties).map(([name, own]) => [name, valueOf(own)])), {
        requiredKeys: [],
        noNullPrototype: true,
      });
      const others = level["additionalProperties"] as Written | undefined;
      const free = fc.dictionary(
        fc.constantFrom(...NAMES, "z"),
        others === undefined ? fc.constantFrom<Value>("x", 1, {}) : valueOf(others),
        {
          maxKeys: 2,
          noNullPrototype: true,
        },
      );
      return fc.tuple(named, free).map(([own, more]) => ({ ...more, ...own }) as Value);
    }
    default:
      return fc.constantFrom<Value>("x", 1, {});
  }
}

describe("schemas that are compared", () => {
  it("differ in nothing from themselves", () => {
    fc.assert(
      fc.property(anySchema, (one) => {
        expect(compareSchemas(schema(one), readSchema({ kind: "json", text: JSON.stringify(one) }))).toEqual([]);
      }),
    );
  });

  it("differ in nothing by an order", () => {
    fc.assert(
      fc.property(anySchema, (one) => {
        expect(compareSchemas(schema(one), schema(reversed(one) as Written))).toEqual([]);
      }),
    );
  });

  it("differ where, and only where, their texts do", () => {
    fc.assert(
      fc.property(fc.oneof(likePair, fc.tuple(anySchema, anySchema)), ([before, after]) => {
        const isAlike = schemaText(schema(before)) === schemaText(schema(after));

        expect(compare(before, after).length === 0).toBe(isAlike);
      }),
      { numRuns: 500 },
    );
  });

  it("never widen both ways", () => {
    fc.assert(
      fc.property(likePair, ([before, after]) => {
        const [there, back] = [directions(compare(before, after)), directions(compare(after, before))];

        expect(there.has("widens") && back.has("widens") && !there.has("narrows") && !back.has("narrows")).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it("have a sentence for each difference, in one line", () => {
    fc.assert(
      fc.property(likePair, ([before, after]) => {
        expect(
          compare(before, after)
            .map(changePhrase)
            .filter((words) => !/^[^\n]*would [^\n]*$/.test(words) || words.includes("undefined")),
        ).toEqual([]);
      }),
    );
  });

  it("take, where nothing narrows, whatever was stored before, and drop nothing of it", () => {
    let heldCount = 0;
    fc.assert(
      fc.property(
        likePair.chain(([before, after]) => fc.tuple(fc.constant(before), fc.constant(after), valueOf(before))),
        ([before, after, written]) => {
          const changes = compare(before, after);
          if (changes.length === 0 || directions(changes).has("narrows")) return;
          // What no schema knew was dropped, and may now be refused: of what was kept this is not said.
          const old = taken(before, written);
          if (old === null) return;
          const value = old.stored;
          heldCount += 1;

          const context = JSON.stringify({ before, after, value });
          expect([taken(after, value) !== null, context]).toEqual([true, context]);
          expect([isKept(value, pruned(after, value)), context]).toEqual([true, context]);
        },
      ),
      { numRuns: 4000 },
    );
    expect(heldCount).toBeGreaterThan(100);
  });
});

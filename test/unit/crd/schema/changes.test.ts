/** What changed between two schemas, whether it hurts, and how it is told: one row for each kind and direction. */
import { describe, expect, it } from "vitest";
import { compareSchemas } from "../../../../src/crd/schema/compare-schemas.ts";
import { directionOf } from "../../../../src/crd/schema/direction.ts";
import type { SchemaDifference } from "../../../../src/crd/schema/schema-change.ts";
import { changePhrase } from "../../../../src/explain/schema-change.ts";
import { schema, type Written } from "../../../support/schemas.ts";

type Row = readonly [title: string, before: Written, after: Written, told: readonly string[]];

/** `<direction>: <sentence>` of each change, apart from documentation. */
function tell(before: Written, after: Written): readonly string[] {
  return compareSchemas(schema(before), schema(after))
    .filter(({ kind }) => kind !== "documentation")
    .map((change) => `${directionOf(change)}: ${changePhrase(change)}`);
}

const TEXT = { type: "string" };
const INTEGER = { type: "integer" };
const INT_OR_STRING = { "x-kubernetes-int-or-string": true };
const OPEN = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const MAP = { type: "object", additionalProperties: TEXT };
const NOTHING = { type: "object" };

function object(properties: Written, more: Written = {}): Written {
  return { type: "object", properties, ...more };
}

/** Within a field, so that the sentence has a path. */
function a(before: Written, after: Written): readonly [Written, Written] {
  return [object({ a: before }), object({ a: after })];
}

function list(more: Written = {}, items: Written = TEXT): Written {
  return { type: "array", items, ...more };
}

function rule(text: string, more: Written = {}): Written {
  return { ...TEXT, "x-kubernetes-validations": [{ rule: text, ...more }] };
}

const GONE = "would be gone: what clients set there would be dropped without a word";

/** By kind, so that one without a row does not compile. */
const ROWS: { readonly [Kind in SchemaDifference["kind"]]: readonly Row[] } = {
  "field-removed": [
    ["a field", object({ a: TEXT }), NOTHING, [`narrows: a ${GONE}`]],
    [
      "an object, whatever is below it",
      object({ a: object({ b: TEXT, c: object({ d: TEXT }) }) }),
      NOTHING,
      [`narrows: a ${GONE}`],
    ],
    [
      "one that was required, once",
      object({ a: TEXT }, { required: ["a"] }),
      NOTHING,
      ["widens: a would no longer be required", `narrows: a ${GONE}`],
    ],
    ["a field of a level that preserves it", object({ a: TEXT }, OPEN), OPEN, [`widens: a ${GONE}`]],
    [
      "nothing of a field that a map takes",
      object({ a: TEXT }),
      MAP,
      ["widens: members of the object of any name would be taken"],
    ],
    [
      "what a map takes less of",
      object({ a: INTEGER }),
      MAP,
      ["narrows: a would have to be a string, no longer an integer", "widens: members of the object of any name would be taken"],
    ],
    ["metadata, which each object has", object({ metadata: NOTHING }), NOTHING, [`widens: metadata ${GONE}`]],
    ["metadata of what is no object of its own", ...a(object({ metadata: NOTHING }), NOTHING), [`narrows: a.metadata ${GONE}`]],
    ["a name that is no plain one", object({ "a.b": TEXT }), NOTHING, [`narrows: ["a.b"] ${GONE}`]],
  ],
  "field-added": [
    ["a field", NOTHING, object({ a: TEXT }), ["widens: a would be new"]],
    [
      "an object with required fields",
      NOTHING,
      object({ a: object({ b: TEXT }, { required: ["b"] }) }),
      ["widens: a would be new"],
    ],
    ["what was kept unchecked", OPEN, object({ a: TEXT }, OPEN), ["narrows: a, where anything was kept, would be checked"]],
    [
      "what is kept unchecked still",
      OPEN,
      object({ a: { "x-kubernetes-preserve-unknown-fields": true } }, OPEN),
      ["neutral: a, where anything was kept, would be checked"],
    ],
    [
      "nothing of what a map took",
      MAP,
      object({ a: TEXT }),
      [
        "narrows: the object would no longer take members of any name: those that it does not know would be dropped without a word",
      ],
    ],
  ],
  type: [
    [
      "another type, and nothing below it",
      ...a({ ...TEXT, maxLength: 3 }, object({ b: TEXT }, { required: ["b"] })),
      ["narrows: a would have to be an object, no longer a string"],
    ],
    [
      "a list of another type, once",
      ...a(
        list({ "x-kubernetes-list-type": "set" }),
        list({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["b"] }, object({ b: TEXT })),
      ),
      ["narrows: a[] would have to be an object, no longer a string"],
    ],
    ["integer → number", ...a(INTEGER, { type: "number" }), ["widens: a would have to be a number, no longer an integer"]],
    ["number → integer", ...a({ type: "number" }, INTEGER), ["narrows: a would have to be an integer, no longer a number"]],
    [
      "anything → text",
      ...a({ "x-kubernetes-preserve-unknown-fields": true }, { ...TEXT, "x-kubernetes-preserve-unknown-fields": true }),
      ["narrows: a would have to be a string, where anything is taken today"],
    ],
    [
      "text → anything",
      ...a({ ...TEXT, "x-kubernetes-preserve-unknown-fields": true }, { "x-kubernetes-preserve-unknown-fields": true }),
      ["widens: a would be anything, not only a string"],
    ],
  ],
  "int-or-string": [
    [
      "integer → int-or-string",
      ...a(INTEGER, INT_OR_STRING),
      ["widens: a would have to be an integer or a string, no longer an integer"],
    ],
    [
      "integer → int-or-string that says what it is",
      ...a(INTEGER, { ...INT_OR_STRING, anyOf: [INTEGER, TEXT] }),
      ["widens: a would have to be an integer or a string, no longer an integer"],
    ],
    [
      "int-or-string → text",
      ...a({ ...INT_OR_STRING, anyOf: [TEXT, INTEGER] }, TEXT),
      ["narrows: a would have to be a string, no longer an integer or a string"],
    ],
    [
      "int-or-string → boolean",
      ...a(INT_OR_STRING, { type: "boolean" }),
      ["narrows: a would have to be a boolean, no longer an integer or a string"],
    ],
  ],
  "required-added": [
    [
      "a field that was there",
      object({ a: TEXT }),
      object({ a: TEXT }, { required: ["a"] }),
      ["narrows: a would be required: objects without it would be refused"],
    ],
    [
      "one with a default, old or new",
      object({ a: { ...TEXT, default: "x" } }),
      object({ a: { ...TEXT, default: "x" } }, { required: ["a"] }),
      ["neutral: a would be required: objects without it would be refused"],
    ],
    [
      "a new one",
      NOTHING,
      object({ a: TEXT }, { required: ["a"] }),
      ["narrows: a would be required: objects without it would be refused", "widens: a would be new"],
    ],
    [
      "a new one with a default",
      NOTHING,
      object({ a: { ...TEXT, default: "" } }, { required: ["a"] }),
      ["neutral: a would be required: objects without it would be refused", "widens: a would be new"],
    ],
  ],
  "required-removed": [
    ["a field", object({ a: TEXT }, { required: ["a"] }), object({ a: TEXT }), ["widens: a would no longer be required"]],
  ],
  enum: [
    ["a value less", ...a({ ...TEXT, enum: ["x", "y"] }, { ...TEXT, enum: ["y"] }), ['narrows: a would no longer take "x"']],
    ["a value more", ...a({ ...TEXT, enum: ["y"] }, { ...TEXT, enum: ["x", "y"] }), ["widens: a would take more values"]],
    [
      "values for others",
      ...a({ ...TEXT, enum: ["x", "y"] }, { ...TEXT, enum: ["z"] }),
      ['narrows: a would no longer take "x" or "y"'],
    ],
    ["the first values", ...a(TEXT, { ...TEXT, enum: ["x", "y"] }), ['narrows: a would take "x" or "y" alone']],
    ["values no more", ...a({ ...TEXT, enum: ["x"] }, TEXT), ["widens: a would take any value"]],
    [
      "both values of a boolean",
      ...a({ type: "boolean" }, { type: "boolean", enum: [false, true] }),
      ["neutral: a would take false or true alone"],
    ],
    ["nothing of an order", ...a({ ...TEXT, enum: ["x", "y"] }, { ...TEXT, enum: ["y", "x"] }), []],
    [
      "more values than are told",
      ...a({ ...INTEGER, enum: [1, 2, 3, 4, 5, 6, 7] }, { ...INTEGER, enum: [7] }),
      ["narrows: a would no longer take 1, 2, 3, 4, 5 or 1 more"],
    ],
  ],
  minimum: [
    [
      "a higher one",
      ...a({ ...INTEGER, minimum: 1 }, { ...INTEGER, minimum: 2 }),
      ["narrows: a would have to be at least 2 (today: at least 1)"],
    ],
    [
      "a lower one",
      ...a({ ...INTEGER, minimum: 2 }, { ...INTEGER, minimum: 1 }),
      ["widens: a would have to be at least 1 (today: at least 2)"],
    ],
    [
      "one that is out of it from now on",
      ...a({ ...INTEGER, minimum: 1 }, { ...INTEGER, minimum: 1, exclusiveMinimum: true }),
      ["narrows: a would have to be above 1 (today: at least 1)"],
    ],
    [
      "an exclusive one that is lower",
      ...a({ ...INTEGER, minimum: 2 }, { ...INTEGER, minimum: 1, exclusiveMinimum: true }),
      ["widens: a would have to be above 1 (today: at least 2)"],
    ],
    ["the first one", ...a(INTEGER, { ...INTEGER, minimum: 0 }), ["narrows: a would have to be at least 0 (today: any)"]],
    [
      "one by 1, beyond what a double holds",
      ...a({ ...INTEGER, minimum: 9007199254740992n }, { ...INTEGER, minimum: 9007199254740993n }),
      ["narrows: a would have to be at least 9007199254740993 (today: at least 9007199254740992)"],
    ],
    ["nothing of an exclusive one that is none", ...a(INTEGER, { ...INTEGER, exclusiveMinimum: true }), []],
  ],
  maximum: [
    [
      "a lower one",
      ...a({ ...INTEGER, maximum: 2 }, { ...INTEGER, maximum: 1 }),
      ["narrows: a would have to be at most 1 (today: at most 2)"],
    ],
    [
      "a higher one, as another type of number",
      ...a({ ...INTEGER, maximum: 9223372036854775807n }, { ...INTEGER, maximum: 2 ** 63 }),
      ["widens: a would have to be at most 9223372036854776000 (today: at most 9223372036854775807)"],
    ],
    [
      "one that is in it from now on",
      ...a({ ...INTEGER, maximum: 1, exclusiveMaximum: true }, { ...INTEGER, maximum: 1 }),
      ["widens: a would have to be at most 1 (today: below 1)"],
    ],
    ["one that is gone", ...a({ ...INTEGER, maximum: 1 }, INTEGER), ["widens: a would have to be any (today: at most 1)"]],
    ["nothing of the same as number and bigint", ...a({ ...INTEGER, maximum: 5 }, { ...INTEGER, maximum: 5n }), []],
  ],
  "multiple-of": [
    [
      "a divisor of it",
      ...a({ ...INTEGER, multipleOf: 6 }, { ...INTEGER, multipleOf: 3 }),
      ["widens: a would have to be a multiple of 3 (today: 6)"],
    ],
    [
      "no divisor of it",
      ...a({ ...INTEGER, multipleOf: 6 }, { ...INTEGER, multipleOf: 4 }),
      ["narrows: a would have to be a multiple of 4 (today: 6)"],
    ],
    [
      "a fraction, which is not asked",
      ...a({ type: "number", multipleOf: 0.3 }, { type: "number", multipleOf: 0.1 }),
      ["narrows: a would have to be a multiple of 0.1 (today: 0.3)"],
    ],
  ],
  "min-length": [
    ["the first one", ...a(TEXT, { ...TEXT, minLength: 1 }), ["narrows: a would have to have at least 1 character"]],
    ["none at least", ...a(TEXT, { ...TEXT, minLength: 0 }), ["neutral: a would have to have at least 0 characters"]],
    [
      "a lower one",
      ...a({ ...TEXT, minLength: 2 }, { ...TEXT, minLength: 1 }),
      ["widens: a would have to have at least 1 character (today: 2)"],
    ],
  ],
  "max-length": [
    ["the first one", ...a(TEXT, { ...TEXT, maxLength: 8 }), ["narrows: a would have to have at most 8 characters"]],
    [
      "a higher one",
      ...a({ ...TEXT, maxLength: 8 }, { ...TEXT, maxLength: 9 }),
      ["widens: a would have to have at most 9 characters (today: 8)"],
    ],
    ["one that is gone", ...a({ ...TEXT, maxLength: 8 }, TEXT), ["widens: a would have no max-length"]],
  ],
  "min-items": [["the first one", ...a(list(), list({ minItems: 1 })), ["narrows: a would have to have at least 1 item"]]],
  "max-items": [
    [
      "a lower one",
      ...a(list({ maxItems: 16 }), list({ maxItems: 8 })),
      ["narrows: a would have to have at most 8 items (today: 16)"],
    ],
  ],
  "min-properties": [
    ["the first one", ...a(MAP, { ...MAP, minProperties: 2 }), ["narrows: a would have to have at least 2 members"]],
  ],
  "max-properties": [
    ["the first one", ...a(MAP, { ...MAP, maxProperties: 1 }), ["narrows: a would have to have at most 1 member"]],
  ],
  pattern: [
    ["the first one", ...a(TEXT, { ...TEXT, pattern: "^a$" }), ["narrows: a would have to match ^a$"]],
    [
      "another one",
      ...a({ ...TEXT, pattern: "^a$" }, { ...TEXT, pattern: "^(a|b)$" }),
      ["narrows: a would have to match ^(a|b)$, no longer ^a$"],
    ],
    ["none", ...a({ ...TEXT, pattern: "^a$" }, TEXT), ["widens: a would have no pattern"]],
  ],
  format: [
    ["one that is checked", ...a(TEXT, { ...TEXT, format: "ipv4" }), ['narrows: a would have to be of the format "ipv4"']],
    [
      "one that the API server ignores",
      ...a(TEXT, { ...TEXT, format: "semver" }),
      ['neutral: a would have to be of the format "semver"'],
    ],
    ["one of a number", ...a(INTEGER, { ...INTEGER, format: "int32" }), ['neutral: a would have to be of the format "int32"']],
    [
      "the same in other letters",
      ...a({ ...TEXT, format: "datetime" }, { ...TEXT, format: "date-time" }),
      ['neutral: a would have to be of the format "date-time"'],
    ],
    ["none", ...a({ ...TEXT, format: "uuid" }, TEXT), ["widens: a would have no format"]],
    [
      "one that is ignored for one that is checked",
      ...a({ ...TEXT, format: "uuid" }, { ...TEXT, format: "semver" }),
      ['widens: a would have to be of the format "semver"'],
    ],
  ],
  nullable: [
    ["no more", ...a({ ...TEXT, nullable: true }, TEXT), ["narrows: a would no longer take null"]],
    ["from now on", ...a(TEXT, { ...TEXT, nullable: true }), ["widens: a would take null"]],
  ],
  default: [
    ["another one", ...a({ ...TEXT, default: "x" }, { ...TEXT, default: "y" }), ['neutral: a would be "y" where nobody sets it']],
    ["none", ...a({ ...TEXT, default: "x" }, TEXT), ["neutral: a would have no default"]],
    [
      "none of a required field",
      object({ a: { ...TEXT, default: "x" } }, { required: ["a"] }),
      object({ a: TEXT }, { required: ["a"] }),
      ["narrows: a, which is required, would have no default: objects without it would be refused"],
    ],
    [
      "none of a field that becomes required, once",
      object({ a: { ...TEXT, default: "x" } }),
      object({ a: TEXT }, { required: ["a"] }),
      [
        "narrows: a would be required: objects without it would be refused",
        "neutral: a, which is required, would have no default: objects without it would be refused",
      ],
    ],
    [
      "null, which is a default too",
      ...a({ ...TEXT, nullable: true }, { ...TEXT, nullable: true, default: null }),
      ["neutral: a would be null where nobody sets it"],
    ],
  ],
  "additional-properties": [
    ["a map from now on", ...a(NOTHING, MAP), ["widens: members of a of any name would be taken"]],
    [
      "a map no more",
      ...a(MAP, NOTHING),
      ["narrows: a would no longer take members of any name: those that it does not know would be dropped without a word"],
    ],
    [
      "a map no more, but open",
      ...a({ ...OPEN, additionalProperties: TEXT }, OPEN),
      ["widens: members of a would no longer be checked"],
    ],
    [
      "a map, of what was kept unchecked",
      ...a(OPEN, { ...OPEN, additionalProperties: TEXT }),
      ["narrows: members of a of any name would be checked"],
    ],
    [
      "members of another type",
      ...a(MAP, { type: "object", additionalProperties: INTEGER }),
      ["narrows: a[] would have to be an integer, no longer a string"],
    ],
    [
      "any members, of those of a type",
      ...a(MAP, { type: "object", additionalProperties: true }),
      ["widens: a[] would be anything, not only a string"],
    ],
    [
      "none refused any more",
      ...a({ type: "object", additionalProperties: false }, NOTHING),
      ["widens: a would no longer take members of any name: those that it does not know would be dropped without a word"],
    ],
    [
      "all others refused",
      ...a(NOTHING, { type: "object", additionalProperties: false }),
      ["narrows: a would refuse members that it does not name"],
    ],
  ],
  "preserve-unknown-fields": [
    [
      "no more, whatever is known from now on",
      ...a(OPEN, object({ b: TEXT, c: INTEGER })),
      ["narrows: a would no longer keep fields that it does not know: they would be dropped without a word"],
    ],
    ["from now on", ...a(NOTHING, OPEN), ["widens: a would keep fields that it does not know"]],
  ],
  "embedded-resource": [
    [
      "from now on",
      ...a(OPEN, { ...OPEN, "x-kubernetes-embedded-resource": true }),
      ["narrows: a would have to be an object with apiVersion and kind"],
    ],
    [
      "no more, but open",
      ...a({ ...OPEN, "x-kubernetes-embedded-resource": true }, OPEN),
      ["widens: a would no longer be known for an object"],
    ],
    [
      "no more, and pruned",
      ...a(object({ spec: NOTHING }, { "x-kubernetes-embedded-resource": true }), object({ spec: NOTHING })),
      ["narrows: a would no longer be known for an object: its apiVersion, kind and metadata would be dropped without a word"],
    ],
  ],
  items: [
    [
      "unchecked",
      ...a(
        { ...list(), "x-kubernetes-preserve-unknown-fields": true },
        { type: "array", "x-kubernetes-preserve-unknown-fields": true },
      ),
      ["widens: items of a would no longer be checked"],
    ],
    [
      "checked",
      ...a(
        { type: "array", "x-kubernetes-preserve-unknown-fields": true },
        { ...list(), "x-kubernetes-preserve-unknown-fields": true },
      ),
      ["narrows: items of a would be checked"],
    ],
  ],
  "unique-items": [
    ["from now on", ...a(list(), list({ uniqueItems: true })), ["narrows: a would take no item twice"]],
    ["no more", ...a(list({ uniqueItems: true }), list()), ["widens: a would take items twice"]],
  ],
  "list-type": [
    ["a set", ...a(list(), list({ "x-kubernetes-list-type": "set" })), ["narrows: a would take no item twice"]],
    [
      "a map",
      ...a(
        list({ "x-kubernetes-list-type": "atomic" }, object({ b: TEXT })),
        list({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["b"] }, object({ b: TEXT })),
      ),
      ["narrows: a would take no two items with the same keys"],
    ],
    [
      "no longer a set",
      ...a(list({ "x-kubernetes-list-type": "set" }), list({ "x-kubernetes-list-type": "atomic" })),
      ["widens: a would take any items, and be applied as a whole"],
    ],
    [
      "what it is anyway",
      ...a(list(), list({ "x-kubernetes-list-type": "atomic" })),
      ["neutral: a would take any items, and be applied as a whole"],
    ],
  ],
  "list-map-keys": [
    ["another key", ...a(keyed("b"), keyed("c")), ['narrows: no two items of a could be alike in "c" (today: "b")']],
    [
      "a key more, by which more items differ",
      ...a(keyed("b"), keyed("b", "c")),
      ['widens: no two items of a could be alike in "b" and "c" (today: "b")'],
    ],
    ["a key less", ...a(keyed("b", "c"), keyed("b")), ['narrows: no two items of a could be alike in "b" (today: "b" and "c")']],
    ["nothing of an order", ...a(keyed("b", "c"), keyed("c", "b")), []],
  ],
  "map-type": [
    [
      "which says how it is applied, and no more",
      ...a(MAP, { ...MAP, "x-kubernetes-map-type": "atomic" }),
      ["neutral: a would be applied as a whole"],
    ],
  ],
  "all-of": [
    [
      "a branch more",
      ...a(TEXT, { ...TEXT, allOf: [{ minLength: 1 }] }),
      ["narrows: a would have to meet other conditions than today (allOf)"],
    ],
    [
      "a branch less",
      ...a({ ...TEXT, allOf: [{ minLength: 1 }, { maxLength: 2 }] }, { ...TEXT, allOf: [{ maxLength: 2 }] }),
      ["widens: a would have to meet other conditions than today (allOf)"],
    ],
    [
      "a branch that is stricter",
      ...a({ ...TEXT, allOf: [{ minLength: 1 }] }, { ...TEXT, allOf: [{ minLength: 2 }] }),
      ["narrows: a would have to meet other conditions than today (allOf)"],
    ],
    [
      "a branch of two that is looser",
      ...a({ ...TEXT, allOf: [{ minLength: 2 }, { pattern: "x" }] }, { ...TEXT, allOf: [{ pattern: "x" }, { minLength: 1 }] }),
      ["widens: a would have to meet other conditions than today (allOf)"],
    ],
    [
      "nothing of an order",
      ...a({ ...TEXT, allOf: [{ minLength: 2 }, { pattern: "x" }] }, { ...TEXT, allOf: [{ pattern: "x" }, { minLength: 2 }] }),
      [],
    ],
  ],
  "any-of": [
    [
      "the first branches",
      ...a(TEXT, { ...TEXT, anyOf: [{ minLength: 1 }, { pattern: "x" }] }),
      ["narrows: a would have to meet other conditions than today (anyOf)"],
    ],
    [
      "a branch more",
      ...a({ ...TEXT, anyOf: [{ minLength: 1 }] }, { ...TEXT, anyOf: [{ minLength: 1 }, { pattern: "x" }] }),
      ["widens: a would have to meet other conditions than today (anyOf)"],
    ],
    [
      "a branch less",
      ...a({ ...TEXT, anyOf: [{ minLength: 1 }, { pattern: "x" }] }, { ...TEXT, anyOf: [{ minLength: 1 }] }),
      ["narrows: a would have to meet other conditions than today (anyOf)"],
    ],
    [
      "all branches less",
      ...a({ ...TEXT, anyOf: [{ minLength: 1 }] }, TEXT),
      ["widens: a would have to meet other conditions than today (anyOf)"],
    ],
    [
      "a branch that asks for a field less",
      ...a(
        object({ b: TEXT }, { anyOf: [{ required: ["b"], properties: { b: { minLength: 1 } } }, { maxProperties: 0 }] }),
        object({ b: TEXT }, { anyOf: [{ required: ["b"] }, { maxProperties: 0 }] }),
      ),
      ["widens: a would have to meet other conditions than today (anyOf)"],
    ],
  ],
  "one-of": [
    [
      "the first branches",
      ...a(TEXT, { ...TEXT, oneOf: [{ minLength: 1 }] }),
      ["narrows: a would have to meet other conditions than today (oneOf)"],
    ],
    [
      "a branch more, of which nobody knows what it excludes",
      ...a({ ...TEXT, oneOf: [{ minLength: 1 }] }, { ...TEXT, oneOf: [{ minLength: 1 }, { pattern: "x" }] }),
      ["narrows: a would have to meet other conditions than today (oneOf)"],
    ],
    [
      "all branches less",
      ...a({ ...TEXT, oneOf: [{ minLength: 1 }] }, TEXT),
      ["widens: a would have to meet other conditions than today (oneOf)"],
    ],
    [
      "a branch that is there twice, and never alone",
      ...a(
        { ...TEXT, oneOf: [{ minLength: 1 }, { pattern: "x" }] },
        { ...TEXT, oneOf: [{ minLength: 1 }, { pattern: "x" }, { pattern: "x" }] },
      ),
      ["narrows: a would have to meet other conditions than today (oneOf)"],
    ],
  ],
  not: [
    [
      "the first one",
      ...a(TEXT, { ...TEXT, not: { enum: ["x"] } }),
      ["narrows: a would have to meet other conditions than today (not)"],
    ],
    [
      "no more",
      ...a({ ...TEXT, not: { enum: ["x"] } }, TEXT),
      ["widens: a would have to meet other conditions than today (not)"],
    ],
    [
      "a value less that is excluded",
      ...a({ ...TEXT, not: { enum: ["x", "y"] } }, { ...TEXT, not: { enum: ["x"] } }),
      ["widens: a would have to meet other conditions than today (not)"],
    ],
    [
      "a value more that is excluded",
      ...a({ ...TEXT, not: { enum: ["x"] } }, { ...TEXT, not: { enum: ["x", "y"] } }),
      ["narrows: a would have to meet other conditions than today (not)"],
    ],
  ],
  "cel-rule-added": [
    ["by its rule", ...a(TEXT, rule("self != 'x'")), ["narrows: a would have to meet a new rule: self != 'x'"]],
    ["by its message", ...a(TEXT, rule("self != 'x'", { message: "no x" })), ["narrows: a would have to meet a new rule: no x"]],
    [
      "of transitions, as such",
      ...a(TEXT, rule("self == oldSelf", { message: "immutable" })),
      ["narrows: updates of a would have to meet a new rule: immutable"],
    ],
  ],
  "cel-rule-removed": [["a rule", ...a(rule("self != 'x'"), TEXT), ["widens: a would no longer have to meet: self != 'x'"]]],
  "cel-rule-changed": [
    [
      "the only one",
      ...a(rule("self != 'x'"), rule("self != 'y'")),
      ["narrows: a would have to meet another rule than today: self != 'y'"],
    ],
    [
      "a blank within a text",
      ...a(rule("self != 'x y'"), rule("self != 'x  y'")),
      ["narrows: a would have to meet another rule than today: self != 'x  y'"],
    ],
    [
      "one of old values, from now on of new objects too",
      ...a(rule("oldSelf.hasValue()"), rule("oldSelf.hasValue()", { optionalOldSelf: true })),
      ["narrows: updates of a would have to meet another rule than today: oldSelf.hasValue()"],
    ],
    [
      "nothing of blanks and comments elsewhere",
      ...a(rule("self.all(x,x!='a b')\n"), rule("self.all(x, // each\n  x != 'a b')")),
      [],
    ],
  ],
  "cel-rule-reworded": [
    [
      "what it says where it fails",
      ...a(rule("self != 'x'", { message: "no x" }), rule("self != 'x'", { message: "not x" })),
      ["neutral: a rule of a would be told in other words"],
    ],
  ],
  documentation: [["nothing of what is told of it", ...a(TEXT, { ...TEXT, description: "x", title: "y", example: "z" }), []]],
  unhandled: [
    [
      "from now on",
      ...a(TEXT, { ...TEXT, "x-kubernetes-mood": "good" }),
      ['narrows: a would be told otherwise by "x-kubernetes-mood", which crdguard does not know'],
    ],
    [
      "no more",
      ...a({ ...TEXT, "x-kubernetes-mood": "good" }, TEXT),
      ['widens: a would be told otherwise by "x-kubernetes-mood", which crdguard does not know'],
    ],
    [
      "a keyword of another form than it has",
      ...a({ ...TEXT, maxLength: 3 }, { ...TEXT, maxLength: "3" }),
      ["widens: a would have no max-length", 'narrows: a would be told otherwise by "maxLength", which crdguard does not know'],
    ],
  ],
};

function keyed(...keys: readonly string[]): Written {
  return list({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys }, object({ b: TEXT, c: TEXT }));
}

describe.each(Object.entries(ROWS))("%s", (kind, rows) => {
  it.each(rows)("tells %s", (_title, before, after, told) => {
    expect(tell(before, after)).toEqual(told);
  });

  it("has been met", () => {
    const kinds = rows.flatMap(([, before, after]) => compareSchemas(schema(before), schema(after)).map((change) => change.kind));

    expect(kinds).toContain(kind);
  });
});

describe("a path", () => {
  it.each([
    ["items of items", object({ a: list({}, list({}, object({ b: TEXT }))) }), "a[][].b"],
    ["members of a map", object({ a: { type: "object", additionalProperties: object({ b: TEXT }) } }), "a[].b"],
    [
      "names with dots, and names of Object",
      object({ "x.y": object({ __proto__x: TEXT, constructor: object({ b: TEXT }) }) }),
      '["x.y"].constructor.b',
    ],
  ])("goes through %s", (_title, before, path) => {
    const after = JSON.parse(JSON.stringify(before).replace('"b":{"type":"string"}', '"b":{"type":"integer"}')) as Written;

    expect(compareSchemas(schema(before), schema(after)).map((change) => change.path)).toEqual([path]);
  });
});

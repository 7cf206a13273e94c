import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalText } from "../../../src/crd/canonical-text.ts";
import { asRead } from "../../../src/objects/apply-defaults.ts";
import { problemsOf } from "../../../src/objects/problems-of.ts";
import { prune, unknownFields } from "../../../src/objects/unknown-fields.ts";
import { schemaOf } from "./schemas.ts";

const names = fc.constantFrom("a", "b", "kind", "metadata", "constructor", "__proto__");

/** A member called __proto__ is one, as in JSON. */
function members(value: fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  return fc.array(fc.tuple(names, value), { maxLength: 3 }).map((entries) => Object.fromEntries(entries));
}

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, 0, 1.5, "", "x"),
    fc.array(tie("value"), { maxLength: 3 }),
    members(tie("value")),
  ),
}));

/** Structural as far as these functions care: defaults fit their types, as the API server sees to. */
const { schema } = fc.letrec((tie) => ({
  schema: fc.oneof(
    { depthSize: "small" },
    fc.record(
      { type: fc.constant("integer"), nullable: fc.boolean(), default: fc.constantFrom(0, 1) },
      { requiredKeys: ["type"] },
    ),
    fc.record(
      { type: fc.constant("array"), items: tie("schema"), nullable: fc.boolean(), default: fc.constant([]) },
      { requiredKeys: ["type", "items"] },
    ),
    fc.record(
      {
        type: fc.constant("object"),
        properties: members(tie("schema")),
        nullable: fc.boolean(),
        default: fc.constant({}),
        "x-kubernetes-preserve-unknown-fields": fc.constant(true),
        "x-kubernetes-embedded-resource": fc.boolean(),
      },
      { requiredKeys: ["type", "properties"] },
    ),
    fc.record(
      { type: fc.constant("object"), additionalProperties: fc.oneof(tie("schema"), fc.boolean()), nullable: fc.boolean() },
      { requiredKeys: ["type", "additionalProperties"] },
    ),
  ),
}));

const pair = fc
  .tuple(schema, value)
  .map(([spec, object]) => ({ schema: schemaOf(spec), object: { apiVersion: "own.dev/v1", spec: object } }));

describe("whatever schema and object", () => {
  it("nothing unknown is left of what is pruned, and what has nothing unknown stays itself", () => {
    fc.assert(
      fc.property(pair, ({ schema: given, object }) => {
        const pruned = prune(object, given);
        expect(unknownFields(pruned, given)).toEqual([]);
        expect(pruned === object).toBe(unknownFields(object, given).length === 0);
      }),
      { numRuns: 1_000 },
    );
  });

  it("an object that was read is the same when it is read again", () => {
    fc.assert(
      fc.property(pair, ({ schema: given, object }) => {
        const read = asRead(object, given);
        expect(canonicalText(asRead(read, given))).toBe(canonicalText(read));
      }),
      { numRuns: 1_000 },
    );
  });

  it("objects are never changed", () => {
    fc.assert(
      fc.property(pair, ({ schema: given, object }) => {
        const asItWas = canonicalText(object);
        problemsOf(asRead(object, given), given);
        expect(canonicalText(object)).toBe(asItWas);
      }),
      { numRuns: 500 },
    );
  });
});

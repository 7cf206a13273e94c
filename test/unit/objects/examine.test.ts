import { describe, expect, it } from "vitest";
import type { FitCheck } from "../../../src/crd/schema/looks.ts";
import { openExamination } from "../../../src/objects/examine.ts";
import type { FitTally } from "../../../src/objects/examiner.ts";
import { createSchemaCache } from "../../../src/objects/schema-cache.ts";
import { MAX_CAUSES } from "../../../src/objects/tally.ts";
import { gear, written } from "./schemas.ts";

const TEXT = { type: "string" };
const object = (properties: object, rest: object = {}): object => ({ type: "object", properties, ...rest });

function check(before: object | null, after: object, rest: Partial<FitCheck> = {}): FitCheck {
  return {
    version: "v1",
    before: before === null ? null : written(before),
    after: written(after),
    isValidated: true,
    prunedAs: "stored",
    ...rest,
  };
}

function examine(checks: readonly FitCheck[], specs: readonly string[]): FitTally {
  const examination = openExamination({ apiGroup: "own.dev", kind: "Gear", checks }, createSchemaCache());
  examination.addObjects(specs.map((spec, index) => gear(spec, `g${String(index + 1)}`)));
  return examination.tally();
}

/** `v1 spec.a: must be of type string (2)`. */
function told({ rejections, losses }: FitTally): readonly string[] {
  return [
    ...rejections.map(({ version, path, message, objectCount }) => `${version} ${path}: ${message} (${String(objectCount)})`),
    ...losses.map(({ version, role, path, objectCount }) => `${version} ${role} loses ${path} (${String(objectCount)})`),
  ];
}

describe("what is told of objects", () => {
  it.each<{ title: string; checks: readonly FitCheck[]; specs: readonly string[]; tells: readonly string[] }>([
    {
      title: "that are refused for the same",
      checks: [check(object({ a: TEXT }), object({ a: { type: "integer" } }))],
      specs: ['{"a":"1"}', '{"a":"2"}', "{}"],
      tells: ["v1 spec.a: must be of type integer (2)"],
    },
    {
      title: "once for many items of each",
      checks: [check({ type: "array", items: TEXT }, { type: "array", items: { type: "integer" } })],
      specs: ['["1","2","3"]', '["1"]'],
      tells: ["v1 spec[]: must be of type integer (2)"],
    },
    {
      title: "once for whatever key",
      checks: [
        check(
          { type: "object", additionalProperties: TEXT },
          { type: "object", additionalProperties: { ...TEXT, maxLength: 1 } },
        ),
      ],
      specs: ['{"x":"ab"}', '{"y":"ab"}'],
      tells: ["v1 spec[]: Too long: may not be more than 1 byte (2)"],
    },
    {
      title: "but nothing that was as bad before",
      checks: [check(object({ a: { ...TEXT, enum: ["a", "b"] } }), object({ a: { ...TEXT, enum: ["a"] } }))],
      specs: ['{"a":"c"}', '{"a":"b"}'],
      tells: ['v1 spec.a: Unsupported value: supported values: "a" (1)'],
    },
    {
      title: "whatever is wrong, where there was no version before",
      checks: [check(null, object({ a: { type: "integer" } }))],
      specs: ['{"a":"c","b":1}'],
      tells: ["v1 spec.a: must be of type integer (1)", "v1 stored loses spec.b (1)"],
    },
    {
      title: "that lose what was known before, and nothing else",
      checks: [check(object({ a: TEXT, b: TEXT }), object({ a: TEXT }))],
      specs: ['{"a":"x","b":"y","c":"z"}', '{"a":"x"}'],
      tells: ["v1 stored loses spec.b (1)"],
    },
    {
      title: "that lose a subtree, once",
      checks: [check(object({ b: object({ c: TEXT, d: TEXT }) }), object({}), { prunedAs: "served" })],
      specs: ['{"b":{"c":"1","d":"2","e":"3"}}'],
      tells: ["v1 served loses spec.b (1)"],
    },
    {
      title: "that are not validated in a version that is stored alone",
      checks: [check(object({ a: TEXT }), object({ a: { type: "integer" } }), { isValidated: false })],
      specs: ['{"a":"1"}'],
      tells: [],
    },
    {
      title: "that lose nothing in a version where none is looked for",
      checks: [check(object({ a: TEXT }), object({}), { prunedAs: null })],
      specs: ['{"a":"1"}'],
      tells: [],
    },
    {
      title: "that a default mends",
      checks: [check(object({}), object({ a: { ...TEXT, default: "x" } }, { required: ["a"] }))],
      specs: ["{}"],
      tells: [],
    },
    {
      title: "in several versions",
      checks: [
        check(object({ a: TEXT }), object({ a: { type: "integer" } })),
        check(object({ a: TEXT }), object({}), { version: "v2", prunedAs: "served" }),
      ],
      specs: ['{"a":"1"}'],
      tells: ["v1 spec.a: must be of type integer (1)", "v2 served loses spec.a (1)"],
    },
  ])("$title", ({ checks, specs, tells }) => {
    expect(told(examine(checks, specs))).toEqual(tells);
  });

  it("most objects first, at most so many causes, and how many more there are", () => {
    const names = Array.from({ length: MAX_CAUSES + 5 }, (_, index) => `f${String(index)}`);
    const known = object(Object.fromEntries(names.map((name) => [name, TEXT])));
    const specs = names.map((_, index) => JSON.stringify(Object.fromEntries(names.slice(index).map((name) => [name, "x"]))));

    const { losses, untoldCauses, losingCount } = examine([check(known, object({}))], specs);

    expect(losses).toHaveLength(MAX_CAUSES);
    expect(losses[0]).toMatchObject({ path: `spec.f${String(MAX_CAUSES + 4)}`, objectCount: MAX_CAUSES + 5 });
    expect(untoldCauses).toBe(5);
    expect(losingCount).toBe(MAX_CAUSES + 5);
  });

  it("is that a pattern cannot be read", () => {
    const { unevaluatedRules } = examine([check(object({}), object({ a: { ...TEXT, pattern: "(?<!a)b" } }))], []);

    expect(unevaluatedRules).toEqual([
      { version: "v1", path: "spec.a", rule: "(?<!a)b", reason: "it is a pattern that cannot be read here" },
    ]);
  });
});

describe("examples", () => {
  it("are the first three objects, with their paths and values", () => {
    const { rejections } = examine(
      [check({ type: "array", items: TEXT }, { type: "array", items: { ...TEXT, maxLength: 2 } })],
      ['["a","abc"]', '["abcd"]', '["abcde"]', '["abcdef"]'],
    );

    expect(rejections[0]?.examples).toEqual([
      { object: { namespace: "mill", name: "g1" }, path: "spec[1]", value: '"abc"' },
      { object: { namespace: "mill", name: "g2" }, path: "spec[0]", value: '"abcd"' },
      { object: { namespace: "mill", name: "g3" }, path: "spec[0]", value: '"abcde"' },
    ]);
  });

  it.each<{ title: string; spec: string; before?: object; value: string | null }>([
    { title: "an object", spec: '{"a":{"b":[1,null]}}', value: '{"b":[1,null]}' },
    { title: "an integer of 64 bits", spec: '{"a":9223372036854775807}', value: "9223372036854775807" },
    { title: "a long text, shortened", spec: JSON.stringify({ a: "x".repeat(100) }), value: `"${"x".repeat(58)}…` },
    { title: "nothing within which a name tells of a secret", spec: '{"a":{"b":{"dbPassword":"x"}}}', value: null },
    {
      title: "nothing whose format is password",
      before: object({ a: { ...TEXT, format: "password" } }),
      spec: '{"a":"x"}',
      value: null,
    },
    {
      title: "nothing that holds something of format password",
      before: object({ a: object({ pin: { ...TEXT, format: "password" } }) }),
      spec: '{"a":{"pin":"1"}}',
      value: null,
    },
  ])("show $title", ({ spec, before = object({ a: { "x-kubernetes-preserve-unknown-fields": true } }), value }) => {
    const { losses } = examine([check(before, object({}))], [spec]);

    expect(losses.flatMap(({ examples }) => examples.map((example) => example.value))).toEqual([value]);
  });

  it.each(["clientSecret", "apiToken", "credentials", "privateKey", "PASSWD"])("hide what is called %s", (name) => {
    const { losses } = examine([check(object({ [name]: TEXT }), object({}))], [JSON.stringify({ [name]: "x" })]);

    expect(losses[0]?.examples[0]?.value).toBeNull();
  });

  it("show nothing of what is missing", () => {
    const { rejections } = examine([check(object({}), object({}, { required: ["a"] }))], ["{}"]);

    expect(rejections[0]).toMatchObject({ path: "spec.a", message: "Required value", examples: [{ value: null }] });
  });
});

describe("rules of CEL", () => {
  const ruled = (rule: string, rest: object = {}): object =>
    object(
      { a: { type: "integer" }, b: { type: "integer" } },
      { "x-kubernetes-validations": [{ rule, message: "a is not b" }], ...rest },
    );

  it("that are new are asked of every object", () => {
    const { failedRules, rejections } = examine(
      [check(object({}), ruled("self.a == self.b"))],
      ['{"a":1,"b":2}', '{"a":1,"b":1}'],
    );

    expect(rejections).toEqual([]);
    expect(failedRules).toMatchObject([
      { version: "v1", path: "spec", rule: "self.a == self.b", message: "a is not b", objectCount: 1 },
    ]);
  });

  it("are not asked of what lacks something", () => {
    const { failedRules, rejections } = examine([check(object({}), ruled("self.a == 1", { required: ["b"] }))], ['{"a":2}']);

    expect(rejections).toMatchObject([{ path: "spec.b" }]);
    expect(failedRules).toEqual([]);
  });

  it("that cannot be evaluated are told of", () => {
    const { unevaluatedRules } = examine([check(object({}), ruled("self.a >= oldSelf.a"))], ['{"a":1}']);

    expect(unevaluatedRules).toMatchObject([{ version: "v1", path: "spec", rule: "self.a >= oldSelf.a" }]);
  });
});

describe("a page", () => {
  const open = (): ReturnType<typeof openExamination> =>
    openExamination({ apiGroup: "own.dev", kind: "Gear", checks: [check(object({}), object({}))] }, createSchemaCache());
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  it.each([
    {
      title: "in the middle",
      text: '{"metadata":{"continue":"abc","remainingItemCount":7},"items":[{},{}]}',
      look: { objectCount: 2, continueToken: "abc", remainingCount: 7 },
    },
    {
      title: "at the end",
      text: '{"metadata":{"continue":""},"items":[]}',
      look: { objectCount: 0, continueToken: null, remainingCount: null },
    },
    { title: "without metadata", text: '{"items":[]}', look: { objectCount: 0, continueToken: null, remainingCount: null } },
  ])("$title", ({ text, look }) => {
    expect(open().addPage(bytes(text))).toEqual(look);
  });

  it.each([
    { text: "{", message: "the list of objects is not JSON" },
    { text: '{"kind":"Status"}', message: "the answer is not a list of objects" },
    { text: '{"items":[1]}', message: "the answer is not a list of objects" },
  ])("that is none: $text", ({ text, message }) => {
    expect(() => open().addPage(bytes(text))).toThrow(expect.objectContaining({ code: "list-unreadable", message }));
  });
});

describe("the cache of schemas", () => {
  const gears = (count: number): ReturnType<typeof written>[] =>
    Array.from({ length: count }, (_, index) => written({ type: "string", maxLength: index }));

  it("reads what says the same once", () => {
    const schemas = createSchemaCache();
    const [schema] = gears(1);
    if (schema?.kind !== "json") throw new Error("it is text");

    expect(schemas.read({ kind: "value", value: JSON.parse(schema.text) })).toBe(schemas.read(schema));
    expect(schemas.size).toBe(1);
  });

  it("forgets what was not asked for the longest", () => {
    const schemas = createSchemaCache({ maxSchemas: 2, maxBytes: 10_000 });
    const [first, second, third] = gears(3);
    if (first === undefined || second === undefined || third === undefined) throw new Error("there are three");
    const read = schemas.read(first);
    schemas.read(second);
    schemas.read(first);
    schemas.read(third);

    expect(schemas.size).toBe(2);
    expect(schemas.read(first)).toBe(read);
  });

  it("keeps no more bytes than it may", () => {
    const schemas = createSchemaCache({ maxSchemas: 100, maxBytes: 200 });
    for (const schema of gears(20)) schemas.read(schema);

    expect(schemas.size).toBeLessThan(4);
  });

  it("tells of a schema that is no JSON", () => {
    expect(() => createSchemaCache().read({ kind: "json", text: "{" })).toThrow(
      expect.objectContaining({ code: "schema-unreadable" }),
    );
  });
});

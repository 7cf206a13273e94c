import { describe, expect, it } from "vitest";
import { readSchema } from "../../../../src/crd/schema/read-schema.ts";
import type { Schema } from "../../../../src/crd/schema/schema.ts";
import { compileCelRules } from "../../../../src/objects/cel/compile-cel-rules.ts";

type Keywords = Readonly<Record<string, unknown>>;

function schema(value: Keywords): Schema {
  return readSchema({ kind: "value", value });
}

function ruled(rule: string | Keywords, more: Keywords = {}): Keywords {
  return { type: "integer", "x-kubernetes-validations": [typeof rule === "string" ? { rule } : rule], ...more };
}

function root(n: Keywords): Schema {
  return schema({ type: "object", properties: { n } });
}

describe("which rules are evaluated", () => {
  it.each([
    { title: "all, of a CRD that is new", before: null, isNew: true },
    { title: "a rule that is added", before: root({ type: "integer" }), isNew: true },
    { title: "a rule that is changed", before: root(ruled("self > 1")), isNew: true },
    { title: "a rule of a field that is new", before: schema({ type: "object" }), isNew: true },
    {
      title: "a rule that stood elsewhere",
      before: schema({ type: "object", properties: { m: ruled("self > 2") } }),
      isNew: true,
    },
    { title: "not one that stood there", before: root(ruled("self > 2")), isNew: false },
    { title: "not one with other spaces and line breaks", before: root(ruled("self  >\n2 ")), isNew: false },
    { title: "not one with another message", before: root(ruled({ rule: "self > 2", message: "larger" })), isNew: false },
    { title: "not one that allOf had", before: root({ type: "integer", allOf: [ruled("self > 2")] }), isNew: false },
    {
      title: "one that is now asked for new objects",
      before: root(ruled({ rule: "self > 2", optionalOldSelf: true })),
      isNew: true,
    },
  ])("$title", ({ before, isNew }) => {
    const checker = compileCelRules(root(ruled("self > 2")), before);

    expect(checker.check({ n: 1 })).toEqual(isNew ? [{ path: ["n"], rule: "self > 2", message: "failed rule: self > 2" }] : []);
  });

  it("takes spaces within literals for what they are", () => {
    const of = (rule: string): Schema => schema({ type: "object", properties: { s: { type: "string", ...rules(rule) } } });
    const rules = (rule: string): Keywords => ({ "x-kubernetes-validations": [{ rule }] });

    expect(compileCelRules(of("self == 'a  b'"), of("self == 'a b'")).check({ s: "a b" })).toHaveLength(1);
  });

  it("leaves out what the API server leaves out: fields without a type, and rules within allOf alone", () => {
    const untyped = { "x-kubernetes-preserve-unknown-fields": true };
    const list = { type: "array", items: untyped, "x-kubernetes-validations": [{ rule: "size(self) > 1" }] };

    expect(compileCelRules(root(list), null).check({ n: [1] })).toEqual([]);
    expect(compileCelRules(root({ type: "integer", allOf: [ruled("self > 2")] }), null).check({ n: 1 })).toEqual([]);
    expect(compileCelRules(root({ ...ruled("true"), allOf: [ruled("self > 2")] }), null).check({ n: 1 })).toHaveLength(1);
  });
});

describe("where a rule fails", () => {
  const below = {
    type: "object",
    additionalProperties: {
      type: "array",
      items: { type: "object", properties: { n: ruled({ rule: "self > 2", message: "too small" }) } },
    },
  };

  it("tells the place in the object", () => {
    const checker = compileCelRules(root(below), null);

    expect(checker.check({ n: { a: [{ n: 3 }, { n: 1 }], b: [{}, { n: null }] } })).toEqual([
      { path: ["n", "a", 1, "n"], rule: "self > 2", message: "too small" },
    ]);
  });

  it.each([
    { fieldPath: ".spec.limits", path: ["spec", "limits"] },
    { fieldPath: ".spec['a.b'].c", path: ["spec", "a.b", "c"] },
    { fieldPath: "['it\\'s']", path: ["it's"] },
  ])("follows the field path $fieldPath", ({ fieldPath, path }) => {
    const checker = compileCelRules(schema({ type: "object", "x-kubernetes-validations": [{ rule: "false", fieldPath }] }), null);

    expect(checker.check({})).toMatchObject([{ path }]);
  });

  it("reads apiVersion, kind and the name of any resource", () => {
    const rule = "self.metadata.name != 'b' && self.kind == 'Gear' && !has(self.metadata.generateName)";
    const checker = compileCelRules(schema({ type: "object", "x-kubernetes-validations": [{ rule }] }), null);

    expect(checker.check({ kind: "Gear", metadata: { name: "a" } })).toEqual([]);
    expect(checker.check({ kind: "Gear", metadata: { name: "b" } })).toHaveLength(1);
  });
});

describe("what is not evaluated", () => {
  it.each([
    { rule: "self == oldSelf", reason: "it reads oldSelf" },
    { rule: "cel.bind(x, self, x > 1)", reason: "it uses cel.bind(), which is not evaluated here" },
    { rule: "authorizer.path('/').check('get').allowed()", reason: "it uses allowed(), which is not evaluated here" },
    { rule: "other > 1", reason: "it reads other, which is not known here" },
    { rule: "self ==", reason: "it cannot be parsed here (Unexpected token: EOF)" },
    { rule: "true == self > 1", reason: "it has comparisons in a row without parentheses" },
    { rule: "b'é' == b'e'", reason: "it has a literal of bytes with characters beyond ASCII" },
    { rule: "has(self)", reason: "has() in it has no field for an argument" },
  ])("$rule: $reason", ({ rule, reason }) => {
    const checker = compileCelRules(root(ruled(rule)), null);

    expect(checker.unevaluated).toEqual([{ path: "n", rule, reason }]);
    expect(checker.check({ n: 1 })).toEqual([]);
  });

  it("names a field that the schema does not declare: the API server refuses such a CRD", () => {
    const part = { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { a: { type: "string" } } };
    const rule = "self.b == 1";
    const checker = compileCelRules(root({ type: "array", items: { ...part, "x-kubernetes-validations": [{ rule }] } }), null);

    expect(checker.unevaluated).toEqual([
      { path: "n[*]", rule, reason: "it reads b, which its schema does not declare with a type" },
    ]);
  });

  it.each([
    { rule: "'%e'.format([1.5]) == ''", reason: "it formats a number with %e" },
    { rule: "timestamp(0).getHours('Europe/Zurich') == 1", reason: "it names the time zone Europe/Zurich, and no offset" },
    { rule: "[].sum() == 0", reason: "it sums up an empty list, whose type is not known here" },
    { rule: "url('https://a') == url('https://b')", reason: "it compares URLs that are written differently" },
    { rule: "lists.range(self).size() > 1", reason: "it takes more than 100000 steps on an object" },
    { rule: "'x'.replace('', lists.range(9).map(i, 'yyyyyyyyy').join()).replace('', 'z').size() > 1", reason: null },
  ])("$rule is seen when it is evaluated", ({ rule, reason }) => {
    const checker = compileCelRules(root(ruled(rule)), null);

    expect(checker.unevaluated).toEqual([]);
    expect(checker.check({ n: 1_000_000 })).toEqual([]);
    expect(checker.check({ n: 1_000_000 })).toEqual([]);
    expect(checker.unevaluated).toEqual(reason === null ? [] : [{ path: "n", rule, reason }]);
  });

  it("stops a rule that would take for ever, and goes on with the next object", () => {
    const rule = "self.all(a, self.all(b, self.all(c, self.all(d, a + b + c + d >= 0))))";
    const list = {
      type: "array",
      items: { type: "integer" },
      "x-kubernetes-validations": [{ rule }, { rule: "size(self) < 3" }],
    };
    const checker = compileCelRules(root(list), null);

    expect(checker.check({ n: Array.from({ length: 200 }, () => 1) })).toMatchObject([{ rule: "size(self) < 3" }]);
    expect(checker.unevaluated).toEqual([{ path: "n", rule, reason: "it takes more than 100000 steps on an object" }]);
    expect(checker.check({ n: [1, 2, 3] })).toMatchObject([{ rule: "size(self) < 3" }]);
  });
});

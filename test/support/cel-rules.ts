/** @file Rules with objects that they hold for, and objects that they refuse: said of the API server as well as of us. */

export interface CelCase {
  readonly rule: string;
  /** What stands in each of them is a value of `SUBJECT`. */
  readonly holds: readonly Subject[];
  readonly fails: readonly Subject[];
  /** More of the rule than its text, as `x-kubernetes-validations` has it. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export type Subject = Readonly<Record<string, unknown>>;

const text = { type: "string", maxLength: 60 };
const integer = { type: "integer", format: "int64" };
const texts = { type: "array", maxItems: 6, items: text };
const named = {
  type: "array",
  maxItems: 6,
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["name"],
  items: { type: "object", required: ["name"], properties: { name: text, value: integer } },
};

/** Something of each type that a schema can declare. */
export const SUBJECT = {
  type: "object",
  properties: {
    s: text,
    t: text,
    i: integer,
    j: integer,
    d: { type: "number" },
    e: { type: "number" },
    b: { type: "boolean" },
    list: texts,
    ints: { type: "array", maxItems: 6, items: integer },
    doubles: { type: "array", maxItems: 6, items: { type: "number" } },
    spans: { type: "array", maxItems: 6, items: { type: "string", format: "duration" } },
    set: { ...texts, "x-kubernetes-list-type": "set" },
    other: { ...texts, "x-kubernetes-list-type": "set" },
    named,
    groups: { type: "array", maxItems: 2, items: named },
    items: { type: "array", maxItems: 6, items: { type: "object", properties: { name: text, weight: integer } } },
    map: { type: "object", maxProperties: 6, additionalProperties: text },
    counts: { type: "object", maxProperties: 6, additionalProperties: integer },
    either: { "x-kubernetes-int-or-string": true, maxLength: 20 },
    date: { type: "string", format: "date" },
    time: { type: "string", format: "date-time" },
    span: { type: "string", format: "duration" },
    bytes: { type: "string", format: "byte", maxLength: 60 },
    maybe: { type: "string", maxLength: 60, nullable: true },
    part: { type: "object", properties: { a: text, n: integer, deep: { type: "object", properties: { x: text } } } },
    parts: { type: "array", maxItems: 2, items: { type: "object", properties: { a: text, n: integer } } },
    opens: {
      type: "array",
      maxItems: 2,
      items: { type: "object", properties: { a: text }, "x-kubernetes-preserve-unknown-fields": true },
    },
    resource: {
      type: "object",
      "x-kubernetes-embedded-resource": true,
      "x-kubernetes-preserve-unknown-fields": true,
    },
    if: text,
    namespace: text,
    "a-b": text,
    "a.b": text,
    "x/y": text,
    a__b: text,
    _c: text,
  },
} as const;

/** By what they are about. Each group is a CRD of its own, since the API server bounds what the rules of one may cost. */
export const CEL_CASES: Readonly<Record<string, readonly CelCase[]>> = {
  operators: [
    { rule: "self.i + self.j == 5", holds: [{ i: 2, j: 3 }], fails: [{ i: 2, j: 2 }, { i: 2 }] },
    {
      rule: "self.i / self.j == 2 && self.i % self.j == 1",
      holds: [{ i: 5, j: 2 }],
      fails: [
        { i: 5, j: 0 },
        { i: -5, j: 2 },
      ],
    },
    { rule: "self.i / self.j == -2 && self.i % self.j == -1", holds: [{ i: -5, j: 2 }], fails: [{ i: 5, j: 2 }] },
    {
      rule: "self.i * self.j < 100",
      holds: [{ i: 5, j: 2 }],
      fails: [
        { i: 9007199254740993n, j: 2 },
        { i: 4611686018427387904n, j: 2 },
      ],
    },
    { rule: "self.i == 9007199254740993", holds: [{ i: 9007199254740993n }], fails: [{ i: 9007199254740992n }] },
    { rule: "-self.i == 3", holds: [{ i: -3 }], fails: [{ i: 3 }] },
    { rule: "self.i > -9223372036854775808", holds: [{ i: 0 }], fails: [] },
    { rule: "self.d + 0.5 == 2.0", holds: [{ d: 1.5 }], fails: [{ d: 1 }] },
    { rule: "self.d / 0.0 > 1.0", holds: [{ d: 1 }], fails: [{ d: -1 }, { d: 0 }] },
    { rule: "dyn(self.d) == dyn(self.i)", holds: [{ d: 2, i: 2 }], fails: [{ d: 2.5, i: 2 }] },
    { rule: "self.d < self.i", holds: [{ d: 1.5, i: 2 }], fails: [{ d: 2, i: 2 }] },
    {
      rule: "self.s < self.t",
      holds: [
        { s: "a", t: "b" },
        { s: "\uffee", t: "\u{1f600}" },
      ],
      fails: [
        { s: "b", t: "a" },
        { s: "a", t: "a" },
      ],
    },
    { rule: "self.s + 'x' == self.t", holds: [{ s: "a", t: "ax" }], fails: [{ s: "a", t: "a" }] },
    {
      rule: "self.b ? self.i > 0 : self.i < 0",
      holds: [
        { b: true, i: 1 },
        { b: false, i: -1 },
      ],
      fails: [{ b: true, i: -1 }, { i: 1 }],
    },
    { rule: "self.i > 0 || self.j > 0", holds: [{ i: 1 }, { j: 1 }], fails: [{ i: 0 }, {}, { i: 0, j: 0 }] },
    { rule: "self.i > 0 && self.j > 0", holds: [{ i: 1, j: 1 }], fails: [{ i: 1 }, { j: 0 }, {}] },
    { rule: "!(self.s in ['a', 'b'])", holds: [{ s: "c" }], fails: [{ s: "a" }, {}] },
    { rule: "self.i in [1, 2, 3]", holds: [{ i: 2 }], fails: [{ i: 4 }] },
    { rule: "'a' in self.map", holds: [{ map: { a: "1" } }], fails: [{ map: {} }, {}] },
    { rule: "'a' in self.list", holds: [{ list: ["b", "a"] }], fails: [{ list: [] }] },
    { rule: "self.map['a'] == 'x'", holds: [{ map: { a: "x" } }], fails: [{ map: { a: "y" } }, { map: {} }] },
    { rule: "self.map.a == 'x'", holds: [{ map: { a: "x" } }], fails: [{ map: {} }] },
    { rule: "self.list[1] == 'x'", holds: [{ list: ["a", "x"] }], fails: [{ list: ["a"] }] },
    { rule: "{'a': 1, 'b': 2}[self.s] == 1", holds: [{ s: "a" }], fails: [{ s: "b" }, { s: "c" }] },
    { rule: "[1, 2, self.i].exists(x, x == 3)", holds: [{ i: 3 }], fails: [{ i: 4 }, {}] },
    { rule: "uint(self.i) + 1u == 3u", holds: [{ i: 2 }], fails: [{ i: 3 }, { i: -1 }] },
    {
      rule: "self.s == r'a\\b' || self.s == 'tab\\t' || self.s == '\\u00e9'",
      holds: [{ s: "a\\b" }, { s: "tab\t" }, { s: "é" }],
      fails: [{ s: "x" }],
    },
    { rule: "self.s == '''a'b'''", holds: [{ s: "a'b" }], fails: [{ s: "ab" }] },
    { rule: "0x1F == self.i", holds: [{ i: 31 }], fails: [{ i: 30 }] },
    { rule: "[1] + [2, 3] == [1, 2, self.i]", holds: [{ i: 3 }], fails: [{ i: 2 }] },
    { rule: "b'abc' + b'd' == bytes(self.s)", holds: [{ s: "abcd" }], fails: [{ s: "abc" }] },
  ],
  fields: [
    { rule: "has(self.s)", holds: [{ s: "" }], fails: [{}] },
    { rule: "!has(self.s)", holds: [{}], fails: [{ s: "a" }] },
    { rule: "has(self.part.a)", holds: [{ part: { a: "" } }], fails: [{ part: {} }, {}] },
    {
      rule: "!has(self.part) || !has(self.part.deep) || self.part.deep.x == 'y'",
      holds: [{}, { part: {} }, { part: { deep: { x: "y" } } }],
      fails: [{ part: { deep: { x: "n" } } }, { part: { deep: {} } }],
    },
    { rule: "!has(self.maybe) || self.maybe != 'x'", holds: [{ maybe: null }, {}, { maybe: "y" }], fails: [{ maybe: "x" }] },
    { rule: "self.maybe == 'x'", holds: [{ maybe: "x" }], fails: [{ maybe: null }] },
    { rule: "self.__if__ == 'x'", holds: [{ if: "x" }], fails: [{ if: "y" }, {}] },
    { rule: "self.__namespace__ == 'x'", holds: [{ namespace: "x" }], fails: [{ namespace: "y" }] },
    { rule: "self.a__dash__b == 'x'", holds: [{ "a-b": "x" }], fails: [{ "a-b": "y" }] },
    { rule: "self.a__dot__b == 'x'", holds: [{ "a.b": "x" }], fails: [{ "a.b": "y" }] },
    { rule: "self.x__slash__y == 'x'", holds: [{ "x/y": "x" }], fails: [{ "x/y": "y" }] },
    { rule: "has(self.a__underscores__b)", holds: [{ a__b: "x" }], fails: [{}] },
    { rule: "self._c == 'x'", holds: [{ _c: "x" }], fails: [{}] },
    {
      rule: "self.either == 5 || self.either == '50%'",
      holds: [{ either: 5 }, { either: "50%" }],
      fails: [{ either: 6 }, { either: "5" }],
    },
    {
      rule: "type(self.either) == int ? self.either < 100 : self.either.endsWith('%')",
      holds: [{ either: 5 }, { either: "50%" }],
      fails: [{ either: 100 }, { either: "50" }],
    },
    { rule: "self.either > 5", holds: [{ either: 6 }], fails: [{ either: 5 }, { either: "6" }] },
    { rule: "self.either.startsWith('a')", holds: [{ either: "ab" }], fails: [{ either: "b" }, { either: 1 }] },
    {
      rule: "self.resource.kind == 'Gear' && self.resource.metadata.name.startsWith('g')",
      holds: [{ resource: { apiVersion: "v1", kind: "Gear", metadata: { name: "gg" } } }],
      fails: [
        { resource: { apiVersion: "v1", kind: "Gear", metadata: { name: "a" } } },
        { resource: { apiVersion: "v1", kind: "Gear", metadata: {} } },
      ],
    },
    {
      rule: "self.parts[0] == self.parts[1]",
      holds: [
        {
          parts: [
            { a: "x", n: 1 },
            { n: 1, a: "x" },
          ],
        },
        { parts: [{}, {}] },
      ],
      fails: [{ parts: [{ a: "x" }, { a: "y" }] }, { parts: [{ a: "x" }, { n: 1 }] }, { parts: [{}, { a: "x" }] }],
    },
    {
      rule: "self.opens[0] == self.opens[1]",
      holds: [
        {
          opens: [
            { a: "x", z: [1] },
            { a: "x", z: [1] },
          ],
        },
        { opens: [{ y: 1 }, { z: 2 }] },
      ],
      fails: [
        {
          opens: [
            { a: "x", z: [1] },
            { a: "x", z: [2] },
          ],
        },
      ],
    },
    { rule: "self.map == {'a': 'b'}", holds: [{ map: { a: "b" } }], fails: [{ map: { a: "c" } }, { map: { a: "b", c: "d" } }] },
    { rule: "self.list == ['a', 'b']", holds: [{ list: ["a", "b"] }], fails: [{ list: ["b", "a"] }, { list: ["a"] }] },
    {
      rule: "self.set == ['a', 'b']",
      holds: [{ set: ["a", "b"] }, { set: ["b", "a"] }],
      fails: [{ set: ["a", "c"] }, { set: ["a"] }],
    },
    { rule: "['a', 'b'] == self.set", holds: [{ set: ["a", "b"] }], fails: [{ set: ["b", "a"] }] },
    { rule: "self.set == self.other", holds: [{ set: ["a", "b"], other: ["b", "a"] }], fails: [{ set: ["a"], other: ["b"] }] },
    {
      rule: "(self.set + self.other).size() == 3",
      holds: [{ set: ["a", "b"], other: ["b", "c"] }],
      fails: [{ set: ["a", "b"], other: ["c", "d"] }],
    },
    {
      rule: "self.groups[0] == self.groups[1]",
      holds: [
        {
          groups: [
            [{ name: "a", value: 1 }, { name: "b" }],
            [{ name: "b" }, { name: "a", value: 1 }],
          ],
        },
      ],
      fails: [{ groups: [[{ name: "a", value: 1 }], [{ name: "a", value: 2 }]] }, { groups: [[{ name: "a" }], [{ name: "b" }]] }],
    },
    {
      rule: "(self.groups[0] + self.groups[1]).map(x, x.value) == [1, 5, 3]",
      holds: [
        {
          groups: [
            [
              { name: "a", value: 1 },
              { name: "b", value: 2 },
            ],
            [
              { name: "b", value: 5 },
              { name: "c", value: 3 },
            ],
          ],
        },
      ],
      fails: [{ groups: [[{ name: "a", value: 1 }], [{ name: "b", value: 5 }]] }],
    },
    { rule: "(self.list + ['z']).size() == 2", holds: [{ list: ["z"] }], fails: [{ list: [] }] },
    { rule: "self.bytes == b'hello'", holds: [{ bytes: "aGVsbG8=" }], fails: [{ bytes: "aGVsbA==" }] },
    {
      rule: "size(self.bytes) == 5 && string(self.bytes) == 'hello'",
      holds: [{ bytes: "aGVsbG8=" }],
      fails: [{ bytes: "aGVsbA==" }, { bytes: "//8=" }],
    },
    { rule: "self.s.size() > 1", more: { message: " it is short " }, holds: [{ s: "ab" }], fails: [{ s: "a" }] },
    {
      rule: "self.s.size() > 1",
      more: { messageExpression: "'it has %d characters'.format([self.s.size()])" },
      holds: [{ s: "ab" }],
      fails: [{ s: "a" }],
    },
    {
      rule: "self.s.size() > 1",
      more: { messageExpression: "self.list[0]", message: "plain" },
      holds: [{ s: "ab" }],
      fails: [{ s: "a" }, { s: "", list: [" made "] }, { s: "", list: ["two\nlines"] }],
    },
    { rule: "self.part.n > 1", more: { fieldPath: ".part.n" }, holds: [{ part: { n: 2 } }], fails: [{ part: { n: 1 } }] },
    { rule: "!oldSelf.hasValue() && self.i > 1", more: { optionalOldSelf: true }, holds: [{ i: 2 }], fails: [{ i: 1 }] },
    { rule: "oldSelf.optMap(o, o.i).orValue(0) < self.i", more: { optionalOldSelf: true }, holds: [{ i: 1 }], fails: [{ i: 0 }] },
  ],
  loops: [
    { rule: "self.list.all(x, x.startsWith('a'))", holds: [{ list: [] }, { list: ["a", "ab"] }], fails: [{ list: ["a", "b"] }] },
    {
      rule: "self.items.all(x, x.weight > 1)",
      holds: [{ items: [{ weight: 2 }] }],
      fails: [{ items: [{}, { weight: 2 }] }, { items: [{}, { weight: 1 }] }],
    },
    {
      rule: "self.items.exists(x, x.weight > 1)",
      holds: [{ items: [{}, { weight: 2 }] }],
      fails: [{ items: [{ weight: 1 }] }, { items: [{}] }, { items: [] }],
    },
    { rule: "self.list.exists_one(x, x == 'a')", holds: [{ list: ["a", "b"] }], fails: [{ list: ["a", "a"] }, { list: [] }] },
    {
      rule: "self.items.exists_one(x, x.name == 'a')",
      holds: [{ items: [{ name: "a" }] }],
      fails: [{ items: [{ name: "a" }, {}] }],
    },
    { rule: "self.list.map(x, x + '!') == ['a!']", holds: [{ list: ["a"] }], fails: [{ list: ["b"] }] },
    { rule: "self.ints.map(x, x > 1, x * 2) == [4, 6]", holds: [{ ints: [1, 2, 3] }], fails: [{ ints: [2] }] },
    { rule: "self.ints.filter(x, x > 1).size() == 1", holds: [{ ints: [1, 2] }], fails: [{ ints: [2, 2] }] },
    {
      rule: "self.map.all(k, k.startsWith('a') && self.map[k] != '')",
      holds: [{ map: { a: "x" } }],
      fails: [{ map: { a: "" } }, { map: { b: "x" } }],
    },
    { rule: "self.map.map(k, self.map[k]).exists(v, v == 'x')", holds: [{ map: { a: "x" } }], fails: [{ map: {} }] },
    { rule: "self.list.all(x, self.list.exists_one(y, x == y))", holds: [{ list: ["a", "b"] }], fails: [{ list: ["a", "a"] }] },
    {
      rule: "self.list.all(i, v, v == ['a', 'b'][i])",
      holds: [{ list: ["a", "b"] }, { list: ["a"] }],
      fails: [{ list: ["b"] }, { list: ["a", "b", "c"] }],
    },
    { rule: "self.map.exists(k, v, k == v)", holds: [{ map: { a: "a" } }], fails: [{ map: { a: "b" } }] },
    { rule: "self.counts.existsOne(k, v, v > 1)", holds: [{ counts: { a: 1, b: 2 } }], fails: [{ counts: { a: 2, b: 2 } }] },
    { rule: "self.list.transformList(i, v, i > 0, v) == ['b']", holds: [{ list: ["a", "b"] }], fails: [{ list: ["a"] }] },
    { rule: "self.counts.transformMap(k, v, v + 1) == {'a': 2}", holds: [{ counts: { a: 1 } }], fails: [{ counts: { a: 2 } }] },
    {
      rule: "self.map.transformMapEntry(k, v, {v: k}) == {'x': 'a'}",
      holds: [{ map: { a: "x" } }],
      fails: [{ map: { a: "y" } }, { map: { a: "x", b: "x" } }],
    },
    {
      rule: "self.items.map(x, x.weight).sum() == 3",
      holds: [{ items: [{ weight: 1 }, { weight: 2 }] }],
      fails: [{ items: [] }, { items: [{ weight: 1 }] }],
    },
  ],
  optionals: [
    { rule: "self.?s.orValue('none') == 'none'", holds: [{}, { s: "none" }], fails: [{ s: "a" }] },
    {
      rule: "self.?part.deep.x.orValue('none') == 'none'",
      holds: [{}, { part: {} }, { part: { deep: {} } }],
      fails: [{ part: { deep: { x: "a" } } }],
    },
    { rule: "self.?part.?a.hasValue()", holds: [{ part: { a: "" } }], fails: [{ part: {} }, {}] },
    { rule: "self.list[?0].orValue('') == 'a'", holds: [{ list: ["a"] }], fails: [{ list: [] }] },
    {
      rule: "self.map[?'k'].or(self.?s).value() == 'a'",
      holds: [{ map: { k: "a" } }, { map: {}, s: "a" }],
      fails: [{ map: {} }, { map: { k: "b" } }],
    },
    { rule: "self.?i.optMap(x, x + 1).orValue(0) == 3", holds: [{ i: 2 }], fails: [{}, { i: 3 }] },
    { rule: "self.?part.optFlatMap(p, p.?a).orValue('x') == 'x'", holds: [{}, { part: {} }], fails: [{ part: { a: "b" } }] },
    { rule: "optional.of(self.i) == optional.of(1)", holds: [{ i: 1 }], fails: [{ i: 2 }] },
    { rule: "optional.ofNonZeroValue(self.s).hasValue()", holds: [{ s: "a" }], fails: [{ s: "" }] },
    { rule: "optional.none().orValue(self.b)", holds: [{ b: true }], fails: [{ b: false }] },
    { rule: "has(self.?part.a)", holds: [{ part: { a: "" } }], fails: [{ part: {} }, {}] },
    {
      rule: "self.list.first().orValue('') == 'a' && self.list.last().orValue('') == 'b'",
      holds: [{ list: ["a", "b"] }],
      fails: [{ list: ["a"] }, { list: [] }],
    },
  ],
  conversions: [
    { rule: "int(self.s) == 42", holds: [{ s: "42" }, { s: "+42" }], fails: [{ s: "43" }, { s: "x" }, { s: "42.0" }] },
    { rule: "int(self.d) == 2", holds: [{ d: 2.9 }], fails: [{ d: 3 }, { d: 1e300 }] },
    { rule: "double(self.s) == 1.5", holds: [{ s: "1.5" }, { s: "15e-1" }], fails: [{ s: "1.6" }, { s: "x" }, { s: "NaN" }] },
    { rule: "double(self.i) == 2.0", holds: [{ i: 2 }], fails: [{ i: 3 }] },
    { rule: "string(self.i) == '42'", holds: [{ i: 42 }], fails: [{ i: 43 }] },
    {
      rule: "string(self.d) == self.s",
      holds: [
        { d: 1.5, s: "1.5" },
        { d: 0.00001, s: "1e-05" },
        { d: 1234567.5, s: "1.2345675e+06" },
        { d: 123456.5, s: "123456.5" },
        { d: 1e20, s: "1e+20" },
        { d: 1e21, s: "1e+21" },
        { d: 0, s: "0" },
      ],
      fails: [{ d: 1.5, s: "1.50" }],
    },
    { rule: "string(self.b) == 'true' && bool('true') == self.b", holds: [{ b: true }], fails: [{ b: false }] },
    { rule: "bool(self.s)", holds: [{ s: "t" }, { s: "1" }, { s: "TRUE" }], fails: [{ s: "f" }, { s: "yes" }, { s: "tRUE" }] },
    {
      rule: "type(self.list) == list && type(self.s) == string && type(self.i) == int && type(self.map) == map",
      holds: [{ list: [], s: "", i: 1, map: {} }],
      fails: [{ s: "" }],
    },
    { rule: "type(self.span) == google.protobuf.Duration", holds: [{ span: "1s" }], fails: [{}] },
    { rule: "dyn(self.s) == dyn(1) || self.s == 'x'", holds: [{ s: "x" }], fails: [{ s: "1" }] },
    { rule: "string(bytes(self.s)) == 'é'", holds: [{ s: "é" }], fails: [{ s: "e" }] },
    { rule: "size(bytes(self.s)) == 2 && size(self.s) == 1", holds: [{ s: "é" }], fails: [{ s: "ee" }] },
  ],
  times: [
    { rule: "self.span > duration('1h')", holds: [{ span: "61m" }, { span: "1h0.5s" }], fails: [{ span: "1h" }] },
    {
      rule: "duration(self.s) <= duration('1m30s')",
      holds: [{ s: "90s" }, { s: "1.5m" }, { s: "-1h" }, { s: "0" }],
      fails: [{ s: "91s" }, { s: "1d" }, { s: "" }, { s: "1" }],
    },
    {
      rule: "self.span.getMinutes() == 90 && self.span.getHours() == 1 && self.span.getSeconds() == 5400",
      holds: [{ span: "90m" }],
      fails: [{ span: "89m" }],
    },
    { rule: "duration(self.s).getMilliseconds() == 1500", holds: [{ s: "1.5s" }], fails: [{ s: "1.501s" }] },
    {
      rule: "string(duration(self.s)) == self.t",
      holds: [
        { s: "1h30m", t: "5400s" },
        { s: "1ms", t: "0.001s" },
        { s: "1ns", t: "0.000000001s" },
        { s: "-1.5s", t: "-1.5s" },
      ],
      fails: [{ s: "1h", t: "1h" }],
    },
    {
      rule: "self.time > timestamp('2024-01-01T00:00:00Z')",
      holds: [{ time: "2024-01-01T00:00:01Z" }, { time: "2024-01-01T00:00:00-01:00" }],
      fails: [{ time: "2024-01-01T00:00:00Z" }, { time: "2024-01-01T00:00:00+01:00" }],
    },
    {
      rule: "self.time.getFullYear() == 2024 && self.time.getMonth() == 1 && self.time.getDate() == 29 && self.time.getDayOfMonth() == 28",
      holds: [{ time: "2024-02-29T12:00:00Z" }],
      fails: [{ time: "2024-03-01T12:00:00Z" }],
    },
    {
      rule: "self.time.getDayOfWeek() == 4 && self.time.getDayOfYear() == 59 && self.time.getHours() == 23",
      holds: [{ time: "2024-02-29T23:59:59.5Z" }, { time: "2024-03-01T00:30:00+01:00" }],
      fails: [{ time: "2024-02-28T23:59:59Z" }],
    },
    {
      rule: "self.time.getHours('+02:00') == 1 && self.time.getMinutes('-00:30') == 29",
      holds: [{ time: "2024-02-29T23:59:00Z" }],
      fails: [{ time: "2024-02-29T22:59:00Z" }],
    },
    {
      rule: "self.time.getMilliseconds() == 123 && self.time.getSeconds() == 7",
      holds: [{ time: "2024-02-29T23:59:07.123Z" }],
      fails: [{ time: "2024-02-29T23:59:07Z" }],
    },
    {
      rule: "self.time - timestamp('2024-01-01T00:00:00Z') == duration('1h')",
      holds: [{ time: "2024-01-01T01:00:00Z" }],
      fails: [{ time: "2024-01-01T02:00:00Z" }],
    },
    {
      rule: "timestamp(self.s) + duration('1h') == timestamp('2024-01-01T00:00:00Z')",
      holds: [{ s: "2023-12-31T23:00:00Z" }],
      fails: [{ s: "2024-01-01T00:00:00Z" }, { s: "2024-01-01" }, { s: "2023-02-30T00:00:00Z" }, { s: "9999-12-31T23:30:00Z" }],
    },
    {
      rule: "string(timestamp(self.s)) == self.t",
      holds: [
        { s: "2024-01-01T00:00:00.120Z", t: "2024-01-01T00:00:00.12Z" },
        { s: "2024-01-01T00:00:00+02:00", t: "2024-01-01T00:00:00+02:00" },
      ],
      fails: [{ s: "2024-01-01T00:00:00+00:00", t: "2024-01-01T00:00:00+00:00" }],
    },
    {
      rule: "int(self.time) == 1704067200 && timestamp(1704067200) == self.time",
      holds: [{ time: "2024-01-01T00:00:00Z" }],
      fails: [{ time: "2024-01-01T00:00:01Z" }],
    },
    { rule: "self.date < timestamp('2024-01-02T00:00:00Z')", holds: [{ date: "2024-01-01" }], fails: [{ date: "2024-01-02" }] },
  ],
  texts: [
    {
      rule: "self.s.contains('b') && self.s.startsWith('a') && self.s.endsWith('c')",
      holds: [{ s: "abc" }],
      fails: [{ s: "ab" }, { s: "bc" }],
    },
    { rule: "self.s.charAt(1) == 'é'", holds: [{ s: "aé" }, { s: "😀é" }], fails: [{ s: "ab" }, { s: "a" }, { s: "" }] },
    {
      rule: "self.s.indexOf('b') == self.i",
      holds: [
        { s: "abcb", i: 1 },
        { s: "x", i: -1 },
        { s: "😀b", i: 1 },
      ],
      fails: [{ s: "abcb", i: 3 }],
    },
    {
      rule: "self.s.indexOf('b', 2) == self.i",
      holds: [
        { s: "abcb", i: 3 },
        { s: "ab", i: -1 },
      ],
      fails: [{ s: "abcb", i: 1 }],
    },
    {
      rule: "self.s.indexOf('', self.i) == self.i",
      holds: [
        { s: "abc", i: 2 },
        { s: "abc", i: 9 },
      ],
      fails: [],
    },
    {
      rule: "self.s.indexOf('b', self.i) == 1",
      holds: [{ s: "ab", i: 0 }],
      fails: [
        { s: "ab", i: -1 },
        { s: "ab", i: 7 },
      ],
    },
    {
      rule: "self.s.lastIndexOf('b') == self.i",
      holds: [
        { s: "abcb", i: 3 },
        { s: "x", i: -1 },
        { s: "", i: -1 },
      ],
      fails: [{ s: "abcb", i: 1 }],
    },
    {
      rule: "self.s.lastIndexOf('b', self.j) == self.i",
      holds: [
        { s: "abcb", j: 2, i: 1 },
        { s: "abcb", j: 9, i: -1 },
        { s: "abcb", j: 3, i: 3 },
      ],
      fails: [{ s: "abcb", j: -1, i: 1 }],
    },
    { rule: "self.s.lastIndexOf('') == size(self.s)", holds: [{ s: "abc" }], fails: [] },
    { rule: "self.s.lowerAscii() == self.t", holds: [{ s: "ABÉ", t: "abÉ" }], fails: [{ s: "ABÉ", t: "abé" }] },
    { rule: "self.s.upperAscii() == self.t", holds: [{ s: "abß", t: "ABß" }], fails: [{ s: "abß", t: "ABSS" }] },
    {
      rule: "self.s.replace('a', 'x') == self.t && self.s.replace('a', 'x', 1) == 'xba'",
      holds: [{ s: "aba", t: "xbx" }],
      fails: [
        { s: "aba", t: "xba" },
        { s: "ab", t: "xb" },
      ],
    },
    {
      rule: "self.s.replace('', '_') == self.t",
      holds: [
        { s: "ab", t: "_a_b_" },
        { s: "", t: "_" },
      ],
      fails: [{ s: "ab", t: "ab" }],
    },
    {
      rule: "self.s.replace('', '_', self.i) == self.t",
      holds: [
        { s: "ab", t: "_ab", i: 1 },
        { s: "ab", t: "ab", i: 0 },
        { s: "ab", t: "_a_b_", i: -1 },
      ],
      fails: [{ s: "ab", t: "ab", i: 1 }],
    },
    {
      rule: "self.s.split(',') == self.list",
      holds: [
        { s: "a,b", list: ["a", "b"] },
        { s: "", list: [""] },
      ],
      fails: [{ s: "a,b", list: ["a,b"] }],
    },
    {
      rule: "self.s.split(',', self.i) == self.list",
      holds: [
        { s: "a,b,c", i: 2, list: ["a", "b,c"] },
        { s: "a,b", i: 0, list: [] },
        { s: "a,b", i: 1, list: ["a,b"] },
        { s: "a,b", i: -1, list: ["a", "b"] },
      ],
      fails: [{ s: "a,b,c", i: 2, list: ["a", "b"] }],
    },
    {
      rule: "self.s.split('') == self.list",
      holds: [
        { s: "aé", list: ["a", "é"] },
        { s: "", list: [] },
      ],
      fails: [{ s: "ab", list: ["ab"] }],
    },
    {
      rule: "self.s.substring(1) == self.t",
      holds: [
        { s: "😀bc", t: "bc" },
        { s: "a", t: "" },
      ],
      fails: [{ s: "", t: "" }],
    },
    {
      rule: "self.s.substring(1, self.i) == self.t",
      holds: [
        { s: "abcd", i: 3, t: "bc" },
        { s: "abcd", i: 1, t: "" },
      ],
      fails: [
        { s: "abcd", i: 0, t: "" },
        { s: "ab", i: 3, t: "b" },
      ],
    },
    {
      rule: "self.s.trim() == self.t",
      holds: [
        { s: " \t\u00a0a b\n", t: "a b" },
        { s: "\u2003a", t: "a" },
      ],
      fails: [
        { s: "\u200ba", t: "a" },
        { s: "\ufeffa", t: "a" },
      ],
    },
    {
      rule: "self.list.join() == self.s",
      holds: [
        { list: ["a", "b"], s: "ab" },
        { list: [], s: "" },
      ],
      fails: [{ list: ["a"], s: "b" }],
    },
    { rule: "self.list.join('-') == self.s", holds: [{ list: ["a", "b"], s: "a-b" }], fails: [{ list: ["a", "b"], s: "ab" }] },
    { rule: "strings.quote(self.s) == self.t", holds: [{ s: 'a"b\n\\', t: '"a\\"b\\n\\\\"' }], fails: [{ s: "a", t: "a" }] },
    {
      rule: "'%s %d %b %x %X %o'.format([self.s, self.i, self.i, self.i, self.i, self.i]) == self.t",
      holds: [
        { s: "a", i: 26, t: "a 26 11010 1a 1A 32" },
        { s: "a", i: -26, t: "a -26 -11010 -1a -1A -32" },
      ],
      fails: [{ s: "a", i: 26, t: "" }],
    },
    {
      rule: "'%f %.2f'.format([self.d, self.d]) == self.t",
      holds: [
        { d: 1.5, t: "1.500000 1.50" },
        { d: 1234.567, t: "1,234.567000 1,234.57" },
        { d: -1234567, t: "-1,234,567.000000 -1,234,567.00" },
      ],
      fails: [{ d: 1.5, t: "1.5" }],
    },
    {
      rule: "'%s|%s|%s'.format([self.d, self.b, self.list]) == self.t",
      holds: [{ d: 1.5, b: true, list: ["a", 'b"'], t: '1.5|true|["a", "b\\""]' }],
      fails: [{ d: 1.5, b: true, list: [], t: "" }],
    },
    {
      rule: "'%s %s'.format([self.counts, self.doubles]) == self.t",
      holds: [{ counts: { b: 1, a: 2 }, doubles: [1.5], t: '{"a":2, "b":1} [1.500000]' }],
      fails: [{ counts: {}, doubles: [], t: "" }],
    },
    {
      rule: "'%s %s'.format([self.span, self.time]) == self.t",
      holds: [{ span: "1m", time: "2024-01-01T00:00:00Z", t: "60s 2024-01-01T00:00:00Z" }],
      fails: [{ span: "1m", time: "2024-01-01T00:00:00Z", t: "" }],
    },
    { rule: "'%x'.format([self.s]) == self.t", holds: [{ s: "hé", t: "68c3a9" }], fails: [{ s: "h", t: "h" }] },
    {
      rule: "self.s.format([1]) == '1'",
      holds: [{ s: "%d" }, { s: "1" }],
      fails: [{ s: "%d%d" }, { s: "%f" }, { s: "%y" }, { s: "%%" }],
    },
    { rule: "self.s.matches('^[a-z]+$')", holds: [{ s: "abc" }], fails: [{ s: "aBc" }, { s: "" }] },
    { rule: "self.s.matches('b')", holds: [{ s: "abc" }], fails: [{ s: "ac" }] },
    {
      rule: "self.s.matches(r'''^(?i)\\.?[a-z_][a-z_0-9]*(\\.[a-z_][a-z_0-9]*)*$''')",
      holds: [{ s: "Foo.bar" }],
      fails: [{ s: "foo..bar" }],
    },
    {
      rule: "self.s.matches(self.t)",
      holds: [{ s: "abc", t: "^a" }],
      fails: [
        { s: "abc", t: "^b" },
        { s: "abc", t: "(" },
        { s: "abc", t: "(?=a)" },
      ],
    },
    { rule: "matches(self.s, 'a\\\\d')", holds: [{ s: "a1" }], fails: [{ s: "a" }] },
    {
      rule: "self.s.find('[0-9]+') == self.t",
      holds: [
        { s: "abc 123 4", t: "123" },
        { s: "x", t: "" },
      ],
      fails: [{ s: "abc 123", t: "1" }],
    },
    {
      rule: "self.s.findAll('[0-9]*') == self.list",
      holds: [
        { s: "12a34", list: ["12", "34"] },
        { s: "ab", list: ["", "", ""] },
      ],
      fails: [{ s: "12", list: [] }],
    },
    {
      rule: "self.s.findAll('[0-9]+', self.i) == self.list",
      holds: [
        { s: "1 2 3", i: 2, list: ["1", "2"] },
        { s: "1 2", i: 0, list: [] },
        { s: "1 2", i: -1, list: ["1", "2"] },
      ],
      fails: [{ s: "1 2 3", i: 1, list: [] }],
    },
  ],
  lists: [
    { rule: "self.ints.isSorted()", holds: [{ ints: [1, 2, 2] }, { ints: [] }], fails: [{ ints: [2, 1] }] },
    { rule: "self.list.isSorted()", holds: [{ list: ["a", "b"] }], fails: [{ list: ["b", "a"] }] },
    { rule: "self.ints.sum() == 6", holds: [{ ints: [1, 2, 3] }], fails: [{ ints: [] }] },
    { rule: "self.ints.sum() == 0", holds: [{ ints: [] }, { ints: [1, -1] }], fails: [{ ints: [1] }] },
    { rule: "self.doubles.sum() + 0.5 == 2.0", holds: [{ doubles: [1.5] }], fails: [{ doubles: [] }] },
    {
      rule: "self.spans.sum() < duration('1m')",
      holds: [{ spans: [] }, { spans: ["30s", "20s"] }],
      fails: [{ spans: ["30s", "30s"] }],
    },
    { rule: "self.ints.min() == 1 && self.ints.max() == 3", holds: [{ ints: [3, 1, 2] }], fails: [{ ints: [1] }, { ints: [] }] },
    {
      rule: "self.list.indexOf('b') == 1 && self.list.lastIndexOf('b') == 2",
      holds: [{ list: ["a", "b", "b"] }],
      fails: [{ list: ["a", "b"] }, { list: [] }],
    },
    { rule: "self.ints.slice(1, 3) == [2, 3]", holds: [{ ints: [1, 2, 3, 4] }], fails: [{ ints: [1, 2] }] },
    { rule: "[self.ints, [9]].flatten() == [1, 9]", holds: [{ ints: [1] }], fails: [{ ints: [] }] },
    { rule: "self.ints.sort() == [1, 2, 3]", holds: [{ ints: [3, 1, 2] }], fails: [{ ints: [1, 2] }] },
    {
      rule: "self.items.sortBy(x, x.weight).map(x, x.name) == ['b', 'a']",
      holds: [
        {
          items: [
            { name: "a", weight: 2 },
            { name: "b", weight: 1 },
          ],
        },
      ],
      fails: [
        {
          items: [
            { name: "a", weight: 1 },
            { name: "b", weight: 2 },
          ],
        },
      ],
    },
    { rule: "self.ints.reverse() == [2, 1]", holds: [{ ints: [1, 2] }], fails: [{ ints: [2, 1] }] },
    { rule: "self.ints.distinct() == [1, 2]", holds: [{ ints: [1, 2, 1] }], fails: [{ ints: [2, 1] }] },
    { rule: "lists.range(3) == self.ints", holds: [{ ints: [0, 1, 2] }], fails: [{ ints: [0, 1] }] },
    { rule: "sets.contains(self.list, ['a', 'b'])", holds: [{ list: ["c", "b", "a"] }], fails: [{ list: ["a"] }] },
    {
      rule: "sets.equivalent(self.list, ['a', 'b'])",
      holds: [{ list: ["b", "a", "b"] }],
      fails: [{ list: ["a"] }, { list: ["a", "b", "c"] }],
    },
    { rule: "sets.intersects(self.list, ['a', 'b'])", holds: [{ list: ["b"] }], fails: [{ list: ["c"] }, { list: [] }] },
  ],
  libraries: [
    {
      rule: "isURL(self.s) && url(self.s).getScheme() == 'https'",
      holds: [{ s: "https://a.b/c" }, { s: "HTTPS://a" }],
      fails: [{ s: "http://a" }, { s: "../x" }, { s: "" }, { s: "https://a b" }, { s: "https://a/%zz" }],
    },
    {
      rule: "url(self.s).getHost() == 'a.b:80' && url(self.s).getHostname() == 'a.b' && url(self.s).getPort() == '80'",
      holds: [{ s: "http://u:p@a.b:80/x?y#z" }],
      fails: [{ s: "http://a.b/" }, { s: "http://a.b:x/" }, { s: "/a.b:80" }],
    },
    {
      rule: "url(self.s).getHostname() == self.t",
      holds: [
        { s: "https://[::1]:80/", t: "::1" },
        { s: "mailto:a@b", t: "" },
        { s: "/path", t: "" },
      ],
      fails: [{ s: "https://a", t: "" }],
    },
    {
      rule: "url(self.s).getEscapedPath() == self.t",
      holds: [
        { s: "https://a/b%20c", t: "/b%20c" },
        { s: "https://a/b c", t: "/b%20c" },
        { s: "https://a/é", t: "/%C3%A9" },
        { s: "https://a", t: "" },
      ],
      fails: [{ s: "https://a/b", t: "/" }],
    },
    {
      rule: "url(self.s).getQuery()['k'] == self.list",
      holds: [{ s: "https://a/?k=1&k=b+c&x", list: ["1", "b c"] }],
      fails: [
        { s: "https://a/?k=1", list: ["2"] },
        { s: "https://a/", list: [] },
      ],
    },
    {
      rule: "isQuantity(self.s)",
      holds: [{ s: "1.5Gi" }, { s: "100m" }, { s: "1e3" }, { s: "-5" }, { s: "1." }, { s: ".5" }, { s: "Mi" }],
      fails: [{ s: "" }, { s: "1,5" }, { s: "200K" }, { s: "1 Gi" }],
    },
    {
      rule: "quantity(self.s).isGreaterThan(quantity('1Gi'))",
      holds: [{ s: "1.1Gi" }, { s: "2G" }],
      fails: [{ s: "1Gi" }, { s: "1G" }, { s: "x" }],
    },
    {
      rule: "quantity(self.s).compareTo(quantity('0.2G')) == 0 && quantity(self.s) == quantity('200M')",
      holds: [{ s: "200M" }, { s: "200000k" }],
      fails: [{ s: "200Mi" }],
    },
    {
      rule: "quantity(self.s).isInteger() && quantity(self.s).asInteger() == self.i",
      holds: [
        { s: "50k", i: 50000 },
        { s: "1Ki", i: 1024 },
      ],
      fails: [
        { s: "1.5Gi", i: 1610612736 },
        { s: "100m", i: 0 },
        { s: "9999999999999999999999G", i: 1 },
      ],
    },
    {
      rule: "quantity(self.s).add(quantity('20k')).sub(20).asApproximateFloat() == self.d",
      holds: [
        { s: "50k", d: 69980 },
        { s: "0.5", d: 19980.5 },
      ],
      fails: [{ s: "50k", d: 1 }],
    },
    {
      rule: "sign(quantity(self.s)) == -1 || quantity(self.s).isLessThan(quantity('1m'))",
      holds: [{ s: "-1" }, { s: "0" }, { s: "1n" }],
      fails: [{ s: "1m" }],
    },
    {
      rule: "isIP(self.s)",
      holds: [{ s: "1.2.3.4" }, { s: "::1" }, { s: "2001:DB8::1" }, { s: "::1.2.3.4" }],
      fails: [{ s: "1.2.3" }, { s: "01.2.3.4" }, { s: "::ffff:1.2.3.4" }, { s: "fe80::1%eth0" }, { s: ":::1" }, { s: "" }],
    },
    {
      rule: "ip.isCanonical(self.s)",
      holds: [{ s: "2001:db8::abcd" }, { s: "1.2.3.4" }, { s: "1:0:0:2::3" }],
      fails: [{ s: "2001:DB8::ABCD" }, { s: "2001:db8::0:0:0:abcd" }, { s: "1:2:3:4:5:6::8" }, { s: "x" }],
    },
    {
      rule: "ip(self.s).family() == self.i && string(ip(self.s)) == self.t",
      holds: [
        { s: "1.2.3.4", i: 4, t: "1.2.3.4" },
        { s: "2001:DB8:0:0:1:0:0:1", i: 6, t: "2001:db8::1:0:0:1" },
      ],
      fails: [
        { s: "::1", i: 4, t: "::1" },
        { s: "x", i: 4, t: "" },
      ],
    },
    {
      rule: "ip(self.s).isLoopback() || ip(self.s).isUnspecified()",
      holds: [{ s: "127.9.9.9" }, { s: "::1" }, { s: "::" }, { s: "0.0.0.0" }],
      fails: [{ s: "128.0.0.1" }],
    },
    {
      rule: "ip(self.s).isLinkLocalMulticast() || ip(self.s).isLinkLocalUnicast()",
      holds: [{ s: "224.0.0.1" }, { s: "ff02::1" }, { s: "169.254.1.1" }, { s: "fe80::1" }],
      fails: [{ s: "224.0.1.1" }, { s: "fd00::1" }],
    },
    {
      rule: "ip(self.s).isGlobalUnicast()",
      holds: [{ s: "192.168.0.1" }, { s: "2001:db8::1" }],
      fails: [{ s: "255.255.255.255" }, { s: "ff00::1" }, { s: "127.0.0.1" }, { s: "224.1.1.1" }, { s: "::" }],
    },
    { rule: "ip(self.s) == ip('::1')", holds: [{ s: "0:0:0:0:0:0:0:1" }], fails: [{ s: "::2" }, { s: "0.0.0.1" }] },
    {
      rule: "isCIDR(self.s)",
      holds: [{ s: "10.0.0.0/8" }, { s: "10.0.0.1/8" }, { s: "::/0" }],
      fails: [{ s: "10.0.0.0" }, { s: "10.0.0.0/33" }, { s: "10.0.0.0/08" }, { s: "::/129" }, { s: "::ffff:1.2.3.4/96" }],
    },
    {
      rule: "cidr(self.s).containsIP('10.1.2.3') && cidr(self.s).containsIP(ip('10.1.2.4'))",
      holds: [{ s: "10.0.0.0/8" }, { s: "0.0.0.0/0" }, { s: "10.1.2.9/24" }],
      fails: [{ s: "10.2.0.0/16" }, { s: "::/0" }, { s: "x" }],
    },
    {
      rule: "cidr(self.s).containsCIDR('10.1.0.0/16') && cidr(self.s).containsCIDR(cidr('10.1.0.0/16'))",
      holds: [{ s: "10.0.0.0/8" }, { s: "10.1.0.0/16" }],
      fails: [{ s: "10.1.0.0/24" }, { s: "11.0.0.0/8" }],
    },
    {
      rule: "cidr(self.s).ip() == ip(self.t) && cidr(self.s).prefixLength() == 24",
      holds: [{ s: "10.1.2.3/24", t: "10.1.2.3" }],
      fails: [{ s: "10.1.2.3/25", t: "10.1.2.3" }],
    },
    {
      rule: "cidr(self.s) == cidr(self.s).masked() && string(cidr(self.s)) == self.s",
      holds: [{ s: "10.1.2.0/24" }],
      fails: [{ s: "10.1.2.3/24" }],
    },
    {
      rule: "isSemver(self.s)",
      holds: [{ s: "1.2.3" }, { s: "1.2.3-rc.1+b" }],
      fails: [{ s: "v1.2.3" }, { s: "1.2" }, { s: "01.2.3" }, { s: "1.2.3-01" }, { s: "1.2.3-" }, { s: "1.2.3+" }],
    },
    {
      rule: "isSemver(self.s, true)",
      holds: [{ s: "v1.2.3" }, { s: "1" }, { s: "v01.2" }, { s: "1.2.3-rc" }],
      fails: [{ s: "x" }, { s: "1.2-rc" }, { s: "V1" }, { s: "" }],
    },
    {
      rule: "semver(self.s).isLessThan(semver('1.2.3'))",
      holds: [{ s: "1.2.3-rc.1" }, { s: "1.2.2" }],
      fails: [{ s: "1.2.3" }, { s: "1.2.10" }, { s: "x" }],
    },
    {
      rule: "semver(self.s).isGreaterThan(semver('1.0.0-rc.2')) && semver(self.s).compareTo(semver('1.0.0')) == -1",
      holds: [{ s: "1.0.0-rc.10" }, { s: "1.0.0-rc.a" }, { s: "1.0.0-rc.2.1" }],
      fails: [{ s: "1.0.0-rc.1" }, { s: "1.0.0" }],
    },
    {
      rule: "semver(self.s, true).major() == 1 && semver(self.s, true).minor() == 2 && semver(self.s, true).patch() == 0",
      holds: [{ s: "v1.2" }],
      fails: [{ s: "v1" }],
    },
    { rule: "semver(self.s) == semver('1.0.0')", holds: [{ s: "1.0.0" }, { s: "1.0.0+b" }], fails: [{ s: "1.0.1" }] },
    {
      rule: "!format.dns1123Label().validate(self.s).hasValue()",
      holds: [{ s: "a-b" }],
      fails: [{ s: "A" }, { s: "a.b" }, { s: "" }, { s: "-a" }],
    },
    {
      rule: "!format.dns1123Subdomain().validate(self.s).hasValue() && !format.dns1123SubdomainPrefix().validate(self.t).hasValue()",
      holds: [{ s: "a.b", t: "a-" }],
      fails: [
        { s: "a..b", t: "a" },
        { s: "a", t: "-a-" },
      ],
    },
    {
      rule: "!format.dns1035Label().validate(self.s).hasValue() || !format.dns1035LabelPrefix().validate(self.t).hasValue()",
      holds: [{ s: "a1", t: "1" }],
      fails: [{ s: "1a", t: "1" }],
    },
    {
      rule: "!format.qualifiedName().validate(self.s).hasValue()",
      holds: [{ s: "a.b/C_d" }, { s: "x" }],
      fails: [{ s: "/x" }, { s: "a/b/c" }, { s: "A/b" }, { s: "-x" }],
    },
    {
      rule: "format.labelValue().validate(self.s).orValue([]).size() == 0",
      holds: [{ s: "" }, { s: "A_b" }],
      fails: [{ s: "-a" }],
    },
    {
      rule: "format.named(self.t).value().validate(self.s).hasValue()",
      holds: [
        { t: "uuid", s: "x" },
        { t: "date", s: "2024-02-30" },
        { t: "byte", s: "a" },
        { t: "uri", s: "x" },
        { t: "datetime", s: "2024-01-01" },
      ],
      fails: [
        { t: "uuid", s: "123e4567-e89b-12d3-a456-426614174000" },
        { t: "date", s: "2024-02-29" },
        { t: "byte", s: "YQ==" },
        { t: "uri", s: "/x" },
        { t: "datetime", s: "2024-01-01t00:00:00z" },
        { t: "nothing", s: "" },
      ],
    },
  ],
};

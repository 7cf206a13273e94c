import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withoutSchemas } from "../../../src/admission/without-schemas.ts";

/** As the body was, but for the schemas: `null`, and by themselves. */
function parsed(text: string): unknown {
  const { text: bare, schemas } = withoutSchemas(Buffer.from(text));
  return JSON.parse(bare, (name, value: unknown) =>
    name.endsWith("openAPIV3Schema") && typeof value === "number" && schemas[value] !== undefined ? null : value,
  );
}

/** The body again, made of its two halves. */
function joined(text: string): unknown {
  const { text: bare, schemas } = withoutSchemas(Buffer.from(text));
  return JSON.parse(bare, (name, value: unknown) => {
    const schema = name.endsWith("openAPIV3Schema") && typeof value === "number" ? schemas[value] : undefined;
    return schema === undefined ? value : (JSON.parse(schema) as unknown);
  });
}

describe("withoutSchemas", () => {
  it.each([
    {
      title: "puts null in place of a schema",
      text: '{"a":{"openAPIV3Schema":{"type":"object"}},"b":1}',
      expected: { a: { openAPIV3Schema: null }, b: 1 },
    },
    {
      title: "skips each of several",
      text: '[{"openAPIV3Schema":{}},{"openAPIV3Schema":{"x":{}}}]',
      expected: [{ openAPIV3Schema: null }, { openAPIV3Schema: null }],
    },
    {
      title: "is not misled by braces and quotes in strings",
      text: String.raw`{"openAPIV3Schema":{"description":"} \" }{ \\","pattern":"\\\\\""},"after":true}`,
      expected: { openAPIV3Schema: null, after: true },
    },
    {
      title: "is not misled by a schema within a string, as kubectl's annotation has it",
      text: JSON.stringify({ annotation: '{"openAPIV3Schema":{"type":"object"}}', after: true }),
      expected: { annotation: '{"openAPIV3Schema":{"type":"object"}}', after: true },
    },
    {
      title: "leaves other values of the key alone",
      text: '{"openAPIV3Schema":null,"x":{"openAPIV3Schema":[1]}}',
      expected: { openAPIV3Schema: null, x: { openAPIV3Schema: [1] } },
    },
    {
      title: "parses a schema behind a space, and loses nothing",
      text: '{"openAPIV3Schema": {"type":"object"}}',
      expected: { openAPIV3Schema: { type: "object" } },
    },
    {
      title: "keeps characters of several bytes",
      text: '{"a":"ä€😀","openAPIV3Schema":{"b":"😀}"},"c":"ö"}',
      expected: { a: "ä€😀", openAPIV3Schema: null, c: "ö" },
    },
  ])("$title", ({ text, expected }) => {
    expect(parsed(text)).toEqual(expected);
  });

  it.each([
    { title: "a schema that does not end", text: '{"openAPIV3Schema":{"a":{}' },
    { title: "a string in it that does not end", text: '{"openAPIV3Schema":{"a":"}}' },
    { title: "rubbish after it", text: '{"openAPIV3Schema":{}}}' },
    { title: "rubbish before it", text: '{,"openAPIV3Schema":{}}' },
  ])("leaves $title for the parser to refuse", ({ text }) => {
    expect(() => parsed(text)).toThrow(SyntaxError);
  });

  it("gives the same string for schemas that are alike", () => {
    const { text, schemas } = withoutSchemas(
      Buffer.from('[{"openAPIV3Schema":{"a":1}},{"openAPIV3Schema":{"a":1}},{"openAPIV3Schema":{}}]'),
    );

    expect(JSON.parse(text)).toEqual([{ openAPIV3Schema: 0 }, { openAPIV3Schema: 1 }, { openAPIV3Schema: 2 }]);
    expect(schemas).toEqual(['{"a":1}', '{"a":1}', "{}"]);
  });

  it("changes nothing but schemas, of any JSON", () => {
    const key = fc.oneof(fc.constant("openAPIV3Schema"), fc.constant('x"openAPIV3Schema'), fc.string());
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "medium" },
        fc.string({ unit: "binary" }),
        fc.constant(null),
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(key, tie("tree"), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const text = JSON.stringify(value);
        const nulled: unknown = JSON.parse(text, (name, member: unknown) =>
          name.endsWith("openAPIV3Schema") && typeof member === "object" && !Array.isArray(member) && isSkipped(name)
            ? null
            : member,
        );
        expect(parsed(text)).toEqual(nulled);
        expect(joined(text)).toEqual(value);
      }),
    );
  });

  /** Of longer keys that end alike, those with a quote before the ending look like the key. */
  function isSkipped(name: string): boolean {
    return name === "openAPIV3Schema" || name.endsWith('"openAPIV3Schema');
  }
});

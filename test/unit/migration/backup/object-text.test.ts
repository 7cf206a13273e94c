import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { yamlText } from "../../../../src/cli/yaml-text.ts";
import { exactJsonText, parseExactJson } from "../../../../src/crd/exact-json.ts";
import { canonicalText } from "../../../../src/crd/canonical-text.ts";
import { objectText, readObjectText } from "../../../../src/migration/backup/object-text.ts";

async function again(object: Readonly<Record<string, unknown>>): Promise<unknown> {
  const read = await readObjectText(await objectText(object, yamlText));
  return read.ok ? read.object : read.problem;
}

describe("the file of an object", () => {
  it("is YAML for people", async () => {
    expect(
      await objectText({ kind: "Gear", spec: { on: "yes", note: "a\nb\n", size: 9_223_372_036_854_775_807n } }, yamlText),
    ).toBe('kind: Gear\nspec:\n  "on": "yes"\n  note: |\n    a\n    b\n  size: 9223372036854775807\n');
  });

  it("gives back what was written, whatever it is", async () => {
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: "grapheme" }),
        fc.constantFrom(
          "yes",
          "=",
          "<<",
          "1e3",
          "0x1f",
          "~",
          "null",
          "12:30:45",
          "a: b",
          "- a",
          "# a",
          "\t",
          "a\n\n  b",
          " ",
          "9223372036854775807",
        ),
        fc.boolean(),
        fc.constant(null),
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
        fc.array(tie("node"), { maxLength: 4 }),
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("on", "1", "<<", "a b", "~")), tie("node"), { maxKeys: 4 }),
      ),
    })).node;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom("spec", "status", "y"), value, { minKeys: 1 }), async (object) => {
        const plain = Object.fromEntries(Object.entries(object));

        expect(canonicalText(await again(plain))).toBe(canonicalText(plain));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    { title: "with a mistake in it names the line", text: "a: 1\nb: [1\n", problem: /^line \d: / },
    { title: "with two objects is refused", text: "a: 1\n---\nb: 1\n", problem: /^it does not hold one object$/ },
    { title: "that is empty is refused", text: "", problem: /^it does not hold one object$/ },
    { title: "with a list is refused", text: "- a\n", problem: /^it does not hold one object$/ },
  ])("$title", async ({ text, problem }) => {
    const read = await readObjectText(text);

    expect(read.ok ? "" : read.problem).toMatch(problem);
  });
});

describe("JSON with all digits", () => {
  it("gives back what was written", () => {
    const text = '{"a":9223372036854775807,"b":[-9007199254740993,1.5,12,"12345678901234567890"]}';

    expect(exactJsonText(parseExactJson(text))).toBe(text);
    expect(parseExactJson(text)).toEqual({
      a: 9_223_372_036_854_775_807n,
      b: [-9_007_199_254_740_993n, 1.5, 12, "12345678901234567890"],
    });
  });

  it("is as JSON is where all fit", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalText(parseExactJson(exactJsonText(value)))).toBe(canonicalText(JSON.parse(JSON.stringify(value))));
      }),
    );
  });
});

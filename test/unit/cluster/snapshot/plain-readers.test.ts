import { globSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { readFullYaml } from "../../../../src/cluster/snapshot/full-yaml.ts";
import { readPlainJson } from "../../../../src/cluster/snapshot/plain-json.ts";
import { readPlainYaml } from "../../../../src/cluster/snapshot/plain-yaml/read.ts";
import type { TextDocument } from "../../../../src/cluster/snapshot/text-document.ts";
import { sharedPath } from "../../../e2e/support/shared.ts";

/** What the fast readers tell differently than the full one; null where they agree or leave the text to it. */
function difference(text: string): unknown {
  const plain = readPlainJson(text) ?? readPlainYaml(text);
  if (plain === null) return null;
  const full = readFullYaml(text);
  const values = withContent(plain);
  const expected = withContent(full.documents);
  // The second comparison tells the order of members too.
  const isSame = isDeepStrictEqual(values, expected) && JSON.stringify(values) === JSON.stringify(expected);
  return full.mistake === null && isSame ? null : { text, values, full };
}

/** Documents that hold nothing are passed over by who asks. */
function withContent(documents: readonly TextDocument[]): readonly TextDocument[] {
  return documents.filter(({ value }) => value !== null);
}

const isPlain = (text: string): boolean => (readPlainJson(text) ?? readPlainYaml(text)) !== null;

describe("the fast readers", () => {
  it.each([
    { title: "block mappings", text: "a: 1\nb:\n  c: text\n  d:\n    e: on\n" },
    { title: "sequences, indented or not", text: "a:\n- 1\n- b: 2\n  c: 3\nd:\n  - - e\n    - f\n  -\n    g: h\n" },
    { title: "what holds nothing", text: "a:\nb: ~\nc:\n  -\n  - x\nd: {}\ne: []\n" },
    { title: "plain scalars over several lines", text: "a: one\n  two\n  - three # four\nb: 5\n" },
    {
      title: "quoted scalars",
      text: `a: "b: #c"\nd: 'it''s'\ne: "\\n\\u00e9\\\\"\n"f g": h\n'i': j\n- k: l`.replace("\n- k: l", "\n"),
    },
    { title: "quoted scalars over several lines", text: `a: "b\n  c\n\n  d \\\n  \\ e\\n"\nf: 'g\n\n  h'\n` },
    { title: "blocks of text", text: "a: |\n  b\n    c\n\n  d\n\ne: |-\n  f\ng: >\n  h\n  i\n\n  j\nk: |+\n  l\n\nm: n\n" },
    { title: "flow collections", text: `a: ["b", c, 1]\nd: { e: f, "g": [h] }\ni:\n  [\n    j,\n    'k',\n  ]\n` },
    { title: "comments and empty lines", text: "# a\n\nb: c # d\n\n  # e\nf: # g\n  h: i#j\n" },
    { title: "several documents", text: "---\na: b\n---\n# nothing\n---\nc: d\n" },
    { title: "line breaks of Windows", text: "a: b\r\nc: |\r\n  d\r\n  e\r\nf: g\r\n" },
    { title: "tabs in blocks of text", text: "a: |\n  b\tc\n  \td\ne: f\n" },
    { title: "JSON", text: '{"a": [1, "b\\"c", null], "d": {"e": true}}\n' },
  ])("read $title, as the full one does", ({ text }) => {
    expect(isPlain(text)).toBe(true);
    expect(difference(text)).toBeNull();
  });

  it.each([
    { title: "anchors and aliases", text: "a: &b c\nd: *b\n" },
    { title: "merge keys", text: "a: { b: c }\nd:\n  <<: { e: f }\n" },
    { title: "tags", text: "a: !!str 1\n" },
    { title: "complex keys", text: "? a\n: b\n" },
    { title: "directives", text: "%YAML 1.1\n---\na: b\n" },
    { title: "keys that stand for no text", text: "on: a\n" },
    { title: "numbers that JSON writes otherwise", text: "a: 010\nb: 0x1F\n" },
    { title: "a key that is there twice", text: "a: 1\nb: 2\na: 3\n" },
    { title: "a key that is there twice in JSON", text: '{"a": {"b": 1, "c": 2, "b": 3}}' },
    { title: "a key of JSON that holds an escape", text: String.raw`{"a": 1, "\u0062": 2}` },
    { title: "a member that would become the prototype", text: "__proto__: { a: b }\n" },
    { title: "tabs that indent", text: "a:\n\tb: c\n" },
    { title: "control characters", text: "a: \u0007\n" },
    { title: "what is nested without end", text: `a: ${"- ".repeat(1_000)}b\n` },
    { title: "JSON that is nested without end", text: `{"a": ${"[".repeat(1_000)}${"]".repeat(1_000)}}` },
    { title: "a word alone", text: "hello\n" },
    { title: "half of JSON", text: '{"a": ' },
  ])("leave $title to the full one", ({ text }) => {
    expect(isPlain(text)).toBe(false);
  });

  /** What scalars are made of in manifests, and what means something in YAML. */
  const word = fc.constantFrom(
    ..."a kind v1 on n true tRUE null ~ = 1 -1 0 007 1.5 1e3 e3 0x1F 1_0 .5 1:30 2024-05-01 100m http://x a: #c -e é 😀".split(
      " ",
    ),
    ...String.raw`- -- --- ... << ? &f *f !g %h @i { } [ ] , | > ' " \ \n __proto__ constructor`.split(" "),
    ..." |  |x | y|b c|a: b|a #b|- d|`|\u2028|\t||a\nb|a\n\nb\n|\nc|d\n  e\nf|g \nh".split("|"),
  );
  const text = fc.oneof(
    word,
    fc.array(word, { maxLength: 4 }).map((words) => words.join("")),
    fc.string({ maxLength: 12 }),
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(text, tie("tree"), { maxKeys: 4 }),
    ),
  }));
  const object = fc.dictionary(text, tree, { minKeys: 1, maxKeys: 5 });

  it("give the values of any printed YAML", () => {
    const style = fc.record({
      indent: fc.constantFrom(1, 2, 4),
      indentSeq: fc.boolean(),
      lineWidth: fc.constantFrom(0, 20, 80),
      singleQuote: fc.constantFrom(true, false, null),
      collectionStyle: fc.constantFrom("any" as const, "any" as const, "block" as const, "flow" as const),
      defaultStringType: fc.constantFrom(
        "PLAIN" as const,
        "BLOCK_LITERAL" as const,
        "BLOCK_FOLDED" as const,
        "QUOTE_DOUBLE" as const,
      ),
      version: fc.constant("1.1" as const),
    });
    fc.assert(
      fc.property(fc.array(object, { minLength: 1, maxLength: 2 }), style, (objects, options) => {
        expect(difference(objects.map((one) => stringify(one, options)).join("---\n"))).toBeNull();
      }),
      { numRuns: runs(1_000) },
    );
  });

  it("give the values of any printed JSON", () => {
    fc.assert(
      fc.property(object, fc.constantFrom(0, 1, 2, 4, "\t"), (value, indent) => {
        const json = JSON.stringify(value, null, indent);

        expect(difference(json)).toBeNull();
      }),
      { numRuns: runs(500) },
    );
  });

  it("give the values of lines put together at random, or leave them to the full one", () => {
    const indentation = fc.integer({ min: 0, max: 4 }).map((width) => " ".repeat(width));
    const prefix = fc.constantFrom(
      "",
      "",
      "- ",
      "- - ",
      "-   ",
      "-",
      "k: ",
      "l: ",
      "m:",
      '"q": ',
      "'s' : ",
      "n:  ",
      "- k: ",
      "? ",
      "# ",
    );
    const scalar = fc.oneof(
      word,
      fc.constantFrom(
        "|",
        ">",
        "|-",
        ">-",
        "|+",
        "|2",
        "&a b",
        "*a",
        "!!str c",
        "[a, 'b']",
        '{ a: "b" }',
        "[a,",
        "{}",
        "[]",
        '"a',
        "b'",
        " # c",
      ),
    );
    const line = fc.tuple(indentation, prefix, scalar).map((parts) => parts.join(""));
    const first = fc.constantFrom("k:", "a: b", "a:", "a: |", "a: >-", "a: 'b", 'a: "b', "a:\n- b", "---\na: b");
    fc.assert(
      fc.property(first, fc.array(line, { maxLength: 6 }), fc.constantFrom("", "\n", "\n\n"), (head, lines, end) => {
        expect(difference([head, ...lines].join("\n") + end)).toBeNull();
      }),
      { numRuns: runs(4_000) },
    );
  });

  it("give the values of a manifest in which something was changed, or leave it to the full one", () => {
    const pieces = fc.oneof(
      word,
      fc.constantFrom("\n", "\n  ", "\n    ", "  ", ": ", "- ", '"', "'", "#", " #", "|", "\t", "\\"),
    );
    const place = fc.integer({ min: 0, max: MANIFEST.length });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(place, fc.integer({ min: 0, max: 4 }), pieces), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const changed = changes.reduce(
            (before, [from, length, piece]) => before.slice(0, from) + piece + before.slice(from + length),
            MANIFEST,
          );

          expect(difference(changed)).toBeNull();
        },
      ),
      { numRuns: runs(2_000) },
    );
  });

  const gatewayApi = sharedPath("crds");

  it.skipIf(gatewayApi === null)("read every real CRD that is at hand, and as the full one does", { timeout: 120_000 }, () => {
    const files = globSync(`${gatewayApi ?? ""}/**/*.{yaml,yml,json}`);
    const texts = files.map((file) => ({ file, text: readFileSync(file, "utf8") }));

    expect(texts.filter((one) => !isPlain(one.text)).map(({ file }) => file)).toEqual([]);
    expect(texts.filter((one) => difference(one.text) !== null).map(({ file }) => file)).toEqual([]);
  });
});

/** More of them are worth a night: `PLAIN_YAML_RUNS=100`. */
function runs(usual: number): number {
  return usual * Number(process.env["PLAIN_YAML_RUNS"] ?? 1);
}

const MANIFEST = `---
# Source: chart/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: turner # of gears
  labels: { app: turner, "tier": 'back' }
  annotations:
    crdguard.dev/requires: gears.own.dev/v1
    "quoted": "a \\"b\\" c: d # e"
    folded: 'it''s
      long'
spec:
  replicas: 2
  paused: off
  template:
    spec:
      containers:
      - name: main
        image: own.dev/mill/turner:v1.0.0
        args: ["--gears", --cogs=1]
        command:
          - sh
          - -c
          - |
            turn gears
              --fast

            exit 0
        resources: {}
      - name: side
        description: >-
          one
          two
        env: []

---
apiVersion: v1
kind: ConfigMap
data:
  text: plain text
    that goes on
`;

import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countOf, escaped, listOf, quoted, shellWord, shown, wrapped } from "../../../src/explain/text.ts";

describe("countOf", () => {
  it.each([
    [0, "0 objects"],
    [1, "1 object"],
    [2, "2 objects"],
    [3200, "3,200 objects"],
    [1_000_000, "1,000,000 objects"],
  ])("writes %i as %s", (count, text) => {
    expect(countOf(count, "object")).toBe(text);
  });
});

describe("listOf", () => {
  it.each([
    { items: [], conjunction: "and" as const, text: "" },
    { items: ["a"], conjunction: "and" as const, text: "a" },
    { items: ["a", "b"], conjunction: "and" as const, text: "a and b" },
    { items: ["a", "b", "c"], conjunction: "or" as const, text: "a, b or c" },
  ])("writes $items as $text", ({ items, conjunction, text }) => {
    expect(listOf(items, conjunction)).toBe(text);
  });
});

describe("shown", () => {
  it.each([
    {
      title: "a valid name as it is",
      value: "grpcroutes.gateway.networking.k8s.io",
      text: "grpcroutes.gateway.networking.k8s.io",
    },
    { title: "letters of any language as they are", value: "Zahnräder 歯車 ⚙", text: "Zahnräder 歯車 ⚙" },
    { title: "a line break as an escape", value: "v1\nError: all is well", text: "v1\\u000aError: all is well" },
    { title: "a carriage return as an escape", value: "v1\rv2", text: "v1\\u000dv2" },
    { title: "Unicode's own line breaks as escapes", value: "a\u2028b\u2029c\u0085d", text: "a\\u2028b\\u2029c\\u0085d" },
    { title: "ANSI escapes as escapes", value: "\u001b[2J\u001b]0;title\u0007", text: "\\u001b[2J\\u001b]0;title\\u0007" },
    { title: "C1 control characters as escapes", value: "\u009b31m", text: "\\u009b31m" },
    {
      title: "right-to-left overrides and isolates as escapes",
      value: "a\u202Eb\u2066c\u200Fd",
      text: "a\\u202eb\\u2066c\\u200fd",
    },
    {
      title: "letters that nobody sees as escapes",
      value: "gears\u200B.own\u00ADdev\uFEFF",
      text: "gears\\u200b.own\\u00addev\\ufeff",
    },
    { title: "a null byte as an escape", value: "a\0b", text: "a\\u0000b" },
    { title: "half of a pair as the replacement character", value: "a\uD83Db", text: "a\uFFFDb" },
    { title: "256 characters as they are", value: "n".repeat(256), text: "n".repeat(256) },
    { title: "what is longer cut", value: "n".repeat(257), text: `${"n".repeat(256)}…` },
    {
      title: "a cut through a pair by the replacement character",
      value: `${"n".repeat(255)}😀`,
      text: `${"n".repeat(255)}\uFFFD…`,
    },
  ])("shows $title", ({ value, text }) => {
    expect(shown(value)).toBe(text);
  });

  it("leaves no character that moves a cursor, breaks a line or reverses text, whatever it is given", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        expect(shown(value)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(quoted(value)).toBe(`"${shown(value)}"`);
      }),
    );
  });
});

describe("shellWord", () => {
  /** What a POSIX shell makes of each word of a line. */
  function wordsOf(line: string): readonly string[] {
    return execFileSync("sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" })
      .split("\0")
      .slice(0, -1);
  }

  it.each([
    { title: "leaves a name bare", value: "gears.own.dev", word: "gears.own.dev" },
    { title: "leaves an image bare", value: "main=reg.example:5000/a/b:v1", word: "main=reg.example:5000/a/b:v1" },
    { title: "quotes nothing", value: "", word: "''" },
    { title: "quotes JSON", value: '{"a":["b"]}', word: `'{"a":["b"]}'` },
    { title: "quotes a single quote", value: "it's", word: String.raw`'it'\''s'` },
    { title: "quotes a substitution", value: "$(reboot)", word: "'$(reboot)'" },
    { title: "quotes backticks", value: "`reboot`", word: "'`reboot`'" },
    { title: "quotes a home folder", value: "~root", word: "'~root'" },
    { title: "quotes a pattern", value: "*", word: "'*'" },
    { title: "quotes a comment", value: "#a", word: "'#a'" },
    { title: "escapes a line break", value: "a\nreboot", word: String.raw`'a\u000areboot'` },
    { title: "escapes a dash that would begin an option", value: "--all", word: String.raw`'\u002d-all'` },
  ])("$title", ({ value, word }) => {
    expect(shellWord(value)).toBe(word);
  });

  it("never cuts: half a patch is none", () => {
    const long = JSON.stringify(Array.from({ length: 100 }, () => "v1alpha1"));

    expect(shellWord(long)).toBe(`'${long}'`);
  });

  it.each([
    "a b",
    "'; reboot; '",
    "'\\''",
    "\\",
    "\\'",
    '"$HOME"',
    "${IFS}",
    "$(reboot)",
    "`reboot`",
    "!!",
    "a|b>c<d&e;f",
    "a\nb",
    "a\u001b[31mb",
    "a\u202Eb",
    "-rf",
    "~",
    "*",
    "",
  ])("is one word to a real shell, the same as shown: %j", (value) => {
    expect(wordsOf(`${shellWord(value)} end`)).toEqual([escaped(value).replace(/^-/, String.raw`\u002d`), "end"]);
  });

  it("is one word to a real shell, whatever it is given", () => {
    const values = fc.sample(
      fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[ '"\\$`(){};&|<>*?~#!=a\n-]{0,20}$/)),
      500,
    );

    expect(wordsOf(values.map(shellWord).join(" "))).toEqual(
      values.map((value) => escaped(value).replace(/^-/, String.raw`\u002d`)),
    );
  });
});

describe("wrapped", () => {
  const long = "x".repeat(118);

  it.each([
    { title: "leaves what fits into 120 columns", text: `${"x".repeat(116)} y`, lines: [`  ${"x".repeat(116)} y`] },
    { title: "goes on below, at the same place", text: `${"x".repeat(117)} y`, lines: [`  ${"x".repeat(117)}`, "  y"] },
    { title: "goes on where it is told", text: `${long} y`, indent: "      ", lines: [`  ${long}`, "      y"] },
    { title: "never cuts a word", text: `y ${long}${long}`, lines: ["  y", `  ${long}${long}`] },
    { title: "gives a line for nothing", text: "", lines: ["  "] },
  ])("$title", ({ text, indent, lines }) => {
    expect(wrapped(text, "  ", indent)).toEqual(lines);
  });
});

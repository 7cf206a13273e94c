import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { markdownOutput } from "../../../../src/explain/outputs/markdown.ts";
import { codeSpan, fenced, prose } from "../../../../src/explain/outputs/markdown-text.ts";
import type { Telling, ToldSubject } from "../../../../src/explain/telling.ts";
import { CHECK, finding, HOSTILE, place, subject, telling } from "./tellings.ts";

/** All lines outside of fenced blocks, a fence being closed by one that is as long. */
function linesOutsideFences(markdown: string): readonly string[] {
  const lines: string[] = [];
  let fence: string | null = null;
  for (const line of markdown.split("\n")) {
    const [, own = ""] = /^ *(`{3,})/.exec(line) ?? [];
    if (fence === null && own !== "") fence = own;
    else if (fence !== null && line.trim() === fence) fence = null;
    else if (fence === null) lines.push(line);
  }
  expect(fence).toBeNull();
  return lines;
}

const MAX_GITHUB_LENGTH = 65_536;

function many(count: number, shape: Partial<ToldSubject> = {}): readonly ToldSubject[] {
  return Array.from({ length: count }, (_, index) => subject({ name: `gears${String(index)}.own.dev`, ...shape }));
}

describe("markdownOutput", () => {
  it("begins with the mark by which a bot finds its comment, and the verdict", () => {
    expect(markdownOutput(CHECK).split("\n").slice(0, 4)).toEqual([
      "<!-- crdguard -->",
      "## ✗ crdguard: denied",
      "",
      "6 changes: 4 allowed, 1 denied, 1 undecided.",
    ]);
  });

  it.each([
    {
      title: "denied for one denial",
      subjects: [
        subject(),
        subject({ outcome: "undecided", outcomeWord: "undecided" }),
        subject({ outcome: "failed", outcomeWord: "denied" }),
      ],
      heading: "## ✗ crdguard: denied",
    },
    {
      title: "undecided for one undecided change",
      subjects: [subject(), subject({ outcome: "undecided", outcomeWord: "undecided" })],
      heading: "## ? crdguard: undecided",
    },
    {
      title: "allowed",
      subjects: [subject({ findings: [finding({ severity: "warning" })] })],
      heading: "## ✓ crdguard: allowed",
    },
    { title: "allowed for nothing at all", subjects: [], heading: "## ✓ crdguard: allowed" },
  ] as const)("heads a comment: $title", ({ subjects, heading }) => {
    expect(markdownOutput(telling(subjects)).split("\n")[1]).toBe(heading);
  });

  it("calls a cluster healthy in which nothing was looked at", () => {
    expect(markdownOutput(telling([], { command: "doctor" })).split("\n")[1]).toBe("## ✓ crdguard: healthy");
  });

  it("keeps the rows of a table and the blocks of details apart for hostile names", () => {
    const lines = linesOutsideFences(markdownOutput(HOSTILE));
    const rows = lines.filter((line) => line.startsWith("|"));

    expect(rows).toHaveLength(4);
    for (const row of rows) expect(row.match(/\|/g)).toHaveLength(6);
    expect(lines.filter((line) => /<\/?details>/.test(line))).toEqual(["<details>", "</details>"]);
    expect(lines.join("\n")).not.toMatch(/<(?!\/?(?:details|summary|b)>|!-- crdguard -->)/);
    expect(lines.join("\n")).not.toMatch(/@\w|(?<!&)#\d|\]\(|:\/\//);
  });

  it.each([
    { title: "many subjects", of: telling(many(3_000, { findings: [finding()], outcome: "failed", outcomeWord: "denied" })) },
    { title: "many silent subjects", of: telling(many(10_000)) },
    { title: "many notes", of: telling([], { notes: Array.from({ length: 5_000 }, (_, index) => `note ${String(index)}`) }) },
    {
      title: "long evidence",
      of: telling(many(50, { findings: [finding({ evidence: Array.from({ length: 10 }, () => "x".repeat(3_000)) })] })),
    },
    {
      title: "one finding that is longer than all",
      of: telling([subject({ findings: [finding({ evidence: ["x".repeat(70_000)] }), finding({ message: "short" })] })]),
    },
  ])("stays below what GitHub takes, and says what it leaves out: $title", ({ of }) => {
    const markdown = markdownOutput(of);

    expect(markdown.length).toBeLessThan(MAX_GITHUB_LENGTH);
    expect(markdown).toMatch(
      / more (?:rows?|notes?) left out: a comment has no room|Details of [\d,]+ findings? left out|, and \d+ more$| and \d+ more\n/,
    );
    linesOutsideFences(markdown);
  });

  it("leaves out what is least", () => {
    const of = telling([
      subject({
        name: "noisy.own.dev",
        findings: Array.from({ length: 400 }, () => finding({ severity: "warning", severityWord: "warn" })),
      }),
      subject({ name: "broken.own.dev", outcome: "failed", outcomeWord: "denied", findings: [finding()] }),
    ]);

    expect(markdownOutput(of)).toContain("<summary>✗ deny <b>broken.own.dev</b>");
    expect(markdownOutput(of)).toMatch(/Details of \d+ findings left out: a comment has no room for them; `-o text` tells all\./);
  });

  it("stays below it for any report", () => {
    const text = fc.string({ unit: "binary", maxLength: 2_000 });
    const report: fc.Arbitrary<Telling> = fc
      .record({
        names: fc.array(text, { maxLength: 30 }),
        evidence: fc.array(text, { maxLength: 12 }),
        notes: fc.array(text, { maxLength: 20 }),
      })
      .map(({ names, evidence, notes }) =>
        telling(
          names.map((name) =>
            subject({
              name,
              outcome: "failed",
              outcomeWord: "denied",
              place: place(1, 1, name),
              findings: [finding({ message: name, evidence })],
            }),
          ),
          { notes },
        ),
      );
    fc.assert(
      fc.property(report, (of) => {
        const markdown = markdownOutput(of);
        expect(markdown.length).toBeLessThan(MAX_GITHUB_LENGTH);
        linesOutsideFences(markdown);
      }),
      { numRuns: 30 },
    );
  });
});

describe("prose", () => {
  it.each([
    { title: "a mention", text: "@octocat", markdown: "&#64;&#8203;octocat" },
    { title: "an issue", text: "#12", markdown: "&#35;&#8203;12" },
    { title: "an issue of another repository", text: "a/b#12", markdown: "a/b&#35;&#8203;12" },
    { title: "an issue by its older name", text: "GH-12", markdown: "GH-&#8203;12" },
    { title: "an address", text: "https://own.dev", markdown: "https:&#8203;//own.dev" },
    { title: "an address without a scheme", text: "www.own.dev", markdown: "www&#8203;.own.dev" },
    { title: "a mail address", text: "a@own.dev", markdown: "a&#64;&#8203;own.dev" },
    { title: "a commit", text: "deadbeef", markdown: "dea&#8203;dbeef" },
    { title: "an emoji", text: ":tada:", markdown: ":&#8203;tada:" },
    { title: "a link", text: "[a](b)", markdown: "&#91;a&#93;(b)" },
    { title: "markup", text: "*a* _b_ ~c~ `d` $e$", markdown: "&#42;a&#42; &#95;b&#95; &#126;c&#126; &#96;d&#96; &#36;e&#36;" },
    { title: "HTML", text: "<b>&amp;", markdown: "&#60;b&#62;&#38;amp;" },
    { title: "a bar", text: String.raw`a\|b`, markdown: "a&#92;&#124;b" },
    {
      title: "nothing of ours",
      text: 'deny spec.x: "v1" would be gone, and 1 workload uses it',
      markdown: 'deny spec.x: "v1" would be gone, and 1 workload uses it',
    },
  ])("disarms $title", ({ text, markdown }) => {
    expect(prose(text)).toBe(markdown);
  });
});

describe("codeSpan", () => {
  it.each([
    { text: "gears.own.dev", markdown: "`gears.own.dev`" },
    { text: "spec.versions[v1]", markdown: "`spec.versions[v1]`" },
    { text: "a`b", markdown: "a&#96;b" },
    { text: "a|b", markdown: "a&#124;b" },
    { text: "", markdown: "" },
    { text: " ", markdown: " " },
  ])("shows $text as $markdown", ({ text, markdown }) => {
    expect(codeSpan(text)).toBe(markdown);
  });
});

describe("fenced", () => {
  it("has a fence that is longer than any in it", () => {
    expect(fenced("text", "a\n````\nb")).toEqual(["`````text", "a", "````", "b", "`````"]);
    expect(fenced("sh", "ls")).toEqual(["```sh", "ls", "```"]);
  });
});

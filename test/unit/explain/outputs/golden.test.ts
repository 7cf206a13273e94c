/** Every output of every kind of report, whole. `npx vitest run --project unit -u test/unit/explain/outputs` rewrites the files. */
import { createColors } from "picocolors";
import { describe, expect, it } from "vitest";
import { githubOutput } from "../../../../src/explain/outputs/github.ts";
import { junitOutput } from "../../../../src/explain/outputs/junit.ts";
import { markdownOutput } from "../../../../src/explain/outputs/markdown.ts";
import { sarifOutput } from "../../../../src/explain/outputs/sarif.ts";
import { textOutput } from "../../../../src/explain/outputs/text.ts";
import type { Telling } from "../../../../src/explain/telling.ts";
import { CHECK, DOCTOR, EMPTY, HOSTILE } from "./tellings.ts";

const REPORTS: readonly { readonly name: string; readonly telling: Telling }[] = [
  { name: "check", telling: CHECK },
  { name: "hostile", telling: HOSTILE },
  { name: "empty", telling: EMPTY },
  { name: "doctor", telling: DOCTOR },
];

const OUTPUTS: readonly { readonly file: string; readonly write: (telling: Telling) => string }[] = [
  { file: "txt", write: (telling) => textOutput(telling, { colors: createColors(false), columns: null }) },
  { file: "80.txt", write: (telling) => textOutput(telling, { colors: createColors(false), columns: 80 }) },
  { file: "colors.txt", write: (telling) => textOutput(telling, { colors: createColors(true), columns: null }) },
  { file: "sarif.json", write: (telling) => sarifOutput(telling, { version: "1.2.3", cwd: "/work", anchor: null }) },
  { file: "junit.xml", write: (telling) => junitOutput(telling, { failLevel: "error" }) },
  { file: "github.txt", write: (telling) => githubOutput(telling, { cwd: "/work" }) },
  { file: "md", write: markdownOutput },
];

describe.each(REPORTS)("the outputs of a report: $name", ({ name, telling }) => {
  it.each(OUTPUTS)("are these: $file", async ({ file, write }) => {
    await expect(write(telling)).toMatchFileSnapshot(`../../../fixtures/outputs/${name}.${file}`);
  });

  it.each(OUTPUTS)("are the same when asked again: $file", ({ write }) => {
    expect(write(structuredClone(telling))).toBe(write(telling));
  });
});

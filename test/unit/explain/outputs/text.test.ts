import { createColors } from "picocolors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textOutput } from "../../../../src/explain/outputs/text.ts";
import type { Telling } from "../../../../src/explain/telling.ts";
import { CHECK, DOCTOR, finding, HOSTILE, place, subject, telling } from "./tellings.ts";

const colorless = createColors(false);

function linesOf(of: Telling, columns: number | null): readonly string[] {
  return textOutput(of, { colors: colorless, columns }).split("\n");
}

function withoutColors(text: string): string {
  return text.replaceAll(/\u001B\[\d+m/g, "");
}

/** Lines of the commands of a report. */
const COMMAND_LINES = CHECK.subjects.flatMap(({ findings }) =>
  findings.flatMap(({ remedies }) => remedies.flatMap(({ command }) => command?.split("\n") ?? [])),
);

describe("textOutput", () => {
  it.each([40, 60, 80, 120, 200])("wraps prose, but no command, at %i columns", (columns) => {
    const lines = linesOf(CHECK, columns);
    const tooLong = lines.filter((line) => line.length > columns && !COMMAND_LINES.includes(line.trim()));

    expect(lines.filter((line) => COMMAND_LINES.includes(line.trim())).map((line) => line.trim())).toEqual(COMMAND_LINES);
    // Titles are names, places and pages are meant to be clicked on, a command is pasted, and one word alone may be longer than a line.
    expect(
      tooLong.filter((line) => !/^(?:[✓✗?] |\s+(?:(?:Where:|More:|deny|warn|audit) )?\S+$|\s+(?:Where|All steps): )/.test(line)),
    ).toEqual([]);
  });

  it("has no less than 40 columns, however narrow the terminal", () => {
    expect(linesOf(CHECK, 5)).toEqual(linesOf(CHECK, 40));
  });

  it("takes a pipe for 120 columns", () => {
    expect(linesOf(CHECK, null)).toEqual(linesOf(CHECK, 120));
  });

  it("says the same words at any width, and in colour", () => {
    const words = (text: string): readonly string[] => withoutColors(text).split(/\s+/);
    const plain = words(textOutput(CHECK, { colors: colorless, columns: null }));

    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.boolean(), (columns, isColored) => {
        expect(words(textOutput(CHECK, { colors: createColors(isColored), columns }))).toEqual(plain);
      }),
    );
  });

  it("tells what is allowed and silent in one line that goes on below itself", () => {
    const names = Array.from({ length: 9 }, (_, index) => `StatefulSet mill/store-${String(index)}`);

    expect(linesOf(telling(names.map((name) => subject({ name }))), 60)).toEqual([
      "✓ allowed  StatefulSet mill/store-0,",
      "           StatefulSet mill/store-1,",
      "           StatefulSet mill/store-2,",
      "           StatefulSet mill/store-3,",
      "           StatefulSet mill/store-4,",
      "           StatefulSet mill/store-5,",
      "           StatefulSet mill/store-6,",
      "           StatefulSet mill/store-7,",
      "           StatefulSet mill/store-8",
      "",
      "9 changes.",
      "",
    ]);
  });

  it.each([
    { title: "where a field stands", subjectPlace: place(2), fieldPlace: place(9, 3), where: ["    Where: crds/gears.yaml:9:3"] },
    { title: "nothing twice", subjectPlace: place(2), fieldPlace: place(2), where: [] },
    { title: "nothing where nothing is known", subjectPlace: null, fieldPlace: null, where: [] },
  ])("tells $title", ({ subjectPlace, fieldPlace, where }) => {
    const one = subject({
      outcome: "failed",
      outcomeWord: "denied",
      place: subjectPlace,
      findings: [finding({ place: fieldPlace })],
    });

    expect(linesOf(telling([one]), null)).toEqual([
      `✗ denied  gears.own.dev UPDATE${subjectPlace === null ? "" : "  crds/gears.yaml:2:1"}`,
      '  deny spec.versions[v1alpha1]: stored-version-removed: "v1alpha1" would be dropped while status.storedVersions names it',
      ...where,
      "    More: docs/rules/stored-version-removed.md",
      "    All steps: crdguard plan -f <what you apply>",
      "",
      "1 changes.",
      "",
    ]);
  });

  it("breaks no line, moves no cursor and commands no pipeline for hostile names, at any width", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (columns) => {
        for (const line of linesOf(HOSTILE, columns)) {
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
          expect(line).not.toMatch(/^\s*::|##\[/);
        }
      }),
    );
  });

  it("colours marks, fields and the summary", () => {
    const text = textOutput(DOCTOR, { colors: createColors(true), columns: null });

    expect(text).toContain("\u001B[31m✗ ailing\u001B[39m  \u001B[1mgears.own.dev\u001B[22m\n");
    expect(text).toContain("  error \u001B[31mmetadata.deletionTimestamp\u001B[39m: definition-terminating: ");
    expect(text).toContain("\u001B[32m✓ healthy\u001B[39m  cogs.own.dev\n");
    expect(text.trimEnd().split("\n").at(-1)).toBe("\u001B[1m2 subjects: 1 healthy, 1 ailing.\u001B[22m");
  });
});

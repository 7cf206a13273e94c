import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { yamlText } from "../../../src/cli/yaml-text.ts";
import { parseManifests } from "../../../src/cluster/snapshot/manifests.ts";

async function readAsKubectl(text: string): Promise<unknown> {
  const manifests = await parseManifests("report.yaml", text);
  if (!manifests.ok) throw new Error(manifests.error.message);
  return manifests.value.map(({ object }) => object);
}

describe("yamlText", () => {
  it("writes what kubectl would read as something else in quotes", () => {
    const words = [
      "y",
      "on",
      "No",
      "=",
      "<<",
      "~",
      "null",
      "1",
      "1_000",
      "0o7",
      "010",
      "1:30",
      "1.5",
      ".inf",
      "2026-05-01",
      "",
      " a",
      "a: b",
      "#a",
      "plain",
    ];

    expect(yamlText({ words, on: 1, "=": 2 })).toBe(
      [
        "words:",
        ...[
          '"y"',
          '"on"',
          '"No"',
          '"="',
          '"<<"',
          '"~"',
          '"null"',
          '"1"',
          '"1_000"',
          '"0o7"',
          '"010"',
          '"1:30"',
          '"1.5"',
          '".inf"',
        ].map((word) => `  - ${word}`),
        ...['"2026-05-01"', '""', '" a"', '"a: b"', '"#a"', "plain"].map((word) => `  - ${word}`),
        '"on": 1',
        '"=": 2',
        "",
      ].join("\n"),
    );
  });

  it("keeps the lines of a command, and breaks none", () => {
    const command = `kubectl get gears ${"x".repeat(200)} &&\nkubectl delete gears`;

    expect(yamlText({ command })).toBe(`command: |-\n  kubectl get gears ${"x".repeat(200)} &&\n  kubectl delete gears\n`);
  });

  it("is read back the same by YAML 1.1, as kubectl has it, and by YAML 1.2", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string(),
      fc.constantFrom(
        "y",
        "n",
        "on",
        "OFF",
        "=",
        "<<",
        "~",
        "0x1f",
        "0b1",
        "1e3",
        "+.inf",
        "1:30:00",
        "2026-05-01T10:00:00Z",
        "0o17",
        "---",
        "- a",
        "a\nb\n",
      ),
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 3 }, text, fc.integer(), fc.boolean(), fc.constant(null), fc.array(tie("any")), tie("record")),
      record: fc.dictionary(
        text.filter((key) => key !== "__proto__"),
        tie("any"),
        { maxKeys: 4 },
      ),
    })).any;
    await fc.assert(
      fc.asyncProperty(value, async (findings) => {
        const report = { apiVersion: "crdguard.dev/v1alpha1", kind: "CheckReport", findings };
        const expected: unknown = JSON.parse(JSON.stringify(report).replaceAll(/:-0\b/g, ":0"));

        expect(await readAsKubectl(yamlText(report))).toEqual([expected]);
        expect(parse(yamlText(report))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

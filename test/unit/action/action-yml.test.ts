/** action.yml as GitHub reads it, and against the script that it runs. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { findUnknown } from "../../support/command-lines.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly run?: string;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Action {
  readonly name: string;
  readonly description: string;
  readonly inputs: Readonly<
    Record<string, { readonly description: string; readonly default?: string; readonly required?: boolean }>
  >;
  readonly outputs: Readonly<Record<string, { readonly description: string; readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

const action = parse(await readFile(`${ROOT}action.yml`, "utf8")) as Action;
const script = await readFile(`${ROOT}action/run.sh`, "utf8");
const { steps } = action.runs;
const ran = steps.find(({ run }) => run !== undefined);

function variableOf(input: string): string {
  return `INPUT_${input.toUpperCase().replaceAll("-", "_")}`;
}

describe("action.yml", () => {
  it("is a composite action, each step of which has an action of a major version or a script for bash", () => {
    expect(action.runs.using).toBe("composite");
    for (const step of steps) {
      if (step.uses === undefined) expect(step).toMatchObject({ shell: "bash", run: expect.any(String) as string });
      else expect(step.uses).toMatch(/^[\w-]+\/[\w-]+@v\d+$/);
    }
  });

  it("puts nothing of an input into a script", () => {
    expect(steps.map(({ run = "" }) => run).filter((run) => run.includes("${{"))).toEqual([]);
  });

  it("says of each input what it is, with a default that is text, or that it must be given", () => {
    for (const [name, { description, default: unless, required = false }] of Object.entries(action.inputs)) {
      expect({ name, description }).toEqual({ name, description: expect.stringMatching(/^[A-Z].+[^.]$/) as string });
      expect(typeof unless).toBe(required ? "undefined" : "string");
    }
  });

  it("hands each input to the script, which reads each and no other", () => {
    const read = new Set([...script.matchAll(/\bINPUT_[A-Z_]+(?=[:}"])/g)].map(([name]) => name));
    const handed = Object.keys(action.inputs).filter((input) => input !== "node-version");

    expect(ran?.env).toEqual(Object.fromEntries(handed.map((input) => [variableOf(input), `\${{ inputs.${input} }}`])));
    expect([...read].toSorted()).toEqual(Object.keys(ran?.env ?? {}).toSorted());
  });

  it("gives out what the script sets", () => {
    const set = new Set([...script.matchAll(/set_output ([\w-]+)/g)].map(([, name = ""]) => name));

    expect(Object.keys(action.outputs).toSorted()).toEqual([...set].toSorted());
    for (const [name, { value }] of Object.entries(action.outputs)) {
      expect(value).toBe(`\${{ steps.${ran?.id ?? ""}.outputs.${name} }}`);
    }
  });

  it("calls crdguard check with flags and formats that there are", () => {
    const flags = [...script.matchAll(/^add_\w+ (--[\w-]+)/gm)].map(([, flag = ""]) => flag);
    const formats = [...script.matchAll(/\b(?:check|tell) (json|text|github|markdown|sarif|junit)\b/g)].map(
      ([, format = ""]) => format,
    );

    expect(flags.length).toBe(12);
    expect(formats.toSorted()).toEqual(["github", "json", "junit", "markdown", "sarif", "text"]);
    expect(flags.flatMap((flag) => findUnknown(["check", flag]))).toEqual([]);
    expect(formats.flatMap((format) => findUnknown(["check", `--output=${format}`]))).toEqual([]);
  });
});

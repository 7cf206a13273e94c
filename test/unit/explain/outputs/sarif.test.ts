import { readFile } from "node:fs/promises";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { sarifOutput } from "../../../../src/explain/outputs/sarif.ts";
import type { Telling } from "../../../../src/explain/telling.ts";
import { CHECK, DOCTOR, EMPTY, finding, HOSTILE, place, subject, telling } from "./tellings.ts";

const OPTIONS = { version: "1.2.3", cwd: "/repo", anchor: null };

interface Log {
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
      readonly invocations: readonly unknown[];
      readonly results: readonly Result[];
    },
  ];
}

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string; readonly markdown: string };
  readonly locations: readonly unknown[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
}

function read(of: Telling, options: Partial<typeof OPTIONS | { readonly anchor: string }> = {}): Log {
  return JSON.parse(sarifOutput(of, { ...OPTIONS, ...options })) as Log;
}

/** Of draft 4, of which `id` and `$schema` alone differ from what ajv reads. */
async function schema(): Promise<object> {
  const text = await readFile(new URL("../../../fixtures/sarif/sarif-schema-2.1.0.json", import.meta.url), "utf8");
  const { $schema: _draft, id: _id, ...rest } = JSON.parse(text) as Record<string, unknown>;
  return rest;
}

const validate = new Ajv({
  strict: false,
  // One pattern of the schema is none by the newer reading.
  unicodeRegExp: false,
  allErrors: true,
  formats: {
    uri: (text: string) => URL.canParse(text),
    // As RFC 3986 has it: no space, no bracket in a path, every percent sign with its two digits.
    "uri-reference": (text: string) => /^(?:[\w.~!$&'()*+,;=:@/?#-]|%[0-9A-F]{2})*$/i.test(text),
    "date-time": true,
  },
}).compile(await schema());

describe("sarifOutput", () => {
  it.each([
    { title: "a check", of: CHECK },
    { title: "hostile names", of: HOSTILE },
    { title: "nothing at all", of: EMPTY },
    { title: "a doctor's report", of: DOCTOR },
  ])("is valid by the published schema: $title", ({ of }) => {
    validate(read(of));
    expect(validate.errors).toBeNull();
    validate(read(of, { anchor: "my crds" }));
    expect(validate.errors).toBeNull();
  });

  it("is held by that schema to what it says", () => {
    const log = structuredClone(read(CHECK)) as unknown as { runs: [{ results: [{ level: string }] }] };
    log.runs[0].results[0].level = "deny";

    expect(validate(log)).toBe(false);
  });

  it("gives each finding its rule, level, place and field", () => {
    const [run] = read(CHECK).runs;

    expect(run.tool.driver.rules.map(({ id }) => id)).toEqual([
      "objects-deleted",
      "required-version-unserved",
      "stored-version-removed",
      "version-in-use-unserved",
      "workload-requirement-unmet",
    ]);
    expect(run.results.map(({ ruleId, ruleIndex, level, locations }) => ({ ruleId, ruleIndex, level, locations }))).toEqual([
      {
        ruleId: "required-version-unserved",
        ruleIndex: 1,
        level: "error",
        locations: [
          {
            physicalLocation: { artifactLocation: { uri: "crds/gears.yaml" }, region: { startLine: 14, startColumn: 7 } },
            logicalLocations: [logical("gears.own.dev", "spec.versions[v1alpha1].served")],
          },
        ],
      },
      {
        ruleId: "stored-version-removed",
        ruleIndex: 2,
        level: "error",
        locations: [
          {
            physicalLocation: { artifactLocation: { uri: "crds/gears.yaml" }, region: { startLine: 12, startColumn: 5 } },
            logicalLocations: [logical("gears.own.dev", "spec.versions[v1alpha1]")],
          },
        ],
      },
      {
        ruleId: "version-in-use-unserved",
        ruleIndex: 3,
        level: "note",
        locations: [
          {
            physicalLocation: { artifactLocation: { uri: "crds/gears.yaml" }, region: { startLine: 14, startColumn: 7 } },
            logicalLocations: [logical("gears.own.dev", "spec.versions[v1alpha1].served")],
          },
        ],
      },
      {
        ruleId: "workload-requirement-unmet",
        ruleIndex: 4,
        level: "warning",
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: "apps/lathe%20at%20work.yaml" },
              region: { startLine: 52, startColumn: 9 },
            },
            logicalLocations: [logical("Deployment mill/lathe", "spec.template.spec.containers[main].image")],
          },
        ],
      },
      {
        ruleId: "objects-deleted",
        ruleIndex: 0,
        level: "warning",
        locations: [{ logicalLocations: [logical("cogs.own.dev", "metadata.name")] }],
      },
    ]);
  });

  it.each([
    {
      title: "the place of its subject, where its own is not known",
      of: subject({ place: place(2), findings: [finding()] }),
      anchor: "crds",
      physical: { artifactLocation: { uri: "crds/gears.yaml" }, region: { startLine: 2, startColumn: 1 } },
    },
    {
      title: "what stands for it, without a line, where no place is known",
      of: subject({ findings: [finding()] }),
      anchor: "crds",
      physical: { artifactLocation: { uri: "crds" } },
    },
    { title: "no place where nothing stands for it", of: subject({ findings: [finding()] }), anchor: null, physical: undefined },
  ])("gives a finding $title", ({ of, anchor, physical }) => {
    const [result] = JSON.parse(sarifOutput(telling([of]), { ...OPTIONS, anchor })).runs[0].results as readonly Result[];

    expect(result?.locations).toEqual([
      {
        ...(physical === undefined ? {} : { physicalLocation: physical }),
        logicalLocations: [logical("gears.own.dev", "spec.versions[v1alpha1]")],
      },
    ]);
  });

  it("tells evidence and ways out in its message, as text and as Markdown", () => {
    const [result] = read(CHECK).runs[0].results;

    expect(result?.message.text.split("\n").slice(0, 3)).toEqual([
      'gears.own.dev: spec.versions[v1alpha1].served: required-version-unserved: "v1alpha1" would no longer be served, and 1 running workload needs it to start:',
      "    Deployment mill/turner (image registry.own.dev/tools/turner:v1.2.3; catalog: turner >=1.0.0 <2.0.0): crashes at its next restart; it exits at start, or never becomes ready (CrashLoopBackOff)",
      "  To go on, do one of:",
    ]);
    expect(result?.message.markdown).toContain(
      "\n  ```sh\n  kubectl -n mill set image deployment/turner turner=registry.own.dev/tools/turner:v2.0.0\n  ```\n",
    );
  });

  it("lets no foreign text make a link", () => {
    for (const { message } of read(HOSTILE).runs[0].results) {
      expect(message.text).not.toMatch(/(?<!\\)\]\(/);
      expect(message.markdown.replaceAll(/`{4}[^]*?`{4}/g, "")).not.toContain("](");
    }
  });

  it("keeps the fingerprint of a finding when counts, words and lines change, and gives each its own", () => {
    const before = [
      subject({ findings: [finding({ message: "2 objects", place: place(3) }), finding({ message: "1 more" })] }),
      subject({ name: "cogs.own.dev", findings: [finding()] }),
    ];
    const after = [
      subject({ name: "axles.own.dev", findings: [finding()] }),
      subject({
        findings: [finding({ message: "3 objects", evidence: ["mill/g1"], place: place(99) }), finding({ severity: "warning" })],
      }),
      subject({ name: "cogs.own.dev", operation: "CREATE", findings: [finding()] }),
    ];

    expect(fingerprints(telling(before))).toEqual([
      "stored-version-removed gears.own.dev spec.versions[v1alpha1]",
      "stored-version-removed gears.own.dev spec.versions[v1alpha1] #2",
      "stored-version-removed cogs.own.dev spec.versions[v1alpha1]",
    ]);
    expect(fingerprints(telling(after)).slice(1)).toEqual(fingerprints(telling(before)));
  });

  it("says of the run what was not judged", () => {
    expect(read(CHECK).runs[0].invocations).toEqual([
      {
        executionSuccessful: false,
        toolExecutionNotifications: [
          { level: "error", message: { text: "bolts.own.dev: undecided: it has not read the whole cluster yet" } },
          {
            level: "note",
            message: { text: "1 other object is neither a CustomResourceDefinition nor a workload, and not judged" },
          },
        ],
      },
    ]);
    expect(read(EMPTY).runs[0].invocations).toEqual([{ executionSuccessful: true }]);
  });
});

function fingerprints(of: Telling): readonly (string | undefined)[] {
  return read(of).runs[0].results.map(({ partialFingerprints }) => partialFingerprints["crdguardFinding/v1"]);
}

function logical(name: string, field: string): object {
  return { name: field, fullyQualifiedName: `${name}/${field}`, kind: "property" };
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { githubOutput } from "../../../../src/explain/outputs/github.ts";
import type { Telling } from "../../../../src/explain/telling.ts";
import { CHECK, finding, HOSTILE, place, subject, telling } from "./tellings.ts";

interface Command {
  readonly level: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** As the runner reads a line: src/Runner.Common/ActionCommand.cs, TryParseV2. */
function readCommand(line: string): Command | null {
  const [, level = "", list = "", data = ""] = /^\s*::(\S+?)(?: (.*?))?::(.*)$/.exec(line) ?? [];
  if (level === "") return null;
  const properties = list.split(",").map((property): [string, string] => {
    const [name = "", ...value] = property.split("=");
    return [name, unescape(value.join("=")).replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%25", "%")];
  });
  return { level, properties: Object.fromEntries(properties), message: unescape(data).replaceAll("%25", "%") };
}

function unescape(text: string): string {
  return text.replaceAll("%0D", "\r").replaceAll("%0A", "\n");
}

function linesOf(of: Telling): readonly string[] {
  return githubOutput(of, { cwd: "/repo" }).trimEnd().split("\n");
}

function commandsOf(of: Telling): readonly Command[] {
  return linesOf(of).flatMap((line) => readCommand(line) ?? []);
}

describe("githubOutput", () => {
  it("annotates lines, errors first, and sums up", () => {
    expect(commandsOf(CHECK).map(({ level, properties, message }) => [level, properties, message.split("\n", 1)[0]])).toEqual([
      ["error", { title: "undecided: bolts.own.dev DELETE" }, "bolts.own.dev: it has not read the whole cluster yet"],
      [
        "error",
        { file: "crds/gears.yaml", line: "14", col: "7", title: "required-version-unserved: gears.own.dev UPDATE" },
        'gears.own.dev: spec.versions[v1alpha1].served: required-version-unserved: "v1alpha1" would no longer be served, and 1 running workload needs it to start:',
      ],
      [
        "error",
        { file: "crds/gears.yaml", line: "12", col: "5", title: "stored-version-removed: gears.own.dev UPDATE" },
        'gears.own.dev: spec.versions[v1alpha1]: stored-version-removed: "v1alpha1" would be dropped while status.storedVersions names it:',
      ],
      [
        "warning",
        {
          file: "apps/lathe at work.yaml",
          line: "52",
          col: "9",
          title: "workload-requirement-unmet: Deployment mill/lathe CREATE",
        },
        "Deployment mill/lathe: spec.template.spec.containers[main].image: workload-requirement-unmet: what it needs is not known for sure: the catalog has too little to go by:",
      ],
      [
        "warning",
        { title: "objects-deleted: cogs.own.dev DELETE" },
        "cogs.own.dev: metadata.name: objects-deleted: 1 object would be deleted with the definition, and what it stands for",
      ],
      [
        "notice",
        { file: "crds/gears.yaml", line: "14", col: "7", title: "version-in-use-unserved: gears.own.dev UPDATE" },
        'gears.own.dev: spec.versions[v1alpha1].served: version-in-use-unserved: "v1alpha1" would no longer be served, and objects were last written in it by 1 field manager',
      ],
    ]);
    expect(linesOf(CHECK).slice(6)).toEqual([
      "note: 1 other object is neither a CustomResourceDefinition nor a workload, and not judged",
      "crdguard: 6 changes: 4 allowed, 1 denied, 1 undecided.",
    ]);
  });

  it("tells commands that can be pasted", () => {
    expect(commandsOf(CHECK)[2]?.message).toContain(
      `\n        kubectl patch customresourcedefinition gears.own.dev --subresource=status --type=merge -p '{"status":{"storedVersions":["v1"]}}'\n`,
    );
  });

  it("annotates the manifest's beginning where the field's place is not known", () => {
    expect(commandsOf(telling([subject({ place: place(2), findings: [finding()] })]))[0]?.properties).toMatchObject({
      file: "crds/gears.yaml",
      line: "2",
      col: "1",
    });
  });

  it("names files as the repository has them", () => {
    const files = ["/repo/crds/a.yaml", "./crds/a.yaml", "/tmp/a.yaml", "a,b:c%.yaml"];
    const subjects = files.map((file) => subject({ name: file, findings: [finding({ place: place(1, 1, file) })] }));

    expect(commandsOf(telling(subjects)).map(({ properties }) => properties["file"])).toEqual([
      "crds/a.yaml",
      "crds/a.yaml",
      "/tmp/a.yaml",
      "a,b:c%.yaml",
    ]);
  });

  it("gives GitHub ten of a level, the rest to the log, and says so", () => {
    const many = telling([
      subject({
        findings: [
          ...Array.from({ length: 12 }, (_, index) =>
            finding({ field: `spec.versions[v${String(index)}]`, place: place(index + 1) }),
          ),
          ...Array.from({ length: 11 }, () => finding({ severity: "warning", severityWord: "warn", message: "a warning" })),
          ...Array.from({ length: 10 }, () => finding({ severity: "note", severityWord: "audit" })),
        ],
      }),
    ]);
    const lines = linesOf(many);

    expect(
      Object.fromEntries([...Map.groupBy(commandsOf(many), ({ level }) => level)].map(([level, own]) => [level, own.length])),
    ).toEqual({ error: 10, warning: 10, notice: 10 });
    expect(lines.slice(30)).toEqual([
      'error: gears.own.dev: spec.versions[v10]: stored-version-removed: "v1alpha1" would be dropped while status.storedVersions names it (crds/gears.yaml:11:1)',
      'error: gears.own.dev: spec.versions[v11]: stored-version-removed: "v1alpha1" would be dropped while status.storedVersions names it (crds/gears.yaml:12:1)',
      "warning: gears.own.dev: spec.versions[v1alpha1]: stored-version-removed: a warning",
      "crdguard: 1 changes.",
      "crdguard: GitHub shows 10 annotations of each level: 2 more errors and 1 more warning, told in the log alone.",
    ]);
  });

  it("lets no foreign text become a command, a property or another line", () => {
    const { subjects } = HOSTILE;
    const [first] = subjects;

    expect(linesOf(HOSTILE).map((line) => readCommand(line)?.level ?? "text")).toEqual([
      "error",
      "error",
      "text",
      "text",
      "text",
    ]);
    expect(commandsOf(HOSTILE).map(({ properties }) => Object.keys(properties))).toEqual([
      ["file", "line", "col", "title"],
      ["title"],
    ]);
    expect(first?.findings).toHaveLength(1);
    for (const line of linesOf(HOSTILE)) expect(line).not.toMatch(/##\[|[\p{Cc}\p{Cf}]/u);
  });

  it("has as many commands as findings, whatever they hold", () => {
    const foreign = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("::error::x", "##[error]x", "%0A::error::x", ",line=9", "\n::add-mask::x"),
    );
    fc.assert(
      fc.property(foreign, foreign, (one, other) => {
        const of = telling(
          [
            subject({
              name: one,
              findings: [finding({ field: other, message: one, evidence: [other], place: place(1, 1, one) })],
            }),
          ],
          {
            notes: [other],
            summary: one,
          },
        );
        const lines = linesOf({ ...of, summary: `end ${one}` });

        expect(lines).toHaveLength(3);
        expect(lines.map((line) => /^\s*::/.test(line))).toEqual([true, false, false]);
        expect(Object.keys(readCommand(lines[0] ?? "")?.properties ?? {})).toEqual(["file", "line", "col", "title"]);
      }),
    );
  });
});

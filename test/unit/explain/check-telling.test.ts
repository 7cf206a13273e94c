import { createColors } from "picocolors";
import { describe, expect, it } from "vitest";
import { EVERYTHING } from "../../../src/explain/audience.ts";
import { checkTelling, type PlaceOf } from "../../../src/explain/check-telling.ts";
import { findingLines } from "../../../src/explain/finding.ts";
import { textOutput } from "../../../src/explain/outputs/text.ts";
import { checkReport } from "../../../src/explain/report.ts";
import { DEFAULT_POLICY, judge, type Policy } from "../../../src/policy/policy.ts";
import type { JudgedChange } from "../../../src/review/verdict.ts";
import type { Change } from "../../../src/rules/change.ts";
import { evaluate } from "../../../src/rules/evaluate.ts";
import type { Facts } from "../../../src/rules/facts.ts";
import { counted, create, crd, given, need, noFacts, remove, update } from "../../support/builders.ts";

function judged(change: Change, facts: Partial<Facts> = {}, policy: Policy = DEFAULT_POLICY): JudgedChange {
  const [first, ...others] = judge(evaluate(change, { ...noFacts, ...facts }), policy);
  if (first?.enforcement === "deny") return { change, verdict: { kind: "deny", findings: [first, ...others] } };
  return { change, verdict: { kind: "allow", findings: first === undefined ? [] : [first, ...others] } };
}

const denied = judged(
  update(crd({ served: ["v1", "v1alpha1"], stored: ["v1alpha1", "v1"] }), crd({ served: ["v1"] })),
  { objects: counted(3), needs: [need({ versions: ["v1alpha1"], image: "registry.own.dev/turner:v1.2.3" })] },
  { ...DEFAULT_POLICY, enforcement: new Map([["required-version-unserved", "audit"]]) },
);
const warned = judged(
  update(crd({ name: "cogs.own.dev", served: ["v1", "v1beta1"] }), crd({ name: "cogs.own.dev", served: ["v1"] })),
  { needs: [need({ versions: ["v1beta1"], outcome: "loses-feature" })] },
);
const allowed = judged(create(crd({ name: "axles.own.dev", served: ["v1"] })));
const undecided: JudgedChange = {
  change: remove(crd({ name: "bolts.own.dev", served: ["v1"] })),
  verdict: { kind: "undecided", reason: "facts-not-synced" },
};
const report = checkReport([denied, warned, allowed, undecided], EVERYTHING, given());
const noPlaces = { placeOf: () => null };

describe("checkTelling", () => {
  it("tells verdicts, severities and a summary", () => {
    const { command, subjects, notes, summary } = checkTelling({ ...report, ...given({ notJudged: { Secret: 2 } }) }, noPlaces);

    expect({ command, notes, summary }).toEqual({
      command: "check",
      notes: ["not judged, as only CustomResourceDefinitions and workloads are: 2 Secret"],
      summary: "4 changes: 2 allowed, 1 denied, 1 undecided.",
    });
    expect(
      subjects.map(({ findings, ...rest }) => ({
        ...rest,
        findings: findings.map(({ rule, severity, severityWord, page }) => ({ rule, severity, severityWord, page })),
      })),
    ).toEqual([
      {
        name: "axles.own.dev",
        operation: "CREATE",
        outcome: "passed",
        outcomeWord: "allowed",
        reason: null,
        place: null,
        findings: [],
      },
      {
        name: "bolts.own.dev",
        operation: "DELETE",
        outcome: "undecided",
        outcomeWord: "undecided",
        reason: "it has not read the whole cluster yet",
        place: null,
        findings: [],
      },
      {
        name: "cogs.own.dev",
        operation: "UPDATE",
        outcome: "passed",
        outcomeWord: "allowed",
        reason: null,
        place: null,
        findings: [
          {
            rule: "required-version-unserved",
            severity: "warning",
            severityWord: "warn",
            page: "docs/rules/required-version-unserved.md",
          },
        ],
      },
      {
        name: "gears.own.dev",
        operation: "UPDATE",
        outcome: "failed",
        outcomeWord: "denied",
        reason: null,
        place: null,
        findings: [
          {
            rule: "stored-version-removed",
            severity: "error",
            severityWord: "deny",
            page: "docs/rules/stored-version-removed.md",
          },
          {
            rule: "required-version-unserved",
            severity: "note",
            severityWord: "audit",
            page: "docs/rules/required-version-unserved.md",
          },
        ],
      },
    ]);
  });

  it("asks for the place of each subject and of each field", () => {
    const placeOf: PlaceOf = (subjectName, field) =>
      subjectName === "gears.own.dev" ? { file: "gears.yaml", line: field === null ? 1 : 7, column: 3 } : null;

    const [, , cogs, gears] = checkTelling(report, { placeOf }).subjects;

    expect([cogs?.place, cogs?.findings.map(({ place }) => place)]).toEqual([null, [null]]);
    expect([gears?.place, gears?.findings.map(({ place }) => place)]).toEqual([
      { file: "gears.yaml", line: 1, column: 3 },
      [
        { file: "gears.yaml", line: 7, column: 3 },
        { file: "gears.yaml", line: 7, column: 3 },
      ],
    ]);
  });

  it("leads to the words of admission, line by line, where a line may be of any length", () => {
    const text = textOutput(checkTelling(report, noPlaces), { colors: createColors(false), columns: 10_000 });
    const findings = report.changes.flatMap((change) => change.findings);
    const expected = findings.flatMap((finding) => {
      const [sentence = "", ...details] = findingLines(finding);
      return [`  ${finding.enforcement} ${finding.field}: ${sentence}`, ...details.map((line) => `  ${line}`)];
    });

    expect(findings).toHaveLength(3);
    expect(text.split("\n").filter((line) => line.startsWith("  "))).toEqual([
      "  it has not read the whole cluster yet",
      ...expected,
    ]);
  });

  it("shows names that could do harm in escapes, and asks for their places as they are", () => {
    const name = "gears\n\u001B[2J\u202E.own.dev";
    const asked: (string | null)[] = [];
    const hostile = checkReport([judged(create({ ...crd({ served: ["v1"] }), name }))], EVERYTHING, given());

    const { subjects } = checkTelling(hostile, {
      placeOf(subjectName, field) {
        asked.push(subjectName, field);
        return null;
      },
    });

    expect(subjects.map((subject) => subject.name)).toEqual([String.raw`gears\u000a\u001b[2J\u202e.own.dev`]);
    expect(asked).toEqual([name, null]);
  });
});

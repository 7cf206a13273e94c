/** docs/schemas: what is published of reports is what they are. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { isRecord } from "../../../src/crd/is-record.ts";
import { type Audience, EVERYTHING } from "../../../src/explain/audience.ts";
import { checkReport } from "../../../src/explain/report.ts";
import { DEFAULT_POLICY, judge, type Relief, type UnmetRelief } from "../../../src/policy/policy.ts";
import type { JudgedChange } from "../../../src/review/verdict.ts";
import type { Change } from "../../../src/rules/change.ts";
import { evaluate } from "../../../src/rules/evaluate.ts";
import type { Facts } from "../../../src/rules/facts.ts";
import {
  counted,
  create,
  crd,
  given,
  looked,
  need,
  noFacts,
  remove,
  sampled,
  statusUpdate,
  update,
  writer,
} from "../../support/builders.ts";
import { problemsOfReport } from "../../support/report-schema.ts";
import { crdWithForms, form, specOf } from "../../support/schemas.ts";
import { ROOT } from "./sources.ts";

const NOBODY: Audience = { mayName: () => false };

function judged(change: Change, facts: Partial<Facts> = {}): JudgedChange {
  const [first, ...others] = judge(evaluate(change, { ...noFacts, ...facts }), DEFAULT_POLICY);
  if (first?.enforcement === "deny") return { change, verdict: { kind: "deny", findings: [first, ...others] } };
  return { change, verdict: { kind: "allow", findings: first === undefined ? [] : [first, ...others] } };
}

const both = crd({ served: ["v1", "v1alpha1"], stored: ["v1alpha1", "v1"] });
const onlyV1 = crd({ served: ["v1"] });
const turner = { kind: "Deployment", namespace: "mill", name: "turner" } as const;

const oldForm = crd({ served: ["v1"], schemas: { v1: { type: "object" } } });
const newForm = crd({ served: ["v1"], schemas: { v1: { type: "object", properties: {} } } });

/** Changes that lead to every kind of evidence. */
const CHANGES: readonly JudgedChange[] = [
  judged(create(crd({ name: "axles.own.dev", served: ["v1"] }))),
  judged(update(both, onlyV1), {
    objects: counted(3),
    needs: [
      need({ versions: ["v1alpha1"] }),
      need({ versions: ["v1alpha1"], image: "registry.own.dev/turner:v1.2.3", workload: { name: "lathe" } }),
      need({ versions: ["v1alpha1"], image: "registry.own.dev/turner:latest", certainty: { kind: "unknown-version" } }),
    ],
    writers: sampled([
      writer({ name: "helm", version: "v1alpha1" }),
      writer({ name: "a.yaml", version: "v1alpha1", kind: "file", lastWrittenAt: null }),
    ]),
  }),
  judged(remove(onlyV1), { objects: counted(2, { isComplete: false }), needs: [need({ versions: ["v1"] })] }),
  judged(remove(onlyV1), { objects: { kind: "uncountable", reason: "forbidden" } }),
  judged(statusUpdate(both, ["v1"]), { objects: counted(0) }),
  judged({
    kind: "apply-workload",
    workload: turner,
    needs: [need({ versions: ["v1"], workload: turner })],
    unreadable: [],
    today: null,
  }),
  judged(statusUpdate(both, ["v1"]), {
    objects: counted(3),
    migration: {
      kind: "unproven",
      by: "StorageVersionRecord gears.own.dev",
      unprovenCount: 1,
      objectCount: 3,
      isComplete: true,
      examples: [{ namespace: "mill", name: "g1" }],
    },
  }),
  judged(
    update(
      crdWithForms({ served: ["v1"] }, { v1: form(specOf({ size: { type: "integer" } })) }),
      crdWithForms({ served: ["v1"] }, { v1: form(specOf({})) }),
    ),
  ),
  judged(update(oldForm, newForm), {
    fit: looked({
      rejections: Array.from({ length: 12 }, (_, index) => ({
        version: "v1",
        path: `spec.p${String(index)}`,
        message: "must be of type string",
        objectCount: 1,
        examples: [{ object: { namespace: "mill", name: "g1" }, path: "spec.p", value: "1" }],
      })),
      losses: [
        {
          version: "v1",
          role: "stored",
          path: "spec.password",
          objectCount: 1,
          examples: [{ object: { namespace: "mill", name: "g1" }, path: "spec.password", value: null }],
        },
      ],
      failedRules: [{ version: "v1", path: "", rule: "self.a > 1", message: "too small", objectCount: 1, examples: [] }],
      unevaluatedRules: [{ version: "v1", path: "", rule: "self == oldSelf", reason: "it reads oldSelf" }],
    }),
  }),
  { change: remove(onlyV1), verdict: { kind: "undecided", reason: "facts-not-synced" } },
  relieved({ kind: "exception", policy: "mill", reason: "moves", owner: "us", expires: "2027-01-01T00:00:00Z" }),
  relieved({ kind: "override", by: null, reason: "incident 4711", until: null }),
  unrelieved([
    { kind: "exception-lapsed", policy: "mill", owner: "us", expires: "2026-01-01T00:00:00Z" },
    { kind: "override-refused", why: "not-allowed", by: "bob" },
    { kind: "override-refused", why: "expired", until: "2026-01-01T00:00:00Z" },
    { kind: "override-refused", why: "malformed", problem: '"objects" is no rule' },
  ]),
];

function relieved(relief: Relief): JudgedChange {
  const { change, verdict } = judged(remove(onlyV1), { objects: counted(1) });
  if (verdict.kind !== "deny") throw new Error("the deletion of objects is denied");
  return {
    change,
    verdict: { kind: "allow", findings: verdict.findings.map((own) => ({ ...own, enforcement: "warn", relief })) },
  };
}

function unrelieved(unmet: readonly UnmetRelief[]): JudgedChange {
  const { change, verdict } = judged(remove(onlyV1), { objects: counted(1) });
  if (verdict.kind !== "deny") throw new Error("the deletion of objects is denied");
  const [first, ...others] = verdict.findings;
  return { change, verdict: { kind: "deny", findings: [{ ...first, unmet }, ...others] } };
}

const REPORT = checkReport(CHANGES, EVERYTHING, given());
const HIDDEN = checkReport(CHANGES, NOBODY, given());

function kindsOf(report: typeof REPORT): readonly string[] {
  const kinds = report.changes.flatMap(({ findings }) => findings.flatMap(({ evidence }) => evidence.map(({ kind }) => kind)));
  return [...new Set(kinds)].toSorted();
}

async function readSchema(): Promise<unknown> {
  return JSON.parse(await readFile(`${ROOT}docs/schemas/check-report.v1alpha1.json`, "utf8"));
}

describe("docs/schemas/check-report.v1alpha1.json", () => {
  it.each([
    { title: "for a reader who may see all", report: REPORT },
    { title: "for one who may see no name", report: HIDDEN },
    { title: "of nothing", report: checkReport([], EVERYTHING, given()) },
  ])("describes a report $title", ({ report }) => {
    expect(problemsOfReport(JSON.parse(JSON.stringify(report)))).toEqual([]);
  });

  it("is tried with every kind of evidence that it knows", async () => {
    const schema = await readSchema();
    const text = JSON.stringify(schema);
    const [, known = ""] = /"kind":\{"description":"What was seen\.","enum":(\[.*?\])/.exec(text) ?? [];

    expect([...new Set([...kindsOf(REPORT), ...kindsOf(HIDDEN)])].toSorted()).toEqual((JSON.parse(known) as string[]).toSorted());
  });

  it("describes every member", async () => {
    const bare: string[] = [];
    const walk = (node: unknown, path: string): void => {
      if (Array.isArray(node)) {
        node.forEach((item, index) => {
          walk(item, `${path}/${String(index)}`);
        });
      } else if (isRecord(node)) {
        for (const [name, value] of Object.entries(node)) {
          if (name === "properties" && isRecord(value) && !path.endsWith("/if")) {
            for (const [member, described] of Object.entries(value)) {
              if (!isRecord(described) || typeof described["description"] !== "string") bare.push(`${path}/${member}`);
            }
          }
          walk(value, `${path}/${name}`);
        }
      }
    };
    walk(await readSchema(), "");

    expect(bare).toEqual([]);
  });

  it("takes members that it does not know", () => {
    const [change, ...others] = REPORT.changes;

    expect(problemsOfReport({ ...REPORT, notes: ["new"], changes: [{ ...change, new: 1 }, ...others] })).toEqual([]);
  });

  it.each([
    { title: "no report", broken: {}, problem: ": must have required property 'changes'" },
    {
      title: "of another version",
      broken: { ...REPORT, apiVersion: "crdguard.dev/v1" },
      problem: "/apiVersion: must be equal to constant",
    },
    {
      title: "with an unknown verdict",
      broken: { ...REPORT, verdict: "denied" },
      problem: "/verdict: must be equal to one of the allowed values",
    },
    {
      title: "with a change of nothing",
      broken: { ...REPORT, changes: [{ operation: "CREATE", verdict: "allow", findings: [] }] },
      problem: "/changes/0: must match exactly one schema in oneOf",
    },
    {
      title: "with a CRD and a workload in one change",
      broken: {
        ...REPORT,
        changes: [{ crd: "a", workload: "Deployment a/b", operation: "CREATE", verdict: "allow", findings: [] }],
      },
      problem: "/changes/0: must match exactly one schema in oneOf",
    },
    {
      title: "without a verdict and without the reason",
      broken: { ...REPORT, changes: [{ crd: "a", operation: "CREATE", verdict: "undecided", findings: [] }] },
      problem: "/changes/0: must have required property 'reason'",
    },
    {
      title: "with a remedy that is a text",
      broken: withFinding({ remedies: ["upgrade"] }),
      problem: "/changes/0/findings/0/remedies/0: must be object",
    },
    {
      title: "with a command that is a list",
      broken: withFinding({ remedies: [{ title: "a", command: ["kubectl"] }] }),
      problem: "/changes/0/findings/0/remedies/0/command: must be string",
    },
    {
      title: "with evidence of no known kind",
      broken: withFinding({ evidence: [{ kind: "rumour" }] }),
      problem: "/changes/0/findings/0/evidence/0/kind: must be equal to one of the allowed values",
    },
    {
      title: "with a count that is a text",
      broken: withFinding({ evidence: [{ kind: "hidden-workloads", count: "3" }] }),
      problem: "/changes/0/findings/0/evidence/0/count: must be integer",
    },
    {
      title: "with a workload whose outcome is not told",
      broken: withFinding({
        evidence: [{ kind: "workload", workload: "Deployment a/b", image: null, source: "", effect: null }],
      }),
      problem: "/changes/0/findings/0/evidence/0: must have required property 'outcome'",
    },
    {
      title: "with an API that has no version",
      broken: withFinding({
        evidence: [{ kind: "api", crd: "a", versions: [], state: "absent", source: "", outcome: "works", effect: null }],
      }),
      problem: "/changes/0/findings/0/evidence/0/versions: must NOT have fewer than 1 items",
    },
    {
      title: "with objects counted by words",
      broken: withFinding({
        evidence: [{ kind: "objects", count: 1, isComplete: true, namespaces: { mill: "one" }, examples: [] }],
      }),
      problem: "/changes/0/findings/0/evidence/0/namespaces/mill: must be integer",
    },
    {
      title: "with a writer of no known kind",
      broken: withFinding({
        evidence: [
          { kind: "writer", writer: "person", name: "a", version: "v1", count: 1, isSubresourceOnly: false, lastWrittenAt: null },
        ],
      }),
      problem: "/changes/0/findings/0/evidence/0/writer: must be equal to one of the allowed values",
    },
  ])("refuses a report $title", ({ broken, problem }) => {
    expect(problemsOfReport(broken)).toContain(problem);
  });
});

function withFinding(shape: object): object {
  const finding = {
    rule: "objects-deleted",
    enforcement: "deny",
    field: "metadata.name",
    message: "",
    evidence: [],
    remedies: [],
  };
  const change = { crd: "gears.own.dev", operation: "DELETE", verdict: "deny", findings: [{ ...finding, ...shape }] };
  return { apiVersion: "crdguard.dev/v1alpha1", kind: "CheckReport", verdict: "deny", changes: [change] };
}

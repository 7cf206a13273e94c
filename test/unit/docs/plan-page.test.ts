/** docs/plan.md shows what is printed, and docs/schemas/plan-report.v1alpha1.json describes it. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { planReport } from "../../../src/explain/plan.ts";
import type { Planned } from "../../../src/plan/plan.ts";
import { DEFAULT_POLICY, judge } from "../../../src/policy/policy.ts";
import { evaluate } from "../../../src/rules/evaluate.ts";
import { counted, crd, noFacts, remove } from "../../support/builders.ts";
import { CONTEXT, OLD, STEPS, TURNER } from "../../support/plan-steps.ts";
import { ROOT } from "./sources.ts";

const PAGE = `${ROOT}docs/plan.md`;
const SHOWN = /```text\n\$ crdguard (?<args>[^\n]+)\n(?<output>[^]*?)```/;

describe("docs/plan.md", () => {
  it("shows what is printed", async () => {
    const page = await readFile(PAGE, "utf8");
    const { args = "", output = "" } = SHOWN.exec(page)?.groups ?? {};
    const { stdout, status } = spawnSync(process.execPath, [`${ROOT}src/cli/main.ts`, ...args.split(" ")], {
      cwd: ROOT,
      env: { PATH: process.env["PATH"] ?? "" },
      encoding: "utf8",
    });
    if (process.env["UPDATE_DOCS"] === "1") {
      await writeFile(
        PAGE,
        page.replace(SHOWN, () => `\`\`\`text\n$ crdguard ${args}\n${stdout}\`\`\``),
      );
      return;
    }

    expect(status).toBe(0);
    expect(output, "run the tests once with UPDATE_DOCS=1").toBe(stdout);
  });
});

describe("docs/schemas/plan-report.v1alpha1.json", () => {
  const schema: unknown = JSON.parse(readFileSync(`${ROOT}docs/schemas/plan-report.v1alpha1.json`, "utf8"));
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false, allowUnionTypes: true });
  const validate = ajv.compile(schema as object);
  const [refused, ...others] = judge(
    evaluate(remove(crd({ served: ["v1"] })), { ...noFacts, objects: counted(2) }),
    DEFAULT_POLICY,
  );

  it.each<{ title: string; planned: Planned }>([
    {
      title: "with every action and every caution",
      planned: {
        kind: "plan",
        steps: STEPS.map((step) => ({ ...step, findings: others })),
        cautions: [
          { kind: "unknown-needs", workload: TURNER.ref, image: "a" },
          { kind: "objects-replaced", crd: OLD.name, objects: counted(1) },
          { kind: "workload-stopped", workload: TURNER.ref },
          {
            kind: "feature-lost",
            workload: TURNER.ref,
            crd: OLD.name,
            versions: ["v1"],
            objects: counted(1),
            isForGood: true,
          },
          { kind: "unmet-today", workload: TURNER.ref, crd: OLD.name, versions: ["v1"] },
          { kind: "objects-uncounted", crd: OLD.name, reason: "forbidden" },
        ],
      },
    },
    { title: "of nothing to do", planned: { kind: "plan", steps: [], cautions: [] } },
    {
      title: "without a way",
      planned: {
        kind: "impossible",
        obstacles: [
          {
            kind: "workload-unsatisfied",
            workload: TURNER,
            to: null,
            requirements: [{ crd: OLD.name, versions: ["v1"], servedBy: null }],
          },
          { kind: "version-unknown", workload: TURNER, wanted: "9" },
          ...(refused === undefined ? [] : [{ kind: "change-refused", crd: OLD.name, findings: [refused] } as const]),
        ],
      },
    },
    { title: "that is undecided", planned: { kind: "undecided", statesSeen: 1 } },
  ])("describes a report $title", ({ planned }) => {
    validate(JSON.parse(JSON.stringify(planReport(planned, CONTEXT))));

    expect(validate.errors ?? []).toEqual([]);
  });

  it("has each member of a step, and no other", () => {
    const { $defs } = schema as { $defs: { step: { properties: object } } };
    const [step] = planReport({ kind: "plan", steps: STEPS, cautions: [] }, CONTEXT).steps;

    expect(Object.keys($defs.step.properties).toSorted()).toEqual(Object.keys(step ?? {}).toSorted());
  });
});

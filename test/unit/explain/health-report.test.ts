import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { createColors } from "picocolors";
import { describe, expect, it } from "vitest";
import { healthReport, healthTelling } from "../../../src/explain/health-report.ts";
import { textOutput } from "../../../src/explain/outputs/text.ts";
import { checks } from "../../../src/health/checks/index.ts";
import { examine } from "../../../src/health/examine.ts";
import type { HealthFacts } from "../../../src/health/facts.ts";
import { crd, need } from "../../support/builders.ts";
import { guard, healthFacts } from "../../support/health.ts";
import { HEALTH_EXAMPLES } from "../../support/health-examples.ts";

const schema: unknown = JSON.parse(
  readFileSync(new URL("../../../docs/schemas/health-report.v1alpha1.json", import.meta.url), "utf8"),
);
const isReport = new Ajv({ allErrors: true, strict: true }).compile(schema as object);

function examined(facts: HealthFacts) {
  return { facts, findings: examine(facts), workloadCount: 2 };
}

const ailing = healthFacts({
  crds: [crd({ served: ["v1alpha1", "v1"], storage: "v1alpha1" })],
  needs: new Map([["gears.own.dev", [need({ versions: ["v2"] })]]]),
  guard: guard(),
});

describe("the report of doctor", () => {
  it.each(checks.map(({ id }) => id))("is of the published schema where %s finds something", (id) => {
    const facts = HEALTH_EXAMPLES[id];
    if (facts === undefined) throw new Error(`no example for ${id}`);
    const report = healthReport(examined(facts));

    isReport(JSON.parse(JSON.stringify(report)));
    expect(isReport.errors).toBeNull();
    expect(report.findings.map(({ check }) => check)).toContain(id);
  });

  it("is of the published schema where nothing is found", () => {
    isReport(healthReport(examined(healthFacts())));

    expect(isReport.errors).toBeNull();
  });

  it("is refused by the schema without its findings", () => {
    const { findings: _, ...rest } = healthReport(examined(healthFacts()));

    expect(isReport(rest)).toBe(false);
  });

  it("counts what was examined and found, worst first", () => {
    expect(healthReport(examined(ailing))).toMatchObject({
      verdict: "ailing",
      examined: { crds: 1, workloads: 2 },
      summary: { error: 1, warning: 1, note: 0 },
      findings: [{ check: "requirement-unmet" }, { check: "stored-in-alpha" }],
      notes: [],
    });
  });

  it.each([
    {
      title: "crdguard is not there",
      facts: healthFacts({ guard: guard({ servers: [], registrations: [] }) }),
      note: /^crdguard is not registered/,
    },
    {
      title: "manifests stand for a cluster",
      facts: healthFacts({ source: { kind: "folder", path: "cluster" } }),
      note: /^Manifests tell nothing/,
    },
  ])("notes that $title", ({ facts, note }) => {
    expect(healthReport(examined(facts)).notes).toEqual([expect.stringMatching(note)]);
  });
});

describe("what doctor tells", () => {
  it("stands by what ails, failed from the given severity on", () => {
    const outcomes = (failOn: "error" | "warning" | null) =>
      healthTelling(examined(ailing), failOn).subjects.map(({ name, outcome, outcomeWord }) => [name, outcome, outcomeWord]);

    expect(outcomes("error")).toEqual([
      ["Deployment mill/turner", "failed", "ailing"],
      ["gears.own.dev", "warned", "ailing"],
    ]);
    expect(outcomes("warning").map(([, outcome]) => outcome)).toEqual(["failed", "failed"]);
    expect(outcomes(null).map(([, outcome]) => outcome)).toEqual(["warned", "warned"]);
  });

  it.each([
    {
      title: "healthy",
      facts: healthFacts({ guard: guard() }),
      summary: "Healthy: 0 definitions and 2 workloads examined, nothing found.",
    },
    {
      title: "healthy, with notes alone",
      facts: healthFacts({ crds: [crd({ served: ["v1alpha1"] })], guard: guard() }),
      summary: "Healthy: 1 definition and 2 workloads examined, 1 note.",
    },
    { title: "ailing", facts: ailing, summary: "Ailing: 1 definition and 2 workloads examined, 1 error and 1 warning." },
  ])("ends in a line that says: $title", ({ facts, summary }) => {
    const lines = textOutput(healthTelling(examined(facts), "error"), { colors: createColors(false), columns: null })
      .trimEnd()
      .split("\n");

    expect(lines.at(-1)).toBe(summary);
  });

  it("lets no name move the cursor or forge a line", () => {
    const evil = crd({ name: "gears.own.dev", served: ["v1"], stored: ["v1\u001B[2J\nerror", "v1"] });
    const lines = textOutput(healthTelling(examined(healthFacts({ crds: [evil] })), "error"), {
      colors: createColors(false),
      columns: null,
    })
      .trimEnd()
      .split("\n");

    expect(lines.join("")).not.toMatch(/[\u0000-\u001F]/);
  });
});

import { describe, expect, it } from "vitest";
import { type ClusterReport, clusterReport, type ReportForm } from "../../../src/explain/cluster-report.ts";
import type { Examined } from "../../../src/explain/health-report.ts";
import { checks } from "../../../src/health/checks/index.ts";
import { examine } from "../../../src/health/examine.ts";
import type { HealthFacts, Unread } from "../../../src/health/facts.ts";
import type { HealthFinding } from "../../../src/health/finding.ts";
import type { CheckSetting } from "../../../src/health/severity.ts";
import { counted, crd, need } from "../../support/builders.ts";
import { healthFacts } from "../../support/health.ts";
import { HEALTH_EXAMPLES } from "../../support/health-examples.ts";

const FORMS: readonly ReportForm[] = ["openreports", "policyreport"];
const HEALTHY = healthFacts();
/** Noon of 15 June 2026. */
const NOON = { seconds: 1_781_524_800, nanos: 0 };

function examined(facts: HealthFacts, settings: ReadonlyMap<string, CheckSetting> = new Map()): Examined {
  return { facts, findings: examine(facts, settings), workloadCount: 2 };
}

function reportOf(facts: HealthFacts, form: ReportForm = "openreports"): ClusterReport {
  return clusterReport(examined(facts), { form });
}

describe("the report of a cluster", () => {
  it.each([
    { form: "openreports", apiVersion: "openreports.io/v1alpha1", kind: "ClusterReport", source: "crdguard" },
    { form: "policyreport", apiVersion: "wgpolicyk8s.io/v1alpha2", kind: "ClusterPolicyReport", source: undefined },
  ] as const)("is named crdguard, and is a $kind", ({ form, apiVersion, kind, source }) => {
    const report = reportOf(HEALTHY, form);

    expect(report).toMatchObject({ apiVersion, kind, metadata: { name: "crdguard" } });
    expect(report.source).toBe(source);
    expect(report.metadata.annotations).toEqual({
      "crdguard.dev/summary": "Healthy: 0 definitions and 2 workloads examined, nothing found.",
    });
  });

  it("passes each check of a healthy cluster", () => {
    const { summary, results } = reportOf(HEALTHY);

    expect(summary).toEqual({ pass: checks.length, fail: 0, warn: 0, error: 0, skip: 0 });
    expect(results.map(({ policy }) => policy)).toEqual(checks.map(({ id }) => id));
    expect(results[0]).toEqual({
      source: "crdguard",
      category: "CRD health",
      timestamp: NOON,
      policy: "bundle-mixed",
      result: "pass",
      scored: true,
      message: "nothing found",
    });
  });

  it("tells of a finding who ails, whom to look at, what was seen and the way out", () => {
    const facts = healthFacts({ needs: new Map([["gears.own.dev", [need({ versions: ["v1"] })]]]) });

    expect(reportOf(facts).results[0]).toMatchObject({
      policy: "requirement-unmet",
      rule: "requirement-unmet",
      result: "fail",
      severity: "high",
      scored: true,
      timestamp: NOON,
      message: expect.stringMatching(/^Deployment \S+: 1 API that it needs is not served to it/) as unknown,
      resources: [{ apiVersion: "apps/v1", kind: "Deployment" }],
      properties: {
        evidence: expect.stringContaining("gears.own.dev") as unknown,
        fix: expect.stringContaining("kubectl") as unknown,
        page: "docs/doctor/requirement-unmet.md",
      },
    });
  });

  it.each([
    { check: "requirement-unmet", outcome: "fail high" },
    { check: "stored-in-alpha", outcome: "warn medium" },
    { check: "rollback-refused", outcome: "warn low" },
    { check: "facts-unread", outcome: "error low" },
  ])("gives $outcome for $check", ({ check, outcome }) => {
    const found = reportOf(exampleOf(check)).results.filter(({ policy }) => policy === check);

    expect(found.map(({ result, severity = "" }) => `${result} ${severity}`)).toContain(outcome);
  });

  it.each(checks.map(({ id }) => id))(
    "uses no severity that older definitions refuse, and no member of another type, for %s",
    (id) => {
      for (const form of FORMS) {
        const { results } = reportOf(exampleOf(id), form);

        expect(results.some(({ policy, result }) => policy === id && result !== "pass")).toBe(true);
        for (const { severity, properties, message } of results) {
          expect([undefined, "high", "medium", "low"]).toContain(severity);
          expect(message).not.toBe("");
          for (const value of Object.values(properties ?? {})) expect(value).toMatch(/\S/);
        }
      }
    },
  );

  it("refers to each definition of a finding about several", () => {
    const { results } = reportOf(exampleOf("bundle-mixed"));

    expect(results[0]?.resources?.map(({ name }) => name)).toEqual([
      "gateways.gateway.networking.k8s.io",
      "httproutes.gateway.networking.k8s.io",
      "grpcroutes.gateway.networking.k8s.io",
    ]);
  });

  it("skips a check that is off", () => {
    const settings = new Map([["stored-in-alpha", "off"]] as const);
    const report = clusterReport(examined(exampleOf("stored-in-alpha"), settings), { form: "openreports", settings });

    expect(report.summary).toMatchObject({ warn: 0, skip: 1 });
    expect(report.results).toContainEqual(expect.objectContaining({ policy: "stored-in-alpha", result: "skip" }));
  });

  it("tells of a snapshot what it shows, and passes nothing that it may not hold", () => {
    const { summary, results } = reportOf(healthFacts({ source: { kind: "folder", path: "mill" } as HealthFacts["source"] }));

    expect(summary).toEqual({ pass: 0, fail: 0, warn: 0, error: 0, skip: 1 });
    expect(results[0]?.message).toMatch(/^Manifests tell nothing of Helm releases/);
  });
});

describe("what could not be looked at", () => {
  it.each([
    { title: "policies", what: { kind: "policies" }, silent: ["rollback-refused"] },
    { title: "finalizers", what: { kind: "finalizers", crd: "gears.own.dev" }, silent: ["crd-terminating"] },
    { title: "questions too many", what: { kind: "surplus", of: "migrations", count: 3 }, silent: ["migration-due"] },
    {
      title: "registrations",
      what: { kind: "registrations" },
      silent: [
        "guard-ca-mismatch",
        "guard-certificate-expired",
        "guard-not-registered",
        "guard-registration-drifted",
        "guard-unreachable",
      ],
    },
  ] as const)("lets no check pass that goes by it: $title", ({ what, silent }) => {
    const unread: Unread = { what, reason: "no", isForbidden: false };
    const { summary, results } = reportOf(healthFacts({ unread: [unread] }));
    const told = new Set(results.map(({ policy }) => policy));

    expect(checks.map(({ id }) => id).filter((id) => !told.has(id))).toEqual(silent);
    expect(summary).toEqual({ pass: checks.length - 1 - silent.length, fail: 0, warn: 0, error: 1, skip: 0 });
  });
});

describe("a report that is too large for an object", () => {
  it("keeps the worst, says how many are left out, and counts them all", () => {
    const report = clusterReport(many(3_000), { form: "openreports" });

    expect(report.results.filter(({ result }) => result === "warn")).toHaveLength(1_000);
    expect(report.summary.warn).toBe(3_000);
    expect(report.metadata.annotations["crdguard.dev/results-left-out"]).toBe("2000");
    expect(report.results[1_000]).toMatchObject({
      rule: "results-left-out",
      result: "skip",
      message: "2,000 more results found no room in this object; crdguard doctor tells all of them",
    });
  });

  it("stays below a megabyte, whatever it tells of", () => {
    const name = "ß".repeat(250);
    const { findings, ...rest } = many(1_500);
    const wide = findings.map((finding): HealthFinding => ({
      ...finding,
      fact: { kind: "alpha-only", crds: Array.from({ length: 500 }, (_, index) => `${name}${String(index)}`) },
    }));
    const report = clusterReport({ ...rest, findings: wide }, { form: "policyreport" });

    expect(Buffer.byteLength(JSON.stringify(report))).toBeLessThan(1_010_000);
    expect(report.results.length).toBeGreaterThan(10);
    expect(report.summary.warn).toBe(1_500);
  });

  it("gives a command whole, or says where it is", () => {
    const crds = Array.from({ length: 300 }, (_, index) =>
      crd({ name: `gears${String(index)}.${"own.".repeat(20)}dev`, served: ["v1"] }),
    );
    const [finding] = many(1).findings;
    if (finding === undefined) throw new Error("one was made");
    const left = crds.map((each) => ({ crd: each, objects: counted(1) }));
    const [first, ...rest] = left;
    if (first === undefined) throw new Error("there are 300");
    const long: HealthFinding = { ...finding, remedies: [{ kind: "delete-leftovers", crds: [first, ...rest] }] };
    const report = clusterReport({ facts: HEALTHY, findings: [long], workloadCount: 0 }, { form: "openreports" });

    expect(report.results[0]?.properties?.["fix"]).toMatch(/; crdguard doctor has the command$/);
  });
});

function many(count: number): Examined {
  const findings = Array.from({ length: count }, (_, index): HealthFinding => ({
    check: "stored-in-alpha",
    severity: "warning",
    subject: { kind: "crd", name: `gears${String(index)}.own.dev` },
    field: "spec.versions",
    fact: { kind: "stored-in-alpha", storage: "v1alpha1", better: "v1" },
    remedies: [],
  }));
  return { facts: HEALTHY, findings, workloadCount: 0 };
}

function exampleOf(check: string): HealthFacts {
  const facts = HEALTH_EXAMPLES[check];
  if (facts === undefined) throw new Error(`no example for ${check}`);
  return facts;
}

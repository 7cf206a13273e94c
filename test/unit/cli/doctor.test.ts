import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import type { ClusterReport } from "../../../src/explain/cluster-report.ts";

const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

const WELL = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gears.own.dev }
spec:
  group: own.dev
  names: { kind: Gear, plural: gears }
  scope: Namespaced
  versions: [{ name: v1, served: true, storage: true }, { name: v1beta1, served: true, storage: false }]
status: { storedVersions: [v1] }
`;
const MIGRATION_DUE = WELL.replace("[v1]", "[v1beta1, v1]");
const UNMET = `${WELL}---
apiVersion: apps/v1
kind: Deployment
metadata: { name: turner, namespace: mill, annotations: { crdguard.dev/requires: gears.own.dev/v2 } }
spec: { template: { spec: { containers: [{ name: main, image: "own.dev/turner:v1" }] } } }
`;

describe("crdguard doctor", () => {
  it.each([
    { form: "openreports", kind: "ClusterReport" },
    { form: "policyreport", kind: "ClusterPolicyReport" },
  ])("prints what it found as a $kind, by the same exit status", ({ form, kind }) => {
    const { status, stdout, stderr } = doctor(UNMET, ["-o", form]);
    const report = parse(stdout) as ClusterReport;

    expect([status, stderr]).toEqual([1, ""]);
    expect(report).toMatchObject({ kind, summary: { pass: 0, fail: 1, warn: 0, error: 0, skip: 1 } });
    expect(report.results.map(({ policy, result }) => `${result} ${policy}`)).toEqual([
      "fail requirement-unmet",
      "skip crdguard",
    ]);
  });

  it("says in a line that all is well", () => {
    expect(doctor(WELL)).toEqual({
      status: 0,
      stdout:
        "note: Manifests tell nothing of Helm releases, Argo CD applications, conversion webhooks, certificates, admission\n" +
        "  policies and crdguard's own registration: --against live looks at them.\n\n" +
        "Healthy: 1 definition and 0 workloads examined, nothing found.\n",
      stderr: "",
    });
  });

  it.each([
    { title: "an error fails", cluster: UNMET, args: [], status: 1 },
    { title: "a warning does not", cluster: MIGRATION_DUE, args: [], status: 0 },
    { title: "a warning fails where it is told to", cluster: MIGRATION_DUE, args: ["--fail-on", "warning"], status: 1 },
    { title: "so by the word of check", cluster: MIGRATION_DUE, args: ["--fail-on", "warn"], status: 1 },
    { title: "nothing fails where nothing is to", cluster: UNMET, args: ["--fail-on", "none"], status: 0 },
    { title: "a check that is raised fails", cluster: MIGRATION_DUE, args: ["--check", "migration-due=error"], status: 1 },
    { title: "a check that is lowered does not", cluster: UNMET, args: ["--check", "requirement-unmet=warning"], status: 0 },
    { title: "one that is off does not", cluster: UNMET, args: ["--rule", "requirement-unmet=off"], status: 0 },
  ])("$title", ({ cluster, args, status }) => {
    expect(doctor(cluster, args)).toMatchObject({ status, stderr: "" });
  });

  it("prints a HealthReport", () => {
    const { stdout } = doctor(UNMET, ["-o", "json"]);

    expect(JSON.parse(stdout)).toMatchObject({
      kind: "HealthReport",
      verdict: "ailing",
      examined: { crds: 1, workloads: 1 },
      findings: [{ check: "requirement-unmet", severity: "error", subject: { kind: "Deployment", name: "mill/turner" } }],
    });
  });

  it.each([
    {
      title: "a check that is none",
      args: ["--check", "migrations=off"],
      line: /^crdguard: error \(check-setting-invalid\): --check: "migrations" is no check; the checks are bundle-mixed, /,
    },
    {
      title: "a severity that is none",
      args: ["--check", "migration-due=deny"],
      line: /^crdguard: error \(check-setting-invalid\): --check: "migration-due=deny" is not of the form <check>=error\|warning\|note\|off\n$/,
    },
    {
      title: "a wrong --fail-on",
      args: ["--fail-on", "notes"],
      line: /^crdguard: error: option '--fail-on <severity>' argument 'notes' is invalid/,
    },
    {
      title: "a folder with a ConfigMap of a cluster",
      args: ["--catalog-config-map", "a/b"],
      line: /^crdguard: error \(flags-conflict\)/,
    },
  ])("ends with status 2 and a line for $title", ({ args, line }) => {
    const ran = doctor(WELL, args);

    expect(ran).toMatchObject({ status: 2, stdout: "" });
    expect(ran.stderr).toMatch(line);
  });

  it("ends with status 2 for a folder that is not there, and 3 for a cluster that is not", () => {
    expect(run(["--against", "/nowhere"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("(file-unreadable)") as string,
    });
    expect(run(["--kubeconfig", "/nowhere"])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("(kubeconfig-unreadable)") as string,
    });
  });
});

function doctor(cluster: string, args: readonly string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), "crdguard-doctor-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, "cluster.yaml"), cluster);
  return run(["--against", folder, ...args]);
}

function run(args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "doctor", ...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: tmpdir() },
    encoding: "utf8",
    timeout: 20_000,
  });
  return { status, stdout, stderr };
}

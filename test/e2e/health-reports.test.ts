import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClusterReport } from "../../src/explain/cluster-report.ts";
import { checks } from "../../src/health/checks/index.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { runCommand } from "./support/child-processes.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, deploymentManifest } from "./support/manifests.ts";
import { CLUSTER_POLICY_REPORTS, CLUSTER_REPORTS } from "./support/report-definitions.ts";

const ROOT = join(import.meta.dirname, "../..");
const MAIN = join(ROOT, "src/cli/main.ts");
const SERVER = "system:serviceaccount:crdguard:crdguard";
const FORMS = {
  openreports: { kind: "ClusterReport", definition: CLUSTER_REPORTS, collection: "/apis/openreports.io/v1alpha1/clusterreports" },
  policyreport: {
    kind: "ClusterPolicyReport",
    definition: CLUSTER_POLICY_REPORTS,
    collection: "/apis/wgpolicyk8s.io/v1alpha2/clusterpolicyreports",
  },
} as const;

/** What there is to tell of the definitions of reports themselves. */
const OF_DEFINITIONS = {
  openreports: ["warn stored-in-alpha"],
  // Of the older form the catalog knows who brings it along: Kyverno, which is not here.
  policyreport: ["warn crd-owner-gone", "warn stored-in-alpha", "warn stored-in-alpha"],
} as const;

/** All checks but those that find something. */
const PASSING = { openreports: checks.length - 2, policyreport: checks.length - 3 } as const;

let api: ApiServer;

beforeAll(async () => {
  api = await startApiServer({ users: [{ name: SERVER }] });
  await applied(JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "crdguard" } }));
  await applied(await readFile(join(ROOT, "manifests/server/rbac.yaml"), "utf8"));
  await applied(await readFile(join(ROOT, "manifests/components/health-reports/rbac.yaml"), "utf8"));
  await applied(JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "mill" } }));
  await applied(
    deploymentManifest({ name: "turner", namespace: "mill", annotations: { "crdguard.dev/requires": "gears.own.dev/v1" } }),
  );
});

afterAll(async () => {
  await api.stop();
});

describe("a cluster without definitions of reports", () => {
  it("is examined all the same, and the log says once that the reports have no place", async () => {
    const guard = await startReporting("openreports");

    await eventually("it was tried", async () =>
      (await metrics(guard)).includes('crdguard_health_reports_total{result="form-unknown"} 1'),
    );
    const log = await logWith(guard, "the cluster has no definition of health reports");
    const found = await metrics(guard);
    await guard.process.stop(5_000);

    expect(log.split("the cluster has no definition of health reports")).toHaveLength(2);
    expect(found).toContain('crdguard_health_findings{check="requirement-unmet",severity="error"} 1');
  });
});

describe.each(["openreports", "policyreport"] as const)("reports of the form %s", (form) => {
  const { kind, definition, collection } = FORMS[form];
  let guard: GuardProcess;

  beforeAll(async () => {
    await removed("customresourcedefinition", "gears.own.dev");
    await applied(JSON.stringify(definition));
    await eventually("reports are served", async () => (await api.request("GET", collection)).status === 200);
    guard = await startReporting(form);
  });

  afterAll(async () => {
    await guard.process.stop(5_000);
  });

  it("are written by a running guard, with what fails, whom it hurts and the way out", async () => {
    const found = await eventually("the report is there", async () => (await isThere()) && report());

    expect(outcomes(found)).toEqual(["fail requirement-unmet", ...OF_DEFINITIONS[form]]);
    expect(found.summary).toEqual({ pass: PASSING[form], fail: 1, warn: OF_DEFINITIONS[form].length, error: 0, skip: 0 });
    expect(found.results[0]).toEqual({
      source: "crdguard",
      policy: "requirement-unmet",
      rule: "requirement-unmet",
      category: "CRD health",
      result: "fail",
      severity: "high",
      scored: true,
      timestamp: { seconds: expect.any(Number) as unknown, nanos: expect.any(Number) as unknown },
      message: "Deployment mill/turner: 1 API that it needs is not served to it: it would crash at its next restart",
      resources: [{ apiVersion: "apps/v1", kind: "Deployment", namespace: "mill", name: "turner" }],
      properties: {
        field: expect.any(String) as unknown,
        evidence:
          '"v1" of gears.own.dev, whose definition does not exist (annotation crdguard.dev/requires): crashes at its next restart',
        fix: expect.stringContaining("gears.own.dev") as unknown,
        page: "docs/doctor/requirement-unmet.md",
      },
    });
    expect(found.results.map(({ policy }) => policy)).toContain("guard-not-registered");
    expect(await metrics(guard)).toContain('crdguard_health_reports_total{result="ok"} 1');
    expect(await logWith(guard, "health report written")).toContain(`${kind}/crdguard`);
  });

  it("belong to crdguard's field manager alone", async () => {
    const { metadata } = (await api.request("GET", `${collection}/crdguard`)).body as {
      metadata: { managedFields: readonly { manager: string; operation: string }[] };
    };

    expect(metadata.managedFields.map(({ manager, operation }) => `${manager} ${operation}`)).toEqual(["crdguard Apply"]);
  });

  // Once, since it takes a whole interval.
  it.runIf(form === "openreports")("pass once all is mended, and stay", { timeout: 180_000 }, async () => {
    await applied(crdManifest({ plural: "gears", kind: "Gear", versions: [{ name: "v1" }], storage: "v1" }));

    const mended = await eventually(
      "the next examination has been made",
      async () => {
        const { summary, results } = await report();
        return summary.fail === 0 ? { summary, results } : false;
      },
      { timeoutMs: 90_000, intervalMs: 1_000 },
    );
    expect(outcomes(mended)).toEqual(OF_DEFINITIONS[form]);
    expect(mended.results).toContainEqual(expect.objectContaining({ policy: "requirement-unmet", result: "pass" }));
    expect(await metrics(guard)).not.toContain('crdguard_health_findings{check="requirement-unmet"');
  });

  it("are what the command prints, which the server's own account may write, and under no other name", async () => {
    const printed = await runCommand(process.execPath, [MAIN, "doctor", "--kubeconfig", api.kubeconfigPath, "-o", form]);
    const kubeconfig = await api.kubeconfigFor(SERVER);
    const apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=crdguard", "-o", "json", "-f", "-"];
    const { summary } = await report();
    await removed(`${kind}.${form === "openreports" ? "v1alpha1.openreports.io" : "v1alpha2.wgpolicyk8s.io"}`, "crdguard");
    const taken = await api.kubectl(apply, { stdin: printed.stdout, kubeconfig });
    const other = await api.kubectl(apply, { stdin: printed.stdout.replace("name: crdguard", "name: other"), kubeconfig });

    expect(taken.stderr).toBe("");
    expect((JSON.parse(taken.stdout) as ClusterReport).summary).toEqual(summary);
    expect(other.stderr).toContain("is forbidden");
  });

  async function isThere(): Promise<boolean> {
    return (await api.request("GET", `${collection}/crdguard`)).status === 200;
  }

  async function report(): Promise<ClusterReport> {
    return (await api.request("GET", `${collection}/crdguard`)).body as ClusterReport;
  }
});

/** All but what is well. */
function outcomes({ results }: Pick<ClusterReport, "results">): readonly string[] {
  return results.filter(({ result }) => result !== "pass").map(({ result, policy }) => `${result} ${policy}`);
}

/** By the rights of the server's own account. */
async function startReporting(form: keyof typeof FORMS): Promise<GuardProcess> {
  const kubeconfig = ["--kubeconfig", await api.kubeconfigFor(SERVER)];
  return startGuardProcess(api, {
    isRegistered: false,
    args: [...kubeconfig, "--health-reports", form, "--health-reports-interval", "60"],
  });
}

/** Lines are written together, a quarter of a second later at most. */
function logWith(guard: GuardProcess, message: string): Promise<string> {
  return eventually(message, async () => {
    const log = await guard.log();
    return log.includes(message) && log;
  });
}

async function metrics({ healthUrl }: GuardProcess): Promise<string> {
  return (await fetch(`${healthUrl}/metrics`)).text();
}

async function removed(kind: string, name: string): Promise<void> {
  await api.kubectl(["delete", kind, name, "--ignore-not-found"]);
}

async function applied(manifest: string): Promise<void> {
  const { exitCode, stderr } = await api.kubectl(["apply", "--server-side", "-f", "-"], { stdin: manifest });
  if (exitCode !== 0) throw new Error(stderr);
}

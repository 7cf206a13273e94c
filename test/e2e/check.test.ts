/** `crdguard check` against a live cluster: the words of the API server's answer, beforehand. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { findingLines } from "../../src/explain/finding.ts";
import type { CheckReport, ReportedChange } from "../../src/explain/report.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, deploymentManifest, objectManifest } from "./support/manifests.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");

const routes = (...versions: readonly { name: string; served?: boolean }[]): string =>
  crdManifest({ plural: "routes", kind: "Route", versions, storage: versions[0]?.name ?? "" });
const gears = (...versions: readonly { name: string; served?: boolean }[]): string =>
  crdManifest({ plural: "gears", kind: "Gear", versions, storage: versions[0]?.name ?? "" });

describe("crdguard check of a live cluster", () => {
  let api: ApiServer;
  let guard: GuardProcess;

  beforeAll(async () => {
    api = await startApiServer();
    guard = await startGuardProcess(api);
    await applied(routes({ name: "v1alpha2" }, { name: "v1alpha1" }));
    await applied(gears({ name: "v1alpha1" }, { name: "v1" }));
    await applied(deploymentManifest({ name: "router", annotations: { "crdguard.dev/requires": "routes.own.dev/v1alpha2" } }));
    await applied(deploymentManifest({ name: "prober", annotations: { "crdguard.dev/uses": "routes.own.dev/v1alpha1" } }));
    await eventually(
      "the object is created",
      async () => (await kubectl(["apply", "-f", "-"], objectManifest("own.dev/v1alpha1", "Gear", "g1"))).exitCode === 0,
    );
    await eventually("the guard knows the router", async () => {
      const { stderr } = await kubectl(
        ["apply", "-f", "-", "--dry-run=server"],
        routes({ name: "v1" }, { name: "v1alpha2", served: false }),
      );
      return stderr.includes("router") && stderr.includes("prober");
    });
  });

  afterAll(async () => {
    await guard.process.stop(10_000);
    await api.stop();
  });

  const kubectl = (args: readonly string[], stdin?: string) => api.kubectl(args, stdin === undefined ? {} : { stdin });

  async function applied(manifest: string): Promise<void> {
    expect(await kubectl(["apply", "-f", "-"], manifest)).toMatchObject({ exitCode: 0 });
  }

  function check(args: readonly string[], { input = "", kubeconfig = api.kubeconfigPath } = {}) {
    return spawnSync(process.execPath, [MAIN, "check", "--against", "live", "--kubeconfig", kubeconfig, ...args], {
      input,
      encoding: "utf8",
    });
  }

  it.each([
    {
      title: "a version that is served no more, while one workload needs it and another uses one that goes",
      manifest: routes({ name: "v1" }, { name: "v1alpha2", served: false }),
    },
    { title: "a stored version that is dropped while an object exists", manifest: gears({ name: "v1" }) },
    { title: "what is allowed", manifest: gears({ name: "v1alpha1" }, { name: "v1" }, { name: "v2" }) },
    { title: "what is only warned of", manifest: routes({ name: "v1alpha2" }, { name: "v1" }) },
  ])("says what kubectl apply prints of $title", async ({ manifest }) => {
    const admission = await kubectl(["apply", "-f", "-", "--dry-run=server"], manifest);
    const { status, stdout, stderr } = check(["-f", "-", "-o", "json"], { input: manifest });
    const [change] = (JSON.parse(stdout) as CheckReport).changes;

    expect(stderr).toBe("");
    expect(admission.exitCode).toBe(status);
    expect(withoutWarnings(admission.stderr)).toBe(change === undefined ? "" : asKubectl(change));
    expect(rulesWarnedOf(admission.stderr)).toEqual(
      change?.findings.filter(({ enforcement }) => enforcement === "warn").map(({ rule }) => rule),
    );
  });

  it("judges what kubectl builds of a kustomization", () => {
    const folder = mkdtempSync(join(tmpdir(), "crdguard-kustomize-"));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    writeFileSync(join(folder, "routes.yaml"), routes({ name: "v1" }, { name: "v1alpha2", served: false }));
    writeFileSync(join(folder, "kustomization.yaml"), "resources: [routes.yaml]\n");

    const { status, stdout } = check(["-k", folder]);

    expect(status).toBe(1);
    expect(stdout).toContain("required-version-unserved");
  });

  it("refuses a folder without a kustomization, in kubectl's words", () => {
    const { status, stdout, stderr } = check(["-k", "/proc/self/task"]);

    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(
      /^crdguard: error \(kustomize-failed\): -k \/proc\/self\/task: kubectl kustomize: unable to find one of [^\n]+\n$/,
    );
  });

  it("tells in one line what the user may not list", async () => {
    const { status, stdout, stderr } = check(["-f", "-"], {
      input: gears({ name: "v1" }),
      kubeconfig: await api.kubeconfigFor("bob"),
    });

    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr).toMatch(
      /^crdguard: error \(cluster-forbidden\): \w+ cannot be read from https:\/\/127\.0\.0\.1:\d+: [^\n]*User "bob" cannot list resource[^\n]*\n$/,
    );
  });
});

/** Source: k8s.io/kubectl/pkg/cmd/util/helpers.go, MultilineError. */
function asKubectl({ crd, findings }: ReportedChange): string {
  const causes = findings
    .filter(({ enforcement }) => enforcement === "deny")
    .map((finding) => `${finding.field}: ${findingLines(finding).join("\n")}`);
  if (causes.length === 0) return "";
  const subject = `The CustomResourceDefinition "${crd ?? ""}" is invalid: `;
  return causes.length === 1 ? `${subject}${causes[0] ?? ""}\n` : `${subject}\n${causes.map((cause) => `* ${cause}\n`).join("")}`;
}

function withoutWarnings(stderr: string): string {
  return stderr
    .split("\n")
    .filter((line) => !line.startsWith("Warning: "))
    .join("\n");
}

function rulesWarnedOf(stderr: string): readonly string[] {
  return stderr
    .split("\n")
    .flatMap((line) => (line.startsWith("Warning: ") ? [line.slice("Warning: ".length).split(":", 1)[0] ?? ""] : []));
}

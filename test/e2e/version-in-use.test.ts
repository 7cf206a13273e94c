import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { type CommandOutcome, runCommand } from "./support/child-processes.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, objectManifest } from "./support/manifests.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const MERGE_PATCH = "application/merge-patch+json";

/** With a status of its own, as controllers write it. */
function gears(isOldServed: boolean): string {
  const crd = JSON.parse(
    crdManifest({
      plural: "gears",
      kind: "Gear",
      versions: [{ name: "v1" }, { name: "v1beta1", served: isOldServed }],
      storage: "v1",
    }),
  ) as { readonly spec: { readonly versions: readonly object[] } };
  const versions = crd.spec.versions.map((version) => ({ ...version, subresources: { status: {} } }));
  return JSON.stringify({ ...crd, spec: { ...crd.spec, versions } });
}

const OLD = "own.dev/v1beta1";
const NEW = "own.dev/v1";

describe("a version that objects are written in is served no more", () => {
  let api: ApiServer;
  let guard: GuardProcess;

  beforeAll(async () => {
    api = await startApiServer();
    guard = await startGuardProcess(api);
    await done(["apply", "-f", "-"], gears(true));
    await eventually("gears are served", async () => (await api.kubectl(["get", "gears.v1beta1.own.dev"])).exitCode === 0);
  });

  afterAll(async () => {
    await guard.process.stop(10_000);
    await api.stop();
  });

  async function done(args: readonly string[], stdin = ""): Promise<CommandOutcome> {
    const outcome = await api.kubectl(args, { stdin });
    expect(outcome).toMatchObject({ exitCode: 0 });
    return outcome;
  }

  function applyClientSide(apiVersion: string, name: string): Promise<CommandOutcome> {
    return done(["apply", "-f", "-"], objectManifest(apiVersion, "Gear", name));
  }

  function applyAsArgo(apiVersion: string, name: string): Promise<CommandOutcome> {
    const args = ["apply", "--server-side", "--field-manager=argocd-controller", "-f", "-"];
    return done(args, objectManifest(apiVersion, "Gear", name));
  }

  async function writeStatus(version: string, name: string, teeth: number): Promise<void> {
    const path = `/apis/own.dev/${version}/namespaces/default/gears/${name}/status?fieldManager=gear-operator`;
    const answer = await api.request("PATCH", path, { body: { status: { teeth } }, contentType: MERGE_PATCH });
    expect(answer).toMatchObject({ status: 200 });
  }

  /** What kubectl prints of the guard's warnings. */
  async function warningsOf(args: readonly string[], kubeconfig?: string): Promise<readonly string[]> {
    const outcome = await api.kubectl([...args, "-f", "-"], {
      stdin: gears(false),
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
    });
    expect(outcome).toMatchObject({ exitCode: 0 });
    return outcome.stderr.split("\n").filter((line) => line.startsWith("Warning: version-in-use"));
  }

  /** `crdguard check` of the same change against the live cluster. */
  async function check(...args: readonly string[]): Promise<CommandOutcome> {
    const file = join(api.workDir, "gears.json");
    await writeFile(file, gears(false));
    const common = ["check", "-f", file, "--against", "live", "--kubeconfig", api.kubeconfigPath];
    return runCommand(process.execPath, [MAIN, ...common, ...args]);
  }

  it("is allowed without a word while there is no object", async () => {
    expect(await warningsOf(["apply", "--dry-run=server"])).toEqual([]);
  });

  it("is allowed without a word for what kubectl label wrote, which takes the preferred version", async () => {
    await applyClientSide(NEW, "labelled");
    await done(["label", "gears.v1beta1.own.dev", "labelled", "team=mill"]);

    expect(await warningsOf(["apply", "--dry-run=server"])).toEqual([]);
    await done(["delete", "gears.own.dev", "labelled"]);
  });

  describe("after kubectl, a GitOps tool and a controller wrote in it", () => {
    beforeAll(async () => {
      for (const name of ["g1", "g2", "g3"]) await applyClientSide(OLD, name);
      for (const name of ["g4", "g5"]) await applyAsArgo(OLD, name);
      await writeStatus("v1beta1", "g1", 12);
    });

    it.each([
      { args: ["apply", "--dry-run=server"] },
      { args: ["apply", "--server-side", "--force-conflicts", "--dry-run=server"] },
      { args: ["replace", "--dry-run=server"] },
    ])("kubectl $args shows the field manager, the objects and the day", async ({ args }) => {
      const day = /\d{4}-\d{2}-\d{2}/;
      const warnings = await warningsOf(args);

      expect(warnings.map((line) => line.replace(day, "<day>"))).toEqual([
        'Warning: version-in-use-unserved: kubectl-client-side-apply (3 objects, last <day>) and 2 more: "v1beta1" would no longer b…',
      ]);
    });

    it("names no field manager to who may not list the objects", async () => {
      const kubeconfig = await api.kubeconfigFor("alice");
      await done(["create", "clusterrole", "crds", "--verb=*", "--resource=customresourcedefinitions.apiextensions.k8s.io"]);
      await done(["create", "clusterrolebinding", "crds", "--clusterrole=crds", "--user=alice"]);
      const warnings = await eventually("alice may write CRDs", async () => {
        const outcome = await api.kubectl(["replace", "--dry-run=server", "-f", "-"], { stdin: gears(false), kubeconfig });
        return outcome.exitCode === 0 ? outcome.stderr : false;
      });

      expect(warnings).toContain("objects were last written in it by 3 field managers");
      expect(warnings).not.toMatch(/kubectl-client|argocd|gear-operator/);
    });

    it("crdguard check tells them all, and a command that lists what they wrote", async () => {
      const { exitCode, stdout } = await check();
      const time = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/g;
      const lines = stdout.replaceAll(time, "<time>").split("\n");
      const at = lines.findIndex((line) => line.includes("version-in-use-unserved: "));

      expect(exitCode).toBe(0);
      expect(lines.slice(at, at + 5)).toEqual([
        '  warn spec.versions[v1beta1].served: version-in-use-unserved: "v1beta1" would no longer be served, and objects were',
        "    last written in it by 3 field managers: the next such write fails:",
        "      kubectl-client-side-apply: 3 objects, last at <time>",
        "      argocd-controller: 2 objects, last at <time>",
        "      gear-operator: status or scale of 1 object, last at <time>",
      ]);

      const command = stdout.split("\n").find((line) => line.includes("go-template=")) ?? "";
      const listed = await runCommand("sh", ["-c", command], { env: { KUBECONFIG: api.kubeconfigPath } });
      expect(listed).toMatchObject({ exitCode: 0, stderr: "" });
      expect(listed.stdout.replaceAll(time, "<time>").trim().split("\n").toSorted()).toEqual([
        "default/g1 gear-operator <time>",
        "default/g1 kubectl-client-side-apply <time>",
        "default/g2 kubectl-client-side-apply <time>",
        "default/g3 kubectl-client-side-apply <time>",
        "default/g4 argocd-controller <time>",
        "default/g5 argocd-controller <time>",
      ]);
    });

    it("crdguard check denies where the rule is set to deny", async () => {
      const { exitCode, stdout } = await check("--rule", "version-in-use-unserved=deny");

      expect(exitCode).toBe(1);
      expect(stdout).toContain("deny spec.versions[v1beta1].served: version-in-use-unserved: ");
    });
  });

  describe("when each of them turns to the version that stays", () => {
    beforeAll(async () => {
      // Times are cut to the second, and of entries of the same second both count.
      await sleep(1_100);
    });

    it("tells who has not", async () => {
      for (const name of ["g1", "g2"]) await applyClientSide(NEW, name);
      // The same content: the API server keeps the time, and the version of an apply is the newest all the same.
      for (const name of ["g4", "g5"]) await applyAsArgo(NEW, name);
      const { stdout } = await check("-o", "json");
      const report = JSON.parse(stdout) as {
        changes: { findings: { rule: string; evidence: { name: string; count: number }[] }[] }[];
      };
      const findings = report.changes
        .flatMap(({ findings: own }) => own)
        .filter(({ rule }) => rule === "version-in-use-unserved");

      expect(findings.flatMap(({ evidence }) => evidence.map(({ name, count }) => ({ name, count })))).toEqual([
        { name: "gear-operator", count: 1 },
        { name: "kubectl-client-side-apply", count: 1 },
      ]);
    });

    it("is allowed without a word once all have, though old entries stay in managedFields", async () => {
      await applyClientSide(NEW, "g3");
      await writeStatus("v1", "g1", 13);
      const { stdout } = await done(["get", "gears.own.dev", "-o", "jsonpath={.items[*].metadata.managedFields[*].apiVersion}"]);
      expect(stdout).toContain(OLD);

      expect(await warningsOf(["apply", "--dry-run=server"])).toEqual([]);
      expect(await warningsOf(["apply"])).toEqual([]);
    });

    it("was right to warn: the old manifest can be applied no more", async () => {
      const outcome = await eventually("v1beta1 is served no more", async () => {
        const attempt = await api.kubectl(["apply", "-f", "-"], { stdin: objectManifest(OLD, "Gear", "g1") });
        return attempt.exitCode === 0 ? false : attempt;
      });

      // The second where kubectl still remembers that it was served.
      expect(outcome.stderr).toMatch(
        /no matches for kind "Gear" in version "own\.dev\/v1beta1"|could not find the requested resource \(post gears\.own\.dev\)/,
      );
    });
  });
});

import { spawn } from "node:child_process";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, deploymentManifest } from "./support/manifests.ts";

const ROOT = join(import.meta.dirname, "../..");
const ACCOUNT = "system:serviceaccount:crdguard:crdguard";
const CONFIG_MAP = ["--catalog-config-map", "crdguard/crdguard-catalog"];

/** What the server may do, and the name of its ConfigMap, are those of manifests/server. */
describe("own catalog entries, on a real API server", () => {
  let api: ApiServer;

  beforeAll(async () => {
    api = await startApiServer({ users: [{ name: ACCOUNT, groups: ["system:serviceaccounts"] }] });
    await kubectl("apply", "-f", join(ROOT, "manifests/server/namespace.yaml"), "-f", join(ROOT, "manifests/server/rbac.yaml"));
    await apply(gears("v1", "v1alpha1"));
    await apply(deploymentManifest({ name: "drill", image: "example/drill:1.2.3" }));
  });

  afterAll(async () => {
    await api.stop();
  });

  async function kubectl(...args: readonly string[]): Promise<string> {
    const outcome = await api.kubectl(args);
    expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
    return outcome.stdout;
  }

  async function apply(manifest: string): Promise<void> {
    expect(await api.kubectl(["apply", "-f", "-"], { stdin: manifest })).toMatchObject({ exitCode: 0 });
  }

  function gears(...names: readonly string[]): string {
    return crdManifest({ plural: "gears", kind: "Gear", versions: names.map((name) => ({ name })), storage: "v1" });
  }

  async function writeCatalog(files: Readonly<Record<string, string>>): Promise<void> {
    await apply(
      JSON.stringify({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "crdguard-catalog", namespace: "crdguard" },
        data: files,
      }),
    );
  }

  async function removeCatalog(): Promise<void> {
    await kubectl("delete", "configmap", "crdguard-catalog", "-n", "crdguard", "--ignore-not-found");
  }

  /** Messages of the guard's log that speak of entries, with their code. */
  async function told(guard: GuardProcess): Promise<readonly string[]> {
    return (await guard.log())
      .split("\n")
      .filter((line) => line.includes("own catalog entries"))
      .map((line) => {
        const { msg, names = [], code = "" } = JSON.parse(line) as { msg: string; names?: readonly string[]; code?: string };
        return [msg, ...names, code].filter((word) => word !== "").join(" ");
      });
  }

  async function metric(guard: GuardProcess, name: string): Promise<string> {
    const text = await (await fetch(`${guard.healthUrl}/metrics`)).text();
    return text.split("\n").find((line) => line.startsWith(name)) ?? "";
  }

  it("are followed under the rights that the manifests give, over a mistake and its correction", async () => {
    const guard = await startGuardProcess(api, {
      isRegistered: false,
      args: ["--kubeconfig", await api.kubeconfigFor(ACCOUNT), ...CONFIG_MAP],
    });
    const steps = [
      { write: () => writeCatalog({ "drill.yaml": DRILL }), line: "own catalog entries in use drill", usable: 1 },
      {
        write: () => writeCatalog({ "drill.yaml": DRILL.replace("images:", "image:") }),
        line: "own catalog entries unusable, the last good ones stay catalog-malformed",
        usable: 0,
      },
      {
        write: () => writeCatalog({ "drill.yaml": DRILL, "notes.txt": "x" }),
        line: "own catalog entries in use drill",
        usable: 1,
      },
      { write: removeCatalog, line: "no own catalog entries", usable: 1 },
    ];
    const expected = ["no own catalog entries"];
    for (const { write, line, usable } of steps) {
      await write();
      expected.push(line);
      await eventually("the guard has seen it", async () => {
        expect(await told(guard)).toEqual(expected);
        expect(await metric(guard, "crdguard_catalog_usable ")).toBe(`crdguard_catalog_usable ${String(usable)}`);
      });
    }
    expect(await guard.log()).not.toContain("forbidden");
    await guard.process.stop(10_000);
  });

  it("make the guard deny what it let through before, without a restart", async () => {
    const guard = await startGuardProcess(api, { args: CONFIG_MAP });
    const attempt = () => api.kubectl(["apply", "--dry-run=server", "-f", "-"], { stdin: withUnservedAlpha() });
    expect(await attempt()).toMatchObject({ exitCode: 0 });

    await writeCatalog({ "drill.yaml": DRILL });
    const denial = await eventually("the change is denied", async () => {
      const { exitCode, stderr } = await attempt();
      return exitCode === 1 ? stderr : false;
    });

    expect(denial).toContain("spec.versions[v1alpha1].served: required-version-unserved:");
    expect(denial).toContain("Deployment default/drill (image example/drill:1.2.3; catalog: drill >=1.0.0 <2.0.0)");

    await removeCatalog();
    await eventually("the change is allowed again", async () => (await attempt()).exitCode === 0);
    await guard.process.stop(10_000);
  });

  it("count for requirements of the cluster too", async () => {
    await writeCatalog({ "drill.yaml": DRILL });
    const child = spawn(
      process.execPath,
      [
        join(ROOT, "src/cli/main.ts"),
        "requirements",
        "--kubeconfig",
        await api.kubeconfigFor(ACCOUNT),
        "--crd",
        "gears.own.dev",
        ...CONFIG_MAP,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );

    expect((await readText(child.stdout)).split("\n")).toEqual([
      "gears.own.dev: v1 (served, storage), v1alpha1 (served)",
      "",
      "    NEEDS          VERSION   STATE   WITHOUT IT",
      "",
      "✓ Deployment default/drill",
      "  known from catalog: drill >=1.0.0 <2.0.0; image example/drill:1.2.3",
      "  ✓ gears.own.dev  v1alpha1  served  crashes",
      "",
      "1 workload, 1 need: 1 met.",
      "",
      "If v1 were no longer served or dropped from spec.versions: nobody is known to be hurt",
      "If v1alpha1 were no longer served or dropped from spec.versions:",
      "  ✗ Deployment default/drill crashes at its next restart",
      "If the definition were deleted:",
      "  ✗ Deployment default/drill crashes at its next restart",
      "",
    ]);
  });

  function withUnservedAlpha(): string {
    return crdManifest({
      plural: "gears",
      kind: "Gear",
      versions: [{ name: "v1" }, { name: "v1alpha1", served: false }],
      storage: "v1",
    });
  }
});

const DRILL = `controller: drill
images: [example/drill]
releases:
  - versions: ">=1.0.0 <2.0.0"
    verified: doc
    confidence: high
    sources: [its manual]
    needs: [{ resource: gears.own.dev, versions: [v1alpha1], presence: unconditional, outcomes: crashes }]
`;

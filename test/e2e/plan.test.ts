import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PlanReport } from "../../src/explain/plan-report.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { type CommandOutcome, runCommand } from "./support/child-processes.ts";
import { crdManifest, deploymentManifest, objectManifest } from "./support/manifests.ts";

const ROOT = join(import.meta.dirname, "../..");

let api: ApiServer;
let folder: string;

beforeAll(async () => {
  api = await startApiServer();
  folder = mkdtempSync(join(tmpdir(), "crdguard-plan-"));
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await api.stop();
});

async function apply(...manifests: readonly string[]): Promise<void> {
  for (const manifest of manifests) {
    expect(await api.kubectl(["apply", "-f", "-"], { stdin: manifest })).toMatchObject({ exitCode: 0 });
  }
}

async function read(...args: readonly string[]): Promise<string> {
  const outcome = await api.kubectl(args);
  expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
  return outcome.stdout.trim();
}

function crdguard(args: readonly string[]): Promise<CommandOutcome> {
  return runCommand(process.execPath, [join(ROOT, "src/cli/main.ts"), ...args, "--kubeconfig", api.kubeconfigPath], {
    cwd: folder,
  });
}

function write(name: string, ...manifests: readonly string[]): string {
  writeFileSync(join(folder, name), manifests.join("\n---\n"));
  return name;
}

interface Version {
  readonly name: string;
  readonly served?: boolean;
}

function definition(plural: string, kind: string, storage: string, ...versions: readonly Version[]): string {
  return crdManifest({ plural, kind, group: `${plural}.dev`, storage, versions });
}

/** A definition whose objects were written in v1alpha1, which is stored still, though v1 is what new ones are stored in. */
async function plantMoved(plural: string, kind: string, count: number): Promise<void> {
  await apply(definition(plural, kind, "v1alpha1", { name: "v1alpha1" }, { name: "v1" }));
  await read("wait", "--for=condition=Established", `customresourcedefinition/${plural}.${plural}.dev`);
  for (let index = 0; index < count; index += 1) {
    await apply(objectManifest(`${plural}.dev/v1alpha1`, kind, `${plural}-${String(index)}`));
  }
  await apply(definition(plural, kind, "v1", { name: "v1alpha1" }, { name: "v1" }));
  // Since when objects are stored in v1 is on record, so that no walk waits for it.
  await crdguard(["migrate", `${plural}.${plural}.dev`, "--namespace", "nowhere", "--settle-seconds", "0"]);
}

/** Stands in for the controller that rolls Deployments out, which a bare API server has not. */
function rollOutAll(): () => Promise<void> {
  let isOver = false;
  const run = (async () => {
    while (!isOver) {
      const listed = await api.request("GET", "/apis/apps/v1/deployments").catch(() => ({ body: {} }));
      const { items = [] } = listed.body as {
        items?: readonly {
          metadata: { name: string; namespace: string; generation: number };
          spec: { replicas: number };
          status?: { observedGeneration?: number };
        }[];
      };
      for (const { metadata, spec, status } of items) {
        if (status?.observedGeneration === metadata.generation) continue;
        const { replicas } = spec;
        const next = {
          observedGeneration: metadata.generation,
          replicas,
          updatedReplicas: replicas,
          availableReplicas: replicas,
          readyReplicas: replicas,
        };
        await api.request("PATCH", `/apis/apps/v1/namespaces/${metadata.namespace}/deployments/${metadata.name}/status`, {
          body: { status: next },
          contentType: "application/merge-patch+json",
        });
      }
      await sleep(100);
    }
  })();
  return () => {
    isOver = true;
    return run;
  };
}

describe("crdguard plan, on a real API server", () => {
  let bundle: string;

  beforeAll(async () => {
    await plantMoved("gears", "Gear", 3);
    bundle = write(
      "bundle.yaml",
      definition("gears", "Gear", "v1", { name: "v1" }),
      definition("axles", "Axle", "v1", { name: "v1" }),
      deploymentManifest({ name: "turner", annotations: { "crdguard.dev/requires": "axles.axles.dev/v1" } }),
    );
  });

  it("tells the steps in their order, as JSON", async () => {
    const { exitCode, stdout } = await crdguard(["plan", "-f", bundle, "-o", "json"]);
    const report = JSON.parse(stdout) as PlanReport;

    expect({ exitCode, outcome: report.outcome, steps: report.steps.map(({ id }) => id) }).toEqual({
      exitCode: 0,
      outcome: "planned",
      steps: ["migrate/gears.gears.dev", "apply/wanted", "apply-workloads/Deployment/default/turner"],
    });
    expect(report.steps[0]).toMatchObject({
      because: "until it is done, what is wanted of gears.gears.dev is refused by the rule stored-version-removed",
      proof: [{ prints: '["v1"]' }],
    });
  });

  it("tells them as text, and as a runbook whose boxes can be ticked", async () => {
    const text = await crdguard(["plan", "-f", bundle]);
    const markdown = await crdguard(["plan", "-f", bundle, "-o", "markdown"]);

    expect(text.stdout).toContain(`     crdguard migrate gears.gears.dev --kubeconfig=${api.kubeconfigPath}\n`);
    expect(text.stdout).toMatch(/\n3 steps\.\n$/);
    expect(markdown.stdout.match(/^- \[ \] \*\*\d\. /gm)).toHaveLength(3);
  });

  it("walks them, and finds nothing to do afterwards", async () => {
    const stopRollingOut = rollOutAll();
    const walked = await crdguard(["plan", "-f", bundle, "--run", "--yes"]);
    await stopRollingOut();

    expect(walked.stdout.match(/^Step \d of \d/gm)).toEqual(["Step 1 of 3", "Step 2 of 3", "Step 3 of 3"]);
    expect(walked.stdout + walked.stderr).toContain("3 steps done. The cluster is as wanted.");
    expect(walked.exitCode).toBe(0);
    expect(await read("get", "crd", "gears.gears.dev", "-o", "jsonpath={.status.storedVersions}{.spec.versions[*].name}")).toBe(
      '["v1"]v1',
    );
    expect(await read("get", "gears.v1.gears.dev", "-o", "name")).toBe(
      ["gears-0", "gears-1", "gears-2"].map((name) => `gear.gears.dev/${name}`).join("\n"),
    );
    expect((await crdguard(["plan", "-f", bundle])).stdout).toBe("Nothing to do: the cluster is as wanted.\n");
  });

  it("goes back to a definition as it was by what the plan says", async () => {
    await apply(definition("cogs", "Cog", "v1", { name: "v1" }, { name: "v1beta1" }));
    const wanted = write("cogs.yaml", definition("cogs", "Cog", "v1", { name: "v1" }));
    const { stdout } = await crdguard(["plan", "-f", wanted, "-o", "json"]);
    const [step] = (JSON.parse(stdout) as PlanReport).steps;
    const shell = (commands: readonly string[]): Promise<CommandOutcome> =>
      runCommand("/bin/sh", ["-c", commands.join(" &&\n")], { cwd: folder });
    const versions = (): Promise<string> => read("get", "crd", "cogs.cogs.dev", "-o", "jsonpath={.spec.versions[*].name}");

    expect(await shell(step?.commands ?? [])).toMatchObject({ exitCode: 0 });
    expect(await versions()).toBe("v1");
    expect(await shell(step?.wayBack.commands ?? [])).toMatchObject({ exitCode: 0 });
    expect(await versions()).toBe("v1 v1beta1");
  });

  it("refuses to walk where another walk is under way, and sweeps away what a dead one held", async () => {
    const dead = await deadPid();
    const lock = join(folder, "held/walk-00000000-0000-0000-0000-000000000000.lock");
    mkdirSync(join(folder, "held"), { recursive: true });
    const walk = (): Promise<CommandOutcome> => crdguard(["plan", "-f", bundle, "--run", "--yes", "--steps-dir", "held"]);

    writeFileSync(lock, JSON.stringify({ pid: 1, host: "elsewhere", begun: null }));
    expect(await walk()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("(walk-under-way)") });
    writeFileSync(lock, JSON.stringify({ pid: dead, host: hostname(), begun: null }));
    expect(await walk()).toMatchObject({ exitCode: 0, stdout: "Nothing to do: the cluster is as wanted.\n" });
    expect(readdirSync(join(folder, "held"))).toEqual(["journal.json"]);
  });

  it("refuses to walk on without an answer, in a stand-in, and by a journal of something else", async () => {
    expect((await crdguard(["plan", "-f", bundle, "--run"])).stderr).toContain("(nobody-to-ask)");
    expect((await crdguard(["plan", "-f", bundle, "--run", "--yes", "--against", folder])).stderr).toContain("(flags-conflict)");
    writeFileSync(join(folder, "crdguard-plan/journal.json"), '{"apiVersion":"crdguard.dev/v1alpha1","kind":"PlanJournal"}');
    expect((await crdguard(["plan", "-f", bundle, "--run", "--yes"])).stderr).toContain("(journal-unreadable)");
    rmSync(join(folder, "crdguard-plan"), { recursive: true });
  });
});

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("exit", resolve));
  return child.pid ?? 0;
}

/** Seeded, so that what it finds can be found again. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

/** With those of migrate and restore, fifty. */
const KILLS = 15;

describe("a walk that is killed again and again", () => {
  it("ends where one that is not ends, with every object", async () => {
    const random = createRandom(7);
    const stopRollingOut = rollOutAll();
    let kills = 0;
    // One that has ended cannot be killed: another one begins.
    for (let round = 1; kills < KILLS; round += 1) {
      const plural = `lathes${"s".repeat(round)}`;
      await plantMoved(plural, `Lathe${String(round)}`, 3);
      const bundle = write(
        `${plural}.yaml`,
        definition(plural, `Lathe${String(round)}`, "v1", { name: "v1" }),
        definition(`spindle${plural}`, `Spindle${String(round)}`, "v1", { name: "v1" }),
        deploymentManifest({
          name: `smith-${String(round)}`,
          annotations: { "crdguard.dev/requires": `spindle${plural}.spindle${plural}.dev/v1` },
        }),
      );
      const args = [join(ROOT, "src/cli/main.ts"), "plan", "-f", bundle, "--run", "--yes", "--kubeconfig", api.kubeconfigPath];
      for (let hasEnded = false; !hasEnded && kills < KILLS;) {
        const child = spawn(process.execPath, args, { cwd: folder, stdio: "ignore" });
        const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on("exit", (_status, signal) => resolve(signal)));
        await Promise.race([sleep(300 + random() * 2_500), ended]);
        child.kill("SIGKILL");
        hasEnded = (await ended) === null;
        if (!hasEnded) kills += 1;
      }
      const last = await crdguard(["plan", "-f", bundle, "--run", "--yes"]);

      expect(last, last.stdout + last.stderr).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/he cluster is as wanted\.\n$/),
      });
      const crd = ["get", "crd", `${plural}.${plural}.dev`, "-o", "jsonpath={.status.storedVersions}{.spec.versions[*].name}"];
      expect(await read(...crd)).toBe('["v1"]v1');
      expect((await read("get", `${plural}.v1.${plural}.dev`, "-o", "name")).split("\n")).toHaveLength(3);
      expect(await read("get", "deployment", `smith-${String(round)}`, "-o", "name")).toBe(
        `deployment.apps/smith-${String(round)}`,
      );
      const journal: unknown = JSON.parse(readFileSync(join(folder, "crdguard-plan/journal.json"), "utf8"));
      expect(journal).toMatchObject({ isFinished: true, owed: [] });
    }
    await stopRollingOut();
  });
});

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { OverrideGuide } from "../../../src/explain/override-guide.ts";
import { type CannedAnswer, kubeconfigOf, type StandIn, startStandIn, status } from "../cluster/live/stand-in-api-server.ts";
import { folderOf, runCrdguard } from "./support/run-crdguard.ts";

const GEARS = ["override", "gears.own.dev", "--rule", "objects-deleted", "--reason", "incident 4711"];

describe("crdguard override", () => {
  it("works without a cluster, for an hour unless told", async () => {
    const before = Date.now();
    const { status: exit, stdout, stderr } = await runCrdguard([...GEARS, "--offline", "-o", "json"]);
    const guide = JSON.parse(stdout) as OverrideGuide;

    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(guide.until).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Date.parse(guide.until) - before).toBeGreaterThanOrEqual(3_600_000);
    expect(Date.parse(guide.until) - before).toBeLessThan(3_660_000);
    expect(guide).toMatchObject({
      apiVersion: "crdguard.dev/v1alpha1",
      kind: "OverrideGuide",
      crd: "gears.own.dev",
      rules: ["objects-deleted"],
      reason: "incident 4711",
      annotations: {
        "crdguard.dev/override": "objects-deleted",
        "crdguard.dev/override-reason": "incident 4711",
        "crdguard.dev/override-until": guide.until,
      },
      exists: null,
      permission: { user: null, allowed: null, missing: [], reason: null },
    });
  });

  it("takes rules in a list or one by one, each once, and the time it is told", async () => {
    const args = [
      "override",
      "gears.own.dev",
      "--rule",
      "objects-deleted, required-resource-deleted",
      "--rule",
      "objects-deleted",
    ];
    const before = Date.now();
    const { stdout } = await runCrdguard([...args, "--reason", "x", "--for", "1d2h", "--offline", "-o", "json"]);
    const guide = JSON.parse(stdout) as OverrideGuide;

    expect(guide.rules).toEqual(["objects-deleted", "required-resource-deleted"]);
    expect(Math.round((Date.parse(guide.until) - before) / 3_600_000)).toBe(26);
  });

  it.each([
    {
      title: "no rule",
      args: ["gears.own.dev", "--reason", "x"],
      error: "error (flags-incomplete): give --rule with the ids of the rules that deny",
    },
    {
      title: "no reason",
      args: ["gears.own.dev", "--rule", "objects-deleted"],
      error: "error (flags-incomplete): give --reason: without one, an override does not count",
    },
    {
      title: "the reason of a denial's line as it stands",
      args: ["gears.own.dev", "--rule", "objects-deleted", "--reason", "…"],
      error: "error (reason-missing): --reason says nothing: say why, for whoever reads the audit log",
    },
    {
      title: "a mistyped rule",
      args: ["gears.own.dev", "--rule", "object-deleted", "--reason", "x"],
      error: 'error (rule-unknown): --rule: "object-deleted" is no rule; did you mean objects-deleted?',
    },
    {
      title: "a rule that nobody can override",
      args: ["gears.own.dev", "--rule", "stored-version-removed", "--reason", "x"],
      error:
        "error (override-useless): --rule stored-version-removed: no override helps, since the API server refuses the same change by itself; the denial names the ways out",
    },
    {
      title: "a rule about workloads",
      args: ["gears.own.dev", "--rule", "workload-requirement-unmet", "--reason", "x"],
      error:
        "error (override-useless): --rule workload-requirement-unmet: there is nothing to override: workloads are only ever warned about",
    },
    {
      title: "what names no CRD",
      args: ["gears", "--rule", "objects-deleted", "--reason", "x"],
      error: 'error (crd-unknown): "gears" is no name of a CRD, which is <plural>.<group>; kubectl get crd lists them',
    },
    {
      title: "no time",
      args: ["gears.own.dev", "--rule", "objects-deleted", "--reason", "x", "--for", "soon"],
      error:
        "error: option '--for <duration>' argument 'soon' is invalid: give a number and its unit, for example 30m, 1h or 2d; 30d at most. (crdguard --help tells more)",
    },
    {
      title: "more than a month",
      args: ["gears.own.dev", "--rule", "objects-deleted", "--reason", "x", "--for", "31d"],
      error:
        "error: option '--for <duration>' argument '31d' is invalid: give a number and its unit, for example 30m, 1h or 2d; 30d at most. (crdguard --help tells more)",
    },
  ])("refuses $title", async ({ args, error }) => {
    expect(await runCrdguard(["override", ...args, "--offline"])).toEqual({
      status: 2,
      stdout: "",
      stderr: `crdguard: ${error}\n`,
    });
  });

  it.each<{ title: string; answers: Readonly<Record<string, CannedAnswer>>; exit: number; told: string }>([
    { title: "that you may", answers: { selfsubjectaccessreviews: allowed(true) }, exit: 0, told: "You (alice) may." },
    {
      title: "that you may not",
      answers: { selfsubjectaccessreviews: allowed(false) },
      exit: 1,
      told: "You (alice) may not override objects-deleted: the denial would stay.",
    },
    {
      title: "that there is no such CRD",
      answers: { selfsubjectaccessreviews: allowed(true), "gears.own.dev": { status: 404, body: status(404, "no") } },
      exit: 0,
      told: "There is no CRD gears.own.dev yet",
    },
    {
      title: "what an API server says that does not answer",
      answers: { selfsubjectreviews: { status: 403, body: status(403, "may not impersonate") } },
      exit: 3,
      told: "may not impersonate",
    },
    {
      title: "of which rule it got no answer",
      answers: { selfsubjectaccessreviews: { status: 500, body: status(500, "no") } },
      exit: 3,
      told: "did not answer for objects-deleted",
    },
  ])("tells $title, and prints the command all the same", async ({ answers, exit, told }) => {
    const server = await standIn({
      selfsubjectreviews: { status: 201, body: { status: { userInfo: { username: "alice" } } } },
      "gears.own.dev": { status: 200, body: {} },
      ...answers,
    });
    const folder = folderOf({});
    const kubeconfig = join(folder, "config");
    writeFileSync(kubeconfig, kubeconfigOf(server.url));
    const ran = await runCrdguard([...GEARS, "--kubeconfig", kubeconfig]);

    expect(ran).toMatchObject({ status: exit, stderr: "" });
    expect(ran.stdout).toContain(told);
    expect(ran.stdout).toContain("crdguard.dev/override");
  });

  it("tells that there is no cluster to ask", async () => {
    const ran = await runCrdguard(GEARS, { env: { KUBECONFIG: "/nonexistent" } });

    expect(ran).toMatchObject({ status: 3, stderr: "" });
    expect(ran.stdout).toContain("Whether you may could not be asked: ");
  });
});

function allowed(isAllowed: boolean): CannedAnswer {
  return { status: 201, body: { status: { allowed: isAllowed } } };
}

/** @param answers by the last part of the path. */
async function standIn(answers: Readonly<Record<string, CannedAnswer>>): Promise<StandIn> {
  const server = await startStandIn();
  onTestFinished(() => server.close());
  for (const [end, answer] of Object.entries(answers)) server.answer(({ path }) => path.endsWith(`/${end}`), answer);
  return server;
}

/** Overrides on a real API server, under the rights of manifests/server/rbac.yaml: who may, what counts, and where it is told. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, deploymentManifest, objectManifest } from "./support/manifests.ts";

const ROOT = join(import.meta.dirname, "../..");
const MAIN = join(ROOT, "src/cli/main.ts");
const CRDS = "--resource=customresourcedefinitions.apiextensions.k8s.io";
const GUARD = "system:serviceaccount:crdguard:crdguard";

describe("an override", () => {
  const folder = mkdtempSync(join(tmpdir(), "crdguard-override-"));
  const auditLog = join(folder, "audit.log");
  let api: ApiServer;
  let guard: GuardProcess;

  beforeAll(async () => {
    const auditPolicy = join(folder, "audit-policy.yaml");
    writeFileSync(
      auditPolicy,
      `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    resources: [{ group: apiextensions.k8s.io }]
  - level: None
`,
    );
    api = await startApiServer({
      users: [{ name: GUARD, groups: ["system:serviceaccounts", "system:serviceaccounts:crdguard"] }],
      apiServerArgs: [`--audit-log-path=${auditLog}`, `--audit-policy-file=${auditPolicy}`],
    });
    await ok(["create", "namespace", "crdguard"]);
    await ok(["apply", "-f", join(ROOT, "manifests/server/rbac.yaml")]);
    await ok(["apply", "-f", join(ROOT, "manifests/components/count-all-objects/rbac.yaml")]);
    await ok(["create", "clusterrole", "registering", "--verb=*", "--resource=*.admissionregistration.k8s.io"]);
    await ok(["create", "clusterrolebinding", "registering", "--clusterrole=registering", `--user=${GUARD}`]);
    await ok(["create", "clusterrole", "crd-writer", "--verb=*", CRDS, `${CRDS}/status`]);
    await ok(["create", "clusterrolebinding", "crd-writer", "--clusterrole=crd-writer", "--user=alice", "--user=bob"]);
    // kubectl grants rights to what discovery knows.
    await ok(["apply", "--server-side", "-f", join(ROOT, "manifests/crds/guardpolicies.yaml")]);
    guard = await startGuardProcess(api, { args: ["--kubeconfig", await api.kubeconfigFor(GUARD)] });
    await eventually("guardpolicies are served", async () => (await api.kubectl(["get", "guardpolicies"])).exitCode === 0);
    await ok([
      "create",
      "clusterrole",
      "overriding",
      "--verb=override",
      "--resource=guardpolicies.crdguard.dev",
      "--resource-name=objects-deleted",
      "--resource-name=required-version-unserved",
      "--resource-name=stored-version-forgotten",
      "--resource-name=stored-version-removed",
    ]);
    await ok(["create", "clusterrolebinding", "overriding", "--clusterrole=overriding", "--user=alice"]);
  });

  afterAll(async () => {
    await guard.process.stop(10_000);
    await api.stop();
    rmSync(folder, { recursive: true });
  });

  async function ok(args: readonly string[], stdin?: string): Promise<string> {
    const outcome = await api.kubectl(args, stdin === undefined ? {} : { stdin });
    expect(outcome).toMatchObject({ exitCode: 0 });
    return outcome.stdout;
  }

  async function as(user: string, args: readonly string[], stdin?: string) {
    const kubeconfig = await api.kubeconfigFor(user);
    return api.kubectl(args, { kubeconfig, ...(stdin === undefined ? {} : { stdin }) });
  }

  async function crdguardAs(user: string, ...args: readonly string[]) {
    const env = { ...process.env, KUBECONFIG: await api.kubeconfigFor(user) };
    return spawnSync(process.execPath, [MAIN, ...args], { env, encoding: "utf8" });
  }

  /** What a person does with a line that is printed. */
  async function pasteAs(user: string, command: string) {
    return spawnSync("sh", ["-c", command], {
      env: { ...process.env, KUBECONFIG: await api.kubeconfigFor(user) },
      encoding: "utf8",
    });
  }

  /** A CRD with one object in it. */
  async function filled(plural: string, kind: string): Promise<string> {
    await ok(["apply", "-f", "-"], crdManifest({ plural, kind, versions: [{ name: "v1" }], storage: "v1" }));
    await eventually("the object is created", async () => {
      const outcome = await api.kubectl(["apply", "-f", "-"], { stdin: objectManifest("own.dev/v1", kind, "one") });
      return outcome.exitCode === 0;
    });
    return `${plural}.own.dev`;
  }

  type Annotate = (rules: string, reason?: string, until?: string) => void;

  async function annotated(crd: string, ...[rules, reason, until]: Parameters<Annotate>): Promise<void> {
    await ok([
      "annotate",
      "crd",
      crd,
      "--overwrite",
      `crdguard.dev/override=${rules}`,
      ...(reason === undefined ? [] : [`crdguard.dev/override-reason=${reason}`]),
      ...(until === undefined ? [] : [`crdguard.dev/override-until=${until}`]),
    ]);
  }

  const deletion = (user: string, crd: string, ...flags: readonly string[]) =>
    as(user, ["delete", "crd", crd, "--wait=false", ...flags]);

  async function eventsOf(crd: string): Promise<readonly ToldEvent[]> {
    const events = await api.request(
      "GET",
      `/apis/events.k8s.io/v1/namespaces/default/events?fieldSelector=regarding.name%3D${crd}`,
    );
    return (events.body as { items: ToldEvent[] }).items;
  }

  it("is named by the denial, printed by the command, and lets through whoever may, recorded everywhere", async () => {
    const crd = await filled("gears", "Gear");
    const denied = await deletion("alice", crd);
    expect(denied.stderr).toContain(`\n  To override: kubectl crdguard override ${crd} --rule objects-deleted --reason "…"\n`);

    const printed = await crdguardAs("alice", "override", crd, "--rule", "objects-deleted", "--reason", "it's all in a backup");
    expect(printed).toMatchObject({ status: 0, stderr: "" });
    expect(printed.stdout).toContain("You (alice) may.");
    const [command = "", takeBack = ""] = printed.stdout.match(/^ {2}kubectl annotate .*$/gm) ?? [];
    expect(await pasteAs("alice", command)).toMatchObject({ status: 0 });

    const tried = await deletion("alice", crd, "--dry-run=server");
    expect(tried).toMatchObject({ exitCode: 0 });
    expect(tried.stderr).toContain("Warning: objects-deleted: overridden by alice: it's all in a backup: ");
    // Taken back and set again, by what was printed.
    expect(await pasteAs("alice", takeBack)).toMatchObject({ status: 0 });
    expect((await deletion("alice", crd)).stderr).toContain("objects-deleted");
    expect(await pasteAs("alice", command)).toMatchObject({ status: 0 });
    const described = await ok(["describe", "crd", crd]);
    expect(described).toMatch(/Warning\s+UpgradeDenied\s+.*DELETE by alice denied: objects-deleted: /);
    // Two denials are one Event, a dry run is none.
    const before = await eventually("the second denial is told", async () => {
      const events = await eventsOf(crd);
      return events[0]?.series?.count === 2 ? events : false;
    });
    expect(before.map(({ reason, type, regarding }) => [reason, type, regarding.kind])).toEqual([
      ["UpgradeDenied", "Warning", "CustomResourceDefinition"],
    ]);

    expect(await deletion("alice", crd)).toMatchObject({ exitCode: 0 });

    const told = await eventually("the override is told", async () => {
      const overridden = (await eventsOf(crd)).find(({ reason }) => reason === "UpgradeOverridden");
      return overridden ?? false;
    });
    expect(told.note).toContain("DELETE by alice let through: objects-deleted overridden (it's all in a backup). ");
    expect(await ok(["get", "events", "-n", "default"])).toContain("UpgradeOverridden");
    const review = (await guard.reviews()).findLast(({ crd: name, dryRun }) => name === crd && !dryRun);
    expect(review).toMatchObject({
      user: "alice",
      decision: "allow",
      rules: ["objects-deleted=warn"],
      overrides: ["objects-deleted=allowed"],
    });
    expect(await (await fetch(`${guard.healthUrl}/metrics`)).text()).toContain(
      'crdguard_overrides_total{rule="objects-deleted",result="allowed"} 1\n',
    );
    await eventually("the audit log tells it", () => {
      const line = readFileSync(auditLog, "utf8")
        .trimEnd()
        .split("\n")
        .map((each) => JSON.parse(each) as AuditEvent)
        .findLast(
          ({ verb, objectRef, requestURI }) => verb === "delete" && objectRef.name === crd && !requestURI.includes("dryRun"),
        );
      expect(line?.annotations).toMatchObject({
        "changes.crdguard.dev/verdict": "allow",
        "changes.crdguard.dev/rules": "objects-deleted=warn",
        "changes.crdguard.dev/overridden": "objects-deleted",
        "changes.crdguard.dev/override-reason": "it's all in a backup",
      });
    });
  });

  it("does not count for whoever may not, left behind or of their own, and says which right is missing", async () => {
    const crd = await filled("cogs", "Cog");
    // Left behind by somebody who may.
    await annotated(crd, "objects-deleted", "alice was here");

    const { exitCode, stderr } = await deletion("bob", crd);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      "its override does not count: bob may not: RBAC grants no verb override on guardpolicies.crdguard.dev of this rule's name (docs/override.md)",
    );
    expect(stderr).not.toContain("To override:");
    const printed = await crdguardAs("bob", "override", crd, "--rule", "objects-deleted", "--reason", "please");
    expect(printed).toMatchObject({ status: 1, stderr: "" });
    expect(printed.stdout).toContain("You (bob) may not override objects-deleted: the denial would stay.");
    const check = await crdguardAs("bob", "override", crd, "--rule", "objects-deleted", "--reason", "x", "--as", "alice");
    // Who may not impersonate gets no answer by it.
    expect(check.status).toBe(3);

    const grants = printed.stdout.match(/^ {2}kubectl create .*$/gm) ?? [];
    for (const grant of grants) expect(await pasteAs("admin", grant)).toMatchObject({ status: 0 });
    await eventually("bob may by now", async () => (await deletion("bob", crd, "--dry-run=server")).exitCode === 0);
    expect(await crdguardAs("bob", "override", crd, "--rule", "objects-deleted", "--reason", "please")).toMatchObject({
      status: 0,
    });
    for (const binding of (await ok(["get", "clusterrolebindings", "-o", "name"])).match(/\S+-bob$/gm) ?? []) {
      await ok(["delete", binding]);
    }
    await eventually("bob may no more", async () => (await deletion("bob", crd, "--dry-run=server")).exitCode === 1);
  });

  it("is for those to whom the role of docs/override.md is bound", async () => {
    const page = readFileSync(join(ROOT, "docs/override.md"), "utf8");
    const [, role = ""] = /```yaml\n(apiVersion: rbac[^]*?)```/.exec(page) ?? [];
    await ok(["apply", "-f", "-"], role);
    const mayDora = async (rule: string): Promise<string> => {
      const question = ["auth", "can-i", "override", `guardpolicies.crdguard.dev/${rule}`];
      return (await api.kubectl([...question, "--as", "dora", "--as-group", "on-call"])).stdout;
    };

    await eventually("dora may", async () => (await mayDora("objects-deleted")) === "yes\n");
    expect(await mayDora("stored-version-forgotten")).toBe("no\n");
  });

  it.each<{ title: string; plural: string; annotations: Parameters<Annotate>; told: string | null }>([
    {
      title: "no reason is given",
      plural: "bolts",
      annotations: ["objects-deleted"],
      told: "the annotation crdguard.dev/override-reason is missing or says nothing",
    },
    {
      title: "it has ended",
      plural: "nuts",
      annotations: ["objects-deleted", "late", "2026-01-01T00:00:00Z"],
      told: "its override ended at 2026-01-01T00:00:00Z",
    },
    {
      title: "its end is no time",
      plural: "pins",
      annotations: ["objects-deleted", "soon", "tomorrow"],
      told: 'crdguard.dev/override-until "tomorrow" is no time of the form 2026-05-06T07:08:09Z',
    },
    {
      title: "its rule is mistyped",
      plural: "rods",
      annotations: ["object-deleted", "oops"],
      told: '"object-deleted" is no rule; "objects-deleted" may be meant',
    },
    { title: "another rule is named", plural: "caps", annotations: ["required-version-unserved", "no"], told: null },
  ])("does not count where $title", async ({ plural, annotations, told }) => {
    const crd = await filled(plural, `${plural.charAt(0).toUpperCase()}${plural.slice(1, -1)}`);
    await annotated(crd, ...annotations);

    const { exitCode, stderr } = await deletion("alice", crd);

    expect(exitCode).toBe(1);
    expect(stderr).toContain("objects-deleted:");
    expect(stderr).toContain("To override: kubectl crdguard override");
    if (told === null) expect(stderr).not.toContain("override does not count");
    else expect(stderr).toContain(told);
  });

  describe("of an update", () => {
    const routes = (
      annotations: Readonly<Record<string, string>>,
      ...versions: readonly { name: string; served?: boolean }[]
    ) => {
      const manifest = JSON.parse(
        crdManifest({ plural: "routes", kind: "Route", versions, storage: versions[0]?.name ?? "" }),
      ) as { metadata: object };
      return JSON.stringify({ ...manifest, metadata: { ...manifest.metadata, annotations } });
    };
    const override = {
      "crdguard.dev/override": "required-version-unserved, stored-version-removed",
      "crdguard.dev/override-reason": "the router is about to go",
    };
    const after = (annotations = {}) => routes(annotations, { name: "v1" }, { name: "v1alpha2", served: false });

    beforeAll(async () => {
      await ok(["apply", "-f", "-"], routes({}, { name: "v1alpha2" }));
      await ok(
        ["apply", "-f", "-"],
        deploymentManifest({ name: "router", annotations: { "crdguard.dev/requires": "routes.own.dev/v1alpha2" } }),
      );
      await eventually("the guard knows the router", async () => {
        const { stderr } = await as("alice", ["apply", "-f", "-", "--dry-run=server"], after());
        return stderr.includes("required-version-unserved");
      });
    });

    it("is of no use where the API server refuses the same, which is said, and none is offered", async () => {
      const dropped = await as("alice", ["apply", "-f", "-"], routes(override, { name: "v1" }));

      expect(dropped.exitCode).toBe(1);
      expect(dropped.stderr).toContain("its override is of no use: the API server refuses this change by itself, whoever asks");
      expect(dropped.stderr).not.toContain("To override:");
      expect(
        (await crdguardAs("alice", "override", "routes.own.dev", "--rule", "stored-version-removed", "--reason", "x")).stderr,
      ).toMatch(/^crdguard: error \(override-useless\): /);
      await eventually("the risk is told", async () => {
        return (await eventsOf("routes.own.dev")).some(({ reason }) => reason === "StoredVersionAtRisk");
      });
    });

    it("is judged by check as by the API server, for the same person", async () => {
      await ok(["create", "clusterrole", "reader", "--verb=list,watch,get", "--resource=*.*"]);
      await ok(["create", "clusterrolebinding", "reader", "--clusterrole=reader", "--user=alice", "--user=bob"]);
      const path = join(folder, "routes.yaml");
      writeFileSync(path, after(override));

      const allowed = await eventually("alice may read", async () => {
        const outcome = await crdguardAs("alice", "check", "-f", path, "--against", "live");
        return outcome.status === 3 ? false : outcome;
      });
      expect(allowed).toMatchObject({ status: 0, stderr: "" });
      expect(allowed.stdout).toContain("overridden: the router is about to go");
      const refused = await crdguardAs("bob", "check", "-f", path, "--against", "live");
      expect(refused.status).toBe(1);
      expect(refused.stdout).toContain("its override does not count: you may not");
    });

    it("comes with the manifest, as from Git", async () => {
      const denied = await as("bob", ["apply", "-f", "-"], after(override));
      expect(denied.exitCode).toBe(1);
      expect(denied.stderr).toContain("bob may not");

      const allowed = await as("alice", ["apply", "-f", "-"], after(override));
      expect(allowed).toMatchObject({ exitCode: 0 });
      expect(allowed.stderr).toContain("Warning: required-version-unserved: overridden by alice: the router is about to go: ");
    });

    it("of the status, is the one that the CRD has already", async () => {
      const trim = [
        "patch",
        "crd",
        "routes.own.dev",
        "--subresource=status",
        "--type=merge",
        "-p",
        '{"status":{"storedVersions":["v1"]}}',
      ];
      // Of an object, nothing proves that it is not stored in v1alpha2.
      await eventually("an object is there", async () => {
        const outcome = await api.kubectl(["apply", "-f", "-"], { stdin: objectManifest("own.dev/v1", "Route", "one") });
        return outcome.exitCode === 0;
      });
      expect((await as("alice", trim)).stderr).toContain("stored-version-forgotten");
      await annotated("routes.own.dev", "stored-version-forgotten", "none was ever written in v1alpha2");

      expect((await as("bob", trim)).stderr).toContain("bob may not");
      expect(await as("alice", trim)).toMatchObject({ exitCode: 0 });
    });
  });

  it("of one rule leaves the denial of another", async () => {
    const crd = await filled("wheels", "Wheel");
    await ok(
      ["apply", "-f", "-"],
      deploymentManifest({ name: "cart", annotations: { "crdguard.dev/requires": "wheels.own.dev/v1" } }),
    );
    await eventually("the guard knows the cart", async () => {
      return (await deletion("alice", crd, "--dry-run=server")).stderr.includes("required-resource-deleted");
    });
    await annotated(crd, "objects-deleted,required-resource-deleted", "both");

    const { exitCode, stderr } = await deletion("alice", crd);

    expect(exitCode).toBe(1);
    expect(stderr).toContain("Warning: objects-deleted: overridden by alice: both");
    expect(stderr).toMatch(/metadata\.name: required-resource-deleted: .*alice may not/);
  });
});

interface ToldEvent {
  readonly reason: string;
  readonly type: string;
  readonly note: string;
  readonly regarding: { readonly kind: string };
  readonly series?: { readonly count: number };
}

interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly objectRef: { readonly name?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

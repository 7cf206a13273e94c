import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crd } from "../support/builders.ts";
import { keptDefaultPolicy } from "../../src/operator/default-policy.ts";
import { DEFAULTS_MANAGER, FIELD_MANAGER } from "../../src/operator/kept-object.ts";
import { parseGuardPolicy } from "../../src/policy/guard-policy.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, objectManifest } from "./support/manifests.ts";

const ROOT = join(import.meta.dirname, "../..");
const MANIFESTS = join(ROOT, "manifests");
const POLICIES = "/apis/crdguard.dev/v1alpha1/guardpolicies";
const run = promisify(execFile);

/** The guard runs by the account and the rights that the manifests give it, and starts before there is a CRD of policies. */
describe("GuardPolicies", () => {
  let api: ApiServer;
  let guard: GuardProcess;

  beforeAll(async () => {
    api = await startApiServer();
    for (const path of ["server/namespace.yaml", "server/rbac.yaml", "components/count-all-objects/rbac.yaml"]) {
      await applied(await readFile(join(MANIFESTS, path), "utf8"));
    }
    // Registering itself, as from a laptop, is more than a server in the cluster needs.
    const webhooks = "--resource=validatingwebhookconfigurations,mutatingwebhookconfigurations";
    await done(["create", "clusterrole", "registrar", "--verb=get,create,patch,delete", webhooks]);
    await done(["create", "clusterrolebinding", "registrar", "--clusterrole=registrar", "--serviceaccount=crdguard:crdguard"]);
    guard = await startGuardProcess(api, { args: ["--kubeconfig", await serviceAccountKubeconfig()] });
    for (const plural of ["gears", "cogs"]) {
      await applied(
        crdManifest({
          plural,
          kind: plural === "gears" ? "Gear" : "Cog",
          versions: [{ name: "v1" }],
          storage: "v1",
          labels: { team: plural === "gears" ? "mill" : "press" },
        }),
      );
    }
    for (const [kind, name] of [
      ["Gear", "first"],
      ["Cog", "only"],
    ] as const) {
      await eventually("the object is taken", async () => (await apply(objectManifest("own.dev/v1", kind, name))).exitCode === 0);
    }
  });

  afterAll(async () => {
    await guard.process.stop(10_000);
    await api.stop();
  });

  it("need not be there: built-in defaults hold, and the log says so", async () => {
    expect(await guard.log()).toContain('"no GuardPolicy, built-in defaults hold"');
    expect((await deletion("gears")).stderr).toContain("objects-deleted: ");
  });

  it("have a CRD that the API server takes without a warning", async () => {
    const { exitCode, stderr } = await apply(await readFile(join(MANIFESTS, "crds/guardpolicies.yaml"), "utf8"));

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  it("explain themselves", async () => {
    // The API server publishes a CRD's schema some seconds after the CRD.
    const { stdout } = await eventually(
      "kubectl explain knows the CRD",
      async () => {
        const outcome = await api.kubectl(["explain", "gp.spec.rules.enforcement"]);
        return outcome.stdout.includes("DESCRIPTION:") ? outcome : false;
      },
      { timeoutMs: 60_000 },
    );

    expect(stdout).toContain(`FIELD: enforcement <string>
ENUM:
    deny
    warn
    audit
    off

DESCRIPTION:
    What becomes of a change in which the rule finds something.
    
    deny: it is refused.
    warn: it is let through with a warning.
    audit: it is let through, and recorded in audit log, log and metrics alone.
    "off", in quotes, since YAML takes the bare word for false: the rule is not
    asked.
`);
  });

  it.each([
    {
      title: "values that are none",
      spec: {
        priority: 2000,
        rules: [{ id: "objects-deleted", enforcement: "block" }],
        onInternalError: "ignore",
        exceptions: [exception({ expires: "2027-01-01", owner: "" })],
      },
      lines: [
        'spec.exceptions[0].expires: Invalid value: "2027-01-01": spec.exceptions[0].expires in body must be of type date-time: "2027-01-01"',
        'spec.exceptions[0].owner: Invalid value: "": spec.exceptions[0].owner in body should be at least 1 chars long',
        'spec.onInternalError: Unsupported value: "ignore": supported values: "deny", "allow"',
        "spec.priority: Invalid value: 2000: spec.priority in body should be less than or equal to 1000",
        'spec.rules[0].enforcement: Unsupported value: "block": supported values: "deny", "warn", "audit", "off"',
        "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
      ],
    },
    {
      title: "names that are none, and words without a meaning",
      spec: {
        crds: { names: ["Gears.own.dev"] },
        rules: [{ id: "ObjectsDeleted", enforcement: "warn" }],
        exceptions: [exception({ crd: "*.own.dev", owner: " ", reason: "\t" })],
      },
      lines: [
        'spec.crds.names[0]: Invalid value: "Gears.own.dev": a CRD is named <plural>.<group> in small letters, and * stands for any characters',
        'spec.exceptions[0].crd: Invalid value: "*.own.dev": an exception is for one CRD, named <plural>.<group> as in gears.own.dev',
        'spec.exceptions[0].owner: Invalid value: " ": say who answers for it: a team, a person, an address',
        String.raw`spec.exceptions[0].reason: Invalid value: "\t": say why, so that whoever reads it can tell whether it still holds`,
        'spec.rules[0].id: Invalid value: "ObjectsDeleted": a rule is named in small letters with dashes, as in objects-deleted',
      ],
    },
    {
      title: "the same twice",
      spec: {
        rules: [
          { id: "objects-deleted", enforcement: "warn" },
          { id: "objects-deleted", enforcement: "off" },
        ],
        exceptions: [exception(), exception({ owner: "others" })],
      },
      lines: [
        'spec.exceptions[1]: Duplicate value: {"crd":"gears.own.dev","rule":"objects-deleted"}',
        "spec.exceptions: Invalid value: a rule and a CRD may stand here only once, with all versions that are excepted",
        'spec.rules[1]: Duplicate value: {"id":"objects-deleted"}',
      ],
    },
    {
      title: "a choice of nothing",
      spec: { crds: {} },
      lines: ["spec.crds: Invalid value: choose CRDs by names, labels or both; leave out crds to choose all of them"],
    },
  ])("are refused with $title, in words that help", async ({ spec, lines }) => {
    const { exitCode, stderr } = await apply(policy("refused", spec));

    expect(exitCode).toBe(1);
    // The API server goes through members in no certain order.
    const [, told = ""] = /^The GuardPolicy "refused" is invalid: (?:\n\* )?([^]*)\n$/.exec(stderr) ?? [];
    expect(told.split("\n* ").toSorted()).toEqual(lines.toSorted());
  });

  it.each([
    { title: "nothing", spec: {} },
    {
      title: "as much as there is room for",
      spec: {
        priority: 1000,
        crds: {
          names: Array.from({ length: 64 }, (_, index) => `*${String(index)}${"n".repeat(240)}`),
          labels: { matchLabels: Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`l${String(index)}`, "v"])) },
        },
        rules: [
          { id: "objects-deleted", enforcement: "off" },
          { id: "stored-version-removed", enforcement: "audit" },
        ],
        onInternalError: "allow",
        exceptions: Array.from({ length: 64 }, (_, index) =>
          exception({
            rule: "stored-version-removed",
            crd: `r${String(index)}.${"g".repeat(200)}.dev`,
            versions: Array.from({ length: 16 }, (__, version) => `v${String(version)}${"x".repeat(60)}`),
            reason: "r".repeat(256),
            owner: "o".repeat(128),
          }),
        ),
      },
    },
  ])("are taken with $title, and so are they by the parser", async ({ spec }) => {
    expect(await apply(policy("taken", spec), "--dry-run=server")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(parseGuardPolicy({ name: "taken", spec })).toMatchObject({ ok: true, problems: [] });
  });

  it("take effect in a running guard, for the CRDs that they are for, and end with their deletion", async () => {
    await applied(
      policy("mill", {
        crds: { labels: { matchLabels: { team: "mill" } } },
        rules: [{ id: "objects-deleted", enforcement: "warn" }],
      }),
    );
    const { stderr } = await allowed("gears");
    expect(stderr).toMatch(/^Warning: objects-deleted: /);
    expect(await deletion("cogs")).toMatchObject({ exitCode: 1 });

    await applied(policy("mill", { crds: { names: ["g*.own.dev"] }, rules: [{ id: "objects-deleted", enforcement: "off" }] }));
    await eventually("the rule is off", async () => (await deletion("gears")).stderr === "");

    await done(["delete", "gp", "mill"]);
    await denied("gears");
  });

  it("are combined: the higher priority counts, and of the same the stricter", async () => {
    const warn = { rules: [{ id: "objects-deleted", enforcement: "warn" }] };
    await applied(policy("lenient", warn));
    await allowed("gears");
    await applied(policy("strict", { rules: [{ id: "objects-deleted", enforcement: "deny" }] }));
    await denied("gears");
    await applied(policy("lenient", { ...warn, priority: 200 }));
    await allowed("gears");
    await done(["delete", "gp", "lenient", "strict"]);
    await denied("gears");
  });

  it("tell in their status that they count, and are listed so", async () => {
    await applied(policy("mill", { exceptions: [exception({ crd: "nothing.own.dev" })] }));

    expect(await condition("mill", "Accepted", "True", "Accepted")).toMatchObject({
      observedGeneration: 1,
      message: "All of this policy counts.",
    });
    expect(await condition("mill", "ExceptionsCurrent", "True", "Current")).toMatchObject({
      message: "All exceptions hold: objects-deleted for nothing.own.dev (owner: millers; until 2099-01-01).",
    });
    const { stdout } = await api.kubectl(["get", "gp"]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.trimEnd().split(/ {2,}/).slice(0, -1))).toEqual([
      ["NAME", "PRIORITY", "ACCEPTED", "REASON", "EXCEPTIONS", "LAPSED"],
      ["mill", "100", "True", "Accepted", "1", "0"],
    ]);
    expect((await api.kubectl(["get", "crdguard", "-o", "name"])).stdout).toBe("guardpolicy.crdguard.dev/mill\n");
    await done(["delete", "gp", "mill"]);
  });

  it("that name a rule that nobody knows say so, and count for the rest", async () => {
    await applied(
      policy("typo", {
        rules: [
          { id: "object-deleted", enforcement: "off" },
          { id: "objects-deleted", enforcement: "warn" },
        ],
      }),
    );

    const message =
      '1 entry of this policy does not count, the rest does: spec.rules[0].id: "object-deleted" is no rule; "objects-deleted" may be meant.';
    expect(await condition("typo", "Accepted", "False", "EntriesIgnored")).toMatchObject({ message });
    await allowed("gears");
    await eventually("the log has it", async () =>
      (await guard.log()).includes(`"names":["typo"],"reason":${JSON.stringify(message)}`),
    );
    expect(await metric('crdguard_policies{state="malformed"}')).toBe(1);
    const { stdout } = await crdguard(["doctor", "--against", "live"]);
    expect(stdout).toContain("GuardPolicy typo");
    expect(stdout).toContain('spec.rules[0].id: "object-deleted" is no rule; "objects-deleted" may be meant');
    await done(["delete", "gp", "typo"]);
    await denied("gears");
  });

  it("have exceptions that are told wherever they bear on a change, and lapse by themselves", async () => {
    const expires = new Date(Date.now() + 25_000).toISOString().replace(/\.\d+Z$/, "Z");
    await applied(policy("team-a", { exceptions: [exception({ expires })] }));
    const { stderr } = await allowed("gears");
    expect(stderr.split("\n")[0]).toMatch(
      new RegExp(`^Warning: objects-deleted: excepted until ${expires} by GuardPolicy team-a: `),
    );
    expect((await deletion("cogs")).exitCode).toBe(1);
    expect(await metric('crdguard_exceptions_applied_total{policy="team-a",rule="objects-deleted"}')).toBeGreaterThan(0);
    await eventually("the log has it", async () => (await guard.log()).includes('"exceptions":["team-a/objects-deleted"]'));
    const excepted = await crdguard(["check", "--delete", "gears.own.dev", "--against", "live", "-o", "json"]);
    expect(JSON.parse(excepted.stdout)).toMatchObject({
      verdict: "allow",
      changes: [
        {
          findings: [
            {
              rule: "objects-deleted",
              enforcement: "warn",
              relief: { kind: "exception", policy: "team-a", reason: "the mill moves", owner: "millers", expires },
            },
          ],
        },
      ],
    });

    const lapsed = await denied("gears", 40_000);
    const clause = `the exception by GuardPolicy team-a lapsed on ${expires} (owner: millers)`;
    expect(lapsed.stderr).toContain(clause);
    const { message } = await condition("team-a", "ExceptionsCurrent", "False", "Lapsed");
    expect(message).toBe(
      `1 exception no longer counts: objects-deleted for gears.own.dev (owner: millers; lapsed on ${expires}). Renew or remove what is over.`,
    );
    const checked = await crdguard(["check", "--delete", "gears.own.dev", "--against", "live"]);
    expect(checked.stdout.replaceAll(/\s+/g, " ")).toContain(clause);
    await done(["delete", "gp", "team-a"]);
  });

  it("can be tried out before they are applied", async () => {
    const path = join(api.workDir, "trial.yaml");
    await writeFile(path, policy("trial", { rules: [{ id: "objects-deleted", enforcement: "audit" }] }));

    const without = await crdguard(["check", "--delete", "gears.own.dev", "--against", "live"]);
    const withIt = await crdguard(["check", "-f", path, "--delete", "gears.own.dev", "--against", "live"]);

    expect([without.exitCode, withIt.exitCode]).toEqual([1, 0]);
    expect(withIt.stdout).toContain("objects-deleted");
  });

  it("count in a snapshot as in the cluster that it was taken of", async () => {
    await applied(policy("mill", { crds: { names: ["gears.*"] }, rules: [{ id: "objects-deleted", enforcement: "warn" }] }));
    await allowed("gears");
    const path = join(api.workDir, "cluster.crdguard.json.gz");
    const pseudonymous = join(api.workDir, "redacted.crdguard.json.gz");
    expect(await crdguard(["snapshot", "--objects", "-o", path])).toMatchObject({ exitCode: 0 });
    expect(await crdguard(["snapshot", "--objects", "--redact", "-o", pseudonymous])).toMatchObject({ exitCode: 0 });
    await done(["delete", "gp", "mill"]);
    await denied("gears");

    const deletions = ["check", "--delete", "gears.own.dev", "--delete", "cogs.own.dev", "-o", "json", "--against"];
    for (const snapshot of [path, pseudonymous]) {
      const { stdout } = await crdguard([...deletions, snapshot], { KUBECONFIG: "/dev/null" });
      expect(JSON.parse(stdout)).toMatchObject({
        changes: [
          { crd: "cogs.own.dev", verdict: "deny" },
          { crd: "gears.own.dev", verdict: "allow", findings: [{ rule: "objects-deleted", enforcement: "warn" }] },
        ],
      });
    }
  });

  describe("default, by the steps of whoever keeps it", () => {
    const served = crd({ name: "guardpolicies.crdguard.dev", served: ["v1alpha1"] });
    const kept = keptDefaultPolicy({ crds: () => new Map([[served.name, served]]) });

    it("is made whole, and then owned without its spec", async () => {
      const mending = kept.mend(null);
      if (mending.kind !== "create") throw new Error(mending.kind);
      const created = await api.request("POST", `${POLICIES}?fieldManager=${DEFAULTS_MANAGER}`, { body: mending.whole });
      expect(created.status).toBe(201);
      await applyOwn(mending.own);

      expect(await live()).toMatchObject({ spec: { priority: 0, onInternalError: "deny" } });
      expect(kept.mend(await live())).toEqual({ kind: "none" });
      await condition("default", "Accepted", "True", "Accepted");
      expect(await denied("gears")).toMatchObject({ exitCode: 1 });
    });

    it("keeps a user's edits when it is mended, whichever way they were made, and takes back what is its own", async () => {
      const rules = [{ id: "objects-deleted", enforcement: "warn" }];
      await done(["patch", "gp", "default", "--type=merge", "-p", JSON.stringify({ spec: { rules, onInternalError: "allow" } })]);
      await done(["label", "gp", "default", "app.kubernetes.io/managed-by=Helm", "team=mill", "--overwrite"]);
      await done(["annotate", "gp", "default", "kubernetes.io/description-", "own.dev/note=ours"]);
      const edited = await apply(policy("default", { exceptions: [exception()] }), "--server-side", "--field-manager=flux");
      expect(edited).toMatchObject({ exitCode: 0 });
      const mending = kept.mend(await live());
      if (mending.kind !== "apply") throw new Error(mending.kind);
      expect(mending.drifted).toEqual([
        "metadata.labels[app.kubernetes.io/managed-by]",
        "metadata.annotations[kubernetes.io/description]",
      ]);

      await applyOwn(mending.own);

      expect(await live()).toMatchObject({
        metadata: {
          labels: { "app.kubernetes.io/managed-by": "crdguard", team: "mill" },
          annotations: {
            "own.dev/note": "ours",
            "kubernetes.io/description": expect.stringContaining("For all CRDs") as unknown,
          },
        },
        spec: { priority: 0, onInternalError: "allow", rules, exceptions: [exception()] },
      });
      expect(kept.mend(await live())).toEqual({ kind: "none" });
      await allowed("gears");
    });

    it("can be applied server-side by a user as a whole, without a conflict about what crdguard keeps", async () => {
      const own = { rules: [{ id: "objects-deleted", enforcement: "deny" }] };
      const { exitCode, stderr } = await apply(policy("default", own), "--server-side", "--field-manager=kubectl");
      // Somebody else has set that rule: that is between the two of them.
      expect(stderr).toContain("kubectl-patch");
      expect(exitCode).toBe(1);
      expect(stderr).not.toContain(`"${FIELD_MANAGER}"`);
      await done(["delete", "gp", "default"]);
    });

    async function live(): Promise<Readonly<Record<string, unknown>>> {
      return (await api.request("GET", `${POLICIES}/default`)).body as Readonly<Record<string, unknown>>;
    }

    async function applyOwn(own: unknown): Promise<void> {
      const path = join(api.workDir, "own.json");
      await writeFile(path, JSON.stringify(own));
      await done(["apply", "--server-side", "--force-conflicts", `--field-manager=${FIELD_MANAGER}`, "-f", path]);
    }
  });

  it("are forgotten with their CRD, and known again with it", async () => {
    await applied(policy("mill", { rules: [{ id: "objects-deleted", enforcement: "warn" }] }));
    await allowed("gears");
    // The guard is asked about this one too, which has objects.
    await done(["delete", "crd", "guardpolicies.crdguard.dev"]);
    await denied("gears");
    await applied(await readFile(join(MANIFESTS, "crds/guardpolicies.yaml"), "utf8"));
    await eventually("policies can be made again", async () => {
      const { exitCode } = await apply(policy("mill", { rules: [{ id: "objects-deleted", enforcement: "warn" }] }));
      return exitCode === 0;
    });
    await allowed("gears");
  });

  it("needed no more than the rights of the manifests", async () => {
    expect((await guard.log()).split("\n").filter((line) => line.includes("forbidden"))).toEqual([]);
  });

  function policy(name: string, spec: unknown): string {
    return JSON.stringify({ apiVersion: "crdguard.dev/v1alpha1", kind: "GuardPolicy", metadata: { name }, spec });
  }

  async function apply(manifest: string, ...flags: readonly string[]) {
    return api.kubectl(["apply", "-f", "-", ...flags], { stdin: manifest });
  }

  async function applied(manifest: string): Promise<void> {
    expect(await apply(manifest)).toMatchObject({ exitCode: 0 });
  }

  async function done(args: readonly string[]): Promise<void> {
    expect(await api.kubectl(args)).toMatchObject({ exitCode: 0 });
  }

  async function deletion(plural: string) {
    return api.kubectl(["delete", "crd", `${plural}.own.dev`, "--dry-run=server"]);
  }

  async function allowed(plural: string) {
    return eventually(`the deletion of ${plural} is allowed`, async () => {
      const outcome = await deletion(plural);
      return outcome.exitCode === 0 ? outcome : false;
    });
  }

  async function denied(plural: string, timeoutMs = 10_000) {
    return eventually(
      `the deletion of ${plural} is denied`,
      async () => {
        const outcome = await deletion(plural);
        return outcome.exitCode === 1 && outcome.stderr.includes("objects-deleted: ") ? outcome : false;
      },
      { timeoutMs },
    );
  }

  async function condition(
    name: string,
    type: string,
    status: string,
    reason: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    return eventually(`${type} of ${name} is ${status}, ${reason}`, async () => {
      const { stdout } = await api.kubectl(["get", "gp", name, "-o", `jsonpath={.status.conditions[?(@.type=="${type}")]}`]);
      const found = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
      expect(found).toMatchObject({ status, reason });
      return found;
    });
  }

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${guard.healthUrl}/metrics`)).text();
    const line = text.split("\n").find((one) => one.startsWith(name)) ?? "";
    return Number(line.split(" ").at(-1));
  }

  async function crdguard(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    try {
      const { stdout, stderr } = await run(process.execPath, [join(ROOT, "src/cli/main.ts"), ...args], {
        env: { ...process.env, KUBECONFIG: api.kubeconfigPath, ...env },
      });
      return { exitCode: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { exitCode: code, stdout, stderr };
    }
  }

  async function serviceAccountKubeconfig(): Promise<string> {
    const { stdout: token } = await api.kubectl(["-n", "crdguard", "create", "token", "crdguard"]);
    const admin = JSON.parse(await readFile(api.kubeconfigPath, "utf8")) as { users: readonly { name: string }[] };
    const path = join(api.workDir, "kubeconfig-crdguard.json");
    const users = admin.users.map(({ name }) => ({ name, user: { token: token.trim() } }));
    await writeFile(path, JSON.stringify({ ...admin, users }), { mode: 0o600 });
    return path;
  }
});

/** Of the deletion of gears, for ever as tests go. */
function exception(shape: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    rule: "objects-deleted",
    crd: "gears.own.dev",
    reason: "the mill moves",
    owner: "millers",
    expires: "2099-01-01T00:00:00Z",
    ...shape,
  };
}

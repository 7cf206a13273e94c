/** `crdguard migrate` on a real API server; what is really stored is read from etcd. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { gearsOn } from "./support/gears.ts";

const MERGE = { contentType: "application/merge-patch+json" } as const;

let api: ApiServer;
let gears: ReturnType<typeof gearsOn>;

beforeAll(async () => {
  api = await startApiServer();
  gears = gearsOn(api);
});

afterAll(async () => {
  await api.stop();
});

interface Shown {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly { readonly apiVersion: string; readonly manager: string }[];
  };
}

async function read(plural: string, name: string, version = "v1"): Promise<Shown> {
  return (await api.request("GET", `${gears.pathOf(plural, version)}/${name}`)).body as Shown;
}

async function patch(plural: string, name: string, body: unknown): Promise<{ readonly status: number; readonly body: unknown }> {
  return api.request("PATCH", `${gears.pathOf(plural)}/${name}`, { ...MERGE, body });
}

async function tryPatch(plural: string, name: string): Promise<{ readonly status: number }> {
  return api.request("PATCH", `${gears.pathOf(plural)}/${name}?dryRun=All`, { ...MERGE, body: { spec: { size: 2 } } });
}

describe("what a migration rests on", () => {
  beforeAll(async () => {
    await gears.define({ plural: "bolts", storage: "v1alpha1" });
    for (const name of ["old", "changed", "replaced"]) await gears.create("bolts", name);
    await gears.flip({ plural: "bolts", storage: "v1" });
    await gears.create("bolts", "new", { version: "v1" });
  });

  it("an empty patch rewrites an object that is stored in the old version", async () => {
    const { metadata } = await read("bolts", "old");
    const { uid, resourceVersion } = metadata;

    const answer = await patch("bolts", "old", { metadata: { uid, resourceVersion } });

    expect(answer.status).toBe(200);
    expect(BigInt((answer.body as Shown).metadata.resourceVersion)).toBeGreaterThan(BigInt(resourceVersion));
    expect((answer.body as Shown).metadata.managedFields).toEqual(metadata.managedFields);
    expect((await api.storedEntries("/registry/own.dev/bolts/default/old")).map(({ apiVersion }) => apiVersion)).toEqual([
      "own.dev/v1",
    ]);
  });

  it("one that is stored in the storage version stays as it is", async () => {
    const { uid, resourceVersion } = (await read("bolts", "new")).metadata;

    const answer = await patch("bolts", "new", { metadata: { uid, resourceVersion } });

    expect(answer).toMatchObject({ status: 200, body: { metadata: { resourceVersion } } });
  });

  it("one that was changed meanwhile, or is another of its name, is a conflict", async () => {
    const before = await read("bolts", "changed");
    await patch("bolts", "changed", { spec: { size: 2 } });
    const replaced = await read("bolts", "replaced");
    await api.request("DELETE", `${gears.pathOf("bolts")}/replaced`);
    await gears.create("bolts", "replaced");

    for (const [name, { metadata }] of [
      ["changed", before],
      ["replaced", replaced],
    ] as const) {
      const { uid, resourceVersion } = metadata;
      expect((await patch("bolts", name, { metadata: { uid, resourceVersion } })).status, name).toBe(409);
    }
  });
});

describe("crdguard migrate", () => {
  it("rewrites what is stored in the old version, and prunes", async () => {
    await gears.define({ plural: "cogs", storage: "v1alpha1" });
    await gears.createMany("cogs", 30);
    await gears.flip({ plural: "cogs", storage: "v1" });
    await gears.create("cogs", "newer", { version: "v1" });
    expect(await gears.stored("cogs")).toEqual({ v1alpha1: 30, v1: 1 });

    const ran = await gears.migrate("cogs.own.dev");

    expect(ran).toMatchObject({
      status: 0,
      stdout:
        "cogs.own.dev: all 31 objects are stored in v1 (30 rewritten, 1 stored so before, and touched); status.storedVersions was v1alpha1 and v1, and is v1 now\n",
    });
    expect(await gears.stored("cogs")).toEqual({ v1: 31 });
    expect(await gears.storedVersions("cogs")).toEqual(["v1"]);
    expect((await read("cogs", "newer")).metadata).not.toHaveProperty("annotations");
    expect((await read("cogs", "newer")).metadata.managedFields?.map(({ manager }) => manager)).toEqual(["maker"]);
    expect((await gears.definition("cogs")).metadata).not.toHaveProperty("annotations");
    expect(await gears.migrate("cogs.own.dev")).toMatchObject({
      status: 0,
      stdout: "cogs.own.dev: nothing to do, stored in v1 alone\n",
    });
  });
});

async function ok(args: readonly string[], stdin?: string): Promise<string> {
  const outcome = await api.kubectl(args, stdin === undefined ? {} : { stdin });
  expect(outcome).toMatchObject({ exitCode: 0 });
  return outcome.stdout;
}

describe("what is refused", () => {
  const POLICIES = "/apis/admissionregistration.k8s.io/v1";

  it("is listed with the API server's reason, and nothing is pruned; once mended, what is left goes on", async () => {
    await gears.due("rods", 12);
    await api.request("POST", `${POLICIES}/validatingadmissionpolicies`, {
      body: {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicy",
        metadata: { name: "no-odd-rods" },
        spec: {
          matchConstraints: {
            resourceRules: [{ apiGroups: ["own.dev"], apiVersions: ["*"], resources: ["rods"], operations: ["UPDATE"] }],
          },
          validations: [{ expression: "!object.metadata.name.matches('[13579]$')", message: "odd rods stay as they are" }],
        },
      },
    });
    await api.request("POST", `${POLICIES}/validatingadmissionpolicybindings`, {
      body: {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicyBinding",
        metadata: { name: "no-odd-rods" },
        spec: { policyName: "no-odd-rods", validationActions: ["Deny"] },
      },
    });
    await eventually("the policy is in force", async () => (await tryPatch("rods", "g00001")).status === 422);

    const tried = await gears.migrate("rods.own.dev", "--dry-run=server");
    expect(await gears.stored("rods")).toEqual({ v1alpha1: 12 });
    const ran = await gears.migrate("rods.own.dev");

    expect(tried).toMatchObject({ status: 1 });
    expect(tried.stdout).toContain("6 of 12 objects could not be rewritten");
    expect(ran).toMatchObject({ status: 1 });
    expect(ran.stdout).toContain("rods.own.dev: 6 of 12 objects could not be rewritten, and nothing is pruned:\n");
    expect(ran.stdout.match(/default\/g000\d\d/g)?.toSorted()).toEqual(
      ["01", "03", "05", "07", "09", "11"].map((each) => `default/g000${each}`),
    );
    expect(ran.stdout).toContain("odd rods stay as they are");
    expect(ran.stdout).toContain("run it again: crdguard migrate rods.own.dev");
    expect(await gears.stored("rods")).toEqual({ v1alpha1: 6, v1: 6 });
    expect(await gears.storedVersions("rods")).toEqual(["v1alpha1", "v1"]);

    await api.request("DELETE", `${POLICIES}/validatingadmissionpolicybindings/no-odd-rods`);
    await eventually("the policy is gone", async () => (await tryPatch("rods", "g00001")).status === 200);
    expect(await gears.migrate("rods.own.dev")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("all 12 objects are stored in v1 (6 rewritten, 6 proven before)"),
    });
    expect(await gears.stored("rods")).toEqual({ v1: 12 });
  });

  it("by a schema of before is none: the API server takes what stays as it is", async () => {
    await gears.define({ plural: "shafts", storage: "v1alpha1" });
    await gears.createMany("shafts", 3);
    const specSchema = {
      required: ["length"],
      properties: { size: { type: "integer", minimum: 5 }, length: { type: "integer" } },
    };
    await gears.define({ plural: "shafts", storage: "v1", specSchema });

    const ran = await gears.migrate("shafts.own.dev");

    expect([ran.status, ran.stdout]).toEqual([
      0,
      "shafts.own.dev: all 3 objects are stored in v1 (3 rewritten); status.storedVersions was v1alpha1 and v1, and is v1 now\n",
    ]);
  });

  it("for want of the right to prune is told in the API server's words, and what is rewritten stays so", async () => {
    await gears.due("pins", 3);
    await ok(["create", "clusterrole", "pins", "--verb=get,list,patch", "--resource=pins.own.dev"]);
    await ok(["create", "clusterrolebinding", "pins", "--clusterrole=pins", "--user=alice"]);
    await ok(["create", "clusterrole", "crds", "--verb=get,list", "--resource=customresourcedefinitions.apiextensions.k8s.io"]);
    await ok(["create", "clusterrolebinding", "crds", "--clusterrole=crds", "--user=alice", "--user=bob"]);

    const alice = await gears.migrate("pins.own.dev", "--kubeconfig", await api.kubeconfigFor("alice"));
    const bob = await gears.migrate("pins.own.dev", "--kubeconfig", await api.kubeconfigFor("bob"));

    expect(alice).toMatchObject({ status: 1 });
    expect(alice.stdout).toContain("all objects are rewritten, but status.storedVersions was not pruned");
    expect(alice.stdout).toContain('User "alice" cannot patch resource "customresourcedefinitions/status"');
    expect(alice.stderr).toContain("not recorded, so that another run begins anew");
    expect(await gears.stored("pins")).toEqual({ v1: 3 });
    expect(await gears.storedVersions("pins")).toEqual(["v1alpha1", "v1"]);
    expect(bob).toMatchObject({ status: 3 });
    expect(bob.stderr).toContain("error (cluster-forbidden)");
    expect(bob.stderr).toContain("you may not patch pins.own.dev in all namespaces");
  });
});

describe("what is asked for", () => {
  it("-n rewrites objects of one namespace, and prunes nothing", async () => {
    await ok(["create", "namespace", "mill"]);
    await gears.due("nuts", 4);
    await gears.createMany("nuts", 3, "mill");
    await gears.define({ plural: "nuts", storage: "v1alpha1" });
    await gears.flip({ plural: "nuts", storage: "v1" });

    const ran = await gears.migrate("nuts.own.dev", "-n", "default");

    expect(ran).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(
        /^nuts\.own\.dev: in namespace default, all 4 objects are stored in v1 .*; nothing is pruned, as other namespaces were not looked at\n$/,
      ),
    });
    expect(await gears.storedVersions("nuts")).toEqual(["v1alpha1", "v1"]);
    expect((await api.storedEntries("/registry/own.dev/nuts/default")).map(({ apiVersion }) => apiVersion)).toEqual(
      Array.from({ length: 4 }, () => "own.dev/v1"),
    );
  });

  it("--dry-run counts, and writes nothing, not even a record", async () => {
    await gears.due("axles", 5);
    const before = await gears.definition("axles");

    const ran = await gears.migrate("--dry-run", "axles.own.dev");

    expect(ran).toMatchObject({
      status: 0,
      stdout:
        "axles.own.dev: 5 of 5 objects would be written to be stored in v1, and status.storedVersions would lose v1alpha1 (dry run)\n",
    });
    expect(await gears.definition("axles")).toEqual(before);
    expect(await gears.stored("axles")).toEqual({ v1alpha1: 5 });
  });

  it("an annotation that a killed run has left is taken off", async () => {
    await gears.due("hubs", 2);
    await patch("hubs", "g00000", { metadata: { annotations: { "crdguard.dev/migration-touch": "", "own.dev/kept": "yes" } } });

    const ran = await gears.migrate("hubs.own.dev");

    expect(ran).toMatchObject({ status: 0 });
    expect((await read("hubs", "g00000")).metadata.annotations).toEqual({ "own.dev/kept": "yes" });
  });

  it("--all-due takes those that are due, cluster-scoped ones too, through a served version; the record is an object where there may be one", async () => {
    await ok(["apply", "--server-side", "-f", "manifests/crds/storageversionrecords.yaml"]);
    await eventually("records are served", async () => (await api.kubectl(["get", "storageversionrecords"])).exitCode === 0);
    await ok(["delete", "crd", "nuts.own.dev", "pins.own.dev", "axles.own.dev", "bolts.own.dev"]);
    await gears.due("wheels", 3, null);
    await gears.due("teeth", 3);
    await gears.define({ plural: "teeth", storage: "v1", versions: { v1alpha1: true, v1: false } });

    const ran = await gears.migrate("--all-due");

    expect(ran.status).toBe(0);
    expect(ran.stdout).toBe(
      "teeth.own.dev: all 3 objects are stored in v1 (3 rewritten); status.storedVersions was v1alpha1 and v1, and is v1 now\n" +
        "wheels.own.dev: all 3 objects are stored in v1 (3 rewritten); status.storedVersions was v1alpha1 and v1, and is v1 now\n",
    );
    expect(ran.stderr).toContain("read and written as v1alpha1, since v1 is not served");
    expect(ran.stderr).toContain("recorded as a StorageVersionRecord");
    expect([await gears.stored("teeth"), await gears.stored("wheels")]).toEqual([{ v1: 3 }, { v1: 3 }]);
    expect(await ok(["get", "storageversionrecords", "-o", "name"])).toContain("storageversionrecord.crdguard.dev/teeth.own.dev");
    expect(await gears.migrate("--all-due")).toMatchObject({ status: 0, stdout: "", stderr: "no CRD has a migration due\n" });
    expect(await gears.migrate("--all-due", "-n", "nowhere", "--dry-run")).toMatchObject({
      status: 0,
      stdout: "",
      stderr: expect.stringMatching(
        /^namespace "nowhere" does not exist in https:[^ ]+: there is nothing to migrate in it\n/,
      ) as unknown,
    });
  });

  it.each([
    { args: ["teeth.own.dev"], versions: { v1alpha1: false, v1: false }, status: 1, code: "crd-unserved" },
    {
      args: ["theet.own.dev"],
      versions: null,
      status: 2,
      code: "crd-unknown",
    },
    { args: ["wheels.own.dev", "-n", "default"], versions: null, status: 2, code: "crd-cluster-scoped" },
    { args: ["wheels.own.dev", "--all-due"], versions: null, status: 2, code: "flags-conflict" },
    { args: [], versions: null, status: 2, code: "flags-incomplete" },
  ])("tells what cannot be done: $code", async ({ args, versions, status, code }) => {
    if (versions !== null) await gears.define({ plural: "teeth", storage: "v1", versions });
    await gears.define({ plural: "wheels", storage: "v1", scope: "Cluster" });

    const ran = await gears.migrate(...args);

    expect([ran.status, ran.stdout]).toEqual([status, ""]);
    expect(ran.stderr).toMatch(new RegExp(`^crdguard: error \\(${code}`));
  });
});

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { type CommandOutcome, runCommand } from "./support/child-processes.ts";
import { readStoredEntries } from "./support/etcd.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest } from "./support/manifests.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const MERGE_PATCH = "application/merge-patch+json";
const PATH = "/apis/own.dev/v1/namespaces/default/classes";

const TEXT = { type: "string" };
const TEXTS = { type: "array", "x-kubernetes-list-type": "set", items: TEXT };
/** As of GatewayClass.status.supportedFeatures from Gateway API v1.2 on. */
const NAMED = {
  type: "array",
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["name"],
  items: { type: "object", required: ["name"], properties: { name: TEXT } },
};

interface Shape {
  readonly features: "texts" | "named";
  readonly hasTimeouts: boolean;
  readonly description?: string;
  readonly maximumSize?: number;
}

function classes({ features, hasTimeouts, description = "A class.", maximumSize }: Shape): string {
  const list = features === "texts" ? TEXTS : NAMED;
  const crd = JSON.parse(crdManifest({ plural: "classes", kind: "Class", versions: [{ name: "v1" }], storage: "v1" })) as {
    readonly spec: { readonly versions: readonly object[] };
  };
  const schema = {
    openAPIV3Schema: {
      type: "object",
      description,
      properties: {
        spec: {
          type: "object",
          properties: {
            features: list,
            size: { type: "integer", ...(maximumSize === undefined ? {} : { maximum: maximumSize }) },
            ...(hasTimeouts ? { timeouts: TEXT } : {}),
          },
        },
        status: { type: "object", properties: { supportedFeatures: list, teeth: { type: "integer" } } },
      },
    },
  };
  const versions = crd.spec.versions.map((version) => ({ ...version, subresources: { status: {} }, schema }));
  return JSON.stringify({ ...crd, spec: { ...crd.spec, versions } });
}

const TODAY: Shape = { features: "texts", hasTimeouts: true };

function classManifest(name: string, spec: object): string {
  return JSON.stringify({ apiVersion: "own.dev/v1", kind: "Class", metadata: { name, namespace: "default" }, spec });
}

describe("a schema changes under live objects", () => {
  let api: ApiServer;
  let guard: GuardProcess;

  beforeAll(async () => {
    api = await startApiServer();
    guard = await startGuardProcess(api);
    await done(["apply", "--server-side", "-f", "-"], classes(TODAY));
    await eventually("classes are served", async () => (await api.kubectl(["get", "classes.own.dev"])).exitCode === 0);
    await done(["apply", "-f", "-"], classManifest("slow", { size: 1, timeouts: "5s", features: ["HTTPRoute"] }));
    await done(["apply", "-f", "-"], classManifest("plain", { size: 2 }));
    await done(["patch", "class", "slow", "--type=merge", "-p", '{"metadata":{"finalizers":["own.dev/hold"]}}']);
    await write("PATCH", "/slow/status", { status: { supportedFeatures: ["HTTPRoute"], teeth: 1 } });
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

  function change(shape: Shape): Promise<CommandOutcome> {
    return api.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { stdin: classes(shape) });
  }

  async function write(method: "PATCH" | "PUT" | "POST", path: string, body: unknown): Promise<number> {
    const contentType = method === "PATCH" ? { contentType: MERGE_PATCH } : {};
    return (await api.request(method, `${PATH}${path}`, { body, ...contentType })).status;
  }

  async function storedSpec(name: string): Promise<unknown> {
    const stored = await readStoredEntries(api.etcdUrl, `/registry/own.dev/classes/default/${name}`);
    return stored[0]?.object["spec"];
  }

  it("is denied by the name of the field that an object would lose, with what it holds", async () => {
    const outcome = await change({ ...TODAY, hasTimeouts: false });

    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain('object-pruned: "spec.timeouts" would be lost from 1 of 2 objects');
    expect(outcome.stderr).toContain('spec.timeouts: 1 object: default/slow has "5s"');
    expect(outcome.stderr).toContain("crdguard backup classes.own.dev");
    expect(outcome.stderr).not.toContain("object-rejected");
  });

  it("is denied by the fields whose values it would refuse", async () => {
    const outcome = await change({ ...TODAY, features: "named" });

    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain('object-rejected: the new schema of "v1" would refuse 1 of 2 objects');
    expect(outcome.stderr).toContain(
      'status.supportedFeatures[] must be of type object: 1 object, in v1: default/slow has "HTTPRoute"',
    );
    expect(outcome.stderr).toContain("no write of them passes any more");
  });

  it("is found beforehand by check, which the same words tell", async () => {
    const file = join(api.workDir, "classes.json");
    await writeFile(file, classes({ ...TODAY, hasTimeouts: false }));
    const args = ["check", "-f", file, "--against", "live", "--kubeconfig", api.kubeconfigPath];

    const sampled = await runCommand(process.execPath, [MAIN, ...args]);
    expect(sampled.exitCode).toBe(1);
    expect(sampled.stdout).toContain('"spec.timeouts" would be lost from 1 of 2 objects');
    const unlooked = await runCommand(process.execPath, [MAIN, ...args, "--objects", "none"]);
    expect(unlooked.stdout).not.toContain("object-pruned");
  });

  it("is allowed where nothing but words changes, and objects are not read", async () => {
    expect(await change({ ...TODAY, description: "Other words." })).toMatchObject({ exitCode: 0 });
  });

  describe("without the guard", () => {
    beforeAll(async () => {
      await guard.process.stop(10_000);
      await done(["apply", "--server-side", "--force-conflicts", "-f", "-"], classes({ features: "named", hasTimeouts: false }));
      const refused = { apiVersion: "own.dev/v1", kind: "Class", metadata: { name: "probe" }, spec: { features: ["a"] } };
      await eventually("the new schema is in force", async () => (await write("POST", "?dryRun=All", refused)) === 422);
    });

    it("loses the field from reads at once, and for good with the next write", async () => {
      await change({ features: "named", hasTimeouts: true });
      await eventually(
        "it can be written",
        async () =>
          (await write("PATCH", "/plain", { spec: { timeouts: "7s" } })) === 200 &&
          JSON.stringify(await storedSpec("plain")).includes("7s"),
      );
      await change({ features: "named", hasTimeouts: false });
      await eventually("it is gone from what is read", async () => {
        const read = await api.request("GET", `${PATH}/plain`);
        return !JSON.stringify((read.body as { readonly spec: object }).spec).includes("7s");
      });

      expect(await storedSpec("plain")).toEqual({ size: 2, timeouts: "7s" });
      expect(await write("PATCH", "/plain", { metadata: { labels: { any: "write" } } })).toBe(200);
      expect(await storedSpec("plain")).toEqual({ size: 2 });
    });

    it("lets no write of an object pass whose list became a map", async () => {
      expect(await write("PATCH", "/slow", { metadata: { labels: { any: "write" } } })).toBe(422);
      expect(await write("PATCH", "/slow", { spec: { size: 3 } })).toBe(422);
      expect(await write("PATCH", "/slow/status", { status: { teeth: 2 } })).toBe(422);
      expect(await write("PATCH", "/slow", { metadata: { finalizers: null } })).toBe(422);
    });

    it("lets updates pass, and neither a create nor a change of that part, of any other value that does not fit", async () => {
      await done(["apply", "-f", "-"], classManifest("large", { size: 9 }));
      await write("PATCH", "/large", { metadata: { finalizers: ["own.dev/hold"] } });
      await done(
        ["apply", "--server-side", "--force-conflicts", "-f", "-"],
        classes({ features: "named", hasTimeouts: false, maximumSize: 5 }),
      );
      const large = { apiVersion: "own.dev/v1", kind: "Class", metadata: { name: "again" }, spec: { size: 9 } };
      await eventually("the bound is in force", async () => (await write("POST", "?dryRun=All", large)) === 422);

      expect(await write("PATCH", "/large", { metadata: { labels: { any: "write" } } })).toBe(200);
      expect(await write("PATCH", "/large", { spec: { features: [{ name: "a" }] } })).toBe(200);
      expect(await write("PATCH", "/large/status", { status: { teeth: 2 } })).toBe(200);
      expect(await write("PATCH", "/large", { spec: { size: 8 } })).toBe(422);
      expect(await write("PATCH", "/large", { metadata: { finalizers: null } })).toBe(200);
    });
  });
});

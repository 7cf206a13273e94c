/** `crdguard migrate` on a real API server; what is really stored is read from etcd. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { gearsOn, startCrdguard } from "./support/gears.ts";

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

/** Settling takes no time with one API server, whose storage version the tests have seen. */
async function migrate(...args: readonly string[]) {
  const settled = args.includes("--settle-seconds") ? [] : ["--settle-seconds", "0"];
  return startCrdguard(["migrate", ...args, ...settled], { KUBECONFIG: api.kubeconfigPath }).ended;
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

    const ran = await migrate("cogs.own.dev");

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
    expect(await migrate("cogs.own.dev")).toMatchObject({
      status: 0,
      stdout: "cogs.own.dev: nothing to do, stored in v1 alone\n",
    });
  });
});

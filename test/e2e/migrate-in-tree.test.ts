/** `crdguard migrate`, by Kubernetes' own migrator, and what it does about managedFields, on a real API server. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { gearsOn, startCrdguard } from "./support/gears.ts";

const MERGE = { contentType: "application/merge-patch+json" } as const;
const MIGRATIONS = "/apis/storagemigration.k8s.io/v1beta1/storageversionmigrations";

let api: ApiServer;
let gears: ReturnType<typeof gearsOn>;

beforeAll(async () => {
  api = await startApiServer();
  gears = gearsOn(api);
});

afterAll(async () => {
  await api.stop();
});

describe("--in-tree", () => {
  interface Asked {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly resource: unknown };
  }

  async function asked(plural: string): Promise<Asked> {
    return eventually("a migration is asked for", async () => {
      const { items } = (await api.request("GET", MIGRATIONS)).body as { readonly items: readonly Asked[] };
      return items.find(({ metadata }) => metadata.name.startsWith(`${plural}.own.dev-`)) ?? false;
    });
  }

  /** No controller runs here: this is what it writes. Source: Kubernetes, pkg/controller/storageversionmigrator. */
  async function conclude(name: string, type: "Succeeded" | "Failed", message: string): Promise<void> {
    const condition = { type, status: "True", reason: "ByTest", message };
    const conditions = [{ ...condition, lastTransitionTime: "2026-01-01T00:00:00Z" }];
    const { status, body } = await api.request("PATCH", `${MIGRATIONS}/${name}/status`, {
      ...MERGE,
      body: { status: { resourceVersion: "1", conditions } },
    });
    expect([status, body]).toEqual([200, expect.anything()]);
  }

  it("asks Kubernetes' migrator, waits for it, and prunes", async () => {
    await gears.due("cogs", 2);
    const ran = gears.migrate("cogs.own.dev", "--in-tree");
    const { metadata, spec } = await asked("cogs");
    expect(spec.resource).toEqual({ group: "own.dev", resource: "cogs" });
    expect(await gears.storedVersions("cogs")).toEqual(["v1alpha1", "v1"]);
    await conclude(metadata.name, "Succeeded", "done");

    expect(await ran).toMatchObject({
      status: 0,
      stdout: `cogs.own.dev: StorageVersionMigration ${metadata.name} has rewritten all objects into v1; status.storedVersions was v1alpha1 and v1, and is v1 now\n`,
    });
    expect(await gears.storedVersions("cogs")).toEqual(["v1"]);
  });

  it("tells why it failed, prunes nothing, and asks anew at the next run", async () => {
    await gears.due("rods", 2);
    const ran = gears.migrate("rods.own.dev", "--in-tree");
    const { metadata } = await asked("rods");
    await conclude(metadata.name, "Failed", "a webhook is in the way");

    expect(await ran).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("failed, and nothing is pruned: a webhook is in the way"),
    });
    expect(await gears.storedVersions("rods")).toEqual(["v1alpha1", "v1"]);

    const again = startCrdguard(["migrate", "rods.own.dev", "--in-tree", "--settle-seconds", "0"], {
      KUBECONFIG: api.kubeconfigPath,
    });
    await eventually("it waits again", () => again.stderr().includes("waiting for StorageVersionMigration"));
    await conclude((await asked("rods")).metadata.name, "Succeeded", "done");
    expect(await again.ended).toMatchObject({ status: 0 });
  });

  it.each(["--dry-run", "--namespace=default", "--clean-managed-fields"])("takes no %s", async (flag) => {
    const ran = await gears.migrate("cogs.own.dev", "--in-tree", flag);

    expect([ran.status, ran.stderr]).toEqual([2, expect.stringContaining("error (flags-conflict)")]);
  });

  it("is refused where the API server has no migrator, with the way out", async () => {
    const without = await startApiServer({
      apiServerArgs: ["--runtime-config=storagemigration.k8s.io/v1beta1=false", "--feature-gates=StorageVersionMigrator=false"],
    });
    try {
      await gearsOn(without).due("pins", 1);

      const ran = await gearsOn(without).migrate("pins.own.dev", "--in-tree");

      expect([ran.status, ran.stderr]).toEqual([1, expect.stringMatching(/error \(in-tree-missing\): .*without --in-tree/)]);
    } finally {
      await without.stop();
    }
  });
});

describe("--clean-managed-fields", () => {
  async function apply(plural: string, name: string, version: string, size: number) {
    const body = { apiVersion: `own.dev/${version}`, kind: kindOf(plural), metadata: { name }, spec: { size } };
    return api.request("PATCH", `${gears.pathOf(plural, version)}/${name}?fieldManager=team`, {
      contentType: "application/apply-patch+yaml",
      body,
    });
  }

  interface Entry {
    readonly manager: string;
    readonly apiVersion: string;
  }

  async function entries(plural: string, name: string): Promise<readonly Entry[]> {
    const { body } = await api.request("GET", `${gears.pathOf(plural)}/${name}`);
    return (body as { readonly metadata: { readonly managedFields: readonly Entry[] } }).metadata.managedFields;
  }

  async function dropOldVersion(plural: string): Promise<void> {
    await gears.define({ plural, storage: "v1", versions: { v1: true } });
    await eventually("v1alpha1 is gone", async () => (await api.request("GET", gears.pathOf(plural, "v1alpha1"))).status === 404);
  }

  it("without it, a server-side apply fails once the old version is gone", async () => {
    await gears.define({ plural: "cams", storage: "v1alpha1" });
    expect((await apply("cams", "applied", "v1alpha1", 1)).status).toBe(201);
    await gears.flip({ plural: "cams", storage: "v1" });

    expect(await gears.migrate("cams.own.dev")).toMatchObject({ status: 0 });
    expect(await entries("cams", "applied")).toMatchObject([{ manager: "team", apiVersion: "own.dev/v1alpha1" }]);
    await dropOldVersion("cams");

    // The handlers of the definition of before live on for a moment.
    await eventually("an apply fails", async () => {
      const { status, body } = await apply("cams", "applied", "v1", Math.random());
      expect([status, (body as { readonly message: string }).message]).toEqual([
        500,
        "request to convert CR to an invalid group/version: own.dev/v1alpha1",
      ]);
    });
  });

  it("with it, applies go on: entries of dead versions are gone, those of others stay, and none is left without one", async () => {
    await gears.define({ plural: "belts", storage: "v1alpha1" });
    for (const name of ["applied", "mixed"]) expect((await apply("belts", name, "v1alpha1", 1)).status).toBe(201);
    await gears.create("belts", "made");
    await gears.flip({ plural: "belts", storage: "v1" });
    await api.request("PATCH", `${gears.pathOf("belts")}/mixed?fieldManager=labeller`, {
      ...MERGE,
      body: { metadata: { labels: { own: "yes" } } },
    });

    const ran = await gears.migrate("belts.own.dev", "--clean-managed-fields");

    expect(ran).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("all 3 objects are stored in v1 (3 rewritten without managedFields of dead versions)"),
    });
    expect(await gears.stored("belts")).toEqual({ v1: 3 });
    for (const name of ["applied", "made"]) {
      expect(await entries("belts", name)).toMatchObject([{ manager: "crdguard-migrate", apiVersion: "own.dev/v1" }]);
    }
    expect(await entries("belts", "mixed")).toMatchObject([{ manager: "labeller", apiVersion: "own.dev/v1" }]);
    await dropOldVersion("belts");
    await eventually("the definition of before is forgotten", async () => {
      expect((await apply("belts", "mixed", "v1", Math.random())).status).toBe(200);
      return (await api.request("GET", gears.pathOf("belts", "v1alpha1"))).status === 404;
    });
    const owned = await apply("belts", "applied", "v1", 2);
    expect(owned.status).toBe(200);
    expect((await entries("belts", "applied")).map(({ manager }) => manager).toSorted()).toEqual(["crdguard-migrate", "team"]);
    expect(await gears.migrate("belts.own.dev", "--clean-managed-fields")).toMatchObject({
      status: 0,
      stdout: "belts.own.dev: all 3 objects are stored in v1 (3 proven before)\n",
    });
  });

  function kindOf(plural: string): string {
    return `${plural[0]?.toUpperCase() ?? ""}${plural.slice(1, -1)}`;
  }
});

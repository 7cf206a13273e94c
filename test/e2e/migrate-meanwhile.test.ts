/** `crdguard migrate` while others change things, and while it is interrupted, on a real API server. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
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

async function patch(plural: string, name: string, body: unknown): Promise<unknown> {
  return api.request("PATCH", `${gears.pathOf(plural)}/${name}`, { ...MERGE, body });
}

describe("what happens meanwhile", () => {
  it("a changed CRD stops it, before anything is pruned", async () => {
    await gears.due("cams", 60);
    const running = startCrdguard(["migrate", "cams.own.dev", "--settle-seconds", "0", "--max-per-second", "20"], {
      KUBECONFIG: api.kubeconfigPath,
    });
    await eventually("some are rewritten", async () => ((await gears.stored("cams"))["v1"] ?? 0) > 5);
    const change = { spec: { names: { categories: ["changed"] } } };
    await api.request("PATCH", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cams.own.dev", {
      ...MERGE,
      body: change,
    });

    const ran = await running.ended;

    expect(ran).toMatchObject({ status: 1 });
    expect(ran.stdout).toContain("cams.own.dev: stopped, since its spec was changed meanwhile; nothing is pruned");
    expect(await gears.storedVersions("cams")).toEqual(["v1alpha1", "v1"]);
    // The storage version is the same, and one change lies between: what was proven stays so.
    const again = await gears.migrate("cams.own.dev");
    expect(again.status).toBe(0);
    expect(again.stdout).toMatch(/all 60 objects are stored in v1 \((?:\d+ rewritten, )?\d+ proven before\)/);
    expect(await gears.stored("cams")).toEqual({ v1: 60 });
  });

  it("a second writer who updates, deletes and makes objects all the time is no obstacle", async () => {
    await gears.due("belts", 120);
    let isOver = false;
    let writes = 0;
    const storm = Array.from({ length: 4 }, async (_, writer) => {
      for (let at = writer; !isOver; at = (at + 7) % 120) {
        const name = `g${String(at).padStart(5, "0")}`;
        if (writer === 3) {
          await api.request("DELETE", `${gears.pathOf("belts")}/${name}`);
          await gears.create("belts", name);
        } else {
          await patch("belts", name, { spec: { size: writes } });
        }
        writes += 1;
      }
    });

    const ran = await gears.migrate("belts.own.dev", "--max-per-second", "60");
    isOver = true;
    await Promise.all(storm);

    expect([ran.status, ran.stderr]).toEqual([0, expect.stringContaining("belts.own.dev: objects newer than")]);
    expect(writes).toBeGreaterThan(100);
    expect(await gears.stored("belts")).toEqual({ v1: 120 });
    expect(await gears.storedVersions("belts")).toEqual(["v1"]);
  });

  it("Ctrl-C ends it in order, with status 3; the next run writes what is left, and no more", async () => {
    await gears.due("gears", 100);
    const running = startCrdguard(["migrate", "gears.own.dev", "--settle-seconds", "0", "--max-per-second", "40"], {
      KUBECONFIG: api.kubeconfigPath,
    });
    await eventually("some are rewritten", async () => ((await gears.stored("gears"))["v1"] ?? 0) > 20);
    running.child.kill("SIGINT");

    const interrupted = await running.ended;
    const left = (await gears.stored("gears"))["v1alpha1"] ?? 0;
    const again = await gears.migrate("gears.own.dev", "-o", "json");

    expect(interrupted).toMatchObject({ status: 3, signal: null });
    expect(interrupted.stderr).toContain("stopping: writes under way end first");
    expect(interrupted.stdout).toMatch(/interrupted after \d+ objects were written; .* crdguard migrate gears\.own\.dev\n$/);
    expect(left).toBeGreaterThan(0);
    const events = again.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    expect(events.map(({ event }) => event)).toEqual(["started", "recorded", "ended"]);
    expect(events[1]).toMatchObject({ keptAs: "annotation", isNew: false });
    expect(events[2]).toMatchObject({
      outcome: "done",
      objects: { total: 100, rewritten: left, touched: 0, proven: 100 - left, refused: 0 },
      pruned: { before: ["v1alpha1", "v1"], after: ["v1"] },
    });
    expect(await gears.stored("gears")).toEqual({ v1: 100 });
  });
});

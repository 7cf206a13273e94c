/** `crdguard migrate` killed again and again, on a real API server. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { gearsOn, startCrdguard } from "./support/gears.ts";

let api: ApiServer;
let gears: ReturnType<typeof gearsOn>;

beforeAll(async () => {
  api = await startApiServer();
  gears = gearsOn(api);
});

afterAll(async () => {
  await api.stop();
});

/** Any seed shows the same; a failure can be repeated by the one that is printed. */
const SEED = Number(process.env["CRDGUARD_SEED"] ?? Date.now() % 1_000_000);
const KILLS = 20;

/** Mulberry32: enough to spread kills. In [0, 1). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("kill -9", () => {
  it(`at ${String(KILLS)} random points loses nothing, and the last run ends proven (seed ${String(SEED)})`, async () => {
    const random = chance(SEED);
    await gears.due("pistons", 220);
    // Stored in the storage version already, before there is a record: these are touched, in two writes.
    await gears.createMany("pistons", 60, "kube-public");
    const env = { KUBECONFIG: api.kubeconfigPath };
    const killedAt: number[] = [];
    while (killedAt.length < KILLS) {
      const running = startCrdguard(["migrate", "pistons.own.dev", "--settle-seconds", "0", "--max-per-second", "40"], env);
      const gone = running.ended.then(() => "gone" as const);
      // Half of them somewhere in the start, before and after the record is taken; half in the midst of writes.
      if (random() < 0.5) await eventually("it has begun", () => running.stderr().includes("objects newer than"));
      const pause = new Promise<"waited">((resolve) => setTimeout(resolve, random() * 900, "waited"));
      const first = await Promise.race([pause, gone]);
      running.child.kill("SIGKILL");
      await running.ended;
      killedAt.push((await gears.stored("pistons"))["v1"] ?? 0);
      if (first === "gone") break;
    }

    const last = await gears.migrate("pistons.own.dev", "--max-per-second", "0");

    expect(last.status, `${last.stderr}\nkilled at ${killedAt.join(", ")}`).toBe(0);
    expect(killedAt).toHaveLength(KILLS);
    // No run undid what another did.
    expect(killedAt).toEqual(killedAt.toSorted((left, right) => left - right));
    expect(await gears.stored("pistons")).toEqual({ v1: 280 });
    expect(await gears.storedVersions("pistons")).toEqual(["v1"]);
    const all = await api.storedObjects("/registry/own.dev/pistons");
    expect(all.filter((object) => JSON.stringify(object).includes("migration-touch"))).toEqual([]);
    expect(all.filter((object) => !JSON.stringify(object).includes('"spec":{"size":1}'))).toEqual([]);
  });

  it("of the API server is waited for", async () => {
    await gears.due("valves", 60);
    const args = ["migrate", "valves.own.dev", "--settle-seconds", "0", "--max-per-second", "40"];
    const running = startCrdguard(args, { KUBECONFIG: api.kubeconfigPath });
    await eventually("some are rewritten", async () => ((await gears.stored("valves"))["v1"] ?? 0) > 10);
    await api.kill9();
    await api.restart();

    const ran = await running.ended;

    expect([ran.status, ran.stdout]).toEqual([0, expect.stringContaining("all 60 objects are stored in v1")]);
    expect(await gears.stored("valves")).toEqual({ v1: 60 });
  });
});

import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { ApiClient, ApiRequest, ApiResult, WatchRequest } from "../../../src/cluster/live/api-client.ts";
import type { Timing } from "../../../src/cluster/live/timing.ts";
import { createKeeper, type Keeper } from "../../../src/operator/keeper.ts";
import type { KeptObject, LiveObject, Mending } from "../../../src/operator/kept-object.ts";

const PATH = "/apis/own.dev/v1/things/kept";

let running: Keeper | null = null;

afterEach(() => {
  running?.stop();
});

describe("the keeper", () => {
  it("makes what is not there: the whole under one manager, what is ours under another, and then the defaults alone", async () => {
    const world = await start({ live: null, mend: (live) => (live === null ? CREATE : NONE) });

    expect(world.writes()).toEqual([
      { fieldManager: "crdguard-defaults", body: WHOLE },
      { fieldManager: "crdguard", force: true, body: OWN },
      {
        fieldManager: "crdguard-defaults",
        body: { apiVersion: "own.dev/v1", kind: "Thing", metadata: { name: "kept" }, spec: { theirs: 1 } },
      },
    ]);
    expect(world.told).toContain("created");
  });

  it("lets be what somebody else has made in the same moment", async () => {
    const world = await start({ live: null, mend: (live) => (live === null ? CREATE : NONE), refuse: conflict });

    const made = world.writes();
    expect(made.every(({ fieldManager, body }) => fieldManager === "crdguard-defaults" && body === WHOLE)).toBe(true);
    world.send("ADDED", { spec: { ours: 1, theirs: 9 } });
    await world.after(60_000);
    expect(world.writes()).toEqual(made);
    expect(world.told.at(-1)).toBe("in order: true");
    expect(world.told.filter((line) => !line.startsWith("in order"))).toEqual([]);
  });

  it("puts right what differs by what is ours alone, and says what and by whom it was changed", async () => {
    const world = await start({ live: { spec: { ours: 1 } }, mend: mendOurs });
    expect(world.writes()).toEqual([]);

    world.send("MODIFIED", {
      spec: { ours: 2 },
      metadata: { managedFields: [written("alice", "09:00"), written("bob", "10:00"), written("crdguard", "11:00")] },
    });
    await world.after(1_000);

    expect(world.writes()).toEqual([{ fieldManager: "crdguard", force: true, body: OWN }]);
    expect(world.told).toContain("repaired spec.ours, changed by bob");
    expect(world.told.at(-1)).toBe("in order: true");
  });

  it("does so within a second of a deletion", async () => {
    const world = await start({ live: { spec: { ours: 1 } }, mend: (live) => (live === null ? CREATE : mendOurs(live)) });
    world.send("DELETED", { spec: { ours: 1 } });
    await world.after(1_000);

    expect(world.writes()).toHaveLength(3);
  });

  it("reads the object itself every half minute, as a dead watch tells nothing", async () => {
    const world = await start({ live: { spec: { ours: 1 } }, mend: mendOurs });
    world.changeUnseen({ spec: { ours: 3 } });
    await world.after(28_000);
    expect(world.writes()).toEqual([]);

    await world.after(3_000);
    expect(world.writes()).toHaveLength(1);
  });

  it("looks again when an input has changed, and tells that apart from drift", async () => {
    let wanted = 1;
    const world = await start({
      live: { spec: { ours: 1 } },
      mend: (live) =>
        oursOf(live) === wanted
          ? NONE
          : { kind: "apply", own: { ...OWN, spec: { ours: wanted } }, drifted: [], moved: ["spec.ours"] },
    });
    wanted = 2;
    await world.after(20_000);
    expect(world.writes()).toEqual([]);

    world.keeper.poke();
    await world.after(1_000);
    expect(world.writes()).toHaveLength(1);
    expect(world.told).toContain("moved spec.ours");
    expect(world.told.filter((line) => line.startsWith("repaired"))).toEqual([]);
  });

  it("writes nothing unless it leads, and looks as soon as it does", async () => {
    let isLeader = false;
    const world = await start({ live: { spec: { ours: 2 } }, mend: mendOurs, isLeader: () => isLeader });
    await world.after(60_000);
    expect(world.writes()).toEqual([]);
    expect(world.keeper.live(world.object)).toMatchObject({ spec: { ours: 2 } });

    isLeader = true;
    await world.after(1_000);
    expect(world.writes()).toHaveLength(1);
  });

  it("does not follow somebody who always changes it back, and says so", async () => {
    const world = await start({ live: { spec: { ours: 1 } }, mend: mendOurs });
    world.changeBack({ spec: { ours: 2 }, metadata: { managedFields: [written("argocd", "10:00")] } });
    world.send("MODIFIED", { spec: { ours: 2 }, metadata: { managedFields: [written("argocd", "10:00")] } });
    await world.after(600_000);

    // After 5 s, 10 s, 20 s … from each other; a loop would have made thousands.
    expect(world.writes().length).toBeGreaterThan(5);
    expect(world.writes().length).toBeLessThan(9);
    expect(world.told.some((line) => /^contested spec\.ours by argocd, \d+ s$/.test(line))).toBe(true);
  });

  it("does not follow somebody who changes it in turns either", async () => {
    let turn = 0;
    const mend = (live: LiveObject | null): Mending =>
      oursOf(live) === 1 ? NONE : { kind: "apply", own: OWN, drifted: [`spec.ours=${String(oursOf(live))}`] };
    const world = await start({ live: { spec: { ours: 1 } }, mend });
    world.changeBack(() => ({ spec: { ours: 2 + (turn++ % 2) } }));
    world.send("MODIFIED", { spec: { ours: 2 } });
    await world.after(100_000);

    expect(world.writes().length).toBeGreaterThan(10);
    expect(world.writes().length).toBeLessThanOrEqual(22);
  });

  it("backs off from an API server that refuses, and tells a refusal once", async () => {
    const forbidden = { ok: false, error: { code: "forbidden", status: 403, message: "may not" } } as const;
    const world = await start({ live: { spec: { ours: 2 } }, mend: mendOurs, refuse: () => forbidden });
    await world.after(120_000);

    expect(world.writes().length).toBeLessThan(20);
    expect(world.told.filter((line) => line === "failed may not")).toHaveLength(1);
  });

  it("waits as long as it is told to, and tells the reason once", async () => {
    const world = await start({ live: null, mend: () => ({ kind: "wait", reason: "not ready" }) });
    await world.after(120_000);

    expect(world.told.filter((line) => line === "waiting not ready")).toHaveLength(1);
    expect(world.writes()).toEqual([]);
  });

  it("goes on after a defect", async () => {
    let isBroken = true;
    const world = await start({
      live: { spec: { ours: 2 } },
      mend(live) {
        if (isBroken) throw new Error("a defect");
        return mendOurs(live);
      },
    });
    expect(world.told).toContain("broken a defect");
    isBroken = false;
    world.keeper.poke();
    await world.after(1_000);

    expect(world.writes()).toHaveLength(1);
  });

  it("makes a JSON Patch first, and defaults last, where it is told to", async () => {
    const first = [{ op: "remove", path: "/spec/other" }];
    const world = await start({
      live: { spec: { ours: 2 } },
      mend: (live) => (oursOf(live) === 1 ? NONE : { kind: "apply", first, own: OWN, drifted: ["spec.ours"], defaults: WHOLE }),
    });

    expect(world.writes()).toEqual([
      { fieldManager: "crdguard", body: first },
      { fieldManager: "crdguard", force: true, body: OWN },
      { fieldManager: "crdguard-defaults", body: WHOLE },
    ]);
  });
});

const OWN: LiveObject = { apiVersion: "own.dev/v1", kind: "Thing", metadata: { name: "kept" }, spec: { ours: 1 } };
const WHOLE: LiveObject = { ...OWN, spec: { ours: 1, theirs: 1 } };
const CREATE: Mending = { kind: "create", whole: WHOLE, own: OWN };
const NONE: Mending = { kind: "none" };

function oursOf(live: LiveObject | null): number {
  return (live?.["spec"] as { ours?: number } | undefined)?.ours ?? 0;
}

function mendOurs(live: LiveObject | null): Mending {
  return oursOf(live) === 1 ? NONE : { kind: "apply", own: OWN, drifted: ["spec.ours"] };
}

function written(manager: string, at: string): unknown {
  return { manager, operation: "Update", time: `2026-05-06T${at}:00Z` };
}

function conflict(): ApiResult {
  return { ok: false, error: { code: "conflict", status: 409, message: "conflict with somebody" } };
}

interface Start {
  readonly live: LiveObject | null;
  readonly mend: (live: LiveObject | null) => Mending;
  readonly isLeader?: () => boolean;
  /** Answers every write. */
  readonly refuse?: () => ApiResult;
}

async function start({ live, mend, isLeader = () => true, refuse }: Start) {
  let version = 1;
  let stored = live === null ? null : stamped(live);
  let changeBack: (() => LiveObject) | null = null;
  const requests: ApiRequest[] = [];
  const told: string[] = [];
  let watch: WatchRequest | null = null;
  const timing = createTiming();

  function stamped(object: LiveObject): LiveObject {
    version += 1;
    const metadata = { ...(object["metadata"] as object | undefined), name: "kept", resourceVersion: String(version) };
    return { ...object, metadata };
  }

  function send(type: string, object: LiveObject): void {
    stored = type === "DELETED" ? null : stamped(object);
    watch?.onEvent({ type, object: stored ?? stamped(object) });
  }

  const client: Pick<ApiClient, "request" | "watch"> = {
    async request(request) {
      requests.push(request);
      if (request.method === "GET" && request.path === PATH) {
        return stored === null ? NOT_FOUND : { ok: true, status: 200, body: stored };
      }
      if (request.method === "GET") {
        const items = stored === null ? [] : [stored];
        return { ok: true, status: 200, body: { metadata: { resourceVersion: String(version) }, items } };
      }
      if (refuse !== undefined) return refuse();
      if (Array.isArray(request.body)) return { ok: true, status: 200, body: stored };
      const body = request.body as LiveObject;
      const spec = { ...(stored?.["spec"] as object | undefined), ...(body["spec"] as object | undefined) };
      stored = stamped({ ...body, metadata: {}, spec });
      const answer = stored;
      watch?.onEvent({ type: "MODIFIED", object: answer });
      if (changeBack !== null) send("MODIFIED", changeBack());
      return { ok: true, status: 200, body: answer };
    },
    watch(request) {
      watch = request;
      request.onOpen?.();
      return new Promise((resolve) => {
        request.signal?.addEventListener("abort", () => {
          resolve({ ok: true });
        });
      });
    },
  };
  const object: KeptObject = { kind: "Thing", name: "kept", resource: "things", collectionPath: "/apis/own.dev/v1/things", mend };
  const keeper = createKeeper({
    client,
    leadership: { isLeader },
    objects: [object],
    timing,
    observer: {
      judged: (_, isInOrder) => told.push(`in order: ${String(isInOrder)}`),
      waiting: (_, reason) => told.push(`waiting ${reason}`),
      created: () => told.push("created"),
      moved: (_, __, fields) => told.push(`moved ${fields.join()}`),
      repaired: (_, __, { fields, changedBy }) => told.push(`repaired ${fields.join()}, changed by ${String(changedBy)}`),
      contested: (_, __, { fields, changedBy }, pause) =>
        told.push(`contested ${fields.join()} by ${String(changedBy)}, ${String(Math.round(pause / 1_000))} s`),
      failed: (_, { message }) => told.push(`failed ${message}`),
      unreadable: (_, { message }) => told.push(`unreadable ${message}`),
      watchRestarted: () => undefined,
      broken: (error) => told.push(`broken ${error instanceof Error ? error.message : String(error)}`),
    },
  });
  running = keeper;
  keeper.start();
  const world = {
    keeper,
    object,
    told,
    send,
    after: (milliseconds: number) => timing.advance(milliseconds),
    changeUnseen(next: LiveObject) {
      stored = stamped(next);
    },
    changeBack(next: LiveObject | (() => LiveObject)) {
      changeBack = typeof next === "function" ? next : () => next;
    },
    writes: () =>
      requests
        .filter(({ method }) => method === "PATCH")
        .map(({ query, body }) => ({
          fieldManager: query?.["fieldManager"],
          ...(query?.["force"] === undefined ? {} : { force: query["force"] }),
          body,
        })),
  };
  await world.after(1_000);
  return world;
}

const NOT_FOUND: ApiResult = { ok: false, error: { code: "not-found", status: 404, message: "no such thing" } };

/** Time goes on only when it is told to; whoever sleeps is woken in order. */
function createTiming(): Timing & { advance(milliseconds: number): Promise<void> } {
  let now = 0;
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  return {
    now: () => now,
    random: () => 0.5,
    sleep: (milliseconds, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) {
          resolve();
          return;
        }
        sleepers.push({ at: now + milliseconds, wake: resolve });
        signal.addEventListener("abort", () => {
          resolve();
        });
      }),
    async advance(milliseconds) {
      const until = now + milliseconds;
      for (;;) {
        for (let turn = 0; turn < 5; turn += 1) await nextTurn();
        const next = Math.min(...sleepers.map(({ at }) => at));
        if (next > until) break;
        now = Math.max(now, next);
        const due = sleepers.filter(({ at }) => at <= now);
        sleepers = sleepers.filter(({ at }) => at > now);
        for (const { wake } of due) wake();
      }
      now = until;
    },
  };
}

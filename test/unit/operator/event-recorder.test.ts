import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { ApiErrorCode, ApiRequest, ApiResult } from "../../../src/cluster/live/api-client.ts";
import type { ClusterEvent } from "../../../src/operator/cluster-event.ts";
import { createEventRecorder, type RunningEventRecorder } from "../../../src/operator/event-recorder.ts";

const NOW = "2026-05-06T07:08:09.123000Z";
const EVENTS = "/apis/events.k8s.io/v1/namespaces/default/events";

const denied: ClusterEvent = {
  regarding: { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name: "gears.own.dev", uid: "uid-1" },
  type: "Warning",
  reason: "UpgradeDenied",
  action: "DenyUpdate",
  note: "UPDATE by alice denied",
};

let running: RunningEventRecorder | null = null;

afterEach(async () => {
  await running?.stop();
});

describe("the event recorder", () => {
  it("writes an Event of a cluster-scoped object into the namespace default", async () => {
    const world = start();
    world.recorder.record(denied);
    await world.settled();

    expect(world.requests).toEqual([
      {
        method: "POST",
        path: EVENTS,
        query: { fieldManager: "crdguard" },
        body: {
          apiVersion: "events.k8s.io/v1",
          kind: "Event",
          metadata: { namespace: "default", name: expect.stringMatching(/^gears\.own\.dev\.[0-9a-f]{16}$/) },
          eventTime: NOW,
          type: "Warning",
          reason: "UpgradeDenied",
          action: "DenyUpdate",
          regarding: denied.regarding,
          note: "UPDATE by alice denied",
          reportingController: "crdguard.dev/crdguard",
          reportingInstance: "crdguard-0",
        },
        signal: expect.any(AbortSignal) as unknown,
      },
    ]);
    expect(world.counts).toEqual(["UpgradeDenied written"]);
  });

  it("looks up a uid that is missing, and goes without one that is not known", async () => {
    const world = start({ uidOf: ({ name }) => (name === "gears.own.dev" ? "uid-9" : null) });
    const { uid: _, ...regarding } = denied.regarding;
    world.recorder.record({ ...denied, regarding });
    world.recorder.record({ ...denied, regarding: { ...regarding, name: "cogs.own.dev" } });
    await world.settled();

    expect(world.requests.map(({ body }) => (body as { regarding: unknown }).regarding)).toEqual([
      { ...regarding, uid: "uid-9" },
      { ...regarding, name: "cogs.own.dev" },
    ]);
  });

  it("continues what is there as a series, whoever wrote it, over what it has seen", async () => {
    const world = start();
    world.recorder.record(denied);
    await world.settled();
    for (const [, event] of world.stored) event.series = { count: 4 };
    const restarted = start({ stored: world.stored });
    restarted.recorder.record(denied);
    await restarted.settled();

    expect([...world.stored]).toHaveLength(1);
    expect(restarted.requests.map(({ method, contentType, body }) => [method, contentType, body]).slice(1)).toEqual([
      ["PATCH", "application/merge-patch+json", {}],
      [
        "PATCH",
        "application/merge-patch+json",
        { metadata: { resourceVersion: "1" }, series: { count: 5, lastObservedTime: NOW } },
      ],
    ]);
    expect(restarted.counts).toEqual(["UpgradeDenied repeated"]);
  });

  it("loses no count to another replica that continues the same series at the same moment", async () => {
    const stored: Stored = new Map();
    const replicas = [start({ stored }), start({ stored })];
    for (let index = 0; index < 10; index += 1) {
      for (const { recorder } of replicas) recorder.record(denied);
      await Promise.all(replicas.map(async (replica) => replica.settled()));
    }

    expect([...stored.values()].map(({ series }) => series?.count)).toEqual([20]);
    expect(replicas.flatMap(({ counts }) => counts).filter((count) => count.endsWith("written"))).toHaveLength(1);
  });

  it("makes one request of what repeats at once", async () => {
    const world = start();
    for (let index = 0; index < 3; index += 1) world.recorder.record(denied);
    await world.settled();

    expect(world.requests).toHaveLength(1);
    expect(world.requests[0]?.body).toMatchObject({ series: { count: 3, lastObservedTime: NOW } });
    expect(world.counts).toEqual(["UpgradeDenied written", "UpgradeDenied repeated", "UpgradeDenied repeated"]);
  });

  it("writes 25 of one object, then one in five minutes, and goes on with other objects", async () => {
    const world = start();
    const recordOne = async (note: string, name = "gears.own.dev"): Promise<void> => {
      world.recorder.record({ ...denied, note, regarding: { ...denied.regarding, name } });
      await world.settled();
    };
    for (let index = 0; index < 30; index += 1) await recordOne(`note ${String(index)}`);
    expect(world.stored.size).toBe(25);
    expect(world.counts.slice(25)).toEqual(Array(5).fill("UpgradeDenied dropped"));

    await recordOne("of another", "cogs.own.dev");
    expect(world.stored.size).toBe(26);
    world.clock.milliseconds += 299_000;
    await recordOne("too early");
    expect(world.stored.size).toBe(26);
    world.clock.milliseconds += 1_000;
    await recordOne("in time");
    await recordOne("too many");
    expect(world.stored.size).toBe(27);
  });

  it("keeps a thousand at most, so that an API server that is away costs no memory", async () => {
    const world = start({ failure: "unreachable" });
    for (let index = 0; index < 1_500; index += 1) {
      world.recorder.record({ ...denied, regarding: { ...denied.regarding, name: `crd-${String(index)}.own.dev` } });
    }
    await nextTurn();

    expect(world.counts).toEqual(Array(500).fill("UpgradeDenied dropped"));
  });

  it("tries again while the API server is in trouble, then gives up, and says so once", async () => {
    const world = start({ failure: "server-error" });
    world.recorder.record(denied);
    await world.settled();

    expect(world.requests).toHaveLength(12);
    expect(world.counts).toEqual(["UpgradeDenied failed"]);
    expect(world.refusals).toEqual(["server-error: no"]);
  });

  it("does not try again what is forbidden, and says so once, until it has been allowed in between", async () => {
    const world = start({ failure: "forbidden" });
    const recordOne = async (note: string): Promise<void> => {
      world.recorder.record({ ...denied, note });
      await world.settled();
    };
    await recordOne("first");
    await recordOne("second");
    expect(world.requests).toHaveLength(2);
    expect(world.refusals).toEqual(["forbidden: no"]);

    world.failure.code = null;
    await recordOne("third");
    world.failure.code = "forbidden";
    await recordOne("fourth");
    expect(world.refusals).toEqual(["forbidden: no", "forbidden: no"]);
    expect(world.counts).toEqual([
      "UpgradeDenied failed",
      "UpgradeDenied failed",
      "UpgradeDenied written",
      "UpgradeDenied failed",
    ]);
  });

  it("never throws, whatever it is given", async () => {
    const world = start({
      uidOf() {
        throw new Error("hunter2");
      },
    });
    const { uid: _, ...regarding } = denied.regarding;
    world.recorder.record({ ...denied, regarding });
    await world.settled();

    expect(world.broken).toHaveLength(1);
  });

  it("stays within what the API server takes, in whole characters", async () => {
    const world = start();
    world.recorder.record({
      ...denied,
      note: `line\nbreak ${"\u{1f600}".repeat(400)}`,
      regarding: { ...denied.regarding, name: "g".repeat(253) },
    });
    await world.settled();
    const [event] = world.stored.values();

    expect(event?.note).toMatch(/^line break (?:\u{1f600})+…$/u);
    expect(Buffer.byteLength(event?.note ?? "")).toBeLessThanOrEqual(1_024);
    expect(event?.metadata.name).toHaveLength(253);
  });

  it("writes what is queued when it stops, and takes nothing more", async () => {
    const world = start();
    world.recorder.record(denied);
    await world.recorder.stop();
    world.recorder.record({ ...denied, note: "too late" });
    await world.settled();

    expect(world.counts).toEqual(["UpgradeDenied written", "UpgradeDenied dropped"]);
  });

  it("stops after two seconds though nobody answers", async () => {
    const world = start({ hangs: true });
    world.recorder.record(denied);
    await world.recorder.stop();

    expect(world.sleeps).toEqual([2_000]);
    expect(world.requests[0]?.signal?.aborted).toBe(true);
  });
});

type Stored = Map<
  string,
  {
    readonly metadata: { readonly name: string; resourceVersion: string };
    readonly note: string;
    series?: { readonly count: number };
  }
>;

interface WorldShape {
  readonly stored?: Stored;
  readonly failure?: ApiErrorCode;
  readonly hangs?: boolean;
  readonly uidOf?: (regarding: ClusterEvent["regarding"]) => string | null;
}

/** An API server that holds Events, and a clock that only sleeping moves on. */
function start({ stored = new Map(), failure: code, hangs = false, uidOf }: WorldShape = {}) {
  const requests: ApiRequest[] = [];
  const counts: string[] = [];
  const refusals: string[] = [];
  const broken: unknown[] = [];
  const sleeps: number[] = [];
  const failure: { code: ApiErrorCode | null } = { code: code ?? null };
  const clock = { milliseconds: 0 };
  const refuse = (errorCode: ApiErrorCode): ApiResult => ({
    ok: false,
    error: { code: errorCode, status: null, message: "no" },
  });

  async function request(asked: ApiRequest): Promise<ApiResult> {
    requests.push(asked);
    await nextTurn();
    if (hangs) await new Promise(() => undefined);
    if (failure.code !== null) return refuse(failure.code);
    const body = asked.body as { metadata?: { name?: string; resourceVersion?: string }; series?: { count: number } };
    if (asked.method === "POST") {
      const name = body.metadata?.name ?? "";
      if (stored.has(name)) return refuse("conflict");
      stored.set(name, { note: "", ...body, metadata: { name, resourceVersion: "1" } });
      return { ok: true, status: 201, body: stored.get(name) };
    }
    const event = stored.get(asked.path.slice(EVENTS.length + 1));
    if (event === undefined) return refuse("not-found");
    const seen = body.metadata?.resourceVersion;
    if (seen !== undefined && seen !== event.metadata.resourceVersion) return refuse("conflict");
    if (body.series !== undefined) {
      event.series = body.series;
      event.metadata.resourceVersion = String(Number(event.metadata.resourceVersion) + 1);
    }
    return { ok: true, status: 200, body: structuredClone(event) };
  }

  const recorder = createEventRecorder({
    client: { request },
    instance: "crdguard-0",
    ...(uidOf === undefined ? {} : { uidOf }),
    observer: {
      counted: (reason, result) => counts.push(`${reason} ${result}`),
      refused: (refused, message) => refusals.push(`${refused}: ${message}`),
      broken: (error) => broken.push(error),
    },
    timing: {
      now: () => clock.milliseconds,
      random: () => 0,
      async sleep(milliseconds) {
        sleeps.push(milliseconds);
        for (let turn = 0; turn < 5; turn += 1) await nextTurn();
      },
    },
    clock: () => new Date("2026-05-06T07:08:09.123Z"),
  });
  running = recorder;
  return {
    recorder,
    requests,
    counts,
    refusals,
    broken,
    sleeps,
    failure,
    clock,
    stored,
    async settled() {
      for (let turn = 0; turn < 150; turn += 1) await nextTurn();
    },
  };
}

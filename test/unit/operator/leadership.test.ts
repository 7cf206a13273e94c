/** Electors over one Lease, in a time that the test lets pass. */
import { describe, expect, it, onTestFinished } from "vitest";
import type { ApiClient, ApiRequest, ApiResult } from "../../../src/cluster/live/api-client.ts";
import { isRecord, memberAt } from "../../../src/cluster/live/json.ts";
import type { Timing } from "../../../src/cluster/live/timing.ts";
import { type Leadership, startLeadership } from "../../../src/operator/leadership.ts";

type Lease = Readonly<Record<string, unknown>>;

/** The one Lease, with what the API server does about resource versions. */
class LeaseStore {
  lease: Lease | null = null;
  readonly seen: ApiRequest[] = [];
  private version = 1;

  request(request: ApiRequest): ApiResult {
    this.seen.push(request);
    const { method, body } = request;
    if (method === "POST") {
      if (this.lease !== null) return refused("conflict", 409);
      return this.put(body);
    }
    if (this.lease === null) return refused("not-found", 404);
    if (method === "GET") return { ok: true, status: 200, body: structuredClone(this.lease) };
    if (memberAt(body, "metadata", "resourceVersion") !== memberAt(this.lease, "metadata", "resourceVersion")) {
      return refused("conflict", 409);
    }
    return this.put(body);
  }

  /** As somebody else does, past all electors. */
  edit(change: {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly spec?: Readonly<Record<string, unknown>>;
  }): void {
    const metadata = isRecord(this.lease?.["metadata"]) ? this.lease["metadata"] : { uid: "u1" };
    const spec = isRecord(this.lease?.["spec"]) ? this.lease["spec"] : {};
    this.put({
      ...this.lease,
      metadata: { ...metadata, ...(change.annotations === undefined ? {} : { annotations: change.annotations }) },
      spec: { ...spec, ...change.spec },
    });
  }

  spec(): Readonly<Record<string, unknown>> {
    const spec = this.lease?.["spec"];
    return isRecord(spec) ? spec : {};
  }

  private put(body: unknown): ApiResult {
    this.version += 1;
    const metadata = memberAt(body, "metadata");
    this.lease = {
      ...(isRecord(body) ? body : {}),
      metadata: { uid: "u1", ...(isRecord(metadata) ? metadata : {}), resourceVersion: String(this.version) },
    };
    return { ok: true, status: 200, body: structuredClone(this.lease) };
  }
}

function refused(code: "conflict" | "not-found" | "server-error" | "forbidden", status: number): ApiResult {
  return { ok: false, error: { code, status, message: code } };
}

/** Time passes by `pass` alone; whoever sleeps is woken in order. */
class FakeTime {
  milliseconds = 0;
  /** How far the wall clock is off. */
  wallShift = 0;
  private sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  timing(): Timing {
    return {
      now: () => this.milliseconds,
      random: () => 1,
      sleep: (milliseconds, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) resolve();
          signal.addEventListener("abort", () => resolve(), { once: true });
          this.sleepers.push({ at: this.milliseconds + milliseconds, wake: resolve });
        }),
    };
  }

  date(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.milliseconds + this.wallShift);
  }

  async pass(seconds: number): Promise<void> {
    const end = this.milliseconds + seconds * 1_000;
    await settled();
    for (;;) {
      const next = this.sleepers.toSorted((left, right) => left.at - right.at)[0];
      if (next === undefined || next.at > end) break;
      this.sleepers = this.sleepers.filter((each) => each !== next);
      this.milliseconds = Math.max(this.milliseconds, next.at);
      next.wake();
      await settled();
    }
    this.milliseconds = end;
    await settled();
  }
}

/** Everything that is under way goes as far as it can without time passing. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

interface Elector {
  readonly leadership: Leadership;
  readonly told: readonly string[];
  /** Answers in place of the API server, until it is null again. */
  fault: ApiResult | "hang" | null;
}

function elect(store: LeaseStore, time: FakeTime, replica: string): Elector {
  const told: string[] = [];
  const elector: { fault: ApiResult | "hang" | null } = { fault: null };
  const client: Pick<ApiClient, "request"> = {
    async request(request) {
      await Promise.resolve();
      if (elector.fault === "hang") {
        await new Promise<void>((resolve) => request.signal?.addEventListener("abort", () => resolve(), { once: true }));
        return { ok: false, error: { code: "aborted", status: null, message: "the caller gave up" } };
      }
      return elector.fault ?? store.request(request);
    },
  };
  const leadership = startLeadership({
    client,
    namespace: "crdguard",
    replica,
    timing: time.timing(),
    clock: () => time.date(),
    observer: {
      elected: ({ uid }) => told.push(`elected by ${uid ?? "none"}`),
      lost: (reason) => told.push(`lost: ${reason}`),
      following: (holder) => told.push(`follows ${holder.split("_")[0] ?? ""}`),
      failed: ({ code }) => told.push(`failed: ${code}`),
    },
  });
  onTestFinished(() => {
    elector.fault = null;
    return leadership.stop();
  });
  return Object.assign(elector, { leadership, told });
}

async function two() {
  const [store, time] = [new LeaseStore(), new FakeTime()];
  const one = elect(store, time, "one");
  await time.pass(1);
  const other = elect(store, time, "other");
  await time.pass(3);
  return { store, time, one, other };
}

function leaders(...electors: readonly Elector[]): readonly boolean[] {
  return electors.map(({ leadership }) => leadership.isLeader());
}

const DOWN = refused("server-error", 500);

describe("the leader's Lease", () => {
  it("is taken by the first, whom the other follows, over minutes", async () => {
    const { time, one, other } = await two();
    await time.pass(120);

    expect([leaders(one, other), one.told, other.told]).toEqual([[true, false], ["elected by u1"], ["follows one"]]);
  });

  it("has the form and the times of client-go", async () => {
    const { store } = await two();

    expect(store.spec()).toEqual({
      holderIdentity: expect.stringMatching(/^one_[0-9a-f]{8}$/) as unknown,
      leaseDurationSeconds: 15,
      acquireTime: "2026-01-01T00:00:00.000000Z",
      renewTime: expect.stringMatching(/^2026-01-01T00:00:0[24]\.000000Z$/) as unknown,
      leaseTransitions: 0,
    });
  });

  it("is taken by the other 15 seconds after the last renewal was seen, and not before", async () => {
    const { store, time, one, other } = await two();
    one.fault = DOWN;
    await time.pass(13);
    const early = leaders(one, other);
    await time.pass(5);

    expect([early, leaders(one, other)]).toEqual([
      [false, false],
      [false, true],
    ]);
    expect(store.spec()["leaseTransitions"]).toBe(1);
    expect(one.told).toEqual(["elected by u1", "failed: server-error", "lost: expired"]);
  });

  it.each([
    { title: "answers with errors", fault: DOWN },
    { title: "does not answer", fault: "hang" as const },
  ])("counts for nothing after ten seconds in which the API server $title, before another may take it", async ({ fault }) => {
    const { time, one } = await two();
    one.fault = fault;
    await time.pass(7.9);
    const before = one.leadership.isLeader();
    await time.pass(2.1);

    expect([before, one.leadership.isLeader()]).toEqual([true, false]);
  });

  it("is kept over a failure that is shorter", async () => {
    const { time, one, other } = await two();
    one.fault = DOWN;
    await time.pass(7);
    one.fault = null;
    await time.pass(30);

    expect([leaders(one, other), one.told]).toEqual([
      [true, false],
      ["elected by u1", "failed: server-error"],
    ]);
  });

  it("is given back at exit, so that the other has it within two seconds", async () => {
    const { store, time, one, other } = await two();
    await one.leadership.stop();
    const holder = store.spec()["holderIdentity"];
    await time.pass(2);

    expect([holder, leaders(one, other), one.told.at(-1)]).toEqual(["", [false, true], "lost: stopped"]);
  });

  it("is not given back by one that does not hold it", async () => {
    const { store, other } = await two();
    await other.leadership.stop();

    expect(store.spec()["holderIdentity"]).toMatch(/^one_/);
  });

  it("is not judged by the times that stand in it: a holder whose clock is a year behind keeps it", async () => {
    const { store, time, one, other } = await two();
    for (let second = 0; second < 30; second += 1) {
      store.edit({ spec: { renewTime: "2025-01-01T00:00:00.000000Z", holderIdentity: "third_x", acquireTime: String(second) } });
      await time.pass(1);
    }

    expect(leaders(one, other)).toEqual([false, false]);
    await time.pass(20);
    expect(leaders(one, other).filter(Boolean)).toHaveLength(1);
  });

  it("counts for nothing at once on a machine that slept, and is renewed if nobody has taken it", async () => {
    const { time, one, other } = await two();
    time.wallShift = 60_000;
    const asleep = leaders(one, other);
    await time.pass(2.5);

    expect([asleep, leaders(one, other)]).toEqual([
      [false, false],
      [true, false],
    ]);
  });

  it("that was deleted is made again", async () => {
    const { store, time, one, other } = await two();
    store.lease = null;
    await time.pass(5);

    expect(leaders(one, other).filter(Boolean)).toHaveLength(1);
  });

  it("is held for a minute at most, whatever somebody wrote into it", async () => {
    const [store, time] = [new LeaseStore(), new FakeTime()];
    store.edit({ spec: { holderIdentity: "gone", leaseDurationSeconds: 1_000_000_000 } });
    const one = elect(store, time, "one");
    await time.pass(58);
    const early = leaders(one);
    await time.pass(6);

    expect([early, leaders(one)]).toEqual([[false], [true]]);
  });

  it.each<{ readonly title: string; readonly lease: Lease }>([
    { title: "without a spec", lease: { metadata: { uid: "u1", resourceVersion: "1" } } },
    {
      title: "with members of other kinds",
      lease: { metadata: { uid: "u1", resourceVersion: "1" }, spec: { holderIdentity: 7, leaseDurationSeconds: "x" } },
    },
  ])("$title is free", async ({ lease }) => {
    const [store, time] = [new LeaseStore(), new FakeTime()];
    store.lease = lease;
    const one = elect(store, time, "one");
    await time.pass(1);

    expect(leaders(one)).toEqual([true]);
  });

  it("is left by its holder while crdguard is being uninstalled, is taken by nobody, and is taken again afterwards", async () => {
    const { store, time, one, other } = await two();
    store.edit({ annotations: { "crdguard.dev/uninstalling": "true" } });
    await time.pass(2);
    const marked = [leaders(one, other), store.spec()["holderIdentity"], one.told.at(-1)];
    await time.pass(60);
    const later = leaders(one, other);
    store.edit({ annotations: {} });
    await time.pass(3);

    expect(marked).toEqual([[false, false], "", "lost: uninstalling"]);
    expect(later).toEqual([false, false]);
    expect(leaders(one, other).filter(Boolean)).toHaveLength(1);
  });

  it("tells whoever listens, until they do not", async () => {
    const { time, one } = await two();
    const heard: boolean[] = [];
    const end = one.leadership.onChange(() => heard.push(one.leadership.isLeader()));
    one.fault = DOWN;
    await time.pass(12);
    end();
    one.fault = null;
    await time.pass(30);

    expect(heard).toEqual([false]);
  });

  it("is written only over what was seen: each write has its resource version", async () => {
    const { store, time } = await two();
    await time.pass(20);
    const writes = store.seen.filter(({ method }) => method === "PUT");

    expect(writes.length).toBeGreaterThan(5);
    expect(writes.every(({ body }) => typeof memberAt(body, "metadata", "resourceVersion") === "string")).toBe(true);
  });
});

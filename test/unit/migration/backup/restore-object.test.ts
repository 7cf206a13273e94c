/** Against a client whose answers are written beforehand, on a clock that only sleeping moves. */
import { describe, expect, it } from "vitest";
import type { ApiRequest, ApiResult } from "../../../../src/cluster/live/api-client.ts";
import type { Timing } from "../../../../src/cluster/live/timing.ts";
import { eachAtATime } from "../../../../src/migration/backup/at-a-time.ts";
import { restoreObject, type Restoring } from "../../../../src/migration/backup/restore-object.ts";
import { tryObject } from "../../../../src/migration/backup/try-object.ts";
import { createPace } from "../../../../src/migration/pace.ts";
import { crd } from "../../../support/builders.ts";

const GEAR = crd({ name: "gears.own.dev", served: ["v1"] });
const SECOND = 1_000;

interface Sent {
  readonly at: number;
  readonly method: string;
  readonly name: string;
  readonly isDry: boolean;
}

/** Time passes while all sleep, to whoever wakes first. */
function createClock(): Timing {
  let now = 0;
  const sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  return {
    now: () => now,
    random: () => 0,
    async sleep(milliseconds) {
      const { promise, resolve } = Promise.withResolvers<void>();
      sleepers.push({ until: now + milliseconds, wake: resolve });
      setImmediate(() => {
        sleepers.sort((left, right) => left.until - right.until);
        const first = sleepers.shift();
        if (first === undefined) return;
        now = Math.max(now, first.until);
        first.wake();
      });
      await promise;
    },
  };
}

function restoring(
  answer: (request: Sent) => ApiResult | null,
  maxPerSecond = 0,
): { readonly sent: readonly Sent[]; readonly restoring: Restoring } {
  const timing = createClock();
  const sent: Sent[] = [];
  const client = {
    async request({ method, body, query }: ApiRequest): Promise<ApiResult> {
      const { metadata } = body as ReturnType<typeof gear>;
      const one: Sent = { at: timing.now(), method, name: metadata.name, isDry: query?.["dryRun"] === "All" };
      sent.push(one);
      return Promise.resolve(answer(one) ?? { ok: true, status: 201, body });
    },
  };
  return {
    sent,
    restoring: {
      line: { client, timing, pace: createPace(maxPerSecond, timing), signal: new AbortController().signal },
      crd: GEAR,
      statusVersions: new Set(),
      owners: { find: () => Promise.resolve({ kind: "gone" }) },
      overwrites: false,
      dropsUnknown: false,
    },
  };
}

function gear(name: string) {
  return { apiVersion: "own.dev/v1", kind: GEAR.kind, metadata: { name, namespace: "mill" }, spec: { size: 1 } };
}

function refusal(status: number, code: "too-many-requests" | "invalid", message: string, retryAfterSeconds?: number): ApiResult {
  return { ok: false, error: { code, status, message, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) } };
}

const NAMES = Array.from({ length: 40 }, (_, index) => `g${String(index)}`);

async function restoreAll(own: Restoring): Promise<readonly string[]> {
  const kinds: string[] = [];
  await eachAtATime(NAMES, 8, async (name) => {
    kinds.push((await restoreObject(gear(name), own)).kind);
  });
  return kinds;
}

describe("the pace of a restore", () => {
  it("is no faster than it was told", async () => {
    const { sent, restoring: own } = restoring(() => null, 10);
    const kinds = await restoreAll(own);
    const within = sent.map(({ at }) => sent.filter((other) => other.at >= at && other.at < at + SECOND).length);

    expect(kinds).toEqual(NAMES.map(() => "created"));
    expect(Math.max(...within)).toBeLessThanOrEqual(11);
  });

  it("rests as long as the API server asks for, all of it, and then creates each object once", async () => {
    const REST = 7 * SECOND;
    let left = 1;
    const { sent, restoring: own } = restoring(({ name }) => {
      if (name !== "g3" || left === 0) return null;
      left -= 1;
      return refusal(429, "too-many-requests", "too many requests, please try again later", 7);
    }, 100);
    const kinds = await restoreAll(own);
    const refusedAt = sent.find(({ name }) => name === "g3")?.at ?? Number.NaN;
    const times = Object.groupBy(sent, ({ name }) => name);

    expect(kinds).toEqual(NAMES.map(() => "created"));
    expect(sent.filter(({ at }) => at > refusedAt && at < refusedAt + REST)).toEqual([]);
    expect(sent.some(({ at }) => at >= refusedAt + REST)).toBe(true);
    expect(NAMES.map((name) => times[name]?.length)).toEqual(NAMES.map((name) => (name === "g3" ? 2 : 1)));
  });

  it("ends, and tells that no other object would fare better, where the API server asks for a rest again and again", async () => {
    const { restoring: own, sent } = restoring(() => refusal(429, "too-many-requests", "too many requests", 1));

    expect(await restoreObject(gear("left"), own)).toMatchObject({ kind: "failed", error: { code: "too-many-requests" } });
    expect(sent).toHaveLength(10);
  });
});

describe("what is tried", () => {
  const WITHOUT_DRY_RUN = 'admission webhook "turn.own.dev" does not support dry run';

  it("is told to be untried where a webhook stands in between that does not support dry run", async () => {
    const { restoring: own, sent } = restoring(({ isDry }) => (isDry ? refusal(400, "invalid", WITHOUT_DRY_RUN) : null));

    expect(await tryObject(gear("left"), own)).toEqual({ kind: "untried", reason: WITHOUT_DRY_RUN });
    expect(sent).toMatchObject([{ method: "POST", isDry: true }]);
    expect(await restoreObject(gear("left"), own)).toMatchObject({ kind: "created" });
  });

  it("is refused where the webhook refuses it", async () => {
    const { restoring: own } = restoring(() =>
      refusal(403, "invalid", 'admission webhook "turn.own.dev" denied the request: no'),
    );

    expect(await tryObject(gear("left"), own)).toMatchObject({
      kind: "refused",
      problems: [{ message: expect.stringContaining("denied the request: no") as unknown }],
    });
  });
});

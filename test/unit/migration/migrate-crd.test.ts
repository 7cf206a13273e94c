import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ApiRequest } from "../../../src/cluster/live/api-client.ts";
import { type Migrated, migrateCrd, type Migration, type MigrationEvent } from "../../../src/migration/migrate-crd.ts";
import { TOUCH_ANNOTATION } from "../../../src/migration/rewrite-object.ts";
import { type HeldObjects, holdObjects } from "./held-objects.ts";

function isWriteOf(...names: readonly string[]) {
  return ({ method, path }: ApiRequest): boolean => method === "PATCH" && names.some((name) => path.endsWith(`/gears/${name}`));
}

const isWrite = ({ method, path }: ApiRequest): boolean => method === "PATCH" && path.includes("/gears/");

async function run(
  held: HeldObjects,
  choice: Partial<Migration> = {},
): Promise<{ readonly ended: Migrated; readonly events: readonly MigrationEvent["kind"][] }> {
  const events: MigrationEvent["kind"][] = [];
  const ended = await migrateCrd({
    client: held.client,
    crdName: "gears.own.dev",
    namespace: null,
    concurrency: 8,
    maxPerSecond: 0,
    settleMilliseconds: 0,
    cleansManagedFields: false,
    dryRun: "none",
    timing: held.timing,
    signal: new AbortController().signal,
    told: ({ kind }) => events.push(kind),
    ...choice,
  });
  return { ended, events };
}

function storedInOld(held: HeldObjects): number {
  return [...held.objects.values()].filter(({ storedIn }) => storedIn !== "v1").length;
}

describe("migrateCrd", () => {
  it("writes each object once, so many at a time, and looks again before it prunes", async () => {
    const held = holdObjects(1_200);

    const { ended } = await run(held);

    expect(ended).toMatchObject({ kind: "done", tally: { total: 1_200, rewritten: 1_200, refusedCount: 0 } });
    expect(storedInOld(held)).toBe(0);
    expect(held.storedVersions()).toEqual(["v1"]);
    // A record is read by one list, and each of two passes takes four pages.
    expect(held.seen).toEqual({ mostWrites: 8, writes: 1_200, lists: 9 });
  });

  it("reads no more than one page ahead of what is written", async () => {
    const held = holdObjects(5_000);
    let furthest = 0;
    const { request } = held.client;
    const client = {
      ...held.client,
      request: async (asked: ApiRequest) => {
        if (asked.path.endsWith("/gears") && storedInOld(held) > 0) {
          furthest = Math.max(furthest, Number(asked.query?.["continue"] ?? 0) - (5_000 - storedInOld(held)));
        }
        return request(asked);
      },
    };

    await run(held, { client });

    expect(furthest).toBeLessThanOrEqual(500 + 8);
  });

  it("goes on after an expired continue token, without writing anything twice", async () => {
    const held = holdObjects(1_200);
    held.answer(({ query }) => query?.["continue"] === "1000", { status: 410 }, 1);

    const { ended } = await run(held);

    expect(ended).toMatchObject({ kind: "done", tally: { rewritten: 1_200 } });
    expect(held.seen.writes).toBe(1_200);
  });

  it("gives up on a list that expires again and again", async () => {
    const held = holdObjects(1_200);
    held.answer(({ query }) => query?.["continue"] !== undefined, { status: 410 });

    expect((await run(held)).ended).toMatchObject({ kind: "failed", what: "list", error: { code: "gone" } });
    expect(held.storedVersions()).toEqual(["v1alpha1", "v1"]);
  });

  it("rests for as long as the API server asks", async () => {
    const held = holdObjects(20);
    held.answer(isWriteOf("g000003"), { status: 429, retryAfter: "7" }, 2);

    expect((await run(held)).ended).toMatchObject({ kind: "done", tally: { rewritten: 20 } });
    expect(held.timing.slept.filter((milliseconds) => milliseconds === 7_000).length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    { title: "a connection that is lost", answer: "no answer" },
    { title: "an API server that is not ready", answer: { status: 503 } },
    { title: "a webhook that does not answer for a moment", answer: { status: 500, message: "failed calling webhook" } },
  ] as const)("tries again after $title", async ({ answer }) => {
    const held = holdObjects(20);
    held.answer(isWrite, answer, 2);

    expect((await run(held)).ended).toMatchObject({ kind: "done" });
    expect(storedInOld(held)).toBe(0);
  });

  it("stops where the API server stays away, and prunes nothing", async () => {
    const held = holdObjects(20);
    held.answer(isWrite, "no answer");

    expect((await run(held)).ended).toMatchObject({ kind: "failed", what: "write", error: { code: "unreachable" } });
    // Ten attempts of each of those that were under way.
    expect(held.seen.writes).toBeLessThanOrEqual(80);
    expect(held.storedVersions()).toEqual(["v1alpha1", "v1"]);
  });

  it.each([403, 422, 400, 405, 500])("lists what is refused by a %i, writes all others, and prunes nothing", async (status) => {
    const held = holdObjects(20);
    held.answer(isWriteOf("g000003", "g000012"), { status, message: "not this one" });

    const { ended } = await run(held);

    expect(ended).toMatchObject({ kind: "refused", tally: { rewritten: 18, refusedCount: 2 } });
    expect(ended.kind === "refused" ? ended.tally.refused.map(({ object }) => object.name).toSorted() : null).toEqual([
      "g000003",
      "g000012",
    ]);
    expect(held.storedVersions()).toEqual(["v1alpha1", "v1"]);
  });

  it("touches what is stored in the storage version already, and leaves nothing on it", async () => {
    const held = holdObjects(3);
    for (const object of held.objects.values()) object.storedIn = "v1";

    expect((await run(held)).ended).toMatchObject({ kind: "done", tally: { touched: 3, rewritten: 0 } });
    expect([...held.objects.values()].map(({ annotations }) => annotations)).toEqual([{}, {}, {}]);
  });

  it("finishes the touch of an object that it is interrupted at", async () => {
    const held = holdObjects(40);
    for (const object of held.objects.values()) object.storedIn = "v1";
    const interruption = new AbortController();
    const { request } = held.client;
    const client = {
      ...held.client,
      request: (asked: ApiRequest) => {
        if (JSON.stringify(asked.body ?? "").includes(`"${TOUCH_ANNOTATION}":""`)) interruption.abort();
        return request(asked);
      },
    };

    expect((await run(held, { client, signal: interruption.signal })).ended).toMatchObject({ kind: "interrupted" });
    expect([...held.objects.values()].filter(({ annotations }) => TOUCH_ANNOTATION in annotations)).toEqual([]);
  });

  it("stops when the definition changes between two pages", async () => {
    const held = holdObjects(1_200);
    held.answer(isWriteOf("g000700"), { status: 409 }, 1);
    const { request } = held.client;
    let isChanged = false;
    const client = {
      ...held.client,
      request: (asked: ApiRequest) => {
        if (!isChanged && isWriteOf("g000700")(asked)) {
          isChanged = true;
          held.changeDefinition();
        }
        return request(asked);
      },
    };

    expect((await run(held, { client })).ended).toMatchObject({ kind: "changed", change: "its spec was changed" });
    expect(storedInOld(held)).toBeGreaterThan(0);
    expect(held.storedVersions()).toEqual(["v1alpha1", "v1"]);
  });

  it("keeps to the rate, in writes a second", async () => {
    const held = holdObjects(100);

    await run(held, { maxPerSecond: 50 });

    const seconds = held.timing.now() / 1_000;
    expect(seconds).toBeGreaterThan(1.9);
    expect(seconds).toBeLessThan(2.1);
  });

  it("waits for the definition to settle, unless it is known to be old enough", async () => {
    const held = holdObjects(1);

    const { events } = await run(held, { settleMilliseconds: 65_000 });

    expect(events[1]).toBe("settling");
    expect(held.timing.slept).toContain(65_000);
  });

  it("goes on with what is left, whatever it was interrupted at", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 150 }), fc.boolean(), async (at, isStoredSo) => {
        const held = holdObjects(60);
        if (isStoredSo) for (const object of held.objects.values()) object.storedIn = "v1";
        const interruption = new AbortController();
        let asked = 0;
        const { request } = held.client;
        const client = {
          ...held.client,
          request: (each: ApiRequest) => {
            asked += 1;
            if (asked === at) interruption.abort();
            return request(each);
          },
        };
        const first = await run(held, { client, signal: interruption.signal });
        expect(["interrupted", "done"]).toContain(first.ended.kind);

        const again = await run(held);
        expect(["done", "nothing-due"]).toContain(again.ended.kind);
        expect(storedInOld(held)).toBe(0);
        expect(held.storedVersions()).toEqual(["v1"]);
        expect([...held.objects.values()].filter(({ annotations }) => TOUCH_ANNOTATION in annotations)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

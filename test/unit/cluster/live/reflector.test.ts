import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createReflector, type Reflector } from "../../../../src/cluster/live/reflector.ts";
import { memberAt } from "../../../../src/cluster/live/json.ts";
import { createBackoff, type Timing } from "../../../../src/cluster/live/timing.ts";
import { isList, isWatch, type StandIn, type StandInCollection, startStandIn, status } from "./stand-in-api-server.ts";

const PATH = "/apis/example.dev/v1/things";

let server: StandIn;
let things: StandInCollection;
let reflector: Reflector | null = null;

beforeEach(async () => {
  server = await startStandIn();
  things = server.collection(PATH);
});

afterEach(async () => {
  reflector?.stop();
  reflector = null;
  await server.close();
});

describe("a list", () => {
  it("is read in pages and taken over as a whole", async () => {
    for (const name of ["a", "b", "c", "d", "e"]) things.put(thing(name));

    const seen = reflect({ pageSize: 2 });
    await seen.reflector.synced;

    expect(seen.picture()).toEqual({ "ns/a": 1, "ns/b": 1, "ns/c": 1, "ns/d": 1, "ns/e": 1 });
    expect(seen.log).toEqual(["listed things: 5 in 3 pages"]);
    expect(server.requests.filter(isList).map(({ query }) => query["limit"])).toEqual(["2", "2", "2"]);
  });

  it.each([
    { title: "starts again when its continue token has expired", expirations: 1, limits: ["2", "2", "2", "2", "2"] },
    { title: "is taken in one answer when tokens keep expiring", expirations: 2, limits: ["2", "2", "2", "2", undefined] },
  ])("$title", async ({ expirations, limits }) => {
    for (const name of ["a", "b", "c", "d", "e"]) things.put(thing(name));
    things.expireContinueTokens(expirations);

    const seen = reflect({ pageSize: 2 });
    await seen.reflector.synced;

    expect(Object.keys(seen.picture())).toHaveLength(5);
    expect(server.requests.filter(isList).map(({ query }) => query["limit"])).toEqual(limits);
    expect(seen.sleeps).toEqual([]);
  });

  it("drops what the transform drops, and a thing that becomes uninteresting", async () => {
    things.put(thing("a"));
    things.put(thing("boring", 0));

    const seen = reflect();
    await seen.reflector.synced;
    expect(seen.picture()).toEqual({ "ns/a": 1 });
    await vi.waitFor(() => {
      expect(things.openWatches).toBe(1);
    });
    things.put(thing("a", 0));

    await vi.waitFor(() => {
      expect(seen.picture()).toEqual({});
    });
  });

  it("is tried again while it is forbidden, and taken when it is allowed", async () => {
    things.put(thing("a"));
    const allow = server.answer(isList, { status: 403, body: status(403, "things is forbidden") });

    const seen = reflect();
    await seen.reflector.answered;
    await vi.waitFor(() => {
      expect(seen.sleeps.length).toBeGreaterThanOrEqual(9);
    });
    allow();
    await seen.reflector.synced;

    expect(seen.sleeps.slice(0, 9)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(seen.log[0]).toBe("failed things: forbidden things is forbidden");
    expect(seen.picture()).toEqual({ "ns/a": 1 });
  });

  it.each([
    { title: "waits as long as a 429 asks", answer: { status: 429, headers: { "retry-after": "7" } }, sleep: 7_000 },
    { title: "waits its own time when a 429 asks for nothing", answer: { status: 429 }, sleep: 500 },
    {
      title: "waits its own time when a 503 asks for less",
      answer: { status: 503, headers: { "retry-after": "0" } },
      sleep: 500,
    },
  ])("$title", async ({ answer, sleep }) => {
    server.answer(isList, answer, 1);

    const seen = reflect();
    await seen.reflector.synced;

    expect(seen.sleeps).toEqual([sleep]);
  });
});

describe("a watch", () => {
  it("adds, changes and removes", async () => {
    const seen = await watching();

    things.put(thing("a"));
    things.put(thing("b", 2));
    things.put(thing("a", 3));
    things.delete(thing("b", 2));

    await vi.waitFor(() => {
      expect(seen.picture()).toEqual({ "ns/a": 3 });
    });
    expect(seen.events).toEqual(["replace", "put ns/a", "put ns/b", "put ns/a", "remove ns/b"]);
  });

  it("asks for bookmarks, and for an end after five to six minutes", async () => {
    await watching();

    const query = server.requests.find(isWatch)?.query ?? {};
    expect(query["allowWatchBookmarks"]).toBe("true");
    expect(Number(query["timeoutSeconds"])).toBeGreaterThanOrEqual(300);
    expect(Number(query["timeoutSeconds"])).toBeLessThanOrEqual(360);
  });

  it("goes on from the bookmark after it was cut, without a list", async () => {
    const seen = await watching();
    const bookmark = things.bookmark();
    await bytesArrive();
    things.compact();
    things.cut();
    await rewatched();
    things.put(thing("late"));

    await vi.waitFor(() => {
      expect(seen.picture()).toEqual({ "ns/late": 1 });
    });
    expect(server.requests.findLast(isWatch)?.query["resourceVersion"]).toBe(bookmark);
    expect(server.requests.filter(isList)).toHaveLength(1);
    expect(seen.log).toContain("restarted things: broken");
    expect(seen.sleeps).toEqual([500]);
  });

  it("goes on without a pause after the API server ended it in order", async () => {
    const seen = await watching();
    things.put(thing("a"));
    await vi.waitFor(() => {
      expect(seen.picture()).toEqual({ "ns/a": 1 });
    });
    things.end();
    await rewatched();

    expect(seen.log).toEqual(["listed things: 0 in 1 pages", "restarted things: ended"]);
    expect(seen.sleeps).toEqual([]);
  });

  it("rests when the API server ends it at once, time after time", async () => {
    server.answer(isWatch, { status: 200, body: "" }, 4);

    const seen = reflect();
    await rewatched();

    expect(seen.sleeps).toEqual([500, 1_000, 2_000, 4_000]);
    expect(server.requests.filter(isList)).toHaveLength(1);
  });

  it.each([
    {
      title: "lists again after an ERROR event of code 410",
      line: { type: "ERROR", object: status(410, "too old") },
      reason: "expired",
    },
    {
      title: "lists again after any other ERROR event",
      line: { type: "ERROR", object: status(500, "boom") },
      reason: "error-event",
    },
    { title: "lists again after an event without a name", line: { type: "ADDED", object: {} }, reason: "error-event" },
    { title: "lists again after a line that is not JSON", line: "{,", reason: "broken" },
  ])("$title", async ({ line, reason }) => {
    const seen = await watching();
    things.put(thing("a"));
    await vi.waitFor(() => {
      expect(seen.picture()).toEqual({ "ns/a": 1 });
    });
    things.send(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);

    await vi.waitFor(() => {
      expect(server.requests.filter(isList)).toHaveLength(2);
    });
    expect(seen.log).toContain(`restarted things: ${reason}`);
  });

  it.each([
    { title: "lists again when the watch is refused with 410", code: 410, lists: 2 },
    { title: "lists again when its resource version is from the future (504)", code: 504, lists: 2 },
    { title: "lists again when its resource version is not understood (400)", code: 400, lists: 2 },
    { title: "keeps its place when the watch is forbidden for a while", code: 403, lists: 1 },
    { title: "keeps its place when the API server is overloaded", code: 429, lists: 1 },
    { title: "keeps its place when the API server is starting", code: 503, lists: 1 },
  ])("$title", async ({ code, lists }) => {
    server.answer(isWatch, { status: code, body: status(code, "no") }, 1);

    const seen = reflect();
    await rewatched();

    expect(server.requests.filter(isList)).toHaveLength(lists);
    expect(seen.sleeps).toEqual([500]);
  });

  it("keeps the old picture while it lists again, then removes what is gone", async () => {
    things.put(thing("a"));
    things.put(thing("b"));
    const seen = await watching();
    const allow = server.answer(isList, { status: 500, body: status(500, "etcd is down") });
    things.mute();
    things.delete(thing("b"));
    things.compact();
    things.cut();
    await vi.waitFor(() => {
      expect(seen.log.filter((line) => line.startsWith("failed things: server-error")).length).toBeGreaterThan(2);
    });
    expect(seen.picture()).toEqual({ "ns/a": 1, "ns/b": 1 });
    allow();

    await vi.waitFor(() => {
      expect(seen.picture()).toEqual({ "ns/a": 1 });
    });
  });

  it("heals over a restart of the API server", async () => {
    const seen = await watching();
    await server.down();
    things.put(thing("meanwhile"));
    await vi.waitFor(() => {
      expect(seen.log.some((line) => line.startsWith("failed things: unreachable"))).toBe(true);
    });
    await server.up();

    await vi.waitFor(() => {
      expect(seen.picture()).toEqual({ "ns/meanwhile": 1 });
    });
    expect(server.requests.filter(isList)).toHaveLength(1);
  });

  it("lists again at once when a restarted API server has forgotten its position, but rests when that happens twice", async () => {
    const seen = await watching();
    const forget = server.answer(isWatch, { status: 410, body: status(410, "too old resource version") }, 2);
    things.cut();

    await vi.waitFor(() => {
      expect(server.requests.filter(isList)).toHaveLength(3);
    }, FAST);
    forget();
    // After the cut, and after the second 410, which came right after a list.
    expect(seen.sleeps).toEqual([500, 1_000]);
  });

  it("starts again over a half-open connection, and gets what it missed", async () => {
    const seen = await watching({ idleSeconds: 0.05 });
    things.mute();
    things.put(thing("missed"));

    await vi.waitFor(() => {
      expect(seen.picture()).toEqual({ "ns/missed": 1 });
    });
    expect(seen.log).toContain("restarted things: idle");
    expect(server.requests.filter(isList)).toHaveLength(1);
  });

  it("lists again after two watches without a byte: the API server may count from below", async () => {
    const seen = await watching({ idleSeconds: 0.03 });

    // The log, not the request: the answer to the second list comes after it.
    await vi.waitFor(() => {
      expect(seen.log.slice(0, 4)).toEqual([
        "listed things: 0 in 1 pages",
        "restarted things: idle",
        "restarted things: idle",
        "listed things: 0 in 1 pages",
      ]);
    });
  });

  it("starts its pauses from the beginning after an event", async () => {
    server.answer(isList, { status: 500 }, 3);
    const seen = await watching();
    things.bookmark();
    await bytesArrive();
    things.cut();
    await rewatched();

    expect(seen.sleeps).toEqual([500, 1_000, 2_000, 500]);
  });

  it("calls no handler after it was stopped, and closes its connection", async () => {
    const seen = await watching();
    seen.reflector.stop();
    things.put(thing("a"));

    await vi.waitFor(() => {
      expect(things.openWatches).toBe(0);
    });
    expect(seen.events).toEqual(["replace"]);
    expect(seen.log).toEqual(["listed things: 0 in 1 pages"]);
  });
});

describe("pauses", () => {
  it.each([
    { title: "lie at half of the step when chance is low", random: 0, pauses: [250, 500, 1_000] },
    { title: "reach the whole step when chance is high", random: 1, pauses: [500, 1_000, 2_000] },
  ])("$title", ({ random, pauses }) => {
    const backoff = createBackoff(() => random);

    expect(pauses.map(() => backoff.nextMilliseconds())).toEqual(pauses);
    backoff.reset();
    expect(backoff.nextMilliseconds()).toBe(pauses[0]);
  });
});

interface Seen {
  readonly reflector: Reflector;
  readonly events: string[];
  readonly log: string[];
  readonly sleeps: number[];
  picture(): Record<string, unknown>;
}

function reflect({ pageSize = 500, idleSeconds = 60 }: { pageSize?: number; idleSeconds?: number } = {}): Seen {
  let items = new Map<string, unknown>();
  const events: string[] = [];
  const log: string[] = [];
  const sleeps: number[] = [];
  // Pauses are noted, not made.
  const timing: Timing = {
    now: () => performance.now(),
    random: () => 1,
    sleep: async (milliseconds) => {
      sleeps.push(milliseconds);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  reflector = createReflector<unknown>({
    client: server.client,
    resource: "things",
    path: PATH,
    pageSize,
    idleSeconds,
    timing,
    transform: (raw) => (memberAt(raw, "size") === 0 ? null : memberAt(raw, "size")),
    handlers: {
      replace(all) {
        events.push("replace");
        items = new Map(all);
      },
      put(key, item) {
        events.push(`put ${key}`);
        items.set(key, item);
      },
      remove(key) {
        events.push(`remove ${key}`);
        items.delete(key);
      },
    },
    observer: {
      listed: (resource, count, pages) => log.push(`listed ${resource}: ${String(count)} in ${String(pages)} pages`),
      watchRestarted: (resource, reason) => log.push(`restarted ${resource}: ${reason}`),
      failed: (resource, { code, message }) => log.push(`failed ${resource}: ${code} ${message}`),
    },
  });
  reflector.start();
  return { reflector, events, log, sleeps, picture: () => Object.fromEntries(items) };
}

async function watching(options: { idleSeconds?: number } = {}): Promise<Seen> {
  const seen = reflect(options);
  await seen.reflector.synced;
  await vi.waitFor(() => {
    expect(things.openWatches).toBe(1);
  }, FAST);
  await bytesArrive();
  return seen;
}

async function rewatched(): Promise<void> {
  await vi.waitFor(() => {
    expect(server.requests.filter(isWatch).length).toBeGreaterThanOrEqual(2);
    expect(things.openWatches).toBe(1);
  }, FAST);
}

const FAST = { interval: 2 };

/** What was written to a local socket is read a few turns of the loop later; 20 ms are plenty. */
async function bytesArrive(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}

function thing(name: string, size = 1): { metadata: { name: string; namespace: string }; size: number } {
  return { metadata: { name, namespace: "ns" }, size };
}

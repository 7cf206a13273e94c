import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { memberAt } from "../../../../src/cluster/live/json.ts";
import { createReflector, type Reflector } from "../../../../src/cluster/live/reflector.ts";
import { isList, isWatch, type StandIn, type StandInCollection, startStandIn } from "./stand-in-api-server.ts";

const PATH = "/apis/example.dev/v1/things";
/** Each is another mishap-ridden life of one cluster; the same seed is the same life. */
const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);
const MISHAPS_EACH = 40;

let server: StandIn | null = null;
let reflector: Reflector | null = null;

afterEach(async () => {
  reflector?.stop();
  await server?.close();
});

describe("a reflector ends up with what the API server holds", () => {
  it.each(SEEDS)("whatever happens on the way (seed %i)", async (seed) => {
    const random = randomNumbers(seed);
    const cluster = await startStandIn();
    server = cluster;
    const things = cluster.collection(PATH);
    const held = new Map<string, number>();
    const seen = new Map<string, number>();
    reflector = reflectInto(seen, cluster, random);
    reflector.start();

    const undo: (() => void)[] = [];
    for (let step = 0; step < MISHAPS_EACH; step += 1) {
      await oneStep({ cluster, things, held, undo, random, step });
      if (random() < 0.3) await wait(random() * 10);
    }
    for (const stop of undo) stop();
    // Ends what hangs.
    await cluster.down();
    await cluster.up();

    await vi.waitFor(
      () => {
        expect(sorted(seen)).toEqual(sorted(held));
      },
      { interval: 5, timeout: 2_000 },
    );
    things.put(thing("last", MISHAPS_EACH));
    await vi.waitFor(
      () => {
        expect(seen.get("ns/last")).toBe(MISHAPS_EACH);
      },
      { interval: 5, timeout: 2_000 },
    );
  });
});

interface Life {
  readonly cluster: StandIn;
  readonly things: StandInCollection;
  /** What the API server holds, by key: the size of the thing. */
  readonly held: Map<string, number>;
  readonly undo: (() => void)[];
  readonly random: () => number;
  readonly step: number;
}

async function oneStep({ cluster, things, held, undo, random, step }: Life): Promise<void> {
  const name = `t${String(Math.floor(random() * 9))}`;
  const steps: readonly (() => void | Promise<void>)[] = [
    () => {
      held.set(`ns/${name}`, step);
      things.put(thing(name, step));
    },
    () => {
      held.set(`ns/${name}`, step);
      things.put(thing(name, step));
    },
    () => {
      if (held.delete(`ns/${name}`)) things.delete(thing(name, step));
    },
    () => void things.bookmark(),
    () => {
      things.compact();
    },
    () => {
      things.cut();
    },
    () => {
      things.end();
    },
    () => {
      things.mute();
    },
    () => {
      things.expireContinueTokens(1 + Math.floor(random() * 4));
    },
    () => {
      const statusCode = pick([401, 403, 404, 410, 429, 500, 503, 504], random);
      undo.push(cluster.answer(pick([isList, isWatch], random), { status: statusCode }, 2));
    },
    () => void undo.push(cluster.answer(pick([isList, isWatch], random), "hang", 1)),
    () => {
      things.send(pick(["{,\n", '{"type":"ERROR","object":{"code":410}}\n', '{"type":"ADDED","object":{}}\n', "\n"], random));
    },
    async () => {
      await cluster.down();
      await wait(random() * 5);
      await cluster.up();
    },
  ];
  await pick(steps, random)();
}

/** Pauses last a millisecond, so that a life of minutes passes in a moment. */
function reflectInto(seen: Map<string, number>, cluster: StandIn, random: () => number): Reflector {
  return createReflector<number>({
    client: cluster.client,
    resource: "things",
    path: PATH,
    pageSize: 3,
    // Longer than a test waits, so that only events and lists heal; a list after two idle watches would heal anything.
    idleSeconds: 60,
    timing: {
      now: () => performance.now(),
      random,
      sleep: async (_milliseconds, signal) => {
        await wait(1, undefined, { signal }).catch(() => undefined);
      },
    },
    transform(raw) {
      const size = memberAt(raw, "size");
      return typeof size === "number" ? size : null;
    },
    handlers: {
      replace(items) {
        seen.clear();
        for (const [key, size] of items) seen.set(key, size);
      },
      put: (key, size) => void seen.set(key, size),
      remove: (key) => void seen.delete(key),
    },
    observer: { listed: () => undefined, watchRestarted: () => undefined, failed: () => undefined },
  });
}

function thing(name: string, size: number): { metadata: { name: string; namespace: string }; size: number } {
  return { metadata: { name, namespace: "ns" }, size };
}

function sorted(things: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...things].toSorted(([left], [right]) => (left < right ? -1 : 1));
}

function pick<T>(choices: readonly [T, ...T[]] | readonly T[], random: () => number): T {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new Error("nothing to choose from");
  return choice;
}

/** Mulberry32: small, and the same on every machine. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

import { describe, expect, it } from "vitest";
import { startPrecedence } from "../../../src/operator/precedence.ts";

interface Replica {
  readonly name: string;
  readonly way: string | null;
  readonly startedAt: string;
}

const EARLY = "2026-06-15T12:00:00.000000Z";
const LATE = "2026-06-15T12:05:00.000000Z";

function leaseOf({ name, way, startedAt }: Replica) {
  return {
    metadata: {
      name: `crdguard-replica-${name}`,
      uid: name,
      annotations: way === null ? {} : { "crdguard.dev/certificates": way },
    },
    spec: { acquireTime: startedAt, renewTime: startedAt },
  };
}

/** After one look, and after another when `laterMs` have gone by without a Lease being renewed. */
async function isOutranked(replicas: readonly Replica[], laterMs = 0): Promise<boolean> {
  let now = 0;
  let asleep: () => void = () => undefined;
  const looked = new Promise<void>((resolve) => {
    asleep = resolve;
  });
  const precedence = startPrecedence({
    client: {
      request: () => Promise.resolve({ ok: true, status: 200, body: { items: replicas.map(leaseOf) } }),
    },
    namespace: "crdguard",
    replica: "one",
    timing: {
      now: () => now,
      random: () => 0,
      sleep: (_, signal) => {
        asleep();
        return new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            resolve();
          });
        });
      },
    },
  });
  await looked;
  now += laterMs;
  const answer = precedence.isOutranked();
  precedence.stop();
  return answer;
}

const ONE: Replica = { name: "one", way: "self-managed", startedAt: EARLY };

describe("a replica stands back from leading", () => {
  it.each<{ title: string; others: readonly Replica[]; own?: Replica; outranked: boolean }>([
    {
      title: "for one of another way that started later",
      others: [{ name: "two", way: "file", startedAt: LATE }],
      outranked: true,
    },
    { title: "for none of its own way", others: [{ name: "two", way: "self-managed", startedAt: LATE }], outranked: false },
    {
      title: "for none of another way that started earlier",
      own: { ...ONE, startedAt: LATE },
      others: [{ name: "two", way: "file", startedAt: EARLY }],
      outranked: false,
    },
    { title: "by name where both started at once", others: [{ name: "two", way: "file", startedAt: EARLY }], outranked: true },
    { title: "for none that does not tell its way", others: [{ name: "two", way: null, startedAt: LATE }], outranked: false },
    { title: "for nobody where it is alone", others: [], outranked: false },
  ])("$title: $outranked", async ({ others, own = ONE, outranked }) => {
    expect(await isOutranked([own, ...others])).toBe(outranked);
  });

  it("no more once the other has not been heard of for half a minute", async () => {
    expect(await isOutranked([ONE, { name: "two", way: "file", startedAt: LATE }], 30_000)).toBe(false);
  });
});

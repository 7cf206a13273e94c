import { describe, expect, it, onTestFinished } from "vitest";
import type { ApiRequest, ApiResult } from "../../../src/cluster/live/api-client.ts";
import type { Timing } from "../../../src/cluster/live/timing.ts";
import { startReplicaLease } from "../../../src/operator/replica-lease.ts";
import { createReplicaList } from "../../../src/operator/replica-list.ts";

const clock = { milliseconds: 0 };
/** Nobody wakes up by himself. */
const timing: Timing = {
  now: () => clock.milliseconds,
  random: () => 0,
  sleep: (_milliseconds, signal) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    }),
};

function lease(name: string, renewTime: string, servesBy = "aa"): unknown {
  return {
    metadata: { name, uid: `uid of ${name}`, annotations: { "crdguard.dev/serves-by": servesBy } },
    spec: { renewTime },
  };
}

function answering(items: { current: readonly unknown[] }) {
  const requests: ApiRequest[] = [];
  return {
    requests,
    async request(request: ApiRequest): Promise<ApiResult> {
      await Promise.resolve();
      requests.push(request);
      return { ok: true, status: 200, body: request.method === "GET" ? { items: items.current } : { metadata: { uid: "u1" } } };
    },
  };
}

describe("the Lease of a replica", () => {
  function start(
    respond: (request: ApiRequest) => ApiResult = () => ({ ok: true, status: 200, body: { metadata: { uid: "u1" } } }),
  ) {
    const requests: ApiRequest[] = [];
    const failures: string[] = [];
    const own = startReplicaLease({
      way: "file",
      client: {
        async request(request) {
          await Promise.resolve();
          requests.push(request);
          return respond(request);
        },
      },
      namespace: "crdguard",
      replica: "one",
      failed: ({ code }) => failures.push(code),
      timing,
      clock: () => new Date(Date.UTC(2026, 0, 1)),
    });
    onTestFinished(() => own.stop());
    return { own, requests, failures };
  }

  it("tells by which authorities it serves, and is applied so that none of another's fields are lost", async () => {
    const { own, requests } = start();
    const isWritten = await own.announce(["aa", "bb", "aa"]);

    expect(isWritten).toBe(true);
    expect(requests.at(-1)).toMatchObject({
      method: "PATCH",
      path: "/apis/coordination.k8s.io/v1/namespaces/crdguard/leases/crdguard-replica-one",
      contentType: "application/apply-patch+yaml",
      body: {
        metadata: { annotations: { "crdguard.dev/serves-by": "aa,bb" } },
        spec: { holderIdentity: "one", leaseDurationSeconds: 30, renewTime: "2026-01-01T00:00:00.000000Z" },
      },
    });
  });

  it("is not announced where it could not be written, which is told once", async () => {
    const { own, failures } = start(() => ({ ok: false, error: { code: "forbidden", status: 403, message: "no" } }));
    const written = [await own.announce(["aa"]), await own.announce(["aa"])];

    expect([written, failures]).toEqual([[false, false], ["forbidden"]]);
  });

  it("is deleted at exit, if it is still the same", async () => {
    const { own, requests } = start();
    await own.announce(["aa"]);
    await own.stop();

    expect(requests.at(-1)).toMatchObject({ method: "DELETE", body: { preconditions: { uid: "u1" } } });
  });
});

describe("the replicas that are alive", () => {
  async function names(list: ReturnType<typeof createReplicaList>): Promise<readonly string[]> {
    const read = await list.read();
    if (!read.ok) throw new Error(read.error.message);
    return read.replicas.map(({ name, servesBy }) => `${name} ${servesBy.join("+")}`);
  }

  it("are those whose Leases change, whatever time stands in them, and others for five minutes", async () => {
    const items = { current: [lease("crdguard-replica-one", "2020", "aa,bb"), lease("crdguard-replica-two", "2099", "")] };
    const client = answering(items);
    const list = createReplicaList({ client, namespace: "crdguard", timing });
    const seen: (readonly string[])[] = [];
    for (let round = 0; round <= 31; round += 1) {
      items.current = [lease("crdguard-replica-one", String(round), "aa,bb"), lease("crdguard-replica-two", "2099", "")];
      const alive = await names(list);
      if (round === 0 || round >= 30) seen.push(alive);
      clock.milliseconds += 10_000;
    }
    await list.sweep();

    expect(seen).toEqual([["one aa+bb", "two "], ["one aa+bb", "two "], ["one aa+bb"]]);
    expect(client.requests.filter(({ method }) => method === "DELETE")).toMatchObject([
      {
        path: expect.stringMatching(/crdguard-replica-two$/) as unknown,
        body: { preconditions: { uid: "uid of crdguard-replica-two" } },
      },
    ]);
  });

  it("have their whole time again after nobody could look", async () => {
    const items = { current: [lease("crdguard-replica-one", "1")] };
    const list = createReplicaList({ client: answering(items), namespace: "crdguard", timing });
    await names(list);
    clock.milliseconds += 3_600_000;

    expect(await names(list)).toEqual(["one aa"]);
  });

  it("are not those of which somebody else's Lease speaks", async () => {
    const items = { current: [lease("crdguard", "1"), lease("another", "1")] };
    const list = createReplicaList({ client: answering(items), namespace: "crdguard", timing });

    expect(await names(list)).toEqual([]);
  });
});

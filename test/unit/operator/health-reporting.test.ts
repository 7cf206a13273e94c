import { afterEach, describe, expect, it } from "vitest";
import type { ApiErrorCode, ApiRequest, ApiResult } from "../../../src/cluster/live/api-client.ts";
import type { ReportForm } from "../../../src/explain/cluster-report.ts";
import type { Examined } from "../../../src/explain/health-report.ts";
import { type HealthReporting, startHealthReporting } from "../../../src/operator/health-reporting.ts";
import { healthFacts } from "../../support/health.ts";

const HOUR = 3_600;
const HEALTHY: Examined = { facts: healthFacts(), findings: [], workloadCount: 0 };

let running: HealthReporting | null = null;

afterEach(() => {
  running?.stop();
});

describe("the report of a running server", () => {
  it.each([
    { form: "openreports", path: "/apis/openreports.io/v1alpha1/clusterreports/crdguard" },
    { form: "policyreport", path: "/apis/wgpolicyk8s.io/v1alpha2/clusterpolicyreports/crdguard" },
  ] as const)("is applied to $path as soon as the cluster has been read", async ({ form, path }) => {
    const world = start({ form });
    await world.seconds(1);

    expect(world.requests).toMatchObject([
      {
        method: "PATCH",
        path,
        query: { fieldManager: "crdguard", force: "true" },
        contentType: "application/apply-patch+yaml",
        body: { metadata: { name: "crdguard" }, summary: { fail: 0 } },
      },
    ]);
    expect(world.told).toEqual(["examined 0", "written"]);
  });

  it("waits for the cluster to be read, and looks each second", async () => {
    const world = start();
    world.examined = null;
    await world.seconds(30);
    world.examined = HEALTHY;
    await world.seconds(1);

    expect(world.told).toEqual(["examined 0", "written"]);
  });

  it("is made again once an interval", async () => {
    const world = start();
    await world.seconds(3 * HOUR);

    expect(world.requests).toHaveLength(3);
  });

  it("is tried again in a minute where it could not be written", async () => {
    const world = start();
    world.failure = "server-error";
    await world.seconds(61);
    world.failure = null;
    await world.seconds(60);

    expect(world.told).toEqual([
      "examined 0",
      "failed clusterreports.openreports.io server-error",
      "examined 0",
      "failed clusterreports.openreports.io server-error",
      "examined 0",
      "written",
    ]);
  });

  it("is not tried again before the next interval where the cluster does not know its form", async () => {
    const world = start();
    world.failure = "not-found";
    await world.seconds(HOUR);

    expect(world.told).toEqual(["examined 0", "unknown clusterreports.openreports.io"]);
  });

  it("is nobody's business but the leader's", async () => {
    const world = start();
    world.leads = false;
    await world.seconds(2 * HOUR);

    expect(world.requests).toEqual([]);
    expect(world.told).toEqual([]);
  });

  it("is made at once by a replica that begins to lead, and given up by one that ceases to", async () => {
    const world = start();
    await world.seconds(10);
    world.leads = false;
    await world.seconds(10);
    world.leads = true;
    await world.seconds(10);

    expect(world.told).toEqual(["examined 0", "written", "resigned", "examined 0", "written"]);
  });

  it("is not written where another replica began to lead while this one examined", async () => {
    const world = start();
    world.whileExamining = () => {
      world.leads = false;
    };
    await world.seconds(10);

    expect(world.requests).toEqual([]);
    expect(world.told).toEqual(["resigned"]);
  });

  it("tells of a defect, and goes on with the next round", async () => {
    const world = start();
    world.whileExamining = () => {
      throw new Error("a defect");
    };
    await world.seconds(10);
    world.whileExamining = () => undefined;
    await world.seconds(HOUR);

    expect(world.told).toEqual(["broken a defect", "examined 0", "written"]);
  });

  it("is not written any more once it is stopped", async () => {
    const world = start();
    running?.stop();
    await world.seconds(HOUR);

    expect(world.requests).toEqual([]);
  });
});

interface World {
  leads: boolean;
  examined: Examined | null;
  failure: ApiErrorCode | null;
  whileExamining: () => void;
  readonly requests: ApiRequest[];
  readonly told: string[];
  /** Lets so much time pass. */
  seconds(count: number): Promise<void>;
}

/** A server that leads, in a healthy cluster that has been read. */
function start({ form = "openreports" }: { readonly form?: ReportForm } = {}): World {
  let now = 0;
  let wake: { readonly at: number; readonly up: () => void } | null = null;
  const world: World = {
    leads: true,
    examined: HEALTHY,
    failure: null,
    whileExamining: () => undefined,
    requests: [],
    told: [],
    async seconds(count) {
      const end = now + count * 1_000;
      for (;;) {
        await new Promise(setImmediate);
        if (wake === null || wake.at > end) break;
        now = wake.at;
        const { up } = wake;
        wake = null;
        up();
      }
      now = end;
    },
  };
  running = startHealthReporting({
    form,
    intervalSeconds: HOUR,
    leadership: { isLeader: () => world.leads },
    examine() {
      world.whileExamining();
      return Promise.resolve(world.examined);
    },
    client: {
      request(request): Promise<ApiResult> {
        world.requests.push(request);
        const { failure } = world;
        if (failure === null) return Promise.resolve({ ok: true, status: 200, body: {} });
        return Promise.resolve({ ok: false, error: { code: failure, status: 500, message: failure } });
      },
    },
    timing: {
      now: () => now,
      random: () => 0,
      sleep: (milliseconds, signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            resolve();
          });
          wake = { at: now + milliseconds, up: resolve };
        }),
    },
    observer: {
      examined: (findings) => world.told.push(`examined ${String(findings.length)}`),
      written: () => world.told.push("written"),
      unknownForm: (resource) => world.told.push(`unknown ${resource}`),
      failed: (resource, error) => world.told.push(`failed ${resource} ${error.code}`),
      resigned: () => world.told.push("resigned"),
      broken: (error) => world.told.push(`broken ${error instanceof Error ? error.message : String(error)}`),
    },
  });
  return world;
}

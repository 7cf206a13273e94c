import { describe, expect, it } from "vitest";
import { type Guard, startGuard } from "../../../src/admission/guard.ts";
import { createMetrics } from "../../../src/observability/metrics.ts";
import { DEFAULT_POLICY } from "../../../src/policy/policy.ts";
import { admissionReview, harmlessUpdate } from "./support/reviews.ts";
import { ask, capturedLog, developmentPair, fakeCluster, send } from "./support/running-guard.ts";

const loopback = { host: "127.0.0.1", port: 0 } as const;
const pair = await developmentPair();

function start(options: {
  readonly isSynced?: boolean;
  readonly hasValidCertificate?: boolean;
  readonly hasHealth?: boolean;
}): Promise<Guard> {
  const { isSynced = true, hasValidCertificate = true, hasHealth = true } = options;
  return startGuard({
    cluster: isSynced ? fakeCluster() : fakeCluster({ picture: () => null }),
    policy: DEFAULT_POLICY,
    tls: pair,
    logger: capturedLog().logger,
    metrics: createMetrics(),
    listen: loopback,
    healthListen: hasHealth ? loopback : null,
    hasValidCertificate: () => hasValidCertificate,
  });
}

async function probe(guard: Guard, path: string): Promise<string> {
  const response = await fetch(`${guard.healthUrl ?? ""}${path}`);
  return `${String(response.status)}\n${await response.text()}`;
}

describe("startGuard", () => {
  it("answers reviews, is ready, and says by which addresses", async () => {
    const guard = await start({});

    expect(guard.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(guard.healthUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await probe(guard, "/readyz?verbose")).toBe(
      "200\n[+]certificate ok\n[+]cluster-synced ok\n[+]not-draining ok\nreadyz check passed\n",
    );
    expect(await ask({ url: guard.url, pair }, "/validate", admissionReview(harmlessUpdate))).toMatchObject({
      response: { allowed: true },
    });
    await guard.drain(0);
  });

  it.each([
    {
      title: "before the cluster is read",
      options: { isSynced: false },
      readyz:
        "503\n[+]certificate ok\n[-]cluster-synced failed: the cluster has not been read completely yet\n[+]not-draining ok\nreadyz check failed\n",
    },
    {
      title: "without a valid certificate",
      options: { hasValidCertificate: false },
      readyz:
        "503\n[-]certificate failed: the serving certificate is missing or has expired\n[+]cluster-synced ok\n[+]not-draining ok\nreadyz check failed\n",
    },
  ])("is not ready $title", async ({ options, readyz }) => {
    const guard = await start(options);

    expect(await probe(guard, "/readyz")).toBe(readyz);
    await guard.drain(0);
  });

  it("goes on answering while it drains, live but not ready, then closes both ports", async () => {
    const guard = await start({});
    const drained = guard.drain(0.1);

    expect(await probe(guard, "/livez")).toBe("200\nok\n");
    expect(await probe(guard, "/readyz")).toMatch(/^503\n.*\[-\]not-draining failed: the server is about to stop\n/s);
    const reply = await send({ url: guard.url, pair }, "/validate", { body: JSON.stringify(admissionReview(harmlessUpdate)) });
    expect([reply.statusCode, reply.headers.connection]).toEqual([200, "close"]);

    await drained;
    await expect(send({ url: guard.url, pair }, "/validate")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(fetch(`${guard.healthUrl ?? ""}/livez`)).rejects.toThrow("fetch failed");
  });

  it("does without probes and metrics where no address is given", async () => {
    const guard = await start({ hasHealth: false });

    expect(guard.healthUrl).toBeNull();
    await guard.drain(0);
  });
});

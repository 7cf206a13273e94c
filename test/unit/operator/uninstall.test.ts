import { describe, expect, it } from "vitest";
import type { ApiRequest, ApiResult } from "../../../src/cluster/live/api-client.ts";
import { uninstall, type UninstallStep } from "../../../src/operator/uninstall.ts";

const VALIDATING = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/crdguard/leases";
const SCALE = "/apis/apps/v1/namespaces/crdguard/deployments/crdguard/scale";

describe("uninstall", () => {
  it("marks the Lease first, deletes the failing-closed configuration next, and the Lease last", async () => {
    const world = await run({ [`${VALIDATING}/crdguard`]: [ours("kept")], [SCALE]: [{ spec: { replicas: 2 } }] });

    expect(world.isComplete).toBe(true);
    expect(world.writes).toEqual([
      `PATCH ${LEASES}/crdguard`,
      `DELETE ${VALIDATING}/crdguard`,
      `PATCH ${SCALE}`,
      "DELETE /apis/crdguard.dev/v1alpha1/guardpolicies/default",
      "DELETE /api/v1/namespaces/crdguard/secrets/crdguard-authority",
      `DELETE ${LEASES}/crdguard`,
    ]);
    expect(world.requests[0]?.body).toEqual({ metadata: { annotations: { "crdguard.dev/uninstalling": "true" } } });
    expect(world.steps).toContainEqual(expect.objectContaining({ kind: "scaled-down", from: 2 }));
  });

  it("makes the Lease where there is none, so that no server begins to lead", async () => {
    const world = await run({}, { absent: [`PATCH ${LEASES}/crdguard`] });

    expect(world.writes.slice(0, 2)).toEqual([`PATCH ${LEASES}/crdguard`, `POST ${LEASES}`]);
    expect(world.steps[0]).toMatchObject({ kind: "marked" });
  });

  it.each([
    { registeredBy: "running-server", is: "foreign" },
    { registeredBy: "somebody", is: "foreign" },
    { registeredBy: undefined, is: "foreign" },
    { registeredBy: "kept", is: "deleted" },
    { registeredBy: "manifests", is: "deleted" },
  ])("of a configuration registered by $registeredBy says that it is $is", async ({ registeredBy, is }) => {
    const world = await run({ [`${VALIDATING}/crdguard`]: [ours(registeredBy)] });

    expect(world.steps).toContainEqual(
      expect.objectContaining({ kind: is, object: expect.objectContaining({ name: "crdguard" }) as unknown }),
    );
    expect(world.writes.includes(`DELETE ${VALIDATING}/crdguard`)).toBe(is === "deleted");
  });

  it("deletes once more what a replica wrote while it was told to stop", async () => {
    const world = await run({ [`${VALIDATING}/crdguard`]: [ours("kept"), ours("kept")] });

    expect(world.writes.filter((write) => write === `DELETE ${VALIDATING}/crdguard`)).toHaveLength(2);
  });

  it("waits for replicas that live, and not for one that was killed", async () => {
    const alive = [lease("crdguard-replica-a", "1"), lease("crdguard-replica-b", "1")];
    const killed = [lease("crdguard-replica-a", "2"), lease("crdguard-replica-b", "1")];
    const world = await run({
      [LEASES]: [{ items: alive }, ...Array.from({ length: 40 }, () => ({ items: killed })), { items: [] }],
    });

    expect(world.steps).toContainEqual({ kind: "waiting", replicas: ["crdguard-replica-a", "crdguard-replica-b"] });
    expect(world.writes).toContain(`DELETE ${LEASES}/crdguard-replica-b`);
    expect(world.isComplete).toBe(true);
  });

  it("leaves the marked Lease behind while a replica lives, so that it puts nothing back", async () => {
    let beat = 0;
    const world = await run({ [LEASES]: () => ({ items: [lease("crdguard-replica-a", String((beat += 1)))] }) });

    expect(world.isComplete).toBe(false);
    expect(world.steps.at(-1)).toEqual({ kind: "replicas-left", replicas: ["crdguard-replica-a"] });
    expect(world.writes).not.toContain(`DELETE ${LEASES}/crdguard`);
  });

  it("goes on after a refusal, and says that it is not complete", async () => {
    const secret = "DELETE /api/v1/namespaces/crdguard/secrets/crdguard-authority";
    const world = await run({}, { forbidden: [secret] });

    expect(world.isComplete).toBe(false);
    expect(world.steps).toContainEqual(
      expect.objectContaining({ kind: "failed", error: expect.objectContaining({ code: "forbidden" }) as unknown }),
    );
    expect(world.writes.at(-1)).toBe(`DELETE ${LEASES}/crdguard`);
  });
});

function ours(registeredBy: string | undefined): unknown {
  return { metadata: { uid: "u", labels: registeredBy === undefined ? {} : { "crdguard.dev/registered-by": registeredBy } } };
}

function lease(name: string, renewTime: string): unknown {
  return { metadata: { name }, spec: { renewTime, leaseDurationSeconds: 15 } };
}

/** @param found what GET answers by path, one after the other; then there is nothing any more. */
async function run(
  found: Readonly<Record<string, readonly unknown[] | (() => unknown)>>,
  { absent = [], forbidden = [] }: { readonly absent?: readonly string[]; readonly forbidden?: readonly string[] } = {},
) {
  const requests: ApiRequest[] = [];
  const steps: UninstallStep[] = [];
  const asked = new Map<string, number>();
  let now = 0;

  function answer({ method, path }: ApiRequest): ApiResult {
    const name = `${method} ${path}`;
    if (forbidden.includes(name)) return { ok: false, error: { code: "forbidden", status: 403, message: "may not" } };
    if (absent.includes(name)) return { ok: false, error: { code: "not-found", status: 404, message: "none" } };
    if (method !== "GET") return { ok: true, status: 200, body: {} };
    const answers = found[path];
    const index = asked.get(path) ?? 0;
    asked.set(path, index + 1);
    const body = typeof answers === "function" ? answers() : answers?.[index];
    if (body === undefined && path !== LEASES) return { ok: false, error: { code: "not-found", status: 404, message: "none" } };
    return { ok: true, status: 200, body: body ?? { items: [] } };
  }

  const { isComplete } = await uninstall({
    client: {
      async request(request) {
        requests.push(request);
        return answer(request);
      },
    },
    namespace: "crdguard",
    deployment: "crdguard",
    told: (step) => steps.push(step),
    signal: new AbortController().signal,
    timing: {
      now: () => now,
      random: () => 0.5,
      async sleep(milliseconds) {
        now += milliseconds;
      },
    },
  });
  const writes = requests.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);
  return { isComplete, steps, requests, writes };
}

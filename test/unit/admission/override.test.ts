import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { AnsweredChange } from "../../../src/admission/server.ts";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { counted } from "../../support/builders.ts";
import { admissionReview, dropOfStoredVersion, harmlessUpdate, manifest, type RequestShape } from "./support/reviews.ts";
import { ask, fakeCluster, type RunningGuard, runGuard } from "./support/running-guard.ts";

const annotations = { "crdguard.dev/override": "objects-deleted", "crdguard.dev/override-reason": "incident 4711" };
const deletion: RequestShape = {
  operation: "DELETE",
  oldObject: manifest({ versions: ["v1"], stored: ["v1"], metadata: { uid: "uid-1", annotations } }),
};
const janeMay: Cluster["mayOverride"] = (requester) =>
  Promise.resolve(requester?.username === "jane" ? "allowed" : "not-allowed");
const never = (): Promise<never> => new Promise(() => undefined);

async function overridesCounted({ metrics }: RunningGuard): Promise<unknown> {
  return (await metrics.overrides.get()).values.map(({ value, labels }) => ({ value, ...labels }));
}

describe("an override at admission", () => {
  it("lets the change through with a warning, and is recorded in audit annotations, log and metric", async () => {
    const guard = await runGuard({ cluster: fakeCluster({ mayOverride: janeMay }) });

    expect(await ask(guard, "/validate", admissionReview(deletion))).toMatchObject({
      response: {
        allowed: true,
        warnings: [expect.stringMatching(/^objects-deleted: overridden by jane: incident 4711: /)],
        auditAnnotations: {
          verdict: "allow",
          rules: "objects-deleted=warn",
          overridden: "objects-deleted",
          "override-reason": "incident 4711",
        },
      },
    });
    expect(JSON.parse(guard.logLines()[0] ?? "")).toMatchObject({ user: "jane", overrides: ["objects-deleted=allowed"] });
    expect(await overridesCounted(guard)).toEqual([{ value: 1, rule: "objects-deleted", result: "allowed" }]);
  });

  it("of somebody who may not leaves the denial, and is recorded too", async () => {
    const guard = await runGuard({ cluster: fakeCluster({ mayOverride: janeMay }) });
    const answer = await ask(guard, "/validate", admissionReview({ ...deletion, userInfo: { username: "joe" } }));

    expect(answer).toMatchObject({
      response: {
        allowed: false,
        status: { message: expect.stringContaining("its override does not count: joe may not") as string },
        auditAnnotations: { verdict: "deny", "override-refused": "objects-deleted=not-allowed" },
      },
    });
    expect(JSON.parse(guard.logLines()[0] ?? "")).toMatchObject({ user: "joe", overrides: ["objects-deleted=not-allowed"] });
    expect(await overridesCounted(guard)).toEqual([{ value: 1, rule: "objects-deleted", result: "not-allowed" }]);
  });

  it("is judged the same on a dry run, and not counted", async () => {
    const guard = await runGuard({ cluster: fakeCluster({ mayOverride: janeMay }) });

    expect(await ask(guard, "/validate", admissionReview({ ...deletion, dryRun: true }))).toMatchObject({
      response: { allowed: true },
    });
    expect(await overridesCounted(guard)).toEqual([]);
  });

  it.each([
    { now: "2026-05-06T07:59:59Z", allowed: true },
    { now: "2026-05-06T08:00:00Z", allowed: false },
  ])("ends by the clock of the cluster, whatever the machine's says: at $now allowed is $allowed", async ({ now, allowed }) => {
    const metadata = { uid: "uid-1", annotations: { ...annotations, "crdguard.dev/override-until": "2026-05-06T08:00:00Z" } };
    const oldObject = manifest({ versions: ["v1"], stored: ["v1"], metadata });
    const guard = await runGuard({ cluster: fakeCluster({ mayOverride: janeMay }), clock: () => Date.parse(now) });

    expect(await ask(guard, "/validate", admissionReview({ ...deletion, oldObject }))).toMatchObject({ response: { allowed } });
  });

  it("does not count while nobody answers whether it may, and the denial is in time", async () => {
    const guard = await runGuard({ cluster: fakeCluster({ mayOverride: never }) });
    const startedAt = performance.now();

    expect(await ask(guard, "/validate?timeout=300ms", admissionReview(deletion))).toMatchObject({
      response: { allowed: false, status: { code: 422 }, auditAnnotations: { "override-refused": "objects-deleted=unverified" } },
    });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it("counts though the count of objects used up its time: what is too large to count must not be beyond override", async () => {
    const countObjects: Cluster["countObjects"] = async (_crd, signal) => {
      await once(signal, "abort");
      return counted(3_200, { isComplete: false });
    };
    const mayOverride: Cluster["mayOverride"] = (_requester, _rule, signal) =>
      Promise.resolve(signal.aborted ? "unverified" : "allowed");
    const guard = await runGuard({ cluster: fakeCluster({ countObjects, mayOverride }) });

    expect(await ask(guard, "/validate?timeout=200ms", admissionReview(deletion))).toMatchObject({ response: { allowed: true } });
  });

  it("stays a denial where the answer is undecided, whatever the policy for that", async () => {
    const guard = await runGuard({
      cluster: fakeCluster({ mayOverride: () => Promise.resolve("unverified") }),
      policy: { enforcement: new Map(), onUndecided: "allow" },
    });

    expect(await ask(guard, "/validate", admissionReview(deletion))).toMatchObject({ response: { allowed: false } });
  });
});

describe("who is told of answered changes", () => {
  async function toldOf(path: string, shape: RequestShape): Promise<readonly AnsweredChange[]> {
    const told: AnsweredChange[] = [];
    const guard = await runGuard({ cluster: fakeCluster({ mayOverride: janeMay }), onAnswered: (change) => told.push(change) });
    await ask(guard, path, admissionReview(shape));
    return told;
  }

  it("hears the change, by whom, and the verdict", async () => {
    expect(await toldOf("/validate", deletion)).toMatchObject([
      {
        operation: "DELETE",
        username: "jane",
        change: { kind: "delete", previous: { uid: "uid-1" } },
        verdict: { kind: "allow" },
      },
    ]);
  });

  it("is not waited for, and what is thrown there is logged", async () => {
    const guard = await runGuard({
      onAnswered() {
        throw new Error("hunter2");
      },
    });

    expect(await ask(guard, "/validate", admissionReview(harmlessUpdate))).toMatchObject({ response: { allowed: true } });
    expect(guard.logLines()).toEqual([
      expect.stringMatching(/"level":"error".*hunter2.*"msg":"internal error"/),
      expect.stringContaining('"msg":"review answered"'),
    ]);
  });

  it.each([
    {
      title: "of what the explainer denies, since nobody is asked after it",
      path: "/explain",
      shape: dropOfStoredVersion,
      times: 1,
    },
    {
      title: "nothing of what the explainer leaves to the answer that counts",
      path: "/explain",
      shape: harmlessUpdate,
      times: 0,
    },
    { title: "nothing of a dry run", path: "/validate", shape: { ...deletion, dryRun: true }, times: 0 },
    { title: "nothing of what is not judged", path: "/validate", shape: { resource: { group: "", resource: "pods" } }, times: 0 },
  ])("hears $title", async ({ path, shape, times }) => {
    expect(await toldOf(path, shape)).toHaveLength(times);
  });
});

import { describe, expect, it, vi } from "vitest";
import type { Cluster, Requester } from "../../../src/cluster/cluster.ts";
import type { Crd } from "../../../src/crd/crd.ts";
import { DEFAULT_POLICY, type Policy } from "../../../src/policy/policy.ts";
import { review } from "../../../src/review/review.ts";
import type { Change } from "../../../src/rules/change.ts";
import type { MigrationEvidence, Need, WriterEvidence } from "../../../src/rules/facts.ts";
import { converter, counted, create, crd, need, remove, sampled, statusUpdate, update, writer } from "../../support/builders.ts";

const twoVersions = crd({ served: ["v1", "v1alpha1"], storage: "v1", stored: ["v1alpha1", "v1"] });
const onlyV1 = crd({ served: ["v1"] });
const trim = statusUpdate(twoVersions, ["v1"]);

function clusterOf({
  needs = [],
  migration = { kind: "none" },
  writers = sampled([]),
}: { needs?: readonly Need[]; migration?: MigrationEvidence; writers?: WriterEvidence } = {}) {
  return {
    source: { kind: "cluster" },
    picture: vi.fn<Cluster["picture"]>(() => ({
      crds: new Map(),
      applied: new Map(),
      bundles: [],
      needs: new Map([["gears.own.dev", needs]]),
      unreadableDeclarations: [],
      guardPolicies: [],
    })),
    countObjects: vi.fn<Cluster["countObjects"]>(() => Promise.resolve(counted(3))),
    findMigration: vi.fn<Cluster["findMigration"]>(() => Promise.resolve(migration)),
    sampleWriters: vi.fn<Cluster["sampleWriters"]>(() => Promise.resolve(writers)),
    readForms: vi.fn<Cluster["readForms"]>(() => Promise.resolve(null)),
    lookAtObjects: vi.fn<Cluster["lookAtObjects"]>(() => Promise.resolve({ kind: "not-looked" })),
    lookAtWebhook: vi.fn<Cluster["lookAtWebhook"]>(() => Promise.resolve({ kind: "answers" })),
    preview: vi.fn<Cluster["preview"]>(() => Promise.resolve(null)),
    mayList: vi.fn<Cluster["mayList"]>(() => Promise.resolve(true)),
    mayOverride: vi.fn<Cluster["mayOverride"]>(() => Promise.resolve("not-allowed")),
  } satisfies Cluster;
}

function requester(username: string): Requester {
  return { username, uid: "", groups: [], extra: {} };
}

const signal = new AbortController().signal;

const removing = { rules: "stored-version-removed", reason: "because", until: null };

describe("review of a change that asks for an override", () => {
  const asking = (rules: string, reason: string | null = "incident 4711") =>
    remove({ ...onlyV1, override: { rules, reason, until: null } });
  const alice = requester("alice");

  it("asks RBAC about each rule that denies and is named, in the name of the requester", async () => {
    const cluster = clusterOf({ needs: [need({ versions: ["v1"] })] });
    cluster.mayOverride.mockImplementation((_requester, rule) =>
      Promise.resolve(rule === "objects-deleted" ? "allowed" : "not-allowed"),
    );
    const question = { change: asking("objects-deleted,required-resource-deleted,stored-version-forgotten"), requester: alice };

    expect(await review(question, cluster, DEFAULT_POLICY, signal)).toMatchObject({
      kind: "deny",
      findings: [
        { rule: "required-resource-deleted", enforcement: "deny", unmet: [{ why: "not-allowed", by: "alice" }] },
        { rule: "objects-deleted", enforcement: "warn", relief: { kind: "override", by: "alice", reason: "incident 4711" } },
      ],
    });
    expect(cluster.mayOverride.mock.calls).toEqual([
      [alice, "objects-deleted", signal],
      [alice, "required-resource-deleted", signal],
    ]);
  });

  it("allows where all that denies is overridden", async () => {
    const cluster = clusterOf();
    cluster.mayOverride.mockResolvedValue("allowed");

    expect(await review({ change: asking("objects-deleted"), requester: null }, cluster, DEFAULT_POLICY, signal)).toMatchObject({
      kind: "allow",
      findings: [{ rule: "objects-deleted", enforcement: "warn", relief: { by: null } }],
    });
    expect(cluster.mayOverride.mock.calls).toEqual([[null, "objects-deleted", signal]]);
  });

  it.each<{ title: string; change: Change; rules?: Policy["enforcement"] }>([
    { title: "names another rule", change: asking("required-resource-deleted") },
    { title: "gives no reason", change: asking("objects-deleted", null) },
    { title: "names what only warns", change: asking("objects-deleted"), rules: new Map([["objects-deleted", "warn"]]) },
    { title: "asks for nothing", change: remove(onlyV1) },
    { title: "names what the API server refuses", change: update(twoVersions, { ...onlyV1, override: removing }) },
  ])("asks nobody where it $title", async ({ change, rules = new Map() }) => {
    const cluster = clusterOf();
    await review({ change, requester: alice }, cluster, { ...DEFAULT_POLICY, enforcement: rules }, signal);

    expect(cluster.mayOverride).not.toHaveBeenCalled();
  });
});

describe("review", () => {
  it.each<{ title: string; change: Change; verdict: unknown }>([
    { title: "allows what no rule minds", change: create(onlyV1), verdict: { kind: "allow", findings: [] } },
    {
      title: "denies, every finding told",
      change: remove(onlyV1),
      verdict: {
        kind: "deny",
        findings: [
          { rule: "objects-deleted", enforcement: "deny" },
          { rule: "required-resource-deleted", enforcement: "deny" },
        ],
      },
    },
  ])("$title", async ({ change, verdict }) => {
    const cluster = clusterOf({ needs: [need({ versions: ["v1"] })] });

    expect(await review({ change, requester: null }, cluster, DEFAULT_POLICY, signal)).toMatchObject(verdict as object);
  });

  it("allows with findings that only warn", async () => {
    const cluster = clusterOf({ needs: [need({ versions: ["v1alpha1"], outcome: "loses-feature" })] });
    const change = update(crd({ served: ["v1", "v1alpha1"] }), onlyV1);

    expect(await review({ change, requester: null }, cluster, DEFAULT_POLICY, signal)).toMatchObject({
      kind: "allow",
      findings: [{ rule: "required-version-unserved", enforcement: "warn" }],
    });
  });

  it("leaves undecided what it has no facts for, and asks the cluster nothing", async () => {
    const cluster = { ...clusterOf(), picture: () => null };

    expect(await review({ change: remove(onlyV1), requester: null }, cluster, DEFAULT_POLICY, signal)).toEqual({
      kind: "undecided",
      reason: "facts-not-synced",
    });
    expect(cluster.countObjects).not.toHaveBeenCalled();
  });

  it.each<{ title: string; change: Change; asked: Partial<Asked> }>([
    { title: "nothing for a create", change: create(onlyV1), asked: {} },
    { title: "nothing for an update that takes nothing away", change: update(onlyV1, twoVersions), asked: {} },
    {
      title: "who writes in it for one that serves a version no more",
      change: update(twoVersions, crd({ served: ["v1"], unserved: ["v1alpha1"] })),
      asked: { writers: 1 },
    },
    {
      title: "the objects too for one that drops a stored version",
      change: update(twoVersions, onlyV1),
      asked: { counts: 1, writers: 1 },
    },
    { title: "the objects for a deletion", change: remove(onlyV1), asked: { counts: 1 } },
    { title: "objects and migrations for a trimmed status", change: trim, asked: { counts: 1, migrations: 1 } },
    { title: "nothing for a CRD that is terminating", change: remove({ ...onlyV1, isTerminating: true }), asked: {} },
  ])("asks the cluster $title", async ({ change, asked }) => {
    const cluster = clusterOf();
    await review({ change, requester: null }, cluster, DEFAULT_POLICY, signal);

    const { countObjects, findMigration, sampleWriters } = cluster;
    expect({
      counts: countObjects.mock.calls.length,
      migrations: findMigration.mock.calls.length,
      writers: sampleWriters.mock.calls.length,
    }).toEqual({ counts: 0, migrations: 0, writers: 0, ...asked });
    for (const call of [...countObjects.mock.calls, ...findMigration.mock.calls, ...sampleWriters.mock.calls])
      expect(call).toEqual([previousOf(change), signal]);
  });

  it("asks for all that it needs at once, since they share one deadline", async () => {
    const asked: string[] = [];
    const never = new Promise<never>(() => undefined);
    const cluster = {
      ...clusterOf(),
      countObjects: () => (asked.push("objects"), never),
      sampleWriters: () => (asked.push("writers"), never),
    };
    void review({ change: update(twoVersions, onlyV1), requester: null }, cluster, DEFAULT_POLICY, signal);
    await Promise.resolve();

    expect(asked).toEqual(["objects", "writers"]);
  });

  it("warns of those who write in a version that goes away, as the cluster tells them", async () => {
    const cluster = clusterOf({ writers: sampled([writer({ name: "argocd-controller", version: "v1alpha1" })]) });
    const change = update(twoVersions, crd({ served: ["v1"], unserved: ["v1alpha1"] }));

    expect(await review({ change, requester: null }, cluster, DEFAULT_POLICY, signal)).toMatchObject({
      kind: "allow",
      findings: [{ rule: "version-in-use-unserved", enforcement: "warn", fact: { writers: [{ name: "argocd-controller" }] } }],
    });
  });

  it("looks at the conversion webhooks before and after, and once at one that stays", async () => {
    const [first, second] = [converter("first"), converter("second")];
    const asked = async (previous: Crd, next: Crd): Promise<unknown> => {
      const cluster = clusterOf();
      await review({ change: update(previous, next), requester: null }, cluster, DEFAULT_POLICY, signal);
      return cluster.lookAtWebhook.mock.calls.map(([webhook]) => webhook);
    };
    const both = crd({ served: ["v1", "v1alpha1"], conversion: first });

    expect(await asked(both, { ...both, conversion: second })).toEqual([first, second]);
    expect(await asked(crd({ served: ["v1"], conversion: first }), both)).toEqual([first]);
    expect(await asked(both, { ...both, conversion: { kind: "none" } })).toEqual([first]);
    expect(await asked(both, both)).toEqual([]);
  });

  it("denies a conversion webhook that the cluster tells to be missing", async () => {
    const cluster = clusterOf();
    cluster.lookAtWebhook.mockResolvedValue({ kind: "broken", problem: { kind: "service-missing" } });
    const change = update(twoVersions, { ...twoVersions, conversion: converter() });

    expect(await review({ change, requester: null }, cluster, DEFAULT_POLICY, signal)).toMatchObject({
      kind: "deny",
      findings: [{ rule: "conversion-lost", fact: { kind: "conversion-unreachable", problem: { kind: "service-missing" } } }],
    });
  });

  it.each([
    {
      title: "allows a trim by Kubernetes' own migrator",
      username: "system:serviceaccount:kube-system:storage-version-migrator-controller",
      kind: "allow",
      asks: 0,
    },
    {
      title: "denies a trim by somebody whose name is nearly that",
      username: "system:serviceaccount:kube-system:storage-version-migrator-controller2",
      kind: "deny",
      asks: 1,
    },
    { title: "denies a trim by an administrator without proof", username: "kubernetes-admin", kind: "deny", asks: 1 },
  ])("$title", async ({ username, kind, asks }) => {
    const cluster = clusterOf();

    expect(await review({ change: trim, requester: requester(username) }, cluster, DEFAULT_POLICY, signal)).toMatchObject({
      kind,
    });
    expect(cluster.findMigration).toHaveBeenCalledTimes(asks);
  });

  it("allows a trim after a migration that the cluster proves", async () => {
    const cluster = clusterOf({ migration: { kind: "succeeded", by: "StorageVersionMigration gears" } });

    expect(await review({ change: trim, requester: requester("jane") }, cluster, DEFAULT_POLICY, signal)).toEqual({
      kind: "allow",
      findings: [],
    });
  });

  it("rejects when the cluster breaks its word, for the asker to answer", async () => {
    const cluster = { ...clusterOf(), countObjects: () => Promise.reject(new Error("broken")) };

    await expect(review({ change: remove(onlyV1), requester: null }, cluster, DEFAULT_POLICY, signal)).rejects.toThrow("broken");
  });
});

interface Asked {
  readonly counts: number;
  readonly migrations: number;
  readonly writers: number;
}

function previousOf(change: Change): unknown {
  return "previous" in change ? change.previous : null;
}

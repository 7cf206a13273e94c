import { describe, expect, it, vi } from "vitest";
import type { Cluster, Requester } from "../../../src/cluster/cluster.ts";
import { DEFAULT_POLICY } from "../../../src/policy/policy.ts";
import { review } from "../../../src/review/review.ts";
import type { Change } from "../../../src/rules/change.ts";
import type { MigrationEvidence, Need } from "../../../src/rules/facts.ts";
import { counted, create, crd, need, remove, statusUpdate, update } from "../../support/builders.ts";

const twoVersions = crd({ served: ["v1", "v1alpha1"], storage: "v1", stored: ["v1alpha1", "v1"] });
const onlyV1 = crd({ served: ["v1"] });
const trim = statusUpdate(twoVersions, ["v1"]);

function clusterOf({
  needs = [],
  migration = { kind: "none" },
}: { needs?: readonly Need[]; migration?: MigrationEvidence } = {}) {
  return {
    source: { kind: "cluster" },
    picture: vi.fn<Cluster["picture"]>(() => ({
      crds: new Map(),
      needs: new Map([["gears.own.dev", needs]]),
      unreadableDeclarations: [],
    })),
    countObjects: vi.fn<Cluster["countObjects"]>(() => Promise.resolve(counted(3))),
    findMigration: vi.fn<Cluster["findMigration"]>(() => Promise.resolve(migration)),
    mayList: vi.fn<Cluster["mayList"]>(() => Promise.resolve(true)),
  } satisfies Cluster;
}

function requester(username: string): Requester {
  return { username, uid: "", groups: [], extra: {} };
}

const signal = new AbortController().signal;

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

  it.each<{ title: string; change: Change; counts: number; migrations: number }>([
    { title: "nothing for a create", change: create(onlyV1), counts: 0, migrations: 0 },
    {
      title: "nothing for an update that drops no stored version",
      change: update(onlyV1, twoVersions),
      counts: 0,
      migrations: 0,
    },
    { title: "the objects for one that does", change: update(twoVersions, onlyV1), counts: 1, migrations: 0 },
    { title: "the objects for a deletion", change: remove(onlyV1), counts: 1, migrations: 0 },
    { title: "objects and migrations for a trimmed status", change: trim, counts: 1, migrations: 1 },
    {
      title: "nothing for a CRD that is terminating",
      change: remove({ ...onlyV1, isTerminating: true }),
      counts: 0,
      migrations: 0,
    },
  ])("asks the cluster $title", async ({ change, counts, migrations }) => {
    const cluster = clusterOf();
    await review({ change, requester: null }, cluster, DEFAULT_POLICY, signal);

    expect([cluster.countObjects.mock.calls.length, cluster.findMigration.mock.calls.length]).toEqual([counts, migrations]);
    for (const call of [...cluster.countObjects.mock.calls, ...cluster.findMigration.mock.calls])
      expect(call).toEqual([twoVersionsOr(change), signal]);
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

function twoVersionsOr(change: Change): unknown {
  return change.kind === "create" ? null : change.previous;
}

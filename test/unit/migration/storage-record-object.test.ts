import { describe, expect, it } from "vitest";
import type { StorageRecord } from "../../../src/crd/storage-record.ts";
import { takeStorageRecord, writeStorageRecord } from "../../../src/migration/storage-record-object.ts";
import { createStorageCluster, type StorageCluster } from "../../support/storage-cluster.ts";

interface SentRequest {
  readonly method: string;
  readonly path: string;
}

function flipped(): StorageCluster {
  const cluster = createStorageCluster();
  cluster.write(0, "one", 0);
  cluster.flip("v1", []);
  return cluster;
}

function never(): AbortSignal {
  return new AbortController().signal;
}

function take(cluster: StorageCluster, settleMilliseconds = 0, crd = cluster.crd()): ReturnType<typeof takeStorageRecord> {
  return takeStorageRecord(cluster.client, crd, { by: "bob", settleMilliseconds, timing: cluster.timing }, never());
}

async function taken(cluster: StorageCluster): Promise<StorageRecord> {
  const result = await take(cluster);
  if (result.kind !== "taken") throw new Error(result.kind);
  return result.record;
}

const isDefinition = ({ path }: SentRequest): boolean => path.includes("customresourcedefinitions");
const isObjects = ({ path }: SentRequest): boolean => path.endsWith("/gears");
const isRecord = ({ path }: SentRequest): boolean => path.includes("storageversionrecords");

describe("a record that is taken", () => {
  it("is of the definition, and of the collection after the wait", async () => {
    const cluster = flipped();
    const taking = take(cluster, 5_000);
    cluster.write(1, "two", 2_000);
    await cluster.pass(6_000);

    expect(await taking).toEqual({
      kind: "taken",
      record: {
        crdUid: "uid-1",
        generation: 2,
        storageVersion: "v1",
        writtenSince: "103",
        recordedAt: "2026-05-06T00:00:06Z",
        recordedBy: "bob",
      },
    });
    expect(cluster.requests.map(({ path }) => path.split("/").at(-1))).toEqual(["gears.own.dev", "gears", "gears.own.dev"]);
    expect(cluster.requests[1]).toMatchObject({
      query: { limit: 1 },
      accept: expect.stringContaining("PartialObjectMetadataList"),
    });
  });

  it.each([
    {
      title: "another generation of the definition",
      act: (cluster: StorageCluster) => cluster.edit([]),
      reason: "its generation is 3, not 2",
    },
    { title: "another definition", act: (cluster: StorageCluster) => cluster.recreate(), reason: "it was deleted and made anew" },
    { title: "none", act: (cluster: StorageCluster) => cluster.refuse(isDefinition, 404), reason: "it was deleted" },
  ])("is none where there is $title by the end of the wait, or before", async ({ act, reason }) => {
    const late = flipped();
    const taking = take(late, 5_000);
    await late.pass(1_000);
    act(late);
    await late.pass(5_000);
    expect(await taking).toEqual({ kind: "changed", reason });

    const early = flipped();
    const seen = early.crd();
    act(early);
    expect(await take(early, 5_000, seen)).toEqual({ kind: "changed", reason });
  });

  it.each([
    { title: "may not be listed", status: 403, isForbidden: true, reason: "crdguard may not list gears.own.dev" },
    {
      title: "cannot be converted",
      status: 500,
      isForbidden: false,
      reason: "the API server could not list them in v1: refused by 500",
    },
  ])("is none where the objects $title", async ({ status, isForbidden, reason }) => {
    const cluster = flipped();
    cluster.refuse(isObjects, status);

    expect(await take(cluster)).toMatchObject({ kind: "unlisted", isForbidden, reason });
  });

  it("is none where the definition cannot be read, or was read from no cluster", async () => {
    const cluster = flipped();
    expect(await take(cluster, 0, { ...cluster.crd(), uid: null })).toMatchObject({ kind: "changed" });
    const unserved = cluster.crd().versions.map((version) => ({ ...version, isServed: false }));
    expect(await take(cluster, 0, { ...cluster.crd(), versions: unserved })).toMatchObject({
      kind: "unlisted",
      isForbidden: false,
    });
    cluster.refuse(isDefinition, 503);
    expect(await take(cluster)).toMatchObject({ kind: "unreadable", error: { code: "server-error" } });
  });
});

describe("a record that is written", () => {
  it("is made where there is none, takes the place of one that is not current, and leaves one that is", async () => {
    const cluster = flipped();
    const first = await taken(cluster);
    expect(await writeStorageRecord(cluster.client, cluster.crd(), first, never())).toEqual({ kind: "written", record: first });
    cluster.write(0, "two", 0);
    const later = await taken(cluster);
    expect(await writeStorageRecord(cluster.client, cluster.crd(), later, never())).toEqual({ kind: "kept", record: first });
    cluster.edit([]);
    cluster.edit([]);
    const next = await taken(cluster);

    expect(await writeStorageRecord(cluster.client, cluster.crd(), next, never())).toEqual({ kind: "written", record: next });
    expect(cluster.record()).toMatchObject({ spec: { definition: { generation: 4 }, writtenSince: next.writtenSince } });
  });

  it("gives way to one that somebody else writes in between, if that is current", async () => {
    const cluster = flipped();
    const mine = await taken(cluster);
    const theirs = { ...mine, recordedBy: "alice" };
    // After the look, and before the write.
    cluster.meanwhile(1, () => {
      void writeStorageRecord(cluster.client, cluster.crd(), theirs, never());
    });
    const written = await writeStorageRecord(cluster.client, cluster.crd(), mine, never());

    const kept = cluster.record();
    expect(kept).toMatchObject({ spec: { recordedBy: written.kind === "kept" ? "alice" : "bob" } });
  });

  it.each([
    { title: "the cluster has no such kind", status: 404, result: { kind: "no-such-kind" } },
    { title: "it may not be", status: 403, result: { kind: "unwritten", error: { code: "forbidden" } } },
    { title: "it conflicts each time", status: 409, result: { kind: "unwritten", error: { code: "conflict" } } },
  ])("is none where $title", async ({ status, result }) => {
    const cluster = flipped();
    const record = await taken(cluster);
    cluster.refuse((request) => isRecord(request) && request.method !== "GET", status);
    expect(await writeStorageRecord(cluster.client, cluster.crd(), record, never())).toMatchObject(result);
    cluster.refuse(isRecord, status);
    if (status !== 409) expect(await writeStorageRecord(cluster.client, cluster.crd(), record, never())).toMatchObject(result);
  });
});

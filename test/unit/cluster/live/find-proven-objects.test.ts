import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findMigration } from "../../../../src/cluster/live/find-migration.ts";
import { findProvenObjects } from "../../../../src/cluster/live/find-proven-objects.ts";
import { readStorageRecord } from "../../../../src/cluster/live/read-storage-record.ts";
import type { Crd } from "../../../../src/crd/crd.ts";
import type { MigrationEvidence } from "../../../../src/rules/facts.ts";
import { crd } from "../../../support/builders.ts";
import { type StandIn, startStandIn, status } from "./stand-in-api-server.ts";

const GEARS: Crd = {
  ...crd({ served: ["v1", "v1alpha1"], storage: "v1", stored: ["v1alpha1", "v1"] }),
  uid: "uid-1",
  generation: 4,
};
const OBJECTS = "/apis/own.dev/v1/gears";
const RECORDS = "/apis/crdguard.dev/v1alpha1/storageversionrecords";
const BY = "StorageVersionRecord gears.own.dev";

let server: StandIn;

beforeEach(async () => {
  server = await startStandIn();
});

afterEach(async () => {
  await server.close();
});

function record(spec: Readonly<Record<string, unknown>> = {}): void {
  server.collection(RECORDS).put({
    metadata: { name: GEARS.name, uid: "record-1" },
    spec: {
      definition: { uid: "uid-1", generation: 4 },
      storageVersion: "v1",
      writtenSince: "100",
      recordedAt: "2026-05-06T08:00:00Z",
      recordedBy: "crdguard one",
      ...spec,
    },
  });
}

/** So many objects, written before the record and since, by turns of so many. */
function objects(count: number, isOld: (index: number) => boolean): void {
  server.collection(OBJECTS, {
    count,
    make: (index) => ({
      metadata: { namespace: "mill", name: `g${String(index)}`, resourceVersion: isOld(index) ? "99" : "101" },
    }),
  });
}

function found(definition = GEARS, signal = new AbortController().signal): Promise<MigrationEvidence> {
  return findProvenObjects({ client: server.client, objects: server.client, crd: definition, signal });
}

describe("objects that were written since the record", () => {
  it("prove the migration when they are all that there are, over pages", async () => {
    record();
    objects(1_200, () => false);

    expect(await found()).toEqual({ kind: "succeeded", by: BY });
    expect(server.requests.filter(({ path }) => path === OBJECTS)).toHaveLength(3);
    expect(server.requests.every(({ accept }) => accept.startsWith("application/json"))).toBe(true);
  });

  it("prove it where there are none", async () => {
    record();
    objects(0, () => false);

    expect(await found()).toEqual({ kind: "succeeded", by: BY });
  });

  it("do not while there is another one: how many, and the first five", async () => {
    record();
    objects(1_200, (index) => index >= 600 && index < 607);

    expect(await found()).toEqual({
      kind: "unproven",
      by: BY,
      unprovenCount: 7,
      objectCount: 1_200,
      isComplete: true,
      examples: [600, 601, 602, 603, 604].map((index) => ({ namespace: "mill", name: `g${String(index)}` })),
    });
  });

  it("do not while there is one without a resource version", async () => {
    record();
    server.collection(OBJECTS, { count: 1, make: () => ({ metadata: { name: "g0" } }) });

    expect(await found()).toMatchObject({ kind: "unproven", unprovenCount: 1, examples: [{ namespace: "", name: "g0" }] });
  });

  it("are no proof when they could not be looked at to the end, were none of those seen in the way", async () => {
    record();
    objects(1_200, () => false);
    server.answer(({ path, query }) => path === OBJECTS && query["continue"] !== undefined, {
      status: 500,
      body: status(500, "no"),
    });

    expect(await found()).toEqual({
      kind: "unproven",
      by: BY,
      unprovenCount: 0,
      objectCount: 500,
      isComplete: false,
      examples: [],
    });
  });

  it("are looked at anew, from the start, when the list has expired in between", async () => {
    record();
    objects(600, (index) => index === 0);
    server.collection(OBJECTS, {
      count: 600,
      make: (index) => ({ metadata: { name: `g${String(index)}`, resourceVersion: index === 0 ? "99" : "101" } }),
    });
    server.answer(({ query }) => query["continue"] !== undefined, { status: 410, body: status(410, "too old") }, 1);

    expect(await found()).toMatchObject({ unprovenCount: 1, objectCount: 600, isComplete: true });
  });

  it("are nothing that could be told of, where they may not be listed", async () => {
    record();
    server.answer(({ path }) => path === OBJECTS, { status: 403, body: status(403, "no") });

    expect(await found()).toEqual({ kind: "none" });
  });
});

describe("a record", () => {
  it.each([
    {
      title: "of a deleted definition",
      spec: { definition: { uid: "uid-0", generation: 4 } },
      reason: "it is of a definition of this name that was deleted since",
    },
    {
      title: "of another storage version",
      spec: { storageVersion: "v1alpha1" },
      reason: "it is of storage version v1alpha1, which is now v1",
    },
    {
      title: "of an older generation than the one before",
      spec: { definition: { uid: "uid-1", generation: 2 } },
      reason: "it is of generation 2 of the definition, which is now at 4",
    },
  ])("$title proves nothing, and nobody is asked for objects", async ({ spec, reason }) => {
    record(spec);
    objects(3, () => false);

    expect(await found()).toEqual({ kind: "outdated", by: BY, reason });
    expect(server.requests.map(({ path }) => path)).toEqual([RECORDS]);
  });

  it("of the generation before counts on", async () => {
    record({ definition: { uid: "uid-1", generation: 3 } });
    objects(3, () => false);

    expect(await found()).toEqual({ kind: "succeeded", by: BY });
  });

  it.each([
    { title: "is not there", prepare: () => void server.collection(RECORDS), kind: "none" },
    { title: "has no kind in the cluster", prepare: () => undefined, kind: "no-such-kind" },
    {
      title: "may not be read",
      prepare: () => void server.answer(({ path }) => path === RECORDS, { status: 403, body: status(403, "no") }),
      kind: "unreadable",
    },
    {
      title: "is not of the form that is known",
      prepare: () => {
        record({ writtenSince: 100 });
      },
      kind: "unreadable",
    },
  ])("that $title proves nothing", async ({ prepare, kind }) => {
    prepare();
    objects(3, () => false);

    expect((await readStorageRecord(server.client, GEARS, new AbortController().signal)).kind).toBe(kind);
    expect(await found()).toEqual({ kind: "none" });
  });

  it.each([
    { title: "has nothing to migrate", definition: { ...GEARS, stored: { names: ["v1"], source: "status" as const } } },
    {
      title: "serves no version",
      definition: { ...GEARS, versions: GEARS.versions.map((each) => ({ ...each, isServed: false })) },
    },
  ])("is not asked for where the definition $title", async ({ definition }) => {
    expect(await found(definition)).toEqual({ kind: "none" });
    expect(server.requests).toEqual([]);
  });
});

describe("which proof counts", () => {
  it.each([
    {
      title: "a record that proves all, over a migration that is too old",
      isOld: false,
      created: "2026-04-01T10:00:00Z",
      kind: "succeeded",
    },
    {
      title: "a migration that proves all, over a record that does not",
      isOld: true,
      created: "2026-06-01T10:00:00Z",
      kind: "succeeded",
    },
    {
      title: "how many are not proven, over a migration that is too old",
      isOld: true,
      created: "2026-04-01T10:00:00Z",
      kind: "unproven",
    },
  ])("$title", async ({ isOld, created, kind }) => {
    record();
    objects(2, () => isOld);
    server.collection("/apis/storagemigration.k8s.io/v1beta1/storageversionmigrations").put({
      metadata: { name: "rewrite", creationTimestamp: created },
      spec: { resource: { group: "own.dev", resource: "gears" } },
      status: { conditions: [{ type: "Succeeded", status: "True" }] },
    });
    const definition = { ...GEARS, lastWrittenAt: "2026-05-01T10:00:00Z" };

    expect((await findMigration(server.client, definition, new AbortController().signal)).kind).toBe(kind);
  });
});

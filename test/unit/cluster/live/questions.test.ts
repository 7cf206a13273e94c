import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Crd, UNRECORDED } from "../../../../src/crd/crd.ts";
import { whoAmI } from "../../../../src/cluster/live/access-review.ts";
import { countObjects } from "../../../../src/cluster/live/count-objects.ts";
import { findMigration } from "../../../../src/cluster/live/find-migration.ts";
import { mayList } from "../../../../src/cluster/live/may-list.ts";
import { mayOverride } from "../../../../src/cluster/live/may-override.ts";
import { sampleWriters } from "../../../../src/cluster/live/sample-writers.ts";
import { isList, type StandIn, type StandInObject, startStandIn, status } from "./stand-in-api-server.ts";

const THINGS = "/apis/example.dev/v1/things";

let server: StandIn;

beforeEach(async () => {
  server = await startStandIn();
});

afterEach(async () => {
  await server.close();
});

describe("counting objects", () => {
  it("counts over pages, by namespace, with the first few as examples", async () => {
    server.collection(THINGS, { count: 1_200, make: (index) => thing(index) });

    const evidence = await countObjects(server.client, crd(), never());

    expect(evidence).toEqual({
      kind: "counted",
      total: 1_200,
      isComplete: true,
      byNamespace: new Map([
        ["even", 600],
        ["odd", 600],
      ]),
      examples: [
        { namespace: "even", name: "t0" },
        { namespace: "odd", name: "t1" },
        { namespace: "even", name: "t2" },
        { namespace: "odd", name: "t3" },
        { namespace: "even", name: "t4" },
      ],
      source: { kind: "cluster" },
    });
    expect(server.requests).toHaveLength(3);
    expect(server.requests[0]?.accept).toBe("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
  });

  it("counts cluster-scoped objects under the empty namespace, and none at all as none", async () => {
    const things = server.collection(THINGS);
    expect(await countObjects(server.client, crd(), never())).toMatchObject({ total: 0, isComplete: true, examples: [] });
    things.put({ metadata: { name: "only" } });

    expect(await countObjects(server.client, crd(), never())).toMatchObject({
      total: 1,
      byNamespace: new Map([["", 1]]),
      examples: [{ namespace: "", name: "only" }],
    });
  });

  it.each([
    { title: "asks in the storage version, which needs no conversion webhook", storage: "v1alpha1", asked: "v1alpha1" },
    { title: "asks in the most stable version if the storage version is not served", storage: "v1", asked: "v1beta1" },
  ])("$title", async ({ storage, asked }) => {
    server.collection(`/apis/example.dev/${asked}/things`, { count: 1, make: thing });
    const versions = [
      { name: "v1alpha1", isServed: true },
      { name: "v1beta1", isServed: true },
      { name: "v1", isServed: false },
    ].map((version) => ({ ...version, isStorage: version.name === storage }));

    expect(await countObjects(server.client, crd({ versions }), never())).toMatchObject({ kind: "counted", total: 1 });
  });

  it("gives a lower bound when it is aborted midway", async () => {
    server.collection(THINGS, { count: 1_200, make: thing });
    server.answer(({ query }) => query["continue"] !== undefined, "hang");

    expect(await countObjects(server.client, crd(), AbortSignal.timeout(60))).toMatchObject({ total: 500, isComplete: false });
  });

  it("gives a lower bound of nothing when it is aborted before the first page", async () => {
    expect(await countObjects(server.client, crd(), AbortSignal.abort())).toMatchObject({ total: 0, isComplete: false });
    expect(server.requests).toHaveLength(0);
  });

  it("gives a lower bound when a later page fails", async () => {
    server.collection(THINGS, { count: 1_200, make: thing });
    server.answer(({ query }) => query["continue"] !== undefined, { status: 500 });

    expect(await countObjects(server.client, crd(), never())).toMatchObject({ total: 500, isComplete: false });
  });

  it.each([
    { title: "counts again when a continue token has expired", expirations: 1, total: 1_200, isComplete: true },
    { title: "gives a lower bound when it expires twice", expirations: 2, total: 500, isComplete: false },
  ])("$title", async ({ expirations, total, isComplete }) => {
    server.collection(THINGS, { count: 1_200, make: thing }).expireContinueTokens(expirations);

    expect(await countObjects(server.client, crd(), never())).toMatchObject({ total, isComplete });
  });

  it.each([
    { code: 403, reason: "crdguard may not list things.example.dev" },
    { code: 404, reason: "the API server does not serve things.example.dev in v1" },
    { code: 401, reason: "the API server did not accept crdguard's credentials" },
    { code: 429, reason: "the API server is too busy to list them" },
    { code: 504, reason: "the API server did not list them in time" },
    { code: 500, reason: "the API server could not list them in v1: request to convert CR from an invalid group/version" },
  ])("says why nothing can be counted after a $code", async ({ code, reason }) => {
    server.answer(isList, { status: code, body: status(code, "request to convert CR from an invalid group/version") });

    expect(await countObjects(server.client, crd(), never())).toEqual({
      kind: "uncountable",
      reason,
      ...(code === 403 ? { isForbidden: true } : {}),
    });
  });

  it("says that nothing can be counted when no version is served", async () => {
    const versions = [{ name: "v1", isServed: false, isStorage: true }];

    expect(await countObjects(server.client, crd({ versions }), never())).toEqual({
      kind: "uncountable",
      reason: "no version of it is served, so its objects cannot be listed",
    });
  });

  it("says that the API server cannot be reached", async () => {
    await server.down();

    const evidence = await countObjects(server.client, crd(), never());

    expect(evidence.kind === "uncountable" ? evidence.reason : "").toMatch(
      /^the API server could not be reached: 127\.0\.0\.1:\d+: connect ECONNREFUSED/,
    );
  });
});

describe("sampling writers", () => {
  it("tells who wrote the objects, by metadata alone", async () => {
    server.collection(THINGS, { count: 3, make: (index) => written(index, index === 0 ? "helm" : "argocd-controller") });

    expect(await sampleWriters(server.client, crd(), never())).toEqual({
      kind: "sampled",
      objectCount: 3,
      isComplete: true,
      writers: [writer("argocd-controller", 2), writer("helm", 1)],
    });
    expect(server.requests.map(({ accept, query }) => ({ accept, limit: query["limit"] }))).toEqual([
      { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", limit: "500" },
    ]);
  });

  it("tells that there is no object", async () => {
    server.collection(THINGS);

    expect(await sampleWriters(server.client, crd(), never())).toEqual({
      kind: "sampled",
      objectCount: 0,
      isComplete: true,
      writers: [],
    });
  });

  it.each([
    { title: "looks at 2,000 objects at most", count: 2_001, objectCount: 2_000, isComplete: false },
    { title: "knows when those were all", count: 2_000, objectCount: 2_000, isComplete: true },
  ])("$title", async ({ count, objectCount, isComplete }) => {
    server.collection(THINGS, { count, make: (index) => written(index, "helm") });

    expect(await sampleWriters(server.client, crd(), never())).toEqual({
      kind: "sampled",
      objectCount,
      isComplete,
      writers: [writer("helm", objectCount)],
    });
    expect(server.requests).toHaveLength(4);
  });

  it.each([
    { title: "asks in the storage version, which needs no conversion webhook", storage: "v1alpha1", asked: "v1alpha1" },
    { title: "asks in the most stable version if the storage version is not served", storage: "v1", asked: "v1beta1" },
  ])("$title", async ({ storage, asked }) => {
    server.collection(`/apis/example.dev/${asked}/things`, { count: 1, make: (index) => written(index, "helm") });
    const versions = [
      { name: "v1alpha1", isServed: true },
      { name: "v1beta1", isServed: true },
      { name: "v1", isServed: false },
    ].map((version) => ({ ...version, isStorage: version.name === storage }));

    expect(await sampleWriters(server.client, crd({ versions }), never())).toMatchObject({ kind: "sampled", objectCount: 1 });
  });

  it.each([
    { title: "when it is aborted midway", answer: "hang" as const },
    { title: "when a later page fails", answer: { status: 500 } },
    { title: "when a continue token has expired", answer: { status: 410, body: status(410, "too old") } },
  ])("uses what it has seen $title", async ({ answer }) => {
    server.collection(THINGS, { count: 1_200, make: (index) => written(index, "helm") });
    server.answer(({ query }) => query["continue"] !== undefined, answer);

    expect(await sampleWriters(server.client, crd(), AbortSignal.timeout(300))).toEqual({
      kind: "sampled",
      objectCount: 500,
      isComplete: false,
      writers: [writer("helm", 500)],
    });
  });

  it.each([
    { code: 403, reason: "crdguard may not list things.example.dev" },
    { code: 500, reason: "the API server could not list them in v1: conversion webhook failed" },
  ])("says why nobody can be told after a $code", async ({ code, reason }) => {
    server.answer(isList, { status: code, body: status(code, "conversion webhook failed") });

    expect(await sampleWriters(server.client, crd(), never())).toEqual({
      kind: "unreadable",
      reason,
      ...(code === 403 ? { isForbidden: true } : {}),
    });
  });

  it("says that there was no time", async () => {
    expect(await sampleWriters(server.client, crd(), AbortSignal.abort())).toEqual({
      kind: "unreadable",
      reason: "the API server did not list them in time",
    });
    expect(server.requests).toHaveLength(0);
  });

  it("says that no version is served", async () => {
    const versions = [{ name: "v1", isServed: false, isStorage: true }];

    expect(await sampleWriters(server.client, crd({ versions }), never())).toEqual({
      kind: "unreadable",
      reason: "no version of it is served, so its objects cannot be listed",
    });
  });
});

describe("looking for a migration", () => {
  const LAST_WRITE = "2026-05-01T10:00:00Z";

  it.each([
    { title: "takes one created a second after the CRD's last write", migration: {}, kind: "succeeded" },
    { title: "does not take one of the same second", migration: { created: "2026-05-01T10:00:00Z" }, kind: "outdated" },
    { title: "does not take an older one", migration: { created: "2026-04-01T10:00:00Z" }, kind: "outdated" },
    { title: "does not take one without a creation time", migration: { created: "" }, kind: "outdated" },
    {
      title: "does not take any when the CRD does not tell its last write",
      migration: {},
      lastWrittenAt: null,
      kind: "outdated",
    },
    { title: "passes over one that runs", migration: { condition: { type: "Running", status: "True" } }, kind: "none" },
    { title: "passes over one that failed", migration: { condition: { type: "Failed", status: "True" } }, kind: "none" },
    {
      title: "passes over one that has not succeeded",
      migration: { condition: { type: "Succeeded", status: "False" } },
      kind: "none",
    },
    { title: "passes over one of another resource", migration: { resource: "gadgets" }, kind: "none" },
    { title: "passes over one of another group", migration: { group: "other.dev" }, kind: "none" },
  ])("$title", async ({ migration, lastWrittenAt = LAST_WRITE, kind }) => {
    server.collection(migrations("v1beta1")).put(storageVersionMigration(migration));

    expect((await findMigration(server.client, crd({ lastWrittenAt }), never())).kind).toBe(kind);
  });

  it("prefers the one that proves it over older ones, and names it", async () => {
    const all = server.collection(migrations("v1"));
    all.put(storageVersionMigration({ name: "old", created: "2026-04-01T10:00:00Z" }));
    all.put(storageVersionMigration({ name: "new" }));

    expect(await findMigration(server.client, crd({ lastWrittenAt: LAST_WRITE }), never())).toEqual({
      kind: "succeeded",
      by: "StorageVersionMigration new",
    });
  });

  it("says why one is outdated", async () => {
    server.collection(migrations("v1alpha1")).put(storageVersionMigration({ created: "2026-04-01T10:00:00Z" }));

    expect(await findMigration(server.client, crd({ lastWrittenAt: LAST_WRITE }), never())).toEqual({
      kind: "outdated",
      by: "StorageVersionMigration rewrite",
      reason: "created at 2026-04-01T10:00:00Z, not after the CRD's last change at 2026-05-01T10:00:00Z",
    });
  });

  it("takes the API server's own word, without asking", async () => {
    expect((await findMigration(server.client, crd({ isMigratedInTree: true }), never())).kind).toBe("succeeded");
    expect(server.requests).toHaveLength(0);
  });

  it.each([
    { title: "finds none where the API is not served", code: 404, asked: 3 },
    { title: "finds none where it may not look", code: 403, asked: 1 },
    { title: "finds none where the API server fails", code: 500, asked: 1 },
  ])("$title", async ({ code, asked }) => {
    server.answer(isList, { status: code, body: status(code, "no") });

    expect(await findMigration(server.client, crd({ lastWrittenAt: LAST_WRITE }), never())).toEqual({ kind: "none" });
    expect(server.requests).toHaveLength(asked);
  });
});

describe("asking whether somebody may override", () => {
  const alice = { username: "alice", uid: "1", groups: ["devs"], extra: { "example.dev/team": ["blue"] } };

  it.each([
    { title: "takes a yes", answer: { status: 201, body: { status: { allowed: true } } }, expected: "allowed" },
    { title: "takes a no", answer: { status: 201, body: { status: { allowed: false } } }, expected: "not-allowed" },
    {
      title: "takes a denial over a yes",
      answer: { status: 201, body: { status: { allowed: true, denied: true } } },
      expected: "not-allowed",
    },
    { title: "does not take a failure for a no", answer: { status: 500, body: status(500, "no") }, expected: "unverified" },
    { title: "does not take a refusal for a no", answer: { status: 403, body: status(403, "no") }, expected: "unverified" },
    { title: "never takes nonsense for a yes", answer: { status: 200, body: "yes" }, expected: "not-allowed" },
  ])("$title", async ({ answer, expected }) => {
    server.answer(({ method }) => method === "POST", answer);

    expect(await mayOverride(server.client, alice, "objects-deleted", never())).toBe(expected);
  });

  it("does not wait for longer than it is told", async () => {
    server.answer(() => true, "hang");

    expect(await mayOverride(server.client, alice, "objects-deleted", AbortSignal.timeout(30))).toBe("unverified");
  });

  it("asks for the verb override on a GuardPolicy of the rule's name, of the requester or of whoever the client is", async () => {
    await mayOverride(server.client, alice, "objects-deleted", never());
    await mayOverride(server.client, null, "objects-deleted", never());

    const resourceAttributes = { verb: "override", group: "crdguard.dev", resource: "guardpolicies", name: "objects-deleted" };
    expect(server.requests.map(({ path, body }) => [path, JSON.parse(body)] as const)).toEqual([
      [
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SubjectAccessReview",
          spec: { user: "alice", uid: "1", groups: ["devs"], extra: { "example.dev/team": ["blue"] }, resourceAttributes },
        },
      ],
      [
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: { resourceAttributes } },
      ],
    ]);
  });

  it.each([
    {
      title: "by name",
      answer: { status: 201, body: { status: { userInfo: { username: "alice" } } } },
      expected: { ok: true, value: "alice" },
    },
    {
      title: "of an old API server, not at all",
      answer: { status: 404, body: status(404, "no") },
      expected: { ok: true, value: null },
    },
    { title: "with what was refused", answer: { status: 403, body: status(403, "no") }, expected: { ok: false } },
  ])("learns who one is $title", async ({ answer, expected }) => {
    server.answer(({ path }) => path.endsWith("/selfsubjectreviews"), answer);

    expect(await whoAmI(server.client, never())).toMatchObject(expected);
  });
});

describe("asking whether somebody may list", () => {
  const alice = { username: "alice", uid: "1", groups: ["devs"], extra: { "example.dev/team": ["blue"] } };
  const target = { group: "example.dev", resource: "things", namespace: "odd" };

  it.each([
    { title: "takes a yes", answer: { status: 201, body: { status: { allowed: true } } }, expected: true },
    { title: "takes a no", answer: { status: 201, body: { status: { allowed: false } } }, expected: false },
    {
      title: "takes a denial over a yes",
      answer: { status: 201, body: { status: { allowed: true, denied: true } } },
      expected: false,
    },
    { title: "takes a failure as a no", answer: { status: 500, body: status(500, "no") }, expected: false },
    { title: "takes a refusal as a no", answer: { status: 403, body: status(403, "no") }, expected: false },
    { title: "takes nonsense as a no", answer: { status: 200, body: "yes" }, expected: false },
  ])("$title", async ({ answer, expected }) => {
    server.answer(({ method }) => method === "POST", answer);

    expect(await mayList(server.client, alice, target, never())).toBe(expected);
  });

  it("takes silence as a no", async () => {
    server.answer(() => true, "hang");

    expect(await mayList(server.client, alice, target, AbortSignal.timeout(30))).toBe(false);
  });

  it("asks in the name of the requester, with all that is known of them", async () => {
    await mayList(server.client, alice, target, never());

    const [request] = server.requests;
    expect(request?.path).toBe("/apis/authorization.k8s.io/v1/subjectaccessreviews");
    expect(request?.contentType).toBe("application/json");
    expect(JSON.parse(request?.body ?? "")).toEqual({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: "alice",
        uid: "1",
        groups: ["devs"],
        extra: { "example.dev/team": ["blue"] },
        resourceAttributes: { verb: "list", group: "example.dev", resource: "things", namespace: "odd" },
      },
    });
  });
});

function crd(changed: Partial<Crd> = {}): Crd {
  return {
    name: "things.example.dev",
    group: "example.dev",
    plural: "things",
    kind: "Thing",
    scope: "Namespaced",
    versions: [{ name: "v1", isServed: true, isStorage: true }],
    stored: { names: ["v1"], source: "status" },
    bundle: null,
    ...UNRECORDED,
    ...changed,
  };
}

function thing(index: number): StandInObject {
  return { metadata: { name: `t${String(index)}`, namespace: index % 2 === 0 ? "even" : "odd" }, spec: { size: index } };
}

const WRITTEN_AT = "2026-05-01T10:00:00Z";

function written(index: number, manager: string): StandInObject {
  const managedFields = [{ manager, operation: "Update", apiVersion: "example.dev/v1", time: WRITTEN_AT }];
  return { metadata: { ...thing(index).metadata, managedFields } };
}

function writer(name: string, objectCount: number): unknown {
  return {
    kind: "field-manager",
    name,
    version: "v1",
    objectCount,
    isSubresourceOnly: false,
    lastWrittenAt: WRITTEN_AT,
  };
}

function migrations(version: string): string {
  return `/apis/storagemigration.k8s.io/${version}/storageversionmigrations`;
}

interface MigrationChoice {
  readonly name?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly created?: string;
  readonly condition?: { readonly type: string; readonly status: string };
}

/** Shape: k8s.io/api v0.35.4, storagemigration/v1beta1/types.go. */
function storageVersionMigration(choice: MigrationChoice): StandInObject {
  const { name = "rewrite", group = "example.dev", resource = "things", created = "2026-05-01T10:00:01Z" } = choice;
  return {
    metadata: { name, creationTimestamp: created },
    spec: { resource: { group, resource } },
    status: { conditions: [choice.condition ?? { type: "Succeeded", status: "True" }], resourceVersion: "42" },
  };
}

function never(): AbortSignal {
  return new AbortController().signal;
}

import { REACHED_WARNING } from "../../../src/explain/registration.ts";
import { once } from "node:events";
import { Agent, request as httpsRequest } from "node:https";
import type { ClientRequest, IncomingMessage } from "node:http";
import { connect, type TLSSocket } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { MAX_BODY_BYTES } from "../../../src/admission/body.ts";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { counted, need } from "../../support/builders.ts";
import { admissionReview, dropOfStoredVersion, harmlessUpdate, manifest } from "./support/reviews.ts";
import { ask, developmentPair, fakeCluster, runGuard, type RunningGuard, send } from "./support/running-guard.ts";

const UID = "705ab4f5-6393-11e8-b7cc-42010a800002";
const json = { "content-type": "application/json" };
const never = (): Promise<never> => new Promise(() => undefined);

function reviewed(response: Readonly<Record<string, unknown>>): unknown {
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid: UID, ...response } };
}

describe("the admission server, asked by HTTP", () => {
  it.each([
    {
      method: "GET",
      path: "/validate",
      statusCode: 405,
      text: '{"code":"method-not-allowed","message":"/validate takes POST only"}',
      allow: "POST",
    },
    { method: "HEAD", path: "/validate", statusCode: 405, text: "", allow: "POST" },
    {
      method: "PUT",
      path: "/explain",
      statusCode: 405,
      text: '{"code":"method-not-allowed","message":"/explain takes POST only"}',
      allow: "POST",
    },
    {
      method: "PATCH",
      path: "/explain",
      statusCode: 405,
      text: '{"code":"method-not-allowed","message":"/explain takes POST only"}',
      allow: "POST",
    },
    {
      method: "DELETE",
      path: "/validate",
      statusCode: 405,
      text: '{"code":"method-not-allowed","message":"/validate takes POST only"}',
      allow: "POST",
    },
    {
      method: "OPTIONS",
      path: "/validate",
      statusCode: 405,
      text: '{"code":"method-not-allowed","message":"/validate takes POST only"}',
      allow: "POST",
    },
    {
      method: "POST",
      path: "/",
      statusCode: 404,
      text: '{"code":"path-unknown","message":"the paths are /validate, /explain and /workloads"}',
    },
    {
      method: "POST",
      path: "/validate/",
      statusCode: 404,
      text: '{"code":"path-unknown","message":"the paths are /validate, /explain and /workloads"}',
    },
    {
      method: "POST",
      path: "/Validate",
      statusCode: 404,
      text: '{"code":"path-unknown","message":"the paths are /validate, /explain and /workloads"}',
    },
    {
      method: "POST",
      path: "/mutate?timeout=5s",
      statusCode: 404,
      text: '{"code":"path-unknown","message":"the paths are /validate, /explain and /workloads"}',
    },
    {
      method: "GET",
      path: "/metrics",
      statusCode: 404,
      text: '{"code":"path-unknown","message":"the paths are /validate, /explain and /workloads"}',
    },
    {
      method: "GET",
      path: "/../../etc/passwd",
      statusCode: 404,
      text: '{"code":"path-unknown","message":"the paths are /validate, /explain and /workloads"}',
    },
    { method: "POST", path: "/%ff", statusCode: 400, text: '{"code":"request-malformed","message":"the request is malformed"}' },
  ])("answers $method $path by $statusCode", async ({ method, path, statusCode, text, allow }) => {
    const reply = await send(await runGuard(), path, { method, headers: {}, body: "" });

    expect({ statusCode: reply.statusCode, text: reply.text, allow: reply.headers.allow }).toEqual({ statusCode, text, allow });
  });

  it.each([
    { title: "answers application/json", type: "application/json", statusCode: 200 },
    { title: "answers application/json; charset=utf-8", type: "application/json; charset=utf-8", statusCode: 200 },
    { title: "answers Application/JSON", type: "Application/JSON", statusCode: 200 },
    { title: "refuses text/plain", type: "text/plain", statusCode: 415 },
    { title: "refuses application/jsonx", type: "application/jsonx", statusCode: 415 },
    { title: "refuses application/vnd.kubernetes.protobuf", type: "application/vnd.kubernetes.protobuf", statusCode: 415 },
    { title: "refuses a form", type: "application/x-www-form-urlencoded", statusCode: 415 },
    { title: "refuses a content type that is none", type: "json", statusCode: 415 },
  ])("$title", async ({ type, statusCode }) => {
    const reply = await send(await runGuard(), "/validate", {
      headers: { "content-type": type },
      body: JSON.stringify(admissionReview(harmlessUpdate)),
    });

    expect(reply.statusCode).toBe(statusCode);
    expect(JSON.parse(reply.text)).toEqual(
      statusCode === 200
        ? reviewed({ allowed: true, auditAnnotations: { verdict: "allow" } })
        : { code: "content-type-unsupported", message: "the content type must be application/json" },
    );
  });

  it("refuses a body of no content type", async () => {
    const reply = await send(await runGuard(), "/validate", {
      headers: {},
      body: JSON.stringify(admissionReview(harmlessUpdate)),
    });

    expect(reply).toMatchObject({
      statusCode: 415,
      text: '{"code":"content-type-unsupported","message":"the content type must be application/json"}',
    });
  });

  it.each([
    { title: "an empty body", body: "", text: '{"code":"json-malformed","message":"the body is empty"}' },
    { title: "an empty body in chunks", body: [], text: '{"code":"json-malformed","message":"the body is empty"}' },
    { title: "what is not JSON", body: "{", text: '{"code":"json-malformed","message":"the body is not JSON"}' },
    {
      title: "what is no review",
      body: "{}",
      text: `{"code":"review-malformed","message":"not an AdmissionReview of admission.k8s.io/v1: the body must have required property 'apiVersion'"}`,
    },
  ])("answers $title by 400 and a code, and counts it", async ({ body, text }) => {
    const guard = await runGuard();
    const reply = await send(guard, "/validate", {
      body,
      headers: Array.isArray(body) ? { ...json, "transfer-encoding": "chunked" } : json,
    });
    const { code } = JSON.parse(reply.text) as { code: string };

    expect(reply).toMatchObject({ statusCode: 400, text });
    expect(reply.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect((await guard.metrics.admissionRejected.get()).values).toEqual([{ value: 1, labels: { reason: code } }]);
  });

  it("refuses TLS 1.1, and speaks 1.2 and 1.3", async () => {
    const guard = await runGuard();
    const oldest = { ciphers: "DEFAULT:@SECLEVEL=0", minVersion: "TLSv1" } as const;

    await expect(send(guard, "/validate", { tls: { ...oldest, maxVersion: "TLSv1.1" } })).rejects.toThrow(
      "tlsv1 alert protocol version",
    );
    expect((await send(guard, "/validate", { tls: { maxVersion: "TLSv1.2" } })).statusCode).toBe(400);
    expect((await send(guard, "/validate", { tls: { minVersion: "TLSv1.3" } })).statusCode).toBe(400);
  });
});

describe("the admission server, short of room", () => {
  const tooLarge = `{"code":"body-too-large","message":"the body is larger than ${String(MAX_BODY_BYTES)} bytes, which no CRD change needs"}`;

  it("answers a body that is announced too large by 413, without reading it", async () => {
    const guard = await runGuard();
    const { call, answered } = begin(guard, { "content-length": String(MAX_BODY_BYTES + 1) });
    call.flushHeaders();
    const reply = await answered;
    call.destroy();

    expect(reply).toEqual({ statusCode: 413, text: tooLarge, retryAfter: undefined, connection: "close" });
    expect(bytesInFlight(guard)).toBe(0);
  });

  it("answers a body that turns out too large by 413", async () => {
    const guard = await runGuard();
    const { call, answered } = begin(guard, { "transfer-encoding": "chunked" });
    const chunk = Buffer.alloc(1024 * 1024, " ");
    for (let sent = 0; sent <= MAX_BODY_BYTES; sent += chunk.length) call.write(chunk);
    const reply = await answered;
    call.destroy();

    expect(reply).toEqual({ statusCode: 413, text: tooLarge, retryAfter: undefined, connection: "close" });
    expect(bytesInFlight(guard)).toBe(0);
  });

  it("judges a body of the largest size, in chunks or with its length", async () => {
    const guard = await runGuard();
    const review = JSON.stringify(admissionReview(harmlessUpdate));
    const body = Buffer.concat([Buffer.from(review), Buffer.alloc(MAX_BODY_BYTES - review.length, " ")]);
    const answer = { statusCode: 200, text: JSON.stringify(reviewed({ allowed: true, auditAnnotations: { verdict: "allow" } })) };

    expect(await send(guard, "/validate", { body })).toMatchObject(answer);
    expect(await send(guard, "/validate", { body: [body.subarray(0, 100), body.subarray(100)] })).toMatchObject(answer);
  });

  it("puts off what exceeds the bytes in flight by 503 and Retry-After, and takes it once others are done", async () => {
    const guard = await runGuard();
    const slow = await Promise.all(Array.from({ length: 8 }, () => beginSlowBody(guard, MAX_BODY_BYTES)));

    const refused = await send(guard, "/validate", { body: JSON.stringify(admissionReview(harmlessUpdate)) });
    expect(refused).toMatchObject({
      statusCode: 503,
      text: '{"code":"overloaded","message":"too many reviews at once; try again in a moment"}',
    });
    expect(refused.headers).toMatchObject({ "retry-after": "1", connection: "close" });

    for (const call of slow) call.destroy();
    await vi.waitFor(async () => {
      expect(await send(guard, "/validate", { body: JSON.stringify(admissionReview(harmlessUpdate)) })).toMatchObject({
        statusCode: 200,
      });
    });
    expect((await guard.metrics.admissionRejected.get()).values).toContainEqual({ value: 1, labels: { reason: "overloaded" } });
  });

  it("gives the room of aborted uploads back, however often they come", async () => {
    const guard = await runGuard();
    for (let round = 0; round < 3; round += 1) {
      const slow = await Promise.all(Array.from({ length: 8 }, () => beginSlowBody(guard, MAX_BODY_BYTES)));
      for (const call of slow) call.destroy();
      await vi.waitFor(async () => {
        expect(await send(guard, "/validate", { body: JSON.stringify(admissionReview(harmlessUpdate)) })).toMatchObject({
          statusCode: 200,
        });
      });
    }
    expect(bytesInFlight(guard)).toBe(0);
  });

  it("counts the bytes of a body until it is answered", async () => {
    let answerNow = (): void => undefined;
    const countObjects: Cluster["countObjects"] = () =>
      new Promise((resolve) => {
        answerNow = () => {
          resolve(counted(1));
        };
      });
    const guard = await runGuard({ cluster: fakeCluster({ countObjects }) });
    const body = JSON.stringify(admissionReview(dropOfStoredVersion));
    const reply = send(guard, "/validate", { body });
    await vi.waitFor(async () => {
      expect(bytesInFlight(guard)).toBe(body.length);
    });
    answerNow();
    await reply;

    expect(bytesInFlight(guard)).toBe(0);
  });
});

describe("the admission server, asked for a review", () => {
  const denial = {
    allowed: false,
    status: {
      status: "Failure",
      code: 422,
      reason: "Invalid",
      details: { name: "gears.own.dev", causes: [{ reason: "stored-version-removed" }] },
    },
    auditAnnotations: { verdict: "deny", rules: "stored-version-removed=deny" },
  };

  it("denies what breaks the cluster, alike in both phases, and in a dry run as in earnest", async () => {
    const guard = await runGuard();
    const inEarnest = await ask(guard, "/validate?timeout=10s", admissionReview(dropOfStoredVersion));

    expect(inEarnest).toMatchObject(reviewed(denial) as object);
    expect(await ask(guard, "/explain?timeout=5s", admissionReview(dropOfStoredVersion))).toEqual(inEarnest);
    expect(await ask(guard, "/validate?timeout=10s", admissionReview({ ...dropOfStoredVersion, dryRun: true }))).toEqual(
      inEarnest,
    );
  });

  it.each([
    { title: "a dry run of its own user", ownUser: "crdguard", request: { dryRun: true }, isTold: true },
    { title: "what its own user does in earnest", ownUser: "crdguard", request: { dryRun: false }, isTold: false },
    { title: "a dry run of somebody else", ownUser: "another", request: { dryRun: true }, isTold: false },
    { title: "anybody while it does not know who it is", ownUser: undefined, request: { dryRun: true }, isTold: false },
  ])("says that it was reached: $isTold, to $title", async ({ ownUser, request, isTold }) => {
    const guard = await runGuard(ownUser === undefined ? {} : { ownUser });
    const review = admissionReview({ ...harmlessUpdate, ...request, userInfo: { username: "crdguard" } });

    const answer = (await ask(guard, "/validate", review)) as { response: { warnings?: readonly string[] } };

    expect(answer.response.warnings?.includes(REACHED_WARNING) ?? false).toBe(isTold);
  });

  it.each([
    {
      title: "allows what breaks nothing",
      path: "/validate",
      request: harmlessUpdate,
      response: { allowed: true, auditAnnotations: { verdict: "allow" } },
    },
    {
      title: "is silent about what breaks nothing, when it is to explain",
      path: "/explain",
      request: harmlessUpdate,
      response: { allowed: true, auditAnnotations: {} },
    },
    {
      title: "allows what it has no opinion on, and says so",
      path: "/validate",
      request: { resource: { group: "apps", version: "v1", resource: "deployments" } },
      response: {
        allowed: true,
        warnings: ["crdguard judges customresourcedefinitions only, not deployments.apps"],
        auditAnnotations: {},
      },
    },
    {
      title: "is silent about what it has no opinion on, when it is to explain",
      path: "/explain",
      request: { resource: { group: "apps", version: "v1", resource: "deployments" } },
      response: { allowed: true, auditAnnotations: {} },
    },
    {
      title: "denies a request that does not hold together, by a status that says what",
      path: "/validate",
      request: { operation: "CREATE" },
      response: {
        allowed: false,
        status: {
          status: "Failure",
          code: 400,
          reason: "BadRequest",
          message: "crdguard cannot read this request (object-missing): request.object is missing",
        },
        auditAnnotations: { verdict: "unreadable" },
      },
    },
    {
      title: "is silent about a request that does not hold together, when it is to explain",
      path: "/explain",
      request: { operation: "CREATE" },
      response: { allowed: true, auditAnnotations: {} },
    },
    {
      title: "allows any change of a CRD that is terminating",
      path: "/validate",
      request: {
        oldObject: manifest({
          versions: ["v1", "v1alpha1"],
          stored: ["v1alpha1", "v1"],
          metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" },
        }),
        object: manifest({ versions: ["v1"], stored: ["v1"] }),
      },
      response: { allowed: true, auditAnnotations: { verdict: "allow" } },
    },
  ])("$title", async ({ path, request, response }) => {
    expect(await ask(await runGuard(), path, admissionReview(request))).toEqual(reviewed(response));
  });

  it("keeps foreign text that it warns of on one short line, which the API server would drop otherwise", async () => {
    const answer = await ask(await runGuard(), "/validate", admissionReview({ subResource: `a\nb\u001b[31m${"c".repeat(200)}` }));

    expect(answer).toEqual(
      reviewed({
        allowed: true,
        warnings: [`${`crdguard does not judge the subresource a\\u000ab\\u001b[31m${"c".repeat(200)}`.slice(0, 119)}…`],
        auditAnnotations: {},
      }),
    );
  });

  it("keeps foreign text in the status of an unreadable request on its line", async () => {
    const name = "v1\n\u001b[2Jall is well";
    const object = manifest({ versions: [name, name] });
    const answer = await ask(await runGuard(), "/validate", admissionReview({ operation: "CREATE", object }));

    expect(answer).toMatchObject({
      response: {
        status: {
          message:
            'crdguard cannot read this request (object-malformed): request.object.spec.versions[1].name: "v1\\u000a\\u001b[2Jall is well" is listed twice',
        },
      },
    });
  });

  it.each([
    {
      title: "denies, with a status to try again",
      onUndecided: "deny" as const,
      response: {
        allowed: false,
        status: {
          status: "Failure",
          code: 503,
          reason: "ServiceUnavailable",
          message:
            "crdguard could not judge this change, so it is not let through: it has not read the whole cluster yet; try again in a moment",
        },
        auditAnnotations: { verdict: "undecided", reason: "facts-not-synced" },
      },
    },
    {
      title: "allows, with a warning",
      onUndecided: "allow" as const,
      response: {
        allowed: true,
        warnings: ["crdguard: not judged: it has not read the whole cluster yet"],
        auditAnnotations: { verdict: "undecided", reason: "facts-not-synced" },
      },
    },
  ])(
    "$title, what cannot be decided where the policy says so; silent when it is to explain",
    async ({ onUndecided, response }) => {
      const guard = await runGuard({
        cluster: fakeCluster({ picture: () => null }),
        policy: { enforcement: new Map(), onUndecided },
      });

      expect(await ask(guard, "/validate", admissionReview(dropOfStoredVersion))).toEqual(reviewed(response));
      expect(await ask(guard, "/explain", admissionReview(dropOfStoredVersion))).toEqual(
        reviewed({ allowed: true, auditAnnotations: {} }),
      );
    },
  );

  it("allows a create that cannot be decided, whatever the policy: a CRD that is not there breaks more", async () => {
    const guard = await runGuard({ cluster: fakeCluster({ picture: () => null }) });
    const review = admissionReview({ operation: "CREATE", object: manifest({ versions: ["v1"] }) });

    expect(await ask(guard, "/validate", review)).toEqual(
      reviewed({
        allowed: true,
        warnings: ["crdguard: not judged: it has not read the whole cluster yet"],
        auditAnnotations: { verdict: "undecided", reason: "facts-not-synced" },
      }),
    );
  });

  it("denies without names when an access review never ends", async () => {
    const guard = await runGuard({ cluster: fakeCluster({ mayList: never }) });
    const answer = await ask(guard, "/validate?timeout=90ms", admissionReview(dropOfStoredVersion));

    expect(answer).toMatchObject({ response: { allowed: false, status: { code: 422 }, auditAnnotations: { verdict: "deny" } } });
    expect(JSON.stringify(answer)).not.toContain("mill/g1");
  });

  it("takes what was counted when the time ran out for a lower bound", async () => {
    const countObjects: Cluster["countObjects"] = async (_crd, signal) => {
      await once(signal, "abort");
      return counted(3200, { isComplete: false });
    };
    const guard = await runGuard({ cluster: fakeCluster({ countObjects }) });
    const answer = await ask(guard, "/validate?timeout=90ms", admissionReview(dropOfStoredVersion));

    expect(answer).toMatchObject({
      response: {
        allowed: false,
        status: {
          details: {
            causes: [{ message: expect.stringContaining("at least 3,200 objects of it exist, and must be rewritten") as string }],
          },
        },
      },
    });
  });

  it("gives up a count that never ends, before the API server gives up the guard", async () => {
    const guard = await runGuard({ cluster: fakeCluster({ countObjects: never }) });
    const startedAt = performance.now();
    const answer = await ask(guard, "/validate?timeout=90ms", admissionReview(dropOfStoredVersion));

    expect(answer).toMatchObject({
      response: {
        uid: UID,
        allowed: false,
        status: { code: 503, reason: "ServiceUnavailable" },
        auditAnnotations: { reason: "deadline-exceeded" },
      },
    });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it("denies without names when a count uses up its time and nobody tells whose names may be shown", async () => {
    const cluster = fakeCluster({
      countObjects: async (_crd, signal) => {
        await once(signal, "abort");
        return counted(2, { isComplete: false });
      },
      mayList: async (_requester, _target, signal) => {
        await once(signal, "abort");
        return false;
      },
    });
    const answer = await ask(await runGuard({ cluster }), "/validate?timeout=200ms", admissionReview(dropOfStoredVersion));

    expect(answer).toMatchObject({ response: { allowed: false, status: { code: 422 }, auditAnnotations: { verdict: "deny" } } });
    expect(JSON.stringify(answer)).not.toContain("mill/g1");
  });

  it.each([
    {
      title: "a picture that throws",
      cluster: fakeCluster({
        picture: () => {
          throw new Error("secret: hunter2");
        },
      }),
    },
    { title: "a count that rejects", cluster: fakeCluster({ countObjects: () => Promise.reject(new Error("secret: hunter2")) }) },
    {
      title: "an access review that rejects",
      cluster: fakeCluster({ mayList: () => Promise.reject(new Error("secret: hunter2")) }),
    },
    {
      title: "what is thrown and no error",
      cluster: fakeCluster({ countObjects: () => Promise.reject("secret: hunter2") }),
    },
  ])("answers undecided for $title: the log has the error, the answer has none of it", async ({ cluster }) => {
    const guard = await runGuard({ cluster });
    const answer = await ask(guard, "/validate", admissionReview(dropOfStoredVersion));

    expect(answer).toEqual(
      reviewed({
        allowed: false,
        status: {
          status: "Failure",
          code: 503,
          reason: "ServiceUnavailable",
          message:
            "crdguard could not judge this change, so it is not let through: it met an internal error, which its log tells; try again in a moment",
        },
        auditAnnotations: { verdict: "undecided", reason: "internal-error" },
      }),
    );
    expect(guard.logLines()).toEqual([expect.stringMatching(/"level":"error".*hunter2.*"msg":"review failed"/)]);
  });

  it("asks in the name of the requester, whose names alone it then shows", async () => {
    const mayList = vi.fn<Cluster["mayList"]>((_requester, { namespace }) => Promise.resolve(namespace === "mill"));
    const needs = [
      need({ versions: ["v1alpha1"] }),
      need({ versions: ["v1alpha1"], workload: { namespace: "vault", name: "hidden" } }),
    ];
    const guard = await runGuard({ cluster: fakeCluster({ needs, mayList }) });
    const answer = JSON.stringify(await ask(guard, "/validate", admissionReview(dropOfStoredVersion)));

    expect(answer).toContain("Deployment mill/turner");
    expect(answer).toContain("1 workload in namespaces that you may not list");
    expect(answer).not.toMatch(/vault|hidden"/);
    expect(mayList.mock.calls.map(([requester, target]) => ({ username: requester.username, ...target }))).toEqual([
      { username: "jane", group: "apps", resource: "deployments", namespace: "" },
      { username: "jane", group: "apps", resource: "deployments", namespace: "mill" },
      { username: "jane", group: "apps", resource: "deployments", namespace: "vault" },
      { username: "jane", group: "own.dev", resource: "gears", namespace: "" },
      { username: "jane", group: "own.dev", resource: "gears", namespace: "mill" },
    ]);
  });

  it("asks for no more than sixteen rights, whatever the number of namespaces", async () => {
    const mayList = vi.fn<Cluster["mayList"]>(() => Promise.resolve(false));
    const needs = Array.from({ length: 200 }, (_, index) =>
      need({ versions: ["v1alpha1"], workload: { namespace: `n${String(index)}` } }),
    );
    const answer = await ask(
      await runGuard({ cluster: fakeCluster({ needs, mayList }) }),
      "/validate",
      admissionReview(dropOfStoredVersion),
    );

    expect(answer).toMatchObject({ response: { allowed: false } });
    expect(mayList).toHaveBeenCalledTimes(16);
  });

  it("answers many reviews at once, each by its own uid", async () => {
    const guard = await runGuard();
    const uids = Array.from({ length: 50 }, (_, index) => `uid-${String(index)}`);
    const answers = await Promise.all(
      uids.map((uid) => ask(guard, "/validate", admissionReview({ ...dropOfStoredVersion, uid }))),
    );

    expect(answers.map((answer) => (answer as { response: { uid: string; allowed: boolean } }).response)).toMatchObject(
      uids.map((uid) => ({ uid, allowed: false })),
    );
  });
});

describe("the admission server, watched", () => {
  it("counts each decision, its time and its findings, and logs one line of it, without the body", async () => {
    const guard = await runGuard();
    await ask(guard, "/validate", admissionReview({ ...dropOfStoredVersion, dryRun: true }));

    expect((await guard.metrics.admissionRequests.get()).values).toEqual([
      { value: 1, labels: { phase: "validate", operation: "UPDATE", subresource: "", decision: "deny", dry_run: "true" } },
    ]);
    expect((await guard.metrics.ruleResults.get()).values).toEqual([
      { value: 1, labels: { rule: "stored-version-removed", enforcement: "deny" } },
    ]);
    expect(
      (await guard.metrics.admissionDuration.get()).values.find(({ metricName }) => metricName?.endsWith("_count")),
    ).toMatchObject({
      value: 1,
      labels: { phase: "validate" },
    });
    expect(guard.logLines().map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        level: "info",
        requestUid: UID,
        phase: "validate",
        operation: "UPDATE",
        subresource: null,
        crd: "gears.own.dev",
        user: "jane",
        dryRun: true,
        decision: "deny",
        rules: ["stored-version-removed=deny"],
        durationMs: expect.any(Number) as number,
        msg: "review answered",
      },
    ]);
  });

  it.each([
    {
      title: "an allowed status write",
      path: "/validate",
      request: { ...harmlessUpdate, subResource: "status" },
      decision: "allow",
      subresource: "status",
    },
    { title: "an unreadable request", path: "/validate", request: {}, decision: "unreadable", subresource: "" },
    {
      title: "what is not judged",
      path: "/validate",
      request: { operation: "CONNECT" },
      decision: "not-judged",
      subresource: "",
    },
    {
      title: "another subresource, however it is called",
      path: "/validate",
      request: { subResource: "a-label-for-each" },
      decision: "not-judged",
      subresource: "",
    },
  ])("counts $title as $decision", async ({ path, request, decision, subresource }) => {
    const guard = await runGuard();
    await ask(guard, path, admissionReview(request));

    expect((await guard.metrics.admissionRequests.get()).values).toMatchObject([{ labels: { decision, subresource } }]);
  });

  it("counts an unreadable request in the explaining phase as unreadable too", async () => {
    const guard = await runGuard();
    await ask(guard, "/explain", admissionReview({ operation: "CREATE" }));

    expect((await guard.metrics.admissionRequests.get()).values).toMatchObject([
      { labels: { phase: "explain", decision: "unreadable" } },
    ]);
  });

  it("writes no more than a line of foreign text into the log, with nothing in it that forges another", async () => {
    const guard = await runGuard();
    const username = `jane\n{"level":"info"}${"x".repeat(100_000)}`;
    await ask(
      guard,
      "/validate",
      admissionReview({ operation: "CONNECT", name: `n\n${"y".repeat(100_000)}`, userInfo: { username } }),
    );

    expect(guard.logLines().map((line) => line.split("\n").length)).toEqual([2]);
    expect(guard.logLines()[0]?.length).toBeLessThan(1_000);
  });
});

describe("the admission server, while things change around it", () => {
  it("asks clients to close their connection while it drains, and not before", async () => {
    const guard = await runGuard();
    const agent = new Agent({ keepAlive: true, ca: guard.pair.ca });
    onTestFinished(() => {
      agent.destroy();
    });
    const body = JSON.stringify(admissionReview(harmlessUpdate));
    const before = await send(guard, "/validate", { agent, body });
    guard.server.startDraining();
    const review = await send(guard, "/validate", { agent, body });
    const refusal = await send(guard, "/elsewhere", { agent, body });

    expect([before, review, refusal].map(({ statusCode, headers }) => [statusCode, headers.connection])).toEqual([
      [200, "keep-alive"],
      [200, "close"],
      [404, "close"],
    ]);
  });

  it("answers what is under way before it closes", async () => {
    const guard = await runGuard({
      cluster: fakeCluster({
        countObjects: async () => {
          await sleep(50);
          return counted(1);
        },
      }),
    });
    const answer = ask(guard, "/validate", admissionReview(dropOfStoredVersion));
    await sleep(20);
    await guard.server.close();

    expect(await answer).toMatchObject({ response: { allowed: false, status: { code: 422 } } });
    await expect(send(guard, "/validate")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("serves new connections by the new certificate and lets open ones be", async () => {
    const guard = await runGuard();
    const renewed = await developmentPair();
    const open = await handshake(guard, guard.pair.ca);
    guard.server.setCertificate(renewed);

    const next = await handshake(guard, renewed.ca);
    expect(next.getPeerX509Certificate()?.toString().trim()).toBe(renewed.cert.trim());
    expect(open.getPeerX509Certificate()?.toString().trim()).toBe(guard.pair.cert.trim());
    open.write("GET /validate HTTP/1.1\r\nhost: localhost\r\n\r\n");
    expect(String((await once(open, "data"))[0])).toMatch(/^HTTP\/1\.1 405 /);
    await expect(send(guard, "/validate")).rejects.toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    expect((await send({ url: guard.url, pair: renewed }, "/validate", { tls: { maxVersion: "TLSv1.2" } })).statusCode).toBe(400);
    await expect(
      send({ url: guard.url, pair: renewed }, "/validate", {
        tls: { ciphers: "DEFAULT:@SECLEVEL=0", minVersion: "TLSv1", maxVersion: "TLSv1.1" },
      }),
    ).rejects.toThrow("tlsv1 alert protocol version");
  });
});

async function handshake({ url }: RunningGuard, ca: string): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port), ca });
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, "secureConnect");
  return socket;
}

function bytesInFlight({ metrics }: RunningGuard): number {
  return metrics.bytesInFlight.read();
}

/** A request whose body the caller writes. */
function begin(
  guard: RunningGuard,
  headers: Readonly<Record<string, string>>,
): {
  readonly call: ClientRequest;
  readonly answered: Promise<{
    readonly statusCode: number | undefined;
    readonly text: string;
    readonly retryAfter: string | undefined;
    readonly connection: string | undefined;
  }>;
} {
  const call = httpsRequest(`${guard.url}/validate`, {
    method: "POST",
    ca: guard.pair.ca,
    agent: false,
    headers: { ...json, ...headers },
  });
  onTestFinished(() => {
    call.destroy();
  });
  const answered = (async () => {
    const [response] = (await once(call, "response")) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    return {
      statusCode: response.statusCode,
      text,
      retryAfter: response.headers["retry-after"],
      connection: response.headers.connection,
    };
  })();
  return { call, answered };
}

/** Announces a body, of which it sends one byte; resolves once the server has seen that. */
async function beginSlowBody(guard: RunningGuard, bytes: number): Promise<ClientRequest> {
  const call = httpsRequest(`${guard.url}/validate`, {
    method: "POST",
    ca: guard.pair.ca,
    agent: false,
    headers: { ...json, "content-length": String(bytes), expect: "100-continue" },
  });
  call.on("error", () => undefined);
  onTestFinished(() => {
    call.destroy();
  });
  call.flushHeaders();
  await once(call, "continue");
  call.write("{");
  return call;
}

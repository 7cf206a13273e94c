import { describe, expect, it } from "vitest";
import type { ApiErrorCode, ApiRequest, ApiResult } from "../../../src/cluster/live/api-client.ts";
import { type RegistrationClient, registerWebhooks, unregisterWebhooks } from "../../../src/operator/registration.ts";
import { renderWebhookConfigurations, type WebhookConfigurations } from "../../../src/operator/webhook-configurations.ts";

const VALIDATING = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/crdguard-dev";
const MUTATING = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/crdguard-explainer-dev";

const WORKLOADS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/crdguard-workloads-dev";

const configurations = forUrl("https://127.0.0.1:8443");
const withWorkloads = renderWebhookConfigurations(
  { kind: "url", url: "https://127.0.0.1:8443", caBundle: "Q0E=" },
  { warnWorkloads: true },
);

describe("registerWebhooks", () => {
  it("applies both server-side under crdguard's own field manager, the one that fails open first", async () => {
    const server = createServer();

    expect(await registerWebhooks(server, configurations)).toEqual({ ok: true });

    const apply = {
      method: "PATCH",
      query: { fieldManager: "crdguard", force: "true" },
      contentType: "application/apply-patch+yaml",
    };
    expect(server.requests).toEqual([
      { ...apply, path: MUTATING, body: configurations.mutating },
      { ...apply, path: VALIDATING, body: configurations.validating },
    ]);
  });

  it("applies the one of workloads before the one that fails closed", async () => {
    const server = createServer();

    expect(await registerWebhooks(server, withWorkloads)).toEqual({ ok: true });

    expect(server.requests.map(({ path }) => path)).toEqual([MUTATING, WORKLOADS, VALIDATING]);
    expect(server.objects.get(WORKLOADS)).toMatchObject({ webhooks: withWorkloads.workloads?.webhooks });
  });

  it("takes the one of workloads back where a later one is refused", async () => {
    const server = createServer({ fail: { [`PATCH ${VALIDATING}`]: [refusal("forbidden", 403, "no right to patch")] } });

    expect(await registerWebhooks(server, withWorkloads)).toMatchObject({ ok: false, error: { code: "registration-failed" } });
    expect([...server.objects.keys()]).toEqual([]);
  });

  it.each([
    { title: "the first is refused", path: MUTATING, kind: "MutatingWebhookConfiguration crdguard-explainer-dev" },
    { title: "the second is refused", path: VALIDATING, kind: "ValidatingWebhookConfiguration crdguard-dev" },
  ])("leaves nothing behind where $title", async ({ path, kind }) => {
    const server = createServer({ fail: { [`PATCH ${path}`]: [refusal("forbidden", 403, "no right to patch")] } });

    expect(await registerWebhooks(server, configurations)).toEqual({
      ok: false,
      error: { code: "registration-failed", message: `${kind} was not registered: no right to patch` },
    });
    expect([...server.objects.keys()]).toEqual([]);
  });
});

describe("unregisterWebhooks", () => {
  it("deletes both, the one that fails closed first, and only as it saw them", async () => {
    const server = createServer();
    await registerWebhooks(server, configurations);
    server.requests.length = 0;

    expect(await unregisterWebhooks(server, configurations)).toEqual({ ok: true });

    expect([...server.objects.keys()]).toEqual([]);
    expect(server.requests.filter(({ method }) => method === "DELETE")).toEqual([
      { method: "DELETE", path: VALIDATING, contentType: "application/json", body: deleteOptions("uid-2", "2") },
      { method: "DELETE", path: MUTATING, contentType: "application/json", body: deleteOptions("uid-1", "1") },
    ]);
  });

  it("deletes the one of workloads along with them, where it was registered", async () => {
    const server = createServer();
    await registerWebhooks(server, withWorkloads);
    server.requests.length = 0;

    expect(await unregisterWebhooks(server, withWorkloads)).toEqual({ ok: true });

    expect(server.requests.filter(({ method }) => method === "DELETE").map(({ path }) => path)).toEqual([
      VALIDATING,
      WORKLOADS,
      MUTATING,
    ]);
    expect(server.objects.size).toBe(0);
  });

  it("counts what is not there as done", async () => {
    expect(await unregisterWebhooks(createServer(), configurations)).toEqual({ ok: true });
  });

  it("counts what somebody else deletes meanwhile as done", async () => {
    const server = createServer({ fail: { [`DELETE ${VALIDATING}`]: [refusal("not-found", 404, "gone")] } });
    await registerWebhooks(server, configurations);

    expect(await unregisterWebhooks(server, configurations)).toEqual({ ok: true });
  });

  it.each([
    { title: "that another server took over, by another URL", theirs: forUrl("https://127.0.0.1:9443") },
    {
      title: "that a restarted server took over, by the same URL and a certificate of its own",
      theirs: forUrl("https://127.0.0.1:8443", "T1RIRVI="),
    },
  ])("leaves a registration alone $title", async ({ theirs }) => {
    const server = createServer();
    await registerWebhooks(server, configurations);
    await registerWebhooks(server, theirs);

    expect(await unregisterWebhooks(server, configurations)).toEqual({ ok: true });
    expect([...server.objects.keys()]).toEqual([MUTATING, VALIDATING]);
  });

  it("never removes what was installed from manifests, even if asked to", async () => {
    const server = createServer();
    const installed = renderWebhookConfigurations({
      kind: "service",
      namespace: "crdguard",
      name: "crdguard",
      port: 443,
      caBundle: "Q0E=",
    });
    await registerWebhooks(server, installed);

    expect(await unregisterWebhooks(server, configurations)).toEqual({ ok: true });
    expect(await unregisterWebhooks(server, installed)).toEqual({ ok: true });
    expect(server.objects.size).toBe(2);
  });

  it("looks again when it was written meanwhile, and gives up in the end", async () => {
    const conflict = refusal("conflict", 409, "the object has been modified");
    const once = createServer({ fail: { [`DELETE ${VALIDATING}`]: [conflict] } });
    await registerWebhooks(once, configurations);
    expect(await unregisterWebhooks(once, configurations)).toEqual({ ok: true });
    expect(once.objects.size).toBe(0);

    const always = createServer({ fail: { [`DELETE ${VALIDATING}`]: Array.from({ length: 9 }, () => conflict) } });
    await registerWebhooks(always, configurations);
    expect(await unregisterWebhooks(always, configurations)).toMatchObject({ ok: false, error: { code: "removal-failed" } });
    expect(always.requests.filter(({ method, path }) => method === "DELETE" && path === VALIDATING)).toHaveLength(3);
  });

  it("tries the second even if the first fails, and names what was left", async () => {
    const server = createServer({ fail: { [`GET ${VALIDATING}`]: [refusal("unreachable", null, "connect ECONNREFUSED")] } });
    await registerWebhooks(server, configurations);

    expect(await unregisterWebhooks(server, configurations)).toEqual({
      ok: false,
      error: {
        code: "removal-failed",
        message: "ValidatingWebhookConfiguration crdguard-dev was not removed: connect ECONNREFUSED",
      },
    });
    expect([...server.objects.keys()]).toEqual([VALIDATING]);
  });
});

function forUrl(url: string, caBundle = "Q0E="): WebhookConfigurations {
  return renderWebhookConfigurations({ kind: "url", url, caBundle });
}

function deleteOptions(uid: string, resourceVersion: string): unknown {
  return { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid, resourceVersion } };
}

function refusal(code: ApiErrorCode, status: number | null, message: string): ApiResult {
  return { ok: false, error: { code, status, message } };
}

interface FakeServer extends RegistrationClient {
  readonly requests: ApiRequest[];
  /** By path; an apply replaces the whole object, as it does where one manager owns every field. */
  readonly objects: Map<string, { metadata: { uid: string; resourceVersion: string } }>;
}

/** @param fail answers to the next requests of a kind, by `METHOD path`, in order. */
function createServer({ fail = {} }: { readonly fail?: Readonly<Record<string, ApiResult[]>> } = {}): FakeServer {
  const requests: ApiRequest[] = [];
  const objects: FakeServer["objects"] = new Map();
  let version = 0;
  const notFound = refusal("not-found", 404, "not found");
  return {
    requests,
    objects,
    async request(request): Promise<ApiResult> {
      requests.push(request);
      const failure = fail[`${request.method} ${request.path}`]?.shift();
      if (failure !== undefined) return failure;
      const found = objects.get(request.path);
      if (request.method === "PATCH") {
        version += 1;
        const body = request.body as WebhookConfigurations["validating"];
        const applied = {
          ...body,
          metadata: { ...body.metadata, uid: found?.metadata.uid ?? `uid-${String(version)}`, resourceVersion: String(version) },
        };
        objects.set(request.path, applied);
        return { ok: true, status: 200, body: applied };
      }
      if (found === undefined) return notFound;
      if (request.method === "DELETE") objects.delete(request.path);
      return { ok: true, status: 200, body: found };
    },
  };
}

import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { createServer } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseHosts } from "../../../../../src/certificates/hosts.ts";
import { issueAuthority, issueServingCertificate } from "../../../../../src/certificates/issue.ts";
import { createLiveProbe } from "../../../../../src/cluster/live/health/live-probe.ts";
import type { HealthProbe } from "../../../../../src/cluster/health-probe.ts";
import type { TraceableOwner } from "../../../../../src/health/facts.ts";
import { crd } from "../../../../support/builders.ts";
import { type StandIn, type StandInObject, startStandIn, status } from "../stand-in-api-server.ts";

const GEARS = "/apis/own.dev/v1/gears";
const FORBIDDEN = { status: 403, body: status(403, "gears is forbidden") };
const METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

let server: StandIn;
let probe: HealthProbe;

beforeEach(async () => {
  server = await startStandIn();
  probe = createLiveProbe(server.client, false);
});

afterEach(async () => {
  await server.close();
});

describe("counting objects", () => {
  it("takes one request, whatever their number, and asks for metadata alone", async () => {
    server.answer(({ path }) => path === GEARS, {
      status: 200,
      body: { metadata: { resourceVersion: "1", continue: "x", remainingItemCount: 99_999 }, items: [named("g1")] },
    });

    expect(await probe.countObjects(gears(), never())).toMatchObject({
      kind: "counted",
      total: 100_000,
      isComplete: true,
      examples: [{ namespace: "mill", name: "g1" }],
    });
    expect(server.requests.map(({ query, accept }) => [query["limit"], accept])).toEqual([["5", METADATA]]);
  });

  it("is a lower bound where the API server does not tell what remains", async () => {
    server.answer(({ path }) => path === GEARS, {
      status: 200,
      body: { metadata: { resourceVersion: "1", continue: "x" }, items: [named("g1")] },
    });

    expect(await probe.countObjects(gears(), never())).toMatchObject({ total: 2, isComplete: false });
  });

  it("says why it could not", async () => {
    server.answer(({ path }) => path === GEARS, FORBIDDEN);

    expect(await probe.countObjects(gears(), never())).toEqual({
      kind: "uncountable",
      reason: "crdguard may not list gears.own.dev",
    });
  });
});

describe("finalizers", () => {
  it("are told with how many objects each keeps, most first", async () => {
    const things = server.collection(GEARS);
    for (const [name, finalizers] of [
      ["g1", ["a", "b"]],
      ["g2", ["b"]],
      ["g3", []],
    ] as const) {
      things.put({ metadata: { name, namespace: "mill", finalizers } });
    }

    expect(await probe.sampleFinalizers(gears(), never())).toEqual({
      ok: true,
      value: [
        { finalizer: "b", count: 2 },
        { finalizer: "a", count: 1 },
      ],
    });
  });

  it("of many objects are those of a page", async () => {
    server.collection(GEARS, { count: 2_000, make: (index) => named(`g${String(index)}`, { finalizers: ["a"] }) });

    expect(await probe.sampleFinalizers(gears(), never())).toEqual({ ok: true, value: [{ finalizer: "a", count: 500 }] });
    expect(server.requests).toHaveLength(1);
  });
});

describe("a Helm release", () => {
  const release = { kind: "helm-release", namespace: "mill", name: "gears", isKept: false } as const;
  const SECRETS = "/api/v1/namespaces/mill/secrets";
  const CONFIG_MAPS = "/api/v1/namespaces/mill/configmaps";

  it.each([
    { title: "is there by a Secret", secrets: 1, configMaps: 0, expected: "exists" },
    { title: "is there by a ConfigMap", secrets: 0, configMaps: 1, expected: "exists" },
    { title: "is gone where neither is", secrets: 0, configMaps: 0, expected: "gone" },
  ])("$title", async ({ secrets, configMaps, expected }) => {
    server.collection(SECRETS, { count: secrets, make: () => named("sh.helm.release.v1.gears.v1") });
    server.collection(CONFIG_MAPS, { count: configMaps, make: () => named("gears.v1") });

    expect(await find(release)).toEqual({ ok: true, value: { kind: expected } });
  });

  it("is looked for by label, one object at most, its metadata alone", async () => {
    server.collection(SECRETS);
    server.collection(CONFIG_MAPS);
    await find(release);

    expect(server.requests.map(({ path, query, accept }) => [path, query, accept])).toEqual(
      [SECRETS, CONFIG_MAPS].map((path) => [path, { limit: "1", labelSelector: "owner=helm,name=gears" }, METADATA]),
    );
  });

  it("is not known where Secrets may not be listed", async () => {
    server.answer(({ path }) => path === SECRETS, { status: 403, body: status(403, "secrets is forbidden") });

    expect(await find(release)).toEqual({ ok: false, reason: "secrets is forbidden", isForbidden: true });
  });
});

describe("an Argo CD application", () => {
  const application = { kind: "argo-application", namespace: null, name: "platform" } as const;
  const applications = crd({ name: "applications.argoproj.io", served: ["v1alpha1"] });
  const PATH = "/apis/argoproj.io/v1alpha1/applications";

  it.each([
    { title: "is there by its name", named: true, others: 0, expected: "exists" },
    { title: "is gone where others are", named: false, others: 1, expected: "gone" },
    { title: "may be in another cluster where none is", named: false, others: 0, expected: "unknown" },
  ])("$title", async ({ named: isNamed, others, expected }) => {
    const list = (count: number) => ({
      status: 200,
      body: { metadata: { resourceVersion: "1" }, items: Array.from({ length: count }, () => named("any")) },
    });
    server.answer(({ path, query }) => path === PATH && query["fieldSelector"] === undefined, list(others));
    server.answer(
      ({ path, query }) => path === PATH && query["fieldSelector"] === "metadata.name=platform",
      list(isNamed ? 1 : 0),
    );

    expect(await find(application, [applications])).toMatchObject({ ok: true, value: { kind: expected } });
  });

  it("may be in another cluster where Argo CD is not in this one", async () => {
    expect(await find(application)).toMatchObject({ ok: true, value: { kind: "unknown" } });
    expect(server.requests).toEqual([]);
  });
});

describe("an object of Flux", () => {
  const owner = { kind: "flux-kustomization", namespace: "flux-system", name: "platform" } as const;
  const kustomizations = crd({ name: "kustomizations.kustomize.toolkit.fluxcd.io", served: ["v1", "v1beta2"] });
  const PATH = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/platform";

  it.each([
    { title: "is there", answer: { status: 200, body: named("platform") }, expected: { ok: true, value: { kind: "exists" } } },
    {
      title: "is gone",
      answer: { status: 404, body: status(404, "not found") },
      expected: { ok: true, value: { kind: "gone" } },
    },
    { title: "may not be read", answer: FORBIDDEN, expected: { ok: false, isForbidden: true } },
  ])("$title", async ({ answer, expected }) => {
    server.answer(({ path }) => path === PATH, answer);

    expect(await find(owner, [kustomizations])).toMatchObject(expected);
  });
});

describe("a conversion", () => {
  const two = crd({ served: ["v2", "v1"], storage: "v1" });
  const V2 = "/apis/own.dev/v2/gears";

  it.each([
    { title: "works, surely, where nothing is stored in that version", own: two, isSure: true },
    {
      title: "works, perhaps, where an object may be stored in it",
      own: { ...two, stored: { names: ["v2", "v1"], source: "status" } as const },
      isSure: false,
    },
  ])("$title", async ({ own, isSure }) => {
    server.collection(V2, { count: 1, make: () => named("g1") });

    expect(await probe.tryConversion(own, never())).toEqual({ kind: "works", version: "v2", isSure });
  });

  it("is told to have failed by the API server's own words alone", async () => {
    const reason = "conversion webhook for own.dev/v1, Kind=Gear failed: Post: no endpoints";
    const undo = server.answer(({ path }) => path === V2, { status: 500, body: status(500, reason) });

    expect(await probe.tryConversion(two, never())).toEqual({ kind: "failed", version: "v2", reason });
    undo();
    server.answer(({ path }) => path === V2, { status: 500, body: status(500, "etcd is down") });
    expect(await probe.tryConversion(two, never())).toEqual({ kind: "unknown", reason: "etcd is down" });
  });

  it("has nothing to convert without an object, or without a second version", async () => {
    server.collection(V2);

    expect(await probe.tryConversion(two, never())).toEqual({ kind: "nothing-to-convert" });
    expect(await probe.tryConversion(crd({ served: ["v1"] }), never())).toEqual({ kind: "nothing-to-convert" });
  });
});

describe("admission policies", () => {
  const ROOT = "/apis/admissionregistration.k8s.io/v1";
  const rules = (...resources: readonly string[]) => ({
    matchConstraints: { resourceRules: [{ apiGroups: ["apiextensions.k8s.io"], resources }] },
  });

  it("are those that name CRDs, with the bindings that deny", async () => {
    const policies = server.collection(`${ROOT}/validatingadmissionpolicies`);
    policies.put({ metadata: { name: "crds" }, spec: rules("customresourcedefinitions") });
    policies.put({ metadata: { name: "idle" }, spec: rules("customresourcedefinitions") });
    policies.put({ metadata: { name: "pods" }, spec: rules("pods") });
    const bindings = server.collection(`${ROOT}/validatingadmissionpolicybindings`);
    bindings.put({ metadata: { name: "b1" }, spec: { policyName: "crds", validationActions: ["Deny"] } });
    bindings.put({ metadata: { name: "b2" }, spec: { policyName: "idle", validationActions: ["Warn", "Audit"] } });

    expect(await probe.readPolicies(never())).toEqual({
      ok: true,
      value: [
        { name: "crds", denyingBindings: ["b1"] },
        { name: "idle", denyingBindings: [] },
      ],
    });
  });

  it("are none on an API server that does not know them", async () => {
    expect(await probe.readPolicies(never())).toEqual({ ok: true, value: [] });
  });

  it("are not known where they may not be listed", async () => {
    server.answer(({ path }) => path.includes("validatingadmissionpolicies"), FORBIDDEN);

    expect(await probe.readPolicies(never())).toMatchObject({ ok: false, isForbidden: true });
  });
});

describe("the address of a webhook", () => {
  const target = { kind: "service", namespace: "mill", name: "converter", port: 443 } as const;
  const SERVICE = "/api/v1/namespaces/mill/services/converter";
  const SLICES = "/apis/discovery.k8s.io/v1/namespaces/mill/endpointslices";
  const slice = (ready: boolean | undefined): StandInObject => ({
    metadata: { name: "s1" },
    endpoints: [{ addresses: ["10.0.0.1"], conditions: ready === undefined ? {} : { ready } }],
  });

  it.each([
    { title: "listens by a ready pod", slices: [slice(true)], expected: "listening" },
    { title: "listens by one of which nothing is told", slices: [slice(undefined)], expected: "listening" },
    { title: "has nobody where no pod is ready", slices: [slice(false)], expected: "no-endpoints" },
    { title: "has nobody where no pod is", slices: [], expected: "no-endpoints" },
  ])("$title", async ({ slices, expected }) => {
    server.answer(({ path }) => path === SERVICE, { status: 200, body: named("converter") });
    const collection = server.collection(SLICES);
    for (const each of slices) collection.put(each);

    expect((await probe.examineEndpoint({ target, caBundle: null }, never())).reach).toEqual({ kind: expected });
  });

  it("is told to be missing, or not to be known", async () => {
    server.answer(({ path }) => path === SERVICE, { status: 404, body: status(404, "not found") }, 1);
    expect((await probe.examineEndpoint({ target, caBundle: null }, never())).reach).toEqual({ kind: "service-missing" });

    server.answer(({ path }) => path === SERVICE, FORBIDDEN);
    expect((await probe.examineEndpoint({ target, caBundle: null }, never())).reach).toEqual({
      kind: "unknown",
      reason: "gears is forbidden",
    });
  });

  it.each([
    { title: "holds its authorities with their dates", caBundle: "good", expected: "read" },
    { title: "is none where it is white space, as charts leave it", caBundle: "Cg==", expected: "none" },
    { title: "is malformed without a certificate", caBundle: Buffer.from("nothing").toString("base64"), expected: "malformed" },
  ])("a caBundle $title", async ({ caBundle, expected }) => {
    const { cert } = await issueAuthority("mill", { days: 10, now: new Date("2026-01-01T00:00:00Z") });
    const bundle = caBundle === "good" ? base64(cert) : caBundle;

    const { authorities } = await probe.examineEndpoint({ target, caBundle: bundle }, never());

    expect(authorities.kind).toBe(expected);
    if (authorities.kind === "read") {
      expect(authorities.certificates).toMatchObject([{ subject: "CN=mill", notAfter: "2026-01-11T00:00:00.000Z" }]);
    }
  });
});

describe("a webhook's server", () => {
  it("shows its certificate, and whether the caBundle vouches for it", async () => {
    const now = new Date();
    const authority = await issueAuthority("mill", { days: 10, now });
    const another = await issueAuthority("another", { days: 10, now });
    const hosts = parseHosts(["127.0.0.1"]);
    if (!hosts.ok) throw new Error(hosts.error.message);
    const pair = await issueServingCertificate(hosts.value, { days: 10, now }, authority);
    const listening = createServer({ cert: pair.cert, key: pair.key }).listen(0, "127.0.0.1");
    await once(listening, "listening");
    const target = { kind: "url", url: `https://127.0.0.1:${portOf(listening.address())}/validate` } as const;

    const trusted = await probe.examineEndpoint({ target, caBundle: base64(authority.cert) }, never());
    const distrusted = await probe.examineEndpoint({ target, caBundle: base64(another.cert) }, never());
    listening.close();

    expect(trusted).toMatchObject({ reach: { kind: "listening" }, served: { kind: "seen", distrust: null } });
    expect(distrusted.served).toMatchObject({
      kind: "seen",
      distrust: "the caBundle does not hold the authority that signed its certificate",
    });
  });

  it("refuses where nobody listens", async () => {
    const closed = createTcpServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const target = { kind: "url", url: `https://127.0.0.1:${portOf(closed.address())}` } as const;
    closed.close();
    await once(closed, "close");

    expect((await probe.examineEndpoint({ target, caBundle: null }, never())).reach).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining("ECONNREFUSED") as string,
    });
  });
});

function find(owner: TraceableOwner, crds: readonly ReturnType<typeof crd>[] = []) {
  return probe.findOwner(owner, new Map(crds.map((each) => [each.name, each])), never());
}

function gears() {
  return crd({ served: ["v1"] });
}

function named(name: string, metadata: Readonly<Record<string, unknown>> = {}): StandInObject {
  return { metadata: { name, namespace: "mill", ...metadata } };
}

function base64(pem: string): string {
  return Buffer.from(pem).toString("base64");
}

function portOf(address: string | AddressInfo | null): string {
  return typeof address === "object" && address !== null ? String(address.port) : "";
}

function never(): AbortSignal {
  return new AbortController().signal;
}

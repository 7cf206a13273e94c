import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeSnapshot, type TakeProgress, type TakeResult } from "../../../../src/cluster/live/take-snapshot.ts";
import { redactSnapshot } from "../../../../src/cluster/snapshot/redact.ts";
import { encodeSnapshot } from "../../../../src/cluster/snapshot/snapshot-document.ts";
import type { JsonRecord, Snapshot } from "../../../../src/cluster/snapshot/snapshot.ts";
import type { Strictness } from "../../../../src/cluster/snapshot/withhold.ts";
import { shippedCatalog } from "../../catalog/workloads.ts";
import { definition } from "../snapshot/clusters.ts";
import { type StandIn, type StandInObject, startStandIn, status } from "./stand-in-api-server.ts";

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const GEARS = "/apis/own.dev/v1/gears";
const V1 = { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { description: "hunter2" } } };

const catalog = await shippedCatalog();
let server: StandIn;

beforeEach(async () => {
  server = await startStandIn();
  for (const kind of ["deployments", "statefulsets", "daemonsets"]) server.collection(`/apis/apps/v1/${kind}`);
  server.answer(({ path }) => path === "/version", { status: 200, body: { gitVersion: "v1.35.4" } });
});

afterEach(async () => {
  await server.close();
});

describe("taking a snapshot", () => {
  it("reads CRDs and workloads page by page, and each CRD's objects once", async () => {
    server.collection(CRDS, { count: 60, make: (index) => asItem(definition(`gears${String(index)}.own.dev`, [V1])) });
    server.collection("/apis/apps/v1/deployments", { count: 1_100, make: (index) => workload(`w${String(index)}`) });
    server.collection("/apis/own.dev/v1/gears7", { count: 1_200, make: (index) => gear(index) });
    const seen: TakeProgress[] = [];

    const taken = await take({ onProgress: (progress) => seen.push(progress) });

    expect(taken.objects).toHaveLength(1_160);
    expect(taken.cluster).toEqual({ kubernetesVersion: "v1.35.4", server: server.url });
    expect(taken.evidence.get("gears7.own.dev")).toMatchObject({
      objects: { kind: "counted", total: 1_200, isComplete: true, byNamespace: new Map([["mill", 1_200]]) },
      writers: { kind: "sampled", objectCount: 1_200, isComplete: true, writers: [{ name: "helm", objectCount: 1_200 }] },
    });
    const asked = (part: string): number => server.requests.filter(({ path }) => path.includes(part)).length;
    expect({ crds: asked(CRDS), deployments: asked("/deployments"), gears7: asked("/own.dev/v1/gears7") }).toEqual({
      crds: 3,
      deployments: 3,
      gears7: 3,
    });
    // Three versions of the API are tried once, whatever the number of CRDs.
    expect(asked("storageversionmigrations")).toBe(3);
    expect(seen.at(-1)).toEqual({ kind: "counted", crds: 60, of: 60 });
    expect(seen).toContainEqual({ kind: "listed", crds: 60, workloads: 1_100 });
  });

  it("asks for no more than eight things at a time", async () => {
    server.collection(CRDS, { count: 40, make: (index) => asItem(definition(`gears${String(index)}.own.dev`, [V1])) });
    let atOnce = 0;
    let most = 0;
    const { client } = server;

    await take({
      client: {
        ...client,
        async request(request) {
          atOnce += 1;
          most = Math.max(most, atOnce);
          const answer = await client.request(request);
          atOnce -= 1;
          return answer;
        },
      },
    });

    expect(most).toBe(8);
  });

  it("records why objects may not be read, in the words of a live look", async () => {
    server.collection(CRDS).put(asItem(definition("gears.own.dev", [V1])));
    server.answer(({ path }) => path === GEARS, { status: 403, body: status(403, "no") });

    expect((await take()).evidence.get("gears.own.dev")).toEqual({
      objects: { kind: "uncountable", reason: "crdguard may not list gears.own.dev" },
      migration: { kind: "none" },
      writers: { kind: "unreadable", reason: "crdguard may not list gears.own.dev" },
    });
  });

  it("tells a lower bound where the time is over", async () => {
    server.collection(CRDS).put(asItem(definition("gears.own.dev", [V1])));
    server.collection(GEARS, { count: 1_200, make: gear });
    server.answer(({ query }) => query["continue"] !== undefined, "hang");

    expect((await take({ signal: AbortSignal.timeout(300) })).evidence.get("gears.own.dev")?.objects).toMatchObject({
      total: 500,
      isComplete: false,
    });
  });

  it("counts which fields objects set, and keeps schemas, only where it is asked to", async () => {
    const schema = {
      type: "object",
      description: "hunter2",
      properties: {
        spec: {
          type: "object",
          properties: {
            teeth: { type: "integer", maximum: 7, description: "hunter2" },
            labels: { type: "object", additionalProperties: { type: "string" } },
          },
        },
      },
    };
    server
      .collection(CRDS)
      .put(
        asItem(definition("gears.own.dev", [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }])),
      );
    const make = (index: number): StandInObject => ({
      ...gear(index),
      spec: { teeth: 31_337, ...(index % 3 === 0 ? { labels: { shop: "hunter2" } } : {}) },
    });
    server.collection(GEARS, { count: 600, make });

    const taken = await take({ withObjects: true });

    expect(taken.evidence.get("gears.own.dev")?.fields).toEqual([
      {
        version: "v1",
        state: "read",
        objectCount: 600,
        totalCount: 600,
        isComplete: true,
        seconds: expect.any(Number) as number,
        counts: new Map([
          ["spec", 600],
          ["spec.teeth", 600],
          ["spec.labels", 200],
          ["spec.labels.*", 200],
        ]),
        untoldCount: 0,
      },
    ]);
    for (const snapshot of [taken, redactSnapshot(await take({ withObjects: true, strictness: "strict" }), catalog)]) {
      const text = encodeSnapshot(snapshot);
      expect(text).not.toMatch(/hunter2|31337|"spec\.labels\.shop/);
      expect(text).toContain(JSON.stringify('{"type":"object","properties":{"spec":').slice(1, -1));
    }
    expect(encodeSnapshot(await take())).not.toMatch(/"fields"|openAPIV3Schema/);
  });

  it("says why fields may not be counted, and of how many objects they were where the time is over", async () => {
    const crds = server.collection(CRDS);
    for (const plural of ["gears", "axles"]) crds.put(asItem(definition(`${plural}.own.dev`, [V1])));
    server.answer(({ path }) => path === GEARS, { status: 403, body: status(403, "no") });
    server.collection("/apis/own.dev/v1/axles", { count: 600, make: gear });
    // Metadata comes in pages of 500.
    server.answer(({ query }) => query["continue"] !== undefined && query["limit"] !== "500", "hang");

    const { evidence } = await take({ withObjects: true, signal: AbortSignal.timeout(1_500) });

    expect(evidence.get("gears.own.dev")?.fields).toEqual([
      { version: "v1", state: "unreadable", reason: "crdguard may not list gears.own.dev" },
    ]);
    expect(evidence.get("axles.own.dev")?.fields).toMatchObject([
      { state: "read", objectCount: 250, totalCount: 600, isComplete: false },
    ]);
  });

  it("lists again when a continue token has expired, and gives up the second time", async () => {
    const crds = server.collection(CRDS, {
      count: 60,
      make: (index) => asItem(definition(`gears${String(index)}.own.dev`, [V1])),
    });
    crds.expireContinueTokens(1);
    expect((await take()).objects).toHaveLength(60);

    crds.expireContinueTokens(2);
    expect(await tryTake()).toMatchObject({ ok: false, resource: "customresourcedefinitions", error: { code: "gone" } });
  });

  it("does not go on without workloads", async () => {
    server.collection(CRDS);
    server.answer(({ path }) => path.endsWith("/statefulsets"), { status: 403, body: status(403, "no") });

    expect(await tryTake()).toMatchObject({ ok: false, resource: "statefulsets", error: { code: "forbidden" } });
  });

  it("does without declarations that may not be read, and says so", async () => {
    server.collection(CRDS).put(asItem(definition("apirequirements.crdguard.dev", [{ ...V1, name: "v1alpha1" }])));
    server.answer(({ path }) => path.endsWith("/apirequirements"), { status: 403, body: status(403, "alice may not") });

    expect((await take()).unread).toEqual([{ resource: "apirequirements", reason: "alice may not" }]);
  });

  it("reads the ConfigMaps that needs hang on, and of them the keys that are asked for", async () => {
    server.collection(CRDS);
    server.collection("/apis/apps/v1/deployments").put(workload("contour", { image: "ghcr.io/projectcontour/contour:v1.29.0" }));
    server
      .collection("/api/v1/namespaces/kube-system/configmaps")
      .put(configMap("kube-system", "cilium-config", { "enable-gateway-api": "true", other: "hunter2" }));
    server.answer(({ path }) => path.includes("/mill/"), { status: 403, body: status(403, "no") });

    expect((await take()).settings).toEqual([
      { namespace: "kube-system", name: "cilium-config", state: "read", values: new Map([["enable-gateway-api", "true"]]) },
      { namespace: "mill", name: "contour", state: "unreadable", reason: "no" },
    ]);
    expect(server.requests.filter(({ path }) => path.endsWith("/configmaps")).map(({ query }) => query["fieldSelector"])).toEqual(
      ["metadata.name=cilium-config", "metadata.name=contour"],
    );
  });
});

describe("what must not be in a snapshot", () => {
  /** Everywhere where people put what nobody should see. */
  function plantSecrets(): void {
    const annotations = {
      "own.dev/token": "hunter2",
      "kubectl.kubernetes.io/last-applied-configuration": '{"password":"hunter2"}',
    };
    server.collection(CRDS).put(
      asItem(
        definition("gears.own.dev", [V1], {
          metadata: {
            name: "gears.own.dev",
            annotations,
            managedFields: [{ manager: "shop-operator", time: "2026-04-01T08:00:00Z", fieldsV1: { "f:hunter2": {} } }],
          },
          status: { storedVersions: ["v1"], conditions: [{ type: "Established", status: "True" }], hunter2: "hunter2" },
        }),
      ),
    );
    const container = {
      args: ["--password=hunter2", "--token", "hunter2", "--db=postgres://shop:hunter2@shop-db/x"],
      env: [
        { name: "PASSWORD", value: "hunter2" },
        { name: "KEY", valueFrom: { secretKeyRef: { name: "hunter2", key: "hunter2" } } },
      ],
      envFrom: [{ secretRef: { name: "hunter2" } }],
      volumeMounts: [{ name: "hunter2" }],
    };
    const deployments = server.collection("/apis/apps/v1/deployments");
    deployments.put(
      workload(
        "contour",
        { image: "shop-registry.own.dev/mirror/projectcontour/contour:v1.29.0-shop", ...container },
        annotations,
      ),
    );
    deployments.put(
      workload(
        "shop-till",
        { image: "shop-registry.own.dev/till:v1", args: ["hunter2"], env: [{ name: "A", value: "hunter2" }] },
        annotations,
      ),
    );
    server
      .collection("/api/v1/namespaces/mill/configmaps")
      .put(configMap("mill", "contour", { "contour.yaml": "gateway:\n  name: x\ndb:\n  password: hunter2\n", other: "hunter2" }));
    server.collection(GEARS).put({ ...gear(0), spec: { password: "hunter2" }, data: "hunter2" });
  }

  it.each<{ strictness: Strictness }>([{ strictness: "lenient" }, { strictness: "strict" }])(
    "no secret is, wherever it was planted: $strictness",
    async ({ strictness }) => {
      plantSecrets();

      const text = encodeSnapshot(await take({ strictness }));

      expect(text).not.toContain("hunter2");
      expect(text).toContain("gears.own.dev");
      expect(text).toContain("gateway:");
    },
  );

  it("no name is, under pseudonyms", async () => {
    plantSecrets();

    const text = encodeSnapshot(redactSnapshot(await take({ strictness: "strict" }), catalog));

    expect(text).not.toMatch(/hunter2|shop|mill|127\.0\.0\.1|"g0"|"main"/);
    expect(text).toMatch(/"projectcontour\/contour:v1\.29\.0"/);
    expect(text).toContain('"name":"gears.own.dev"');
    expect(text).toMatch(/"total":1,"isComplete":true,"byNamespace":\{"namespace-[0-9a-f]{4}":1\}/);
  });
});

type Choice = Partial<Parameters<typeof takeSnapshot>[0]>;

function tryTake(choice: Choice = {}): Promise<TakeResult> {
  return takeSnapshot({
    client: server.client,
    catalog,
    ownCatalog: null,
    strictness: "lenient",
    withObjects: false,
    crdguard: "0.1.0",
    now: () => new Date("2026-05-01T10:00:00Z"),
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...choice,
  });
}

async function take(choice: Choice = {}): Promise<Snapshot> {
  const taken = await tryTake(choice);
  if (!taken.ok) throw new Error(`${taken.resource}: ${taken.error.message}`);
  return taken.value;
}

/** As in a list, where items carry no kind. */
function asItem({ apiVersion: _apiVersion, kind: _kind, metadata, ...rest }: JsonRecord): StandInObject {
  return { ...rest, metadata: metadata as StandInObject["metadata"] };
}

function workload(name: string, container: JsonRecord = {}, annotations: JsonRecord = {}): StandInObject {
  return {
    metadata: { namespace: "mill", name, annotations },
    spec: {
      replicas: 1,
      template: {
        metadata: { annotations },
        spec: { containers: [{ name: "main", image: "own.dev/turner:v1", ...container }], volumes: [] },
      },
    },
  };
}

function configMap(namespace: string, name: string, data: JsonRecord): StandInObject {
  return { metadata: { namespace, name }, data };
}

function gear(index: number): StandInObject {
  return {
    metadata: {
      namespace: "mill",
      name: `g${String(index)}`,
      managedFields: [{ manager: "helm", apiVersion: "own.dev/v1", time: "2026-04-01T08:00:00Z" }],
    },
  };
}

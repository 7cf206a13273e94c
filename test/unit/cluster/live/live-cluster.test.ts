import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectLiveCluster, type LiveCluster } from "../../../../src/cluster/live/live-cluster.ts";
import type { Catalog } from "../../../../src/requirements/catalog.ts";
import { parseCatalogFile } from "../../../../src/requirements/catalog-form.ts";
import { isList, type StandIn, type StandInCollection, type StandInObject, startStandIn, status } from "./stand-in-api-server.ts";

const CONFIG_MAPS = "/api/v1/namespaces/gateway-system/configmaps";
const NEEDED = "things.example.dev";

let server: StandIn;
let crds: StandInCollection;
let deployments: StandInCollection;
let cluster: LiveCluster;
let unreadable: string[];

beforeEach(async () => {
  server = await startStandIn();
  crds = server.collection("/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
  deployments = server.collection("/apis/apps/v1/deployments");
  server.collection("/apis/apps/v1/statefulsets");
  server.collection("/apis/apps/v1/daemonsets");
  unreadable = [];
});

afterEach(async () => {
  cluster.stop();
  await server.close();
});

describe("the live cluster", () => {
  it("has no picture before everything was listed, and a whole one after", async () => {
    crds.put(crd("things"));
    deployments.put(deployment("controller", { "crdguard.dev/requires": `${NEEDED}/v1` }));

    connect();
    expect(cluster.isSynced).toBe(false);
    expect(cluster.picture()).toBeNull();
    cluster.start();
    await cluster.synced;

    expect(cluster.isSynced).toBe(true);
    expect([...(cluster.picture()?.crds.keys() ?? [])]).toEqual([NEEDED]);
    expect(neededBy()).toEqual(["controller known"]);
    expect(cluster.objectCounts()).toEqual({ customresourcedefinitions: 1, deployments: 1, statefulsets: 0, daemonsets: 0 });
  });

  it("waits for a kind of workload that cannot be listed", async () => {
    const allow = server.answer(({ path }) => path.endsWith("/daemonsets"), { status: 403, body: status(403, "no") });
    connect();
    cluster.start();
    await vi.waitFor(() => {
      expect(cluster.objectCounts()).toMatchObject({ customresourcedefinitions: 0, deployments: 0, statefulsets: 0 });
    });
    expect(cluster.picture()).toBeNull();
    allow();

    await cluster.synced;
    expect(cluster.picture()).not.toBeNull();
  });

  it("reads 120 CRDs in pages of 25", async () => {
    crds = server.collection("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      count: 120,
      make: (index) => crd(`kind${String(index)}`),
    });
    connect();
    cluster.start();
    await cluster.synced;

    expect(cluster.picture()?.crds.size).toBe(120);
    expect(
      server.requests.filter(({ path, query }) => path.includes("customresource") && query["watch"] === undefined),
    ).toHaveLength(5);
  });

  it("follows workloads that come, are scaled to zero, and go", async () => {
    await started();
    const annotations = { "crdguard.dev/requires": `${NEEDED}/v1` };
    deployments.put(deployment("a", annotations));
    deployments.put(deployment("b", annotations));
    await vi.waitFor(() => {
      expect(neededBy()).toEqual(["a known", "b known"]);
    });
    deployments.put(deployment("a", annotations, { replicas: 0 }));
    deployments.delete(deployment("b", annotations));

    await vi.waitFor(() => {
      expect(neededBy()).toEqual([]);
    });
    expect(cluster.objectCounts()["deployments"]).toBe(1);
  });

  it("forgets in a new list what is not in it", async () => {
    deployments.put(deployment("a", { "crdguard.dev/requires": `${NEEDED}/v1` }));
    crds.put(crd("things"));
    await started();
    for (const collection of [deployments, crds]) collection.mute();
    deployments.delete(deployment("a", {}));
    crds.delete(crd("things"));
    for (const collection of [deployments, crds]) collection.compact();
    for (const collection of [deployments, crds]) collection.cut();

    await vi.waitFor(() => {
      expect(neededBy()).toEqual([]);
      expect(cluster.picture()?.crds.size).toBe(0);
    });
  });

  it("reports what it cannot read, and goes on without it", async () => {
    crds.put({ metadata: { name: "broken.example.dev" }, spec: {} });
    crds.put(crd("things"));
    deployments.put({ metadata: { name: "broken", namespace: "ns" } });
    await started();

    expect([...(cluster.picture()?.crds.keys() ?? [])]).toEqual([NEEDED]);
    expect(unreadable.toSorted()).toEqual([
      "customresourcedefinitions broken.example.dev: spec.names: expected an object",
      "deployments ns/broken: it has no name or no pod template",
    ]);
  });

  it("keeps its last picture when the API server goes away", async () => {
    crds.put(crd("things"));
    await started();
    await server.down();

    expect(cluster.picture()?.crds.size).toBe(1);
  });
});

describe("settings that needs hang on", () => {
  it.each([
    { title: "make a need known when they are on", data: { "enable-gateway": "true", other: "x" }, needs: ["gateway known"] },
    { title: "take a need away when they are off", data: { "enable-gateway": "false" }, needs: [] },
    { title: "take a need away when the key is missing", data: {}, needs: [] },
    { title: "leave a need assumed when the ConfigMap does not exist", data: null, needs: ["gateway assumed"] },
  ])("$title", async ({ data, needs }) => {
    const configMaps = server.collection(CONFIG_MAPS);
    if (data !== null) configMaps.put({ metadata: { name: "config", namespace: "gateway-system" }, data });
    deployments.put(deployment("gateway", {}, { image: "example/gateway:v1.0.0" }));
    await started();

    expect(neededBy()).toEqual(needs);
    expect(server.requests.find(({ path }) => path === CONFIG_MAPS)?.query["fieldSelector"]).toBe("metadata.name=config");
  });

  it("leave a need assumed, and hold nothing back, while they are forbidden", async () => {
    server.answer(({ path }) => path === CONFIG_MAPS, { status: 403, body: status(403, "no") });
    deployments.put(deployment("gateway", {}, { image: "example/gateway:v1.0.0" }));
    await started();

    expect(neededBy()).toEqual(["gateway assumed"]);
  });

  it("hold nothing back for long while they are not answered", async () => {
    server.answer(({ path }) => path === CONFIG_MAPS, "hang");
    deployments.put(deployment("gateway", {}, { image: "example/gateway:v1.0.0" }));
    await started();

    expect(neededBy()).toEqual(["gateway assumed"]);
  });

  it("are followed as they change", async () => {
    const configMaps = server.collection(CONFIG_MAPS);
    const configMap = { metadata: { name: "config", namespace: "gateway-system" } };
    deployments.put(deployment("gateway", {}, { image: "example/gateway:v1.0.0" }));
    await started();
    for (const [data, needs] of [
      [{ "enable-gateway": "true" }, ["gateway known"]],
      [{ "enable-gateway": "false" }, []],
      [null, ["gateway assumed"]],
    ] as const) {
      if (data === null) configMaps.delete(configMap);
      else configMaps.put({ ...configMap, data });
      await vi.waitFor(() => {
        expect(neededBy()).toEqual(needs);
      });
    }
  });
});

const CATALOG: Catalog = readCatalog({
  controller: "gateway",
  images: ["example/gateway"],
  when: { configMap: { namespace: "gateway-system", name: "config", key: "enable-gateway", equals: "true" } },
  releases: [
    {
      versions: ">=1.0.0",
      verified: "run",
      confidence: "high",
      sources: ["example/gateway"],
      needs: [{ resource: NEEDED, versions: ["v1"], presence: "unconditional", outcomes: "crashes" }],
    },
  ],
});

function readCatalog(file: unknown): Catalog {
  const parsed = parseCatalogFile(file);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return [parsed.value];
}

function connect(): void {
  cluster = connectLiveCluster({
    client: server.client,
    catalog: CATALOG,
    settingsPatienceSeconds: 0.05,
    timing: { now: () => performance.now(), random: () => 0, sleep: () => new Promise((resolve) => setTimeout(resolve, 2)) },
    observer: {
      listed: () => undefined,
      watchRestarted: () => undefined,
      failed: () => undefined,
      doneWithout: () => undefined,
      unreadable: (resource, key, problem) => unreadable.push(`${resource} ${key}: ${problem}`),
    },
  });
}

async function started(): Promise<void> {
  connect();
  cluster.start();
  await cluster.synced;
  await vi.waitFor(() => {
    expect(crds.openWatches + deployments.openWatches).toBe(2);
  });
  expect(server.requests.some(isList)).toBe(true);
}

function neededBy(): readonly string[] {
  return (cluster.picture()?.needs.get(NEEDED) ?? []).map(({ workload, certainty }) => `${workload.name} ${certainty.kind}`);
}

function crd(plural: string): StandInObject {
  return {
    metadata: { name: `${plural}.example.dev` },
    spec: {
      group: "example.dev",
      names: { plural, kind: "Thing" },
      scope: "Namespaced",
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
    },
    status: { storedVersions: ["v1"] },
  };
}

function deployment(
  name: string,
  annotations: Readonly<Record<string, string>>,
  { replicas = 1, image = "example/none:1.0.0" }: { replicas?: number; image?: string } = {},
): StandInObject {
  return {
    metadata: { name, namespace: "ns", annotations },
    spec: { replicas, template: { spec: { containers: [{ name: "main", image }] } } },
  };
}

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectLiveCluster, type LiveCluster } from "../../../../src/cluster/live/live-cluster.ts";
import {
  isList,
  isWatch,
  type StandIn,
  type StandInCollection,
  type StandInObject,
  startStandIn,
  status,
} from "./stand-in-api-server.ts";

const API_REQUIREMENTS = "/apis/crdguard.dev/v1alpha1/apirequirements";
const CLUSTER_SERVICE_VERSIONS = "/apis/operators.coreos.com/v1alpha1/clusterserviceversions";
const GUARD_POLICIES = "/apis/crdguard.dev/v1alpha1/guardpolicies";
const GEARS = "gears.own.dev";

let server: StandIn;
let crds: StandInCollection;
let deployments: StandInCollection;
let cluster: LiveCluster;
let told: string[];

beforeEach(async () => {
  server = await startStandIn();
  crds = server.collection("/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
  deployments = server.collection("/apis/apps/v1/deployments");
  server.collection("/apis/apps/v1/statefulsets");
  server.collection("/apis/apps/v1/daemonsets");
  deployments.put(deployment("turner"));
  told = [];
});

afterEach(async () => {
  cluster.stop();
  await server.close();
});

describe.each([
  {
    resource: "apirequirements",
    path: API_REQUIREMENTS,
    crdName: "apirequirements.crdguard.dev",
    object: apiRequirement("turner"),
    source: "api-requirement turner",
  },
  {
    resource: "clusterserviceversions",
    path: CLUSTER_SERVICE_VERSIONS,
    crdName: "clusterserviceversions.operators.coreos.com",
    object: clusterServiceVersion("turner.v1"),
    source: "cluster-service-version turner.v1",
  },
  {
    resource: "guardpolicies",
    path: GUARD_POLICIES,
    crdName: "guardpolicies.crdguard.dev",
    object: guardPolicy({ rules: [] }),
    source: "guard-policy mill",
  },
])("$resource", ({ resource, path, crdName, object, source }) => {
  it("are there with the first picture", async () => {
    crds.put(crd(crdName));
    server.collection(path).put(object);

    await started();

    expect(needs()).toEqual([source]);
    expect(cluster.objectCounts()[resource]).toBe(1);
  });

  it("are not asked for while there is no such CRD, or it does not serve the version that is read", async () => {
    crds.put(crd(crdName, { served: false }));

    await started();

    expect(cluster.objectCounts()).not.toHaveProperty(resource);
    expect(server.requests.filter((request) => request.path === path)).toEqual([]);
  });

  it("are read once their CRD serves the version, though the API server knows them a moment later", async () => {
    await started();
    crds.put(crd(crdName, { served: false }));
    crds.put(crd(crdName));
    await vi.waitFor(() => {
      expect(server.requests.filter((request) => request.path === path).length).toBeGreaterThan(1);
    });
    server.collection(path).put(object);

    await vi.waitFor(() => {
      expect(needs()).toEqual([source]);
    });
  });

  it.each([
    { title: "goes", change: () => crds.delete(crd(crdName)) },
    { title: "serves the version no longer", change: () => crds.put(crd(crdName, { served: false })) },
  ])("are forgotten when their CRD $title, and read anew when it is back", async ({ change }) => {
    crds.put(crd(crdName));
    const collection = server.collection(path);
    collection.put(object);
    await started();
    await vi.waitFor(() => {
      expect(collection.openWatches).toBe(1);
    });

    change();
    await vi.waitFor(() => {
      expect(needs()).toEqual([]);
      expect(collection.openWatches).toBe(0);
    });
    expect(cluster.objectCounts()[resource]).toBe(0);

    crds.put(crd(crdName));
    await vi.waitFor(() => {
      expect(needs()).toEqual([source]);
    });
  });

  it("are followed as they change and go", async () => {
    crds.put(crd(crdName));
    const collection = server.collection(path);
    await started();
    await vi.waitFor(() => {
      expect(collection.openWatches).toBe(1);
    });

    collection.put(object);
    await vi.waitFor(() => {
      expect(needs()).toEqual([source]);
    });
    collection.delete(object);
    await vi.waitFor(() => {
      expect(needs()).toEqual([]);
    });
  });

  it("are done without while they are forbidden, which is told once, and read when they no longer are", async () => {
    crds.put(crd(crdName));
    server.collection(path).put(object);
    const allow = server.answer((request) => request.path === path, { status: 403, body: status(403, "may not list") });

    await started({ patienceSeconds: 60 });
    await vi.waitFor(() => {
      expect(server.requests.filter((request) => request.path === path).length).toBeGreaterThan(3);
    });
    expect(needs()).toEqual([]);
    expect(told).toEqual([`without ${resource}: forbidden`]);

    allow();
    await vi.waitFor(() => {
      expect(needs()).toEqual([source]);
    });
  });

  it("hold nothing back for long while they are not answered", async () => {
    crds.put(crd(crdName));
    server.collection(path);
    server.answer((request) => request.path === path, "hang");

    await started({ patienceSeconds: 0.05 });

    expect(cluster.picture()).not.toBeNull();
    expect(needs()).toEqual([]);
  });

  it("are waited for while the API server only stumbles", async () => {
    crds.put(crd(crdName));
    server.collection(path).put(object);
    server.answer((request) => request.path === path && isList(request), { status: 503, body: status(503, "busy") }, 2);

    await started({ patienceSeconds: 60 });

    expect(needs()).toEqual([source]);
  });

  it("leave the picture alone where a change is none to it", async () => {
    crds.put(crd(crdName));
    const collection = server.collection(path);
    collection.put(object);
    await started();
    await vi.waitFor(() => {
      expect(collection.openWatches).toBe(1);
    });
    const before = cluster.picture();

    collection.put({ ...object, status: { touched: 1 } });
    // Events come in order: once this one is counted, the one before has been seen.
    collection.put({ ...object, metadata: { name: "later", namespace: "elsewhere" } });
    await vi.waitFor(() => {
      expect(cluster.objectCounts()[resource]).toBe(2);
    });

    // Not read again: the very same needs as before.
    expect(cluster.picture()?.needs.get(GEARS)).toBe(before?.needs.get(GEARS));
  });
});

describe("apirequirements", () => {
  beforeEach(() => {
    crds.put(crd("apirequirements.crdguard.dev"));
  });

  it("are kept with their status, by the same reference while nothing changes", async () => {
    const collection = server.collection(API_REQUIREMENTS);
    collection.put(apiRequirement("turner"));
    await started();
    const [before] = cluster.apiRequirements();
    expect(cluster.apiRequirements()).toBe(cluster.apiRequirements());
    expect(before).toMatchObject({ namespace: "ns", name: "turner", generation: 3, status: undefined, content: { ok: true } });

    const resourceVersion = collection.put({ ...apiRequirement("turner"), status: { workloads: 1 } });

    await vi.waitFor(() => {
      expect(cluster.apiRequirements()).toMatchObject([{ resourceVersion, status: { workloads: 1 } }]);
    });
  });

  it("that cannot be read count no longer, and are kept with what is wrong", async () => {
    const collection = server.collection(API_REQUIREMENTS);
    collection.put(apiRequirement("turner"));
    await started();
    expect(needs()).toEqual(["api-requirement turner"]);

    collection.put({ ...apiRequirement("turner"), spec: { workload: { name: "turner" }, requirements: [] } });

    await vi.waitFor(() => {
      expect(needs()).toEqual([]);
    });
    expect(cluster.apiRequirements()).toMatchObject([
      { name: "turner", content: { ok: false, error: { message: "spec.requirements: must NOT have fewer than 1 items" } } },
    ]);
    expect(told).toEqual(["apirequirements ns/turner: spec.requirements: must NOT have fewer than 1 items"]);
  });

  it("with members that this program does not know are read all the same", async () => {
    server.collection(API_REQUIREMENTS).put({ ...apiRequirement("turner"), spec: { ...specFor("turner"), since: "v2" } });

    await started();

    expect(needs()).toEqual(["api-requirement turner"]);
  });
});

describe("clusterserviceversions", () => {
  it("are asked for without their copies, and copies that come all the same are passed over", async () => {
    crds.put(crd("clusterserviceversions.operators.coreos.com"));
    const collection = server.collection(CLUSTER_SERVICE_VERSIONS);
    const original = clusterServiceVersion("turner.v1");
    collection.put({ ...original, metadata: { ...original.metadata, labels: { "olm.copiedFrom": "operators" } } });

    await started();
    await vi.waitFor(() => {
      expect(collection.openWatches).toBe(1);
    });

    expect(needs()).toEqual([]);
    const asked = server.requests.filter(({ path }) => path === CLUSTER_SERVICE_VERSIONS);
    expect(asked.map(({ query }) => query["labelSelector"])).toEqual(["!olm.copiedFrom", "!olm.copiedFrom"]);
    expect(asked.map(isWatch)).toEqual([false, true]);
  });
});

describe("a GuardPolicy", () => {
  it("leaves the picture as it is when its status alone is written, and is known with it to whoever reports", async () => {
    crds.put(crd("guardpolicies.crdguard.dev"));
    const policies = server.collection(GUARD_POLICIES);
    policies.put(guardPolicy({ rules: [] }));
    await started();
    await vi.waitFor(() => {
      expect(policies.openWatches).toBe(1);
    });
    const before = cluster.picture();
    const list = cluster.guardPolicies();
    expect(cluster.guardPolicies()).toBe(list);

    policies.put(guardPolicy({ rules: [] }, { status: { lapsedCount: 0 } }));
    await vi.waitFor(() => {
      expect(cluster.guardPolicies()).toMatchObject([{ name: "mill", uid: "u1", status: { lapsedCount: 0 } }]);
    });
    expect(cluster.picture()).toBe(before);

    policies.put(guardPolicy({ rules: [{ id: "objects-deleted", enforcement: "off" }] }));
    await vi.waitFor(() => {
      expect(cluster.picture()?.guardPolicies).toEqual([
        { name: "mill", generation: 2, spec: { rules: [{ id: "objects-deleted", enforcement: "off" }] } },
      ]);
    });
  });

  it("is the same list, by reference, in pictures between which other things have changed", async () => {
    crds.put(crd("guardpolicies.crdguard.dev"));
    server.collection(GUARD_POLICIES).put(guardPolicy({}));
    await started();
    const before = cluster.picture();

    deployments.put(deployment("miller"));
    crds.put(crd(GEARS));
    await vi.waitFor(() => {
      expect(cluster.picture()?.crds.has(GEARS)).toBe(true);
    });

    expect(cluster.picture()).not.toBe(before);
    expect(cluster.picture()?.guardPolicies).toBe(before?.guardPolicies);
  });
});

async function started({ patienceSeconds = 5 } = {}): Promise<void> {
  cluster = connectLiveCluster({
    client: server.client,
    catalog: [],
    settingsPatienceSeconds: patienceSeconds,
    timing: { now: () => performance.now(), random: () => 0, sleep: () => new Promise((resolve) => setTimeout(resolve, 2)) },
    observer: {
      listed: () => undefined,
      watchRestarted: () => undefined,
      failed: (resource, error) => told.push(`failed ${resource}: ${error.code}`),
      unreadable: (resource, key, problem) => told.push(`${resource} ${key}: ${problem}`),
      doneWithout: (resource, error) => told.push(`without ${resource}: ${error.code}`),
    },
  });
  cluster.start();
  await cluster.synced;
  await vi.waitFor(() => {
    expect(crds.openWatches + deployments.openWatches).toBe(2);
  });
}

/** Where the needs of gears are known from, and which policies there are. */
function needs(): readonly string[] {
  const picture = cluster.picture();
  return [
    ...(picture?.needs.get(GEARS) ?? []).map(({ source }) => `${source.kind} ${"name" in source ? source.name : ""}`),
    ...(picture?.guardPolicies ?? []).map(({ name }) => `guard-policy ${name}`),
  ];
}

function guardPolicy(spec: unknown, more: Readonly<Record<string, unknown>> = {}): StandInObject {
  return { metadata: { name: "mill", generation: 2, uid: "u1" }, spec, ...more };
}

function crd(name: string, { served = true } = {}): StandInObject {
  const [plural = "", ...group] = name.split(".");
  return {
    metadata: { name },
    spec: {
      group: group.join("."),
      names: { plural, kind: "Thing" },
      scope: "Namespaced",
      versions: [
        { name: "v1alpha1", served, storage: false },
        { name: "v1beta9", served: true, storage: true },
      ],
    },
    status: { storedVersions: ["v1beta9"] },
  };
}

function deployment(name: string): StandInObject {
  return {
    metadata: { name, namespace: "ns" },
    spec: { template: { spec: { containers: [{ name: "main", image: "example/none:1.0.0" }] } } },
  };
}

function apiRequirement(name: string): StandInObject {
  return { metadata: { name, namespace: "ns", generation: 3 }, spec: specFor(name) };
}

function specFor(name: string): Readonly<Record<string, unknown>> {
  return { workload: { name }, requirements: [{ group: "own.dev", resource: "gears", versions: ["v1"] }] };
}

function clusterServiceVersion(name: string): StandInObject {
  return {
    metadata: { name, namespace: "ns" },
    spec: {
      install: { spec: { deployments: [{ name: "turner" }] } },
      customresourcedefinitions: { required: [{ name: GEARS, version: "v1" }] },
    },
  };
}

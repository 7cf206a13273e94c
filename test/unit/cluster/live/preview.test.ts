import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectLiveCluster, type LiveCluster } from "../../../../src/cluster/live/live-cluster.ts";
import type { Applied } from "../../../../src/cluster/preview.ts";
import { type Catalog, parseCatalogFile } from "../../../../src/requirements/catalog.ts";
import { parseWorkload } from "../../../../src/requirements/workload.ts";
import { type StandIn, startStandIn } from "./stand-in-api-server.ts";

const CONFIG_MAPS = "/api/v1/namespaces/gateway-system/configmaps";
const NEVER = new AbortController().signal;

let server: StandIn;
let cluster: LiveCluster;

beforeEach(async () => {
  server = await startStandIn();
  server.collection("/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
  for (const resource of ["deployments", "statefulsets", "daemonsets"]) server.collection(`/apis/apps/v1/${resource}`);
  cluster = connectLiveCluster({
    client: server.client,
    catalog: catalog(),
    observer: {
      listed: () => undefined,
      watchRestarted: () => undefined,
      failed: () => undefined,
      doneWithout: () => undefined,
      unreadable: () => undefined,
    },
  });
});

afterEach(async () => {
  cluster.stop();
  await server.close();
});

/** What the previewed workload needs, and how surely. */
async function neededBy(image: string, signal: AbortSignal): Promise<readonly string[] | null> {
  const preview = await cluster.preview(applying(image), signal);
  return preview?.workloads.flatMap(({ needs }) => needs.map(({ certainty }) => certainty.kind)) ?? null;
}

describe("a preview of the live cluster", () => {
  it("does not exist before the cluster has been read", async () => {
    expect(await neededBy("example/gateway:v1.0.0", NEVER)).toBeNull();
  });

  it("waits for the ConfigMap that a need hangs on", async () => {
    server.collection(CONFIG_MAPS).put({
      metadata: { name: "config", namespace: "gateway-system" },
      data: { "enable-gateway": "false" },
    });
    await synced();

    expect(await neededBy("example/gateway:v1.0.0", NEVER)).toEqual([]);
  });

  it("waits no longer than it is told to, and takes the need for granted then", async () => {
    server.answer(({ path }) => path === CONFIG_MAPS, "hang");
    await synced();

    expect(await neededBy("example/gateway:v1.0.0", AbortSignal.timeout(20))).toEqual(["assumed"]);
  });

  it("waits for nothing where no need hangs on a ConfigMap, even while one is not answered", async () => {
    server.answer(({ path }) => path === CONFIG_MAPS, "hang");
    await synced();
    await neededBy("example/gateway:v1.0.0", AbortSignal.timeout(20));

    expect(await neededBy("example/other:v1.0.0", NEVER)).toEqual([]);
  });
});

async function synced(): Promise<void> {
  cluster.start();
  await cluster.synced;
}

function applying(image: string): Applied {
  const workload = parseWorkload(
    { metadata: { name: "gateway", namespace: "ns" }, spec: { template: { spec: { containers: [{ name: "main", image }] } } } },
    "Deployment",
  );
  return { crds: [], workloads: workload === null ? [] : [workload], apiRequirements: [], configMaps: new Map() };
}

function catalog(): Catalog {
  const parsed = parseCatalogFile({
    controller: "gateway",
    images: ["example/gateway"],
    when: { configMap: { namespace: "gateway-system", name: "config", key: "enable-gateway", equals: "true" } },
    releases: [
      {
        versions: ">=1.0.0",
        verified: "run",
        confidence: "high",
        sources: ["example/gateway"],
        needs: [{ resource: "things.example.dev", versions: ["v1"], presence: "unconditional", outcomes: "crashes" }],
      },
    ],
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return [parsed.value];
}

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectLiveCluster, type LiveCluster } from "../../../../src/cluster/live/live-cluster.ts";
import type { Applied } from "../../../../src/cluster/preview.ts";
import type { Catalog } from "../../../../src/requirements/catalog.ts";
import { parseCatalogFile } from "../../../../src/requirements/catalog-form.ts";
import { parseWorkload } from "../../../../src/requirements/workload.ts";
import { type StandIn, startStandIn, status } from "./stand-in-api-server.ts";

const CONFIG_MAP = "/api/v1/namespaces/gateway-system/configmaps/config";
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

  it.each([
    { title: "on", answer: { status: 200, body: { data: { "enable-gateway": "true" } } }, needs: ["known"] },
    { title: "off", answer: { status: 200, body: { data: { "enable-gateway": "false" } } }, needs: [] },
    { title: "not set", answer: { status: 200, body: {} }, needs: [] },
    { title: "in no ConfigMap", answer: { status: 404, body: status(404, "not found") }, needs: ["assumed"] },
    { title: "not to be read", answer: { status: 403, body: status(403, "no") }, needs: ["assumed"] },
  ])("reads the setting that a need hangs on, which is $title", async ({ answer, needs }) => {
    server.answer(({ path }) => path === CONFIG_MAP, answer);
    await synced();

    expect(await neededBy("example/gateway:v1.0.0", NEVER)).toEqual(needs);
  });

  it("waits no longer for it than told, and takes the need for granted then", async () => {
    server.answer(({ path }) => path === CONFIG_MAP, "hang");
    await synced();

    expect(await neededBy("example/gateway:v1.0.0", AbortSignal.timeout(20))).toEqual(["assumed"]);
  });

  it("asks nothing where no need hangs on a ConfigMap, and watches none", async () => {
    server.answer(({ path }) => path === CONFIG_MAP, { status: 200, body: {} });
    await synced();
    await neededBy("example/gateway:v1.0.0", NEVER);
    await neededBy("example/other:v1.0.0", NEVER);

    const asked = server.requests.filter(({ path }) => path.includes("configmaps"));
    expect(asked.map(({ method, path, query }) => [method, path, query])).toEqual([["GET", CONFIG_MAP, {}]]);
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
  return {
    crds: [],
    workloads: workload === null ? [] : [workload],
    apiRequirements: [],
    configMaps: new Map(),
    guardPolicies: [],
  };
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

/** @file Facts at scale: what a large cluster costs in memory, and what one decision costs in a cluster of any size. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { folderCluster } from "../../src/cluster/snapshot/folder-cluster.ts";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import { type Catalog, minimumVersion } from "../../src/requirements/catalog.ts";
import { readCatalog } from "../../src/requirements/catalog-folder.ts";
import { findNeeds } from "../../src/requirements/needs.ts";
import { parseWorkload } from "../../src/requirements/workload.ts";
import { review } from "../../src/review/review.ts";
import type { WriterEvidence } from "../../src/rules/facts.ts";
import { type StandInObject, startStandIn } from "../unit/cluster/live/stand-in-api-server.ts";
import { crd, update } from "../support/builders.ts";
import { imageFlags } from "./image-flags.ts";
import { quantile } from "./load.ts";

export interface DecisionRow {
  readonly workloads: number;
  /** Of the workloads, how many run a catalogued controller. */
  readonly controllers: number;
  readonly p50Microseconds: number;
  readonly p99Microseconds: number;
}

/**
 * The whole of `review` for a change that is denied, without parsing: the dearest case that needs no request. One of each
 * controller of the catalog runs, and in the last row ten times as many.
 */
export async function measureDecisions(): Promise<readonly DecisionRow[]> {
  const catalog = await shippedCatalog();
  const name = "grpcroutes.gateway.networking.k8s.io";
  const change = update(crd({ name, served: ["v1alpha2"] }), crd({ name, served: ["v1"], unserved: ["v1alpha2"] }));
  const images = controllerImages(catalog);
  const rows: DecisionRow[] = [];
  for (const [workloads, controllers] of [
    [1_000, images.length],
    [10_000, images.length],
    [10_000, 10 * images.length],
  ] as const) {
    const manifests = Array.from({ length: workloads }, (_, index) => ({
      file: "bench",
      line: 1,
      object: deployment(index, index < controllers ? images[index % images.length] : undefined),
    }));
    const cluster = folderCluster("bench", manifests, catalog);
    if (!cluster.ok) throw new Error(cluster.error.message);
    // Who writes objects is asked of the API server, which is not the decision's own time; a folder would be searched for them.
    const asked = { ...cluster.value, sampleWriters: () => Promise.resolve(NO_WRITERS) };
    const times: number[] = [];
    for (let round = 0; round < 20_000; round += 1) {
      const startedAt = performance.now();
      const verdict = await review({ change, requester: null }, asked, DEFAULT_POLICY, NEVER);
      times.push((performance.now() - startedAt) * 1000);
      if (verdict.kind !== "deny") throw new Error("the change must be denied");
    }
    const warm = times.slice(2_000).toSorted((left, right) => left - right);
    rows.push({ workloads, controllers, p50Microseconds: quantile(warm, 0.5), p99Microseconds: quantile(warm, 0.99) });
  }
  return rows;
}

export interface LookUpRow {
  readonly workload: string;
  readonly p50Microseconds: number;
  readonly p99Microseconds: number;
}

/** What one workload needs, by the full catalog: done once for each version of a workload that comes along. */
export async function measureLookUps(): Promise<readonly LookUpRow[]> {
  const catalog = await shippedCatalog();
  const sources = { catalog, readSetting: () => undefined, apiRequirements: [], clusterServiceVersions: [] };
  const images = controllerImages(catalog);
  return [
    { workload: "of an image that nobody knows", workloads: Array.from({ length: 10_000 }, (_, index) => deployment(index)) },
    {
      workload: "of a catalogued controller",
      workloads: Array.from({ length: 10_000 }, (_, index) => deployment(index, images[index % images.length])),
    },
  ].map(({ workload, workloads }) => {
    const times = workloads.map((object) => {
      const parsed = parseWorkload(object);
      if (parsed === null) throw new Error("the workload must be one");
      const startedAt = performance.now();
      findNeeds(parsed, sources);
      return (performance.now() - startedAt) * 1000;
    });
    const warm = times.slice(1_000).toSorted((left, right) => left - right);
    return { workload, p50Microseconds: quantile(warm, 0.5), p99Microseconds: quantile(warm, 0.99) };
  });
}

async function shippedCatalog(): Promise<Catalog> {
  const catalog = await readCatalog();
  if (!catalog.ok) throw new Error(catalog.error.message);
  return catalog.value;
}

/**
 * Of each controller one image, at the oldest version that the catalog knows: it has the most later releases to look at.
 * The first is one that the change hurts.
 */
function controllerImages(catalog: Catalog): readonly string[] {
  const oldest = catalog.flatMap(({ images, releases }) => {
    const [image] = images;
    const [release] = releases;
    return image === undefined || release === undefined ? [] : [`${image.path}:v${minimumVersion(release)}`];
  });
  return ["docker.io/envoyproxy/gateway:v1.0.1", ...oldest];
}

const NO_WRITERS: WriterEvidence = { kind: "sampled", objectCount: 0, isComplete: true, writers: [] };
const NEVER = new AbortController().signal;

export interface MemoryRow {
  readonly deployments: number;
  readonly crds: number;
  /** `VmRSS` and `VmHWM` of the guard's process, in MiB. */
  readonly residentMebibytes: number;
  readonly peakMebibytes: number;
  readonly syncedSeconds: number;
}

/** The real `serve`, reading 10,000 Deployments and 1,000 CRDs of 60 kB from a stand-in that speaks list and watch. */
export async function measureMemory(): Promise<MemoryRow> {
  const deployments = 10_000;
  const crds = 1_000;
  const images = controllerImages(await shippedCatalog());
  const standIn = await startStandIn();
  standIn.collection("/apis/apps/v1/deployments", {
    count: deployments,
    make: (index) => deployment(index, index < images.length ? images[index] : undefined),
  });
  standIn.collection("/apis/apps/v1/statefulsets");
  standIn.collection("/apis/apps/v1/daemonsets");
  standIn.collection("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", { count: crds, make: largeCrd });
  standIn.collection("/api/v1/namespaces/kube-system/configmaps");
  const folder = await mkdtemp(join(tmpdir(), "crdguard-bench-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "bench", cluster: { server: standIn.url } }],
      users: [{ name: "bench", user: {} }],
      contexts: [{ name: "bench", context: { cluster: "bench", user: "bench" } }],
      "current-context": "bench",
    }),
  );
  const [port, healthPort] = await Promise.all([freePort(), freePort()]);
  const startedAt = performance.now();
  const guard = spawn(
    process.execPath,
    [
      ...imageFlags(),
      "src/cli/main.ts",
      "serve",
      "--kubeconfig",
      kubeconfig,
      "--listen",
      `127.0.0.1:${String(port)}`,
      "--health-listen",
      `127.0.0.1:${String(healthPort)}`,
    ],
    { stdio: "ignore" },
  );
  try {
    while (!(await isReady(healthPort))) {
      if (performance.now() - startedAt > 120_000) throw new Error("the guard did not become ready within two minutes");
      await sleep(50);
    }
    const syncedSeconds = (performance.now() - startedAt) / 1000;
    // Time for the collector to tidy up after the lists, as in a guard that has run for a while.
    await sleep(10_000);
    const status = readFileSync(`/proc/${String(guard.pid)}/status`, "utf8");
    return {
      deployments,
      crds,
      residentMebibytes: kibibytes(status, "VmRSS") / 1024,
      peakMebibytes: kibibytes(status, "VmHWM") / 1024,
      syncedSeconds,
    };
  } finally {
    guard.kill("SIGKILL");
    await standIn.close();
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${String(port)}/readyz`)).ok;
  } catch {
    return false;
  }
}

function kibibytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  });
}

/** As a cluster has them: with annotations, probes, variables and managed fields. */
export function deployment(index: number, image = `registry.own.dev/team/app-${String(index)}:v1.2.3`): StandInObject {
  const name = `app-${String(index)}`;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name,
      namespace: `team-${String(index % 200)}`,
      uid: `0000-${String(index)}`,
      generation: 3,
      labels: { app: name, "app.kubernetes.io/part-of": "platform" },
      annotations: {
        "deployment.kubernetes.io/revision": "3",
        "kubectl.kubernetes.io/last-applied-configuration": "x".repeat(1_500),
      },
      managedFields: [
        {
          manager: "kubectl",
          operation: "Apply",
          fieldsV1: { "f:spec": { "f:template": { "f:spec": { "f:containers": {} } } } },
        },
      ],
    },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            {
              name: "main",
              image,
              args: ["--verbose", "--port=8080"],
              env: Array.from({ length: 10 }, (_, number) => ({ name: `VARIABLE_${String(number)}`, value: "value" })),
              readinessProbe: { httpGet: { path: "/healthz", port: 8080 } },
            },
          ],
        },
      },
    },
    status: {
      replicas: 2,
      readyReplicas: 2,
      conditions: [{ type: "Available", status: "True", message: "Deployment has minimum availability." }],
    },
  };
}

export function largeCrd(index: number): StandInObject {
  const plural = `kinds${String(index)}`;
  const properties = Object.fromEntries(
    Array.from({ length: 200 }, (_, number) => [
      `field${String(number)}`,
      { type: "string", description: "A field that says what it does. ".repeat(8) },
    ]),
  );
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.bench.dev`, generation: 1 },
    spec: {
      group: "bench.dev",
      scope: "Namespaced",
      names: { plural, singular: plural, kind: `Kind${String(index)}` },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", properties } } }],
    },
    status: { storedVersions: ["v1"] },
  };
}

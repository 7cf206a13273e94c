/** @file Several servers that keep themselves installed, behind one address, as the Deployment in manifests/server runs them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiServer } from "./api-server.ts";
import { type BackgroundProcess, startInBackground } from "./child-processes.ts";
import { eventually } from "./eventually.ts";
import { freePorts } from "./free-ports.ts";
import type { Backend, ServiceStandIn } from "./service-stand-in.ts";

export const NAMESPACE = "crdguard";

export interface Replica extends Backend {
  readonly name: string;
  readonly process: BackgroundProcess;
  log(): Promise<string>;
  /** The value of one metric, all its series added up; 0 where there is none. */
  metric(name: string): Promise<number>;
  isReady(): Promise<boolean>;
}

export interface ReplicaOptions {
  readonly name: string;
  readonly args?: readonly string[];
  /** Another way to the API server. */
  readonly kubeconfig?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** To Node, before the program: `--import …`. */
  readonly nodeArgs?: readonly string[];
  /** Whether to wait until it is ready; it is told unless not. */
  readonly mayBeUnready?: boolean;
  /** One that takes part in everything but answering is outside; all are behind the Service unless told. */
  readonly isOutsideService?: boolean;
}

const MAIN = join(import.meta.dirname, "../../../src/cli/main.ts");

/** The namespace, our CRDs, and nothing else: what an installation makes before the first server starts. */
export async function prepareNamespace(api: ApiServer): Promise<void> {
  for (const args of [
    ["create", "namespace", NAMESPACE],
    ["apply", "--server-side", "-k", join(import.meta.dirname, "../../../manifests/crds")],
  ]) {
    const { exitCode, stderr } = await api.kubectl(args);
    if (exitCode !== 0) throw new Error(stderr);
  }
}

let count = 0;

/** Resolves when it is ready and, unless it stands outside, the stand-in for the Service hands connections to it. */
export async function startReplica(api: ApiServer, service: ServiceStandIn, options: ReplicaOptions): Promise<Replica> {
  const [port = 0, healthPort = 0] = await freePorts(2);
  const healthUrl = `http://127.0.0.1:${String(healthPort)}`;
  count += 1;
  const logPath = join(api.workDir, `replica-${options.name}-${String(count)}.log`);
  const child = startInBackground(process.execPath, {
    args: [
      ...(options.nodeArgs ?? []),
      MAIN,
      "serve",
      "--kubeconfig",
      options.kubeconfig ?? api.kubeconfigPath,
      "--listen",
      `127.0.0.1:${String(port)}`,
      "--health-listen",
      `127.0.0.1:${String(healthPort)}`,
      "--drain-seconds",
      "2",
      "--keep-installed",
      `${NAMESPACE}/crdguard`,
      "--webhook-url",
      `https://127.0.0.1:${String(service.port)}`,
      "--replica",
      options.name,
      ...(options.args ?? []),
    ],
    logPath,
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const backend = { port, healthUrl };
  const replica: Replica = {
    ...backend,
    name: options.name,
    process: child,
    log: () => readFile(logPath, "utf8"),
    metric: (name) => metricOf(healthUrl, name),
    async isReady() {
      try {
        return (await fetch(`${healthUrl}/readyz`)).ok;
      } catch {
        return false;
      }
    },
  };
  if (options.isOutsideService !== true) service.add(backend);
  void child.exited.then(() => {
    service.remove(backend);
  });
  if (options.mayBeUnready !== true) {
    await eventually(
      `replica ${options.name} is ready`,
      async () => {
        if (!child.isRunning()) throw new Error(`it ended: ${(await replica.log()).slice(-2_000)}`);
        return options.isOutsideService === true ? replica.isReady() : service.isServing(backend);
      },
      { timeoutMs: 60_000, intervalMs: 100 },
    );
  }
  return replica;
}

async function metricOf(healthUrl: string, name: string): Promise<number> {
  const text = await (await fetch(`${healthUrl}/metrics`)).text();
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

/** The one that leads. @throws Error where none or several say so. */
export async function leaderOf(replicas: readonly Replica[], timeoutMs = 30_000): Promise<Replica> {
  return eventually(
    "one replica leads",
    async () => {
      const running = replicas.filter((replica) => replica.process.isRunning());
      const leading = await Promise.all(running.map(async (replica) => (await replica.metric("crdguard_leader")) === 1));
      const leaders = running.filter((_, index) => leading[index]);
      const [leader] = leaders;
      if (leader === undefined || leaders.length > 1) throw new Error(`${String(leaders.length)} lead`);
      return leader;
    },
    { timeoutMs, intervalMs: 200 },
  );
}

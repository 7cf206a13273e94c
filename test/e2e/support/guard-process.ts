/** @file The guard as its users run it: a process, its certificate, its log, and its registration. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiServer } from "./api-server.ts";
import { type BackgroundProcess, startInBackground } from "./child-processes.ts";
import { eventually } from "./eventually.ts";
import { freePorts } from "./free-ports.ts";

export interface GuardProcess {
  readonly url: string;
  readonly healthUrl: string;
  readonly process: BackgroundProcess;
  /** What the guard was asked and answered, newest last. */
  reviews(): Promise<readonly LoggedReview[]>;
  log(): Promise<string>;
}

export interface LoggedReview {
  readonly phase: string;
  readonly operation: string;
  readonly subresource: string | null;
  /** Of CRDs. */
  readonly crd?: string;
  /** `namespace/name`, of workloads. */
  readonly workload?: string;
  readonly user: string;
  readonly dryRun: boolean;
  readonly decision: string;
  readonly rules: readonly string[];
}

export interface GuardProcessOptions {
  readonly args?: readonly string[];
  /** Where another guard listened before; a free port unless told. */
  readonly port?: number;
  /** Registers its configurations and waits for them to be in force. */
  readonly isRegistered?: boolean;
  /** Keeps itself installed, by its URL, as a user of its own; whether anything is in force is for the test to see. */
  readonly keeping?: { readonly user: string };
}

const MAIN = join(import.meta.dirname, "../../../src/cli/main.ts");
let startedCount = 0;

/** Resolves once the guard is ready, and its registration in force. */
export async function startGuardProcess(api: ApiServer, options: GuardProcessOptions = {}): Promise<GuardProcess> {
  const { keeping } = options;
  const isRegistered = options.isRegistered !== false && keeping === undefined;
  const [freePort = 0, healthPort = 0] = await freePorts(2);
  const port = options.port ?? freePort;
  const url = `https://127.0.0.1:${String(port)}`;
  const healthUrl = `http://127.0.0.1:${String(healthPort)}`;
  startedCount += 1;
  const logPath = join(api.workDir, `guard-${String(startedCount)}.log`);
  const args = [
    MAIN,
    "serve",
    "--kubeconfig",
    keeping === undefined ? api.kubeconfigPath : await api.kubeconfigFor(keeping.user),
    "--listen",
    `127.0.0.1:${String(port)}`,
    "--health-listen",
    `127.0.0.1:${String(healthPort)}`,
    "--drain-seconds",
    "1",
    ...(isRegistered ? ["--register-url", url] : []),
    ...(keeping === undefined ? [] : ["--keep-installed", "crdguard/crdguard", "--webhook-url", url]),
    ...(options.args ?? []),
  ];
  const child = startInBackground(process.execPath, { args, logPath });
  const guard: GuardProcess = {
    url,
    healthUrl,
    process: child,
    log: () => readFile(logPath, "utf8"),
    async reviews() {
      const lines = (await readFile(logPath, "utf8")).split("\n").filter((line) => line.includes('"review answered"'));
      return lines.map((line) => JSON.parse(line) as LoggedReview);
    },
  };
  await eventually(
    "the guard is ready",
    async () => {
      if (!child.isRunning()) throw new Error(`the guard ended: ${await guard.log()}`);
      const isReady = (await fetch(`${healthUrl}/readyz`)).ok;
      return isReady && (!isRegistered || (await guard.log()).includes("crdguard: registered by"));
    },
    { timeoutMs: 30_000 },
  );
  if (isRegistered) await registrationInForce(api);
  return guard;
}

/**
 * The API server reads webhook configurations by a watch of its own: a registration counts once a change that must be
 * denied is denied.
 */
async function registrationInForce(api: ApiServer): Promise<void> {
  const probe = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "probes.in-force.dev" },
    spec: {
      group: "in-force.dev",
      names: { plural: "probes", singular: "probe", kind: "Probe" },
      scope: "Cluster",
      versions: ["v1", "v2"].map((name) => ({
        name,
        served: true,
        storage: name === "v1",
        schema: { openAPIV3Schema: { type: "object" } },
      })),
    },
  };
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await api.request("POST", path, { body: probe });
  const withoutStored = {
    ...probe,
    spec: { ...probe.spec, versions: probe.spec.versions.slice(1).map((version) => ({ ...version, storage: true })) },
  };
  await eventually(
    "the registration is in force",
    async () => {
      const current = await api.request("GET", `${path}/probes.in-force.dev`);
      const { metadata } = current.body as { metadata: { resourceVersion: string } };
      const body = { ...withoutStored, metadata: { ...probe.metadata, resourceVersion: metadata.resourceVersion } };
      const answer = await api.request("PUT", `${path}/probes.in-force.dev?dryRun=All`, { body });
      const removal = await api.request("DELETE", `${path}/probes.in-force.dev?dryRun=All`, {});
      const isExplained = JSON.stringify(answer.body).includes("stored-version-removed");
      return isExplained && removal.status === 200;
    },
    { timeoutMs: 20_000, intervalMs: 100 },
  );
}

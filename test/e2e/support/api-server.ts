/** @file Starts a real kube-apiserver with its own etcd for end-to-end tests; stops, kills and restarts it over the same data. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, stat, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { findApiServerBinary } from "./api-server-binary.ts";
import type { ApiServerBinary } from "./api-server-binary.ts";
import { atExit, runCommand, startInBackground } from "./child-processes.ts";
import type { BackgroundProcess, CommandOutcome } from "./child-processes.ts";
import { readStoredEntries } from "./etcd.ts";
import type { StoredEntry } from "./etcd.ts";
import { eventually } from "./eventually.ts";
import { freePorts } from "./free-ports.ts";

export { buildApiServer, requireTools } from "./api-server-binary.ts";

export interface TestUser {
  /** As RBAC subjects name it; `system:serviceaccount:<namespace>:<name>` for a service account. */
  readonly name: string;
  /** Groups besides `system:authenticated`; none unless told. */
  readonly groups?: readonly string[];
}

export interface ApiServerOptions {
  /** Users besides `admin` (in system:masters) and `alice`, `bob` and `carol`, who may do nothing until RBAC lets them. */
  readonly users?: readonly TestUser[];
  /** More kube-apiserver flags, such as `--audit-log-path=…`; the last one of a name wins, feature gates add up. */
  readonly apiServerArgs?: readonly string[];
  /** How long the server may take to become ready, at the start and at each restart; 60,000 unless told. */
  readonly startTimeoutMs?: number;
}

export interface KubectlOptions {
  readonly stdin?: string;
  /** Path of a kubeconfig; the admin's unless told. */
  readonly kubeconfig?: string;
  /** Added to the environment, such as a PATH that holds plugins. */
  readonly env?: Readonly<Record<string, string>>;
  /** 60,000 unless told. */
  readonly timeoutMs?: number;
}

export interface RequestOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `application/json` unless told; a PATCH needs one of the patch types, such as `application/merge-patch+json`. */
  readonly contentType?: string;
  /** `admin` unless told. */
  readonly user?: string;
  /** 30,000 unless told. */
  readonly timeoutMs?: number;
}

export interface ApiServer {
  /** `https://127.0.0.1:<port>`, the same after a restart. */
  readonly url: string;
  /** etcd's client API and JSON gateway, `http://127.0.0.1:<port>`. */
  readonly etcdUrl: string;
  /** Holds logs, kubeconfigs and data. Removed when this process exits, unless CRDGUARD_KEEP_WORK_DIR is set. */
  readonly workDir: string;
  /** Standard output and error of all runs of the server, one after the other. */
  readonly logPath: string;
  /** PEM of the authority that signed the serving certificate. */
  readonly certificateAuthority: string;
  /** The admin's bearer token. */
  readonly token: string;
  /** The admin's kubeconfig. */
  readonly kubeconfigPath: string;
  /** Bearer token of a user. @throws Error for a user that this server was not started with. */
  tokenFor(user: string): string;
  /** Writes a kubeconfig for a user and returns its path. @throws Error for a user that this server was not started with. */
  kubeconfigFor(user: string): Promise<string>;
  /** Runs kubectl to its end, whatever its exit code. @throws Error if kubectl is missing or does not end in time. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<CommandOutcome>;
  /** One API call; `body` is parsed JSON, or the text if it is none. @throws Error if there is no answer, never for a status. */
  request(method: string, path: string, options?: RequestOptions): Promise<{ readonly status: number; readonly body: unknown }>;
  /** The parsed JSON of what etcd holds under a key such as `/registry/<group>/<plural>`, or below it; in the order of keys. */
  storedObjects(prefix: string): Promise<unknown[]>;
  /** As `storedObjects`, with each object's key, apiVersion and resourceVersion (which is not stored with it) beside it. */
  storedEntries(prefix: string): Promise<readonly StoredEntry[]>;
  /** Stops it gracefully and keeps its data: `restart()` may follow. Fine to call twice. */
  stop(): Promise<void>;
  /** Kills API server and etcd with SIGKILL and keeps their data. */
  kill9(): Promise<void>;
  /** Stops it if it runs, and starts it over the same data, on the same ports. @throws Error with the log's tail. */
  restart(): Promise<void>;
}

/**
 * Starts an API server and returns when it is ready: some three seconds if `buildApiServer` has run before. No controller
 * manager and no kubelet run: nothing gives Deployments a status, collects garbage, or finishes the deletion of a namespace.
 * @throws Error with the tail of the server's log if it ends or is not ready in time.
 */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const binary = await findApiServerBinary();
  const workDir = await mkdtemp(join(tmpdir(), "crdguard-e2e-"));
  if (!process.env["CRDGUARD_KEEP_WORK_DIR"]) atExit(() => rmSync(workDir, { recursive: true, force: true, maxRetries: 5 }));
  await mkdir(join(workDir, "data"));

  const users = [...defaultUsers, ...(options.users ?? [])];
  const tokens = new Map(users.map(({ name }) => [name, randomBytes(16).toString("hex")]));
  const tokenFor = (user: string): string => {
    const token = tokens.get(user);
    if (token !== undefined) return token;
    throw new Error(
      `this API server knows no user "${user}", only ${[...tokens.keys()].join(", ")}: name it in the option "users"`,
    );
  };

  const startTimeoutMs = options.startTimeoutMs ?? 60_000;
  const flags = [
    ...(await identityFlags(workDir, users, tokenFor)),
    ...(await migrationFlags(binary)),
    ...fixedFlags,
    ...(options.apiServerArgs ?? []),
  ];
  const start = (ports: Ports) => launch({ binary, workDir, flags, ports, adminToken: tokenFor("admin"), startTimeoutMs });
  let { ports, processes } = await onFreePorts(start);

  const url = `https://127.0.0.1:${ports.api}`;
  const etcdUrl = `http://127.0.0.1:${ports.etcdClient}`;
  const certificateAuthority = await readFile(authorityPath(workDir), "utf8");
  const kubeconfigFor = async (user: string): Promise<string> => {
    const path = join(workDir, `kubeconfig-${encodeURIComponent(user)}.yaml`);
    await writeFile(path, kubeconfig({ url, certificateAuthority, user, token: tokenFor(user) }), { mode: 0o600 });
    return path;
  };
  const kubeconfigPath = await kubeconfigFor("admin");

  return {
    url,
    etcdUrl,
    workDir,
    logPath: logPath(workDir),
    certificateAuthority,
    token: tokenFor("admin"),
    kubeconfigPath,
    tokenFor,
    kubeconfigFor,
    kubectl(args, { kubeconfig: path = kubeconfigPath, env = {}, ...rest } = {}) {
      return runCommand("kubectl", args, { env: { ...kubectlEnvironment(workDir), KUBECONFIG: path, ...env }, ...rest });
    },
    request(method, path, { user = "admin", ...rest } = {}) {
      return callApi(method, new URL(path, url), { certificateAuthority, token: tokenFor(user), ...rest });
    },
    async storedObjects(prefix) {
      return (await readStoredEntries(etcdUrl, prefix)).map(({ object }) => object);
    },
    storedEntries: (prefix) => readStoredEntries(etcdUrl, prefix),
    stop: () => stopAll(processes),
    async kill9() {
      await Promise.all(processes.map((each) => each.kill9()));
    },
    async restart() {
      await stopAll(processes);
      processes = await start(ports);
    },
  };
}

const defaultUsers: readonly TestUser[] = [
  { name: "admin", groups: ["system:masters"] },
  { name: "alice" },
  { name: "bob" },
  { name: "carol" },
];

const fixedFlags = [
  "--authorization-mode=RBAC",
  "--disable-admission-plugins=ServiceAccount", // it waits for service accounts that only a controller manager makes
  "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
  "--service-cluster-ip-range=10.0.0.0/24",
  "--advertise-address=127.0.0.1", // without it, a machine without a default route cannot start it
  "--endpoint-reconciler-type=none", // an Endpoints object may not hold the loopback address
] as const;

/** The token file and the key pair that signs service account tokens (`kubectl create token`), and their flags. */
async function identityFlags(
  workDir: string,
  users: readonly TestUser[],
  tokenFor: (user: string) => string,
): Promise<readonly string[]> {
  const pathOf = (name: string) => join(workDir, name);
  const lines = users.map(({ name, groups = [] }) => `${tokenFor(name)},${name},${name},"${groups.join(",")}"\n`);
  await writeFile(pathOf("tokens.csv"), lines.join(""), { mode: 0o600 });

  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  await writeFile(pathOf("service-account.key"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  await writeFile(pathOf("service-account.pub"), publicKey.export({ type: "spki", format: "pem" }));
  return [
    `--token-auth-file=${pathOf("tokens.csv")}`,
    `--service-account-signing-key-file=${pathOf("service-account.key")}`,
    `--service-account-key-file=${pathOf("service-account.pub")}`,
  ];
}

/**
 * storagemigration.k8s.io/v1beta1 came with Kubernetes 1.35, off by default (pkg/features/kube_features.go); an older
 * server does not start with these flags, so that tests that need the API fail on it one by one.
 */
async function migrationFlags(binary: ApiServerBinary): Promise<readonly string[]> {
  if (binary.kind === "separate") {
    const { stdout } = await runCommand(binary.kubeApiServer, ["--version"]);
    if (Number(/v1\.(\d+)/.exec(stdout)?.[1] ?? 0) < 35) return [];
  }
  return ["--runtime-config=storagemigration.k8s.io/v1beta1=true", "--feature-gates=StorageVersionMigrator=true"];
}

interface Ports {
  readonly api: number;
  readonly etcdClient: number;
  readonly etcdPeer: number;
}

/** Starts on fresh ports, and on other ones if somebody was quicker to take one of them. */
async function onFreePorts(
  start: (ports: Ports) => Promise<readonly BackgroundProcess[]>,
): Promise<{ readonly ports: Ports; processes: readonly BackgroundProcess[] }> {
  for (let attempt = 1; ; attempt++) {
    const [api = 0, etcdClient = 0, etcdPeer = 0] = await freePorts(3);
    const ports = { api, etcdClient, etcdPeer };
    try {
      return { ports, processes: await start(ports) };
    } catch (error) {
      const isPortTaken = error instanceof Error && error.message.includes("address already in use");
      if (!isPortTaken || attempt === 5) throw error;
    }
  }
}

interface Launch {
  readonly binary: ApiServerBinary;
  readonly workDir: string;
  readonly flags: readonly string[];
  readonly ports: Ports;
  readonly adminToken: string;
  readonly startTimeoutMs: number;
}

async function launch({
  binary,
  workDir,
  flags,
  ports,
  adminToken,
  startTimeoutMs,
}: Launch): Promise<readonly BackgroundProcess[]> {
  const logPathHere = logPath(workDir);
  const logStart = await sizeOf(logPathHere);
  const processes = commands(binary, workDir, ports, flags).map(([program, ...args]) =>
    startInBackground(program, { args, logPath: logPathHere }),
  );

  try {
    const outcome = await untilReady(ports.api, {
      workDir,
      adminToken,
      startTimeoutMs,
      isAlive: () => processes.every((each) => each.isRunning()),
    });
    if (outcome === "ready") return processes;
    throw new Error(
      await Promise.race(processes.map(async ({ name, exited }) => `"${name}" ${await exited} before it was ready`)),
    );
  } catch (error) {
    await Promise.all(processes.map((each) => each.kill9()));
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The API server for tests did not start: ${reason}. The end of its log:\n${await tail(logPathHere, logStart)}`,
      { cause: error },
    );
  }
}

function commands(
  binary: ApiServerBinary,
  workDir: string,
  ports: Ports,
  flags: readonly string[],
): readonly [string, ...string[]][] {
  const data = join(workDir, "data");
  if (binary.kind === "embedded") {
    const own = [
      `--data-dir=${data}`,
      `--secure-port=${ports.api}`,
      `--etcd-client-port=${ports.etcdClient}`,
      `--etcd-peer-port=${ports.etcdPeer}`,
    ];
    return [[binary.cluster, ...own, "--exit-with-stdin", "--", ...flags]];
  }

  const client = `http://127.0.0.1:${ports.etcdClient}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  const listen = [`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`, `--listen-peer-urls=${peer}`];
  const member = ["--name=test", `--initial-advertise-peer-urls=${peer}`, `--initial-cluster=test=${peer}`];
  return [
    [binary.etcd, `--data-dir=${join(data, "etcd")}`, ...listen, ...member, "--unsafe-no-fsync", "--log-level=warn"],
    [
      binary.kubeApiServer,
      "--bind-address=127.0.0.1",
      `--secure-port=${ports.api}`,
      `--cert-dir=${join(data, "certificates")}`,
      `--etcd-servers=${client}`,
      ...flags,
    ],
  ];
}

interface Readiness {
  readonly workDir: string;
  readonly adminToken: string;
  readonly startTimeoutMs: number;
  /** False ends the waiting early. */
  readonly isAlive: () => boolean;
}

/** Ready means: /readyz says so, and the namespace "default", which the server makes a moment later, is there. */
async function untilReady(port: number, { workDir, adminToken, startTimeoutMs, isAlive }: Readiness): Promise<"ready" | "gone"> {
  const attempt = async (): Promise<"ready" | "gone"> => {
    if (!isAlive()) return "gone";
    const certificateAuthority = await readFile(authorityPath(workDir), "utf8");
    for (const path of ["/readyz", "/api/v1/namespaces/default"]) {
      const url = new URL(path, `https://127.0.0.1:${port}`);
      const { status, body } = await callApi("GET", url, { certificateAuthority, token: adminToken, timeoutMs: 2_000 });
      if (status !== 200)
        throw new Error(`${path} answered ${status}: ${typeof body === "string" ? body : JSON.stringify(body)}`);
    }
    return "ready";
  };
  return eventually("/readyz and the namespace default", attempt, { timeoutMs: startTimeoutMs });
}

/** The API server goes before its etcd, without which it could not end its work. */
async function stopAll(processes: readonly BackgroundProcess[]): Promise<void> {
  for (const each of processes.toReversed()) await each.stop(stopGraceMs);
}

/** An idle server took one second. One that still has requests under way, such as to a hanging webhook, is killed after this. */
const stopGraceMs = 15_000;

type ApiCall = Omit<RequestOptions, "user"> & { readonly certificateAuthority: string; readonly token: string };

async function callApi(
  method: string,
  url: URL,
  { certificateAuthority, token, body, contentType = "application/json", timeoutMs = 30_000 }: ApiCall,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const outgoing = httpsRequest(url, {
    method,
    ca: certificateAuthority,
    agent: false, // a kept connection would be to a server that a test has killed since
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "content-type": contentType }) },
    signal: AbortSignal.timeout(timeoutMs),
  });
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const answer = await readText(response);
  return { status: response.statusCode ?? 0, body: parsedOrText(answer) };
}

function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function kubeconfig(access: { url: string; certificateAuthority: string; user: string; token: string }): string {
  const { url, certificateAuthority, user, token } = access;
  const authority = Buffer.from(certificateAuthority).toString("base64");
  // JSON is YAML, and needs no quoting rules for user names with colons.
  return `${JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "test", cluster: { server: url, "certificate-authority-data": authority } }],
      users: [{ name: user, user: { token } }],
      contexts: [{ name: "test", context: { cluster: "test", user } }],
      "current-context": "test",
    },
    undefined,
    2,
  )}\n`;
}

/** Keeps the developer's own kubectl set-up out: preferences (kuberc), and the discovery cache, which is kept by host and port. */
function kubectlEnvironment(workDir: string): Readonly<Record<string, string>> {
  return { KUBERC: "off", KUBECACHEDIR: join(workDir, "kubectl-cache") };
}

function logPath(workDir: string): string {
  return join(workDir, "api-server.log");
}

/** kube-apiserver makes it at the first start: the serving certificate and, after it, the authority that signed it. */
function authorityPath(workDir: string): string {
  return join(workDir, "data", "certificates", "apiserver.crt");
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** The last lines of a log, without those before `start` (in bytes), which an earlier run of the server wrote. */
async function tail(path: string, start: number): Promise<string> {
  const log = (await readFile(path)).subarray(start).toString();
  return log.trimEnd().split("\n").slice(-25).join("\n");
}

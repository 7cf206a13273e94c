/** @file A replica of a server that keeps itself installed, as a process whose clock a test can move. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import type { ApiServer } from "./api-server.ts";
import { type BackgroundProcess, startInBackground } from "./child-processes.ts";
import { eventually } from "./eventually.ts";
import { freePorts } from "./free-ports.ts";

export interface ReplicaProcess {
  readonly name: string;
  readonly port: number;
  readonly healthUrl: string;
  readonly process: BackgroundProcess;
  /** Moves its wall clock from now on; 0: the right time. */
  moveClock(milliseconds: number): Promise<void>;
  isReady(): Promise<boolean>;
  untilReady(): Promise<void>;
  /** Value of a metric with its labels as they stand, such as `crdguard_leader`, or null. */
  metric(name: string): Promise<number | null>;
  log(): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

export interface ReplicaProcessOptions {
  readonly name: string;
  readonly kubeconfig: string;
  /** Of the Service that is kept installed: `crdguard/crdguard` unless told. */
  readonly service?: string;
  readonly args?: readonly string[];
  /** Milliseconds by which its clock is wrong from the start; 0 unless told. */
  readonly clockShift?: number;
}

const MAIN = join(import.meta.dirname, "../../../src/cli/main.ts");
const SHIFTED_CLOCK = join(import.meta.dirname, "shifted-clock.mjs");
let startedCount = 0;

/** Called by a URL of its own, since there is no Service. Returns at once. */
export async function startReplicaProcess(api: ApiServer, options: ReplicaProcessOptions): Promise<ReplicaProcess> {
  const [port = 0, healthPort = 0] = await freePorts(2);
  const healthUrl = `http://127.0.0.1:${String(healthPort)}`;
  startedCount += 1;
  const logPath = join(api.workDir, `replica-${options.name}-${String(startedCount)}.log`);
  const shiftPath = `${logPath}.clock`;
  await writeFile(shiftPath, String(options.clockShift ?? 0));
  const child = startInBackground(process.execPath, {
    args: [
      "--import",
      SHIFTED_CLOCK,
      MAIN,
      "serve",
      "--kubeconfig",
      options.kubeconfig,
      "--listen",
      `127.0.0.1:${String(port)}`,
      "--health-listen",
      `127.0.0.1:${String(healthPort)}`,
      "--keep-installed",
      options.service ?? "crdguard/crdguard",
      "--webhook-url",
      `https://127.0.0.1:${String(port)}`,
      "--replica",
      options.name,
      "--drain-seconds",
      "0",
      ...(options.args ?? []),
    ],
    logPath,
    env: { CRDGUARD_CLOCK_SHIFT_FILE: shiftPath },
  });
  async function isReady(): Promise<boolean> {
    return (await fetch(`${healthUrl}/readyz`)).ok;
  }
  async function log(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const text = await readFile(logPath, "utf8");
    return text
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  }
  void child.exited.then(() => rm(shiftPath, { force: true }));
  return {
    name: options.name,
    port,
    healthUrl,
    process: child,
    moveClock: (milliseconds) => writeFile(shiftPath, String(milliseconds)),
    isReady,
    async untilReady() {
      await eventually(
        `replica ${options.name} is ready`,
        async () => {
          if (!child.isRunning()) throw new Error(`it ended: ${await readFile(logPath, "utf8")}`);
          return isReady();
        },
        { timeoutMs: 30_000 },
      );
    },
    async metric(name) {
      const text = await (await fetch(`${healthUrl}/metrics`)).text();
      const line = text.split("\n").find((each) => each.startsWith(`${name} `));
      return line === undefined ? null : Number(line.split(" ").at(-1));
    },
    log,
  };
}

export interface ServedCertificate {
  /** Null: a client that trusts `ca` alone accepts it for 127.0.0.1. */
  readonly distrust: string | null;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly fingerprint: string;
}

/** What a client sees that trusts `ca` (PEM) alone, by the right time. Rejects where nobody answers. */
export function servedCertificate(port: number, ca: string): Promise<ServedCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca, rejectUnauthorized: false });
    socket.setTimeout(5_000, () => socket.destroy(new Error("no handshake within 5 s")));
    socket.on("error", reject);
    socket.on("secureConnect", () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate === undefined) {
        reject(new Error("no certificate was shown"));
        return;
      }
      resolve({
        distrust: socket.authorized ? null : String(socket.authorizationError),
        notBefore: certificate.validFromDate,
        notAfter: certificate.validToDate,
        fingerprint: certificate.fingerprint256,
      });
    });
  });
}

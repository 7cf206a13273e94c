/** @file Starts a controller as a process of its own, and tells what became of it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiServer } from "../../e2e/support/api-server.ts";
import { type BackgroundProcess, startInBackground } from "../../e2e/support/child-processes.ts";
import type { GoProgram } from "./go-modules.ts";

/** One release of a controller, and all that a test must know of it. */
export interface ControllerRelease {
  /** As in the catalog. */
  readonly id: string;
  /** Without a leading v. */
  readonly version: string;
  /** With its tag, as its chart names it: by this the catalog finds it. */
  readonly image: string;
  readonly program: GoProgram;
  /** Where its Deployment stands. */
  readonly namespace: string;
  readonly args: (place: Place) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What its ConfigMaps say, as far as the catalog asks: `<namespace>/<name>/<key>` to the value. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Makes what it needs besides CRDs and its namespace, such as certificates. Called once for each API server. */
  readonly prepare?: (api: ApiServer, program: string) => Promise<void>;
  readonly signs: Signs;
}

/** What only a started API server knows. */
export interface Place {
  /** Path of the admin's kubeconfig; KUBECONFIG names it too. */
  readonly kubeconfig: string;
  /** A folder of this API server's, for configuration files. */
  readonly workDir: string;
}

/** By what is seen what it does. Each pattern is matched against single lines of its log. */
export interface Signs {
  /** It does its work once each of these has been seen. */
  readonly ready: readonly RegExp[];
  /** Group `kind`: the kind, or the plural, that it goes on without. */
  readonly skip?: RegExp;
  /** It says that it leaves its main work, and stays up. */
  readonly stops?: RegExp;
  /** Tells why it failed; the last such line is shown. */
  readonly reason: RegExp;
  /** The liveness probe of its Deployment; null where it has none. */
  readonly liveness: string | null;
  /** How long until it has failed or works for sure. */
  readonly patienceMs: number;
}

/** What a controller was seen to do, and the line that it said it in. */
export type Observation =
  | { readonly kind: "ready"; readonly skipped: readonly string[]; readonly line: string }
  /** It runs and its liveness probe is answered, but it does not do its main work. */
  | { readonly kind: "idle"; readonly line: string }
  /** It runs, but its liveness probe is not answered, or no longer: the kubelet restarts it. */
  | { readonly kind: "dead"; readonly line: string }
  | { readonly kind: "exited"; readonly how: string; readonly line: string };

export interface RunningController {
  readonly process: BackgroundProcess;
  log(): Promise<string>;
  /** Returns as soon as it is clear what it does. @throws Error where it cannot tell: another process has its port. */
  observe(): Promise<Observation>;
  stop(): Promise<void>;
}

/** Makes the namespace of its Deployment, and what `prepare` makes. */
export async function prepareController(api: ApiServer, release: ControllerRelease, program: string): Promise<void> {
  await api.request("POST", "/api/v1/namespaces", {
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name: release.namespace } },
  });
  await release.prepare?.(api, program);
}

export function startController(api: ApiServer, { args, env, signs }: ControllerRelease, program: string): RunningController {
  startedCount += 1;
  const logPath = join(api.workDir, `controller-${String(startedCount)}.log`);
  const child = startInBackground(program, {
    args: args({ kubeconfig: api.kubeconfigPath, workDir: api.workDir }),
    env: { ...env, KUBECONFIG: api.kubeconfigPath },
    logPath,
  });
  const log = () => readFile(logPath, "utf8");
  return { process: child, log, observe: () => observe(child, log, signs), stop: () => child.stop(STOP_GRACE_MS) };
}

let startedCount = 0;

/** A controller that is told to stop stops its caches first; none took longer than a second or two. */
const STOP_GRACE_MS = 10_000;
/** One that was ready for so long has passed what it checks at its start. */
const STEADY_MS = 3_000;
/** One that is about to exit no longer answers either, and that is the better thing to tell. */
const DEAD_MS = 2_000;
const POLL_MS = 200;

async function observe(child: BackgroundProcess, log: () => Promise<string>, signs: Signs): Promise<Observation> {
  const deadline = Date.now() + signs.patienceMs;
  let readySince: number | null = null;
  let wasAlive = false;
  let silentSince: number | null = null;
  for (;;) {
    const isRunning = child.isRunning();
    const lines = await linesOf(log);
    const taken = lines.find((line) => line.includes("address already in use"));
    if (taken !== undefined) throw new Error(`another process has a port that the controller needs: ${shorten(taken)}`);
    if (!isRunning) return { kind: "exited", how: await child.exited, line: reasonIn(lines, signs) };
    const isReady = signs.ready.every((sign) => lines.some((line) => sign.test(line)));
    if (isReady) {
      readySince ??= Date.now();
      if (Date.now() - readySince >= STEADY_MS) return ready(lines, signs);
    }
    const stopped = signs.stops === undefined ? undefined : lines.find((line) => signs.stops?.test(line) === true);
    // What it starts besides must have started too: it could still fail in that.
    if (stopped !== undefined && Date.now() >= deadline - signs.patienceMs + SETTLE_MS) return await idle(stopped, signs);
    if (Date.now() >= deadline) return await idle(reasonIn(lines, signs), signs);
    if (signs.liveness !== null && !isReady) {
      if (await answers(signs.liveness)) {
        wasAlive = true;
        silentSince = null;
      } else if (wasAlive) {
        silentSince ??= Date.now();
        if (Date.now() - silentSince >= DEAD_MS) return { kind: "dead", line: reasonIn(await linesOf(log), signs) };
      }
    }
    await sleep(POLL_MS);
  }
}

async function linesOf(log: () => Promise<string>): Promise<readonly string[]> {
  return (await log()).split("\n");
}

/** How long one that left its main work is watched for a failure in what it still does. */
const SETTLE_MS = 15_000;

function ready(lines: readonly string[], { skip, ready: signs }: Signs): Observation {
  const skips = skip === undefined ? [] : lines.flatMap((line) => (skip.test(line) ? [line] : []));
  const skipped = skips.flatMap((line) => skip?.exec(line)?.groups?.["kind"] ?? []);
  const line = skips[0] ?? lines.findLast((candidate) => signs.at(-1)?.test(candidate) === true) ?? "";
  return { kind: "ready", skipped: [...new Set(skipped)].toSorted(), line: shorten(line) };
}

async function idle(line: string, { liveness }: Signs): Promise<Observation> {
  const isAlive = liveness === null || (await answers(liveness));
  return { kind: isAlive ? "idle" : "dead", line: shorten(line) };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

function reasonIn(lines: readonly string[], { reason }: Signs): string {
  const line = lines.findLast((candidate) => reason.test(candidate)) ?? lines.findLast((candidate) => candidate.trim() !== "");
  return shorten(line ?? "");
}

/** Without the time, and on one line. */
function shorten(line: string): string {
  const text = line.replace(TIME, "").replaceAll(/\s+/g, " ").trim();
  return text.length <= LINE_LENGTH ? text : `${text.slice(0, LINE_LENGTH)}…`;
}

/** As logrus, zap, zerolog and klog write it. */
const TIME = /^(?:\d\.\d+e\+09\s+|time="?[^ "]+"? |\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?\s+|[IWEF]\d{4} [\d:.]+\s+\d+ )/;
const LINE_LENGTH = 400;

/** @file Starts programs that must not outlive the tests, and runs short ones to their end. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { Socket } from "node:net";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

export interface BackgroundProcess {
  readonly name: string;
  /** Settles when the process is gone, with a sentence such as `exited with status 1`. */
  readonly exited: Promise<string>;
  isRunning(): boolean;
  /** SIGTERM, then SIGKILL if it is still there after `graceMs`. Returns when it is gone; fine to call twice. */
  stop(graceMs: number): Promise<void>;
  /** SIGKILL: no chance to clean up. Returns when it is gone. */
  kill9(): Promise<void>;
}

export interface BackgroundOptions {
  readonly args: readonly string[];
  /** Standard output and error are appended here. */
  readonly logPath: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a program that is killed when this process exits or gets SIGINT, SIGTERM or SIGHUP. Its standard input is a pipe
 * that closes with this process, however that ends, so that a program that watches it dies even after our SIGKILL.
 * A program that cannot be started shows up in `exited`.
 */
export function startInBackground(program: string, { args, logPath, env = {} }: BackgroundOptions): BackgroundProcess {
  dieWithThisProcess();
  const log = openSync(logPath, "a");
  const child = spawn(program, args, { stdio: ["pipe", log, log], env: { ...process.env, ...env } });
  closeSync(log);
  alive.add(child);
  child.stdin?.on("error", () => undefined); // EPIPE when the child goes first
  // A program that nobody stops must not keep this process from ending; only waiting for its end does, in stop and kill9.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();

  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(`could not be started: ${error.message}`));
    child.once("exit", (status, signal) => resolve(signal === null ? `exited with status ${status}` : `was ended by ${signal}`));
  }).finally(() => {
    alive.delete(child);
    child.stdin?.destroy();
  });

  return {
    name: program,
    exited,
    isRunning: () => alive.has(child),
    async stop(graceMs) {
      child.ref();
      child.kill("SIGTERM");
      const patience = new AbortController();
      await Promise.race([exited, sleep(graceMs, undefined, { signal: patience.signal })]);
      patience.abort();
      if (alive.has(child)) child.kill("SIGKILL");
      await exited;
    },
    async kill9() {
      child.ref();
      child.kill("SIGKILL");
      await exited;
    },
  };
}

export interface CommandOptions {
  /** Fed to standard input; without it standard input is empty. */
  readonly stdin?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** 60,000 unless told. */
  readonly timeoutMs?: number;
}

export interface CommandOutcome {
  /** 128 plus the signal's number if a signal ended it, as in a shell. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, whatever its exit code.
 * @throws Error if it cannot be started, or is not done within the time-out (it is killed then).
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  { stdin = "", env = {}, cwd, timeoutMs = 60_000 }: CommandOptions = {},
): Promise<CommandOutcome> {
  dieWithThisProcess();
  const child = spawn(program, args, { env: { ...process.env, ...env }, ...(cwd === undefined ? {} : { cwd }) });
  alive.add(child);
  let isLate = false;
  const alarm = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, timeoutMs);

  try {
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.stdin.on("error", () => undefined); // EPIPE when it does not read its input
    child.stdin.end(stdin);
    const [status, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    if (isLate) {
      throw new Error(
        `"${[program, ...args].join(" ")}" was not done after ${timeoutMs} ms; until then it printed: ${stdout()}${stderr()}`,
      );
    }
    return { exitCode: status ?? 128 + (signal === null ? 0 : constants.signals[signal]), stdout: stdout(), stderr: stderr() };
  } finally {
    clearTimeout(alarm);
    alive.delete(child);
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: string[] = [];
  stream.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
  return () => chunks.join("");
}

const alive = new Set<ChildProcess>();
const exitTasks = new Set<() => void>();
let isWatching = false;

/** Runs a synchronous task when this process exits, by itself or by a signal, after all started programs were killed. */
export function atExit(task: () => void): void {
  dieWithThisProcess();
  exitTasks.add(task);
}

function dieWithThisProcess(): void {
  if (isWatching) return;
  isWatching = true;

  process.once("exit", cleanUp);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      cleanUp();
      // Our listener replaced the default of dying. If a test runner listens too, how to end is its decision.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  }
}

function cleanUp(): void {
  for (const child of alive) child.kill("SIGKILL");
  for (const task of exitTasks) task();
  exitTasks.clear();
}

/** @file Runs the commands of a step as a person would who pastes them, except that they end with this process. */
import { type ChildProcess, spawn } from "node:child_process";

export interface Shell {
  /** Its output goes to standard error, as it comes. Never rejects. @returns exit status; null: it was ended by a signal. */
  run(command: string): Promise<number | null>;
  /** What it prints to standard output, and the end of what it prints to standard error. Never rejects. */
  probe(command: string): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>;
  /** Ends what runs. */
  stop(): void;
}

/** How the two programs are called that commands name. */
export interface Programs {
  /** Words before those of the command: `kubectl --context prod`. */
  readonly kubectl: readonly string[];
  readonly crdguard: readonly string[];
  /** Appended to each call of crdguard, which takes flags after its command alone. */
  readonly crdguardFlags: readonly string[];
}

export function createShell(programs: Programs): Shell {
  const prelude = [
    `kubectl() { command ${words(programs.kubectl)} "$@"; }`,
    `crdguard() { ${words(programs.crdguard)} "$@" ${words(programs.crdguardFlags)}; }`,
    // A group of its own, which ends when the pipe from this process closes, however that comes about: kill -9 too. A deletion that
    // went on by itself could delete what the next walk has restored.
    "{ read -r _ <&3; kill -KILL -- -$$; } >/dev/null 2>&1 </dev/null &",
    "exec 3<&-",
  ].join("\n");
  let current: ChildProcess | null = null;

  function start(
    command: string,
    output: "show" | "keep",
  ): { readonly child: ChildProcess; readonly ended: Promise<number | null> } {
    const child = spawn("/bin/sh", ["-c", `${prelude}\n${command}`], {
      detached: true,
      stdio: ["ignore", output === "show" ? 2 : "pipe", output === "show" ? "inherit" : "pipe", "pipe"],
    });
    current = child;
    const ended = Promise.withResolvers<number | null>();
    child.on("error", () => {
      ended.resolve(null);
    });
    child.on("exit", (status) => {
      child.stdio[3]?.destroy();
      current = null;
      ended.resolve(status);
    });
    return { child, ended: ended.promise };
  }

  return {
    run: (command) => start(command, "show").ended,
    async probe(command) {
      const { child, ended } = start(command, "keep");
      const stdout = collect(child.stdout);
      const stderr = collect(child.stderr);
      const status = await ended;
      return { status, stdout: await stdout, stderr: (await stderr).slice(-MOST_STDERR) };
    },
    stop() {
      current?.stdio[3]?.destroy();
    },
  };
}

/** Enough for the last lines, where kubectl says what is wrong. */
const MOST_STDERR = 2_000;

function words(list: readonly string[]): string {
  return list.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(" ");
}

async function collect(stream: NodeJS.ReadableStream | null): Promise<string> {
  if (stream === null) return "";
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

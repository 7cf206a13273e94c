/** @file What a denial tells to run, and running it as a person does: pasted into a shell. */
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import type { ApiServer } from "./api-server.ts";
import { atExit } from "./child-processes.ts";

const COMMAND_INDENT = " ".repeat(8);

/** The commands of a denial, in order: lines that stand deeper than all else, up to the next remedy. */
export function commandsOf(stderr: string): readonly string[] {
  const commands: string[][] = [];
  let isInside = false;
  for (const line of stderr.split("\n")) {
    const isCommand = line.startsWith(COMMAND_INDENT);
    if (isCommand && !isInside) commands.push([]);
    if (isCommand) commands.at(-1)?.push(line.trim());
    isInside = isCommand;
  }
  return commands.map((lines) => lines.join("\n"));
}

/** Has `crdguard`, as npm links it. */
const COMMANDS = join(import.meta.dirname, "commands");

export interface PastedCommand {
  /** Its exit status; null where it had to be killed. */
  readonly exited: Promise<number | null>;
  /** What it has printed so far. */
  printed(): string;
}

/** Longer than any remedy takes; one that waits for what never comes must not keep the tests from ending. */
const PASTED_TIMEOUT_MS = 60_000;

/** Runs a command in the API server's work folder, as its admin. */
export function paste(api: ApiServer, command: string): PastedCommand {
  const shell = spawn("sh", ["-c", command], {
    cwd: api.workDir,
    // A group of its own, so that what the shell waits for is killed with it.
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, KUBECONFIG: api.kubeconfigPath, PATH: `${COMMANDS}${delimiter}${process.env["PATH"] ?? ""}` },
  });
  const chunks: string[] = [];
  shell.stdout.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
  const kill = (): void => {
    if (shell.pid !== undefined && shell.exitCode === null && shell.signalCode === null) process.kill(-shell.pid, "SIGKILL");
  };
  atExit(kill);
  const alarm = setTimeout(kill, PASTED_TIMEOUT_MS);
  return {
    exited: new Promise((resolve) => {
      shell.once("exit", (status) => {
        clearTimeout(alarm);
        resolve(status);
      });
    }),
    printed: () => chunks.join(""),
  };
}

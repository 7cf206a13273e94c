/** @file What a denial tells to run, and running it as a person does: pasted into a shell. */
import { spawn } from "node:child_process";
import type { ApiServer } from "./api-server.ts";

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

/** Runs a command in the API server's work folder, as its admin. @returns its exit status; null if a signal ended it. */
export function paste(api: ApiServer, command: string): Promise<number | null> {
  const shell = spawn("sh", ["-c", command], {
    cwd: api.workDir,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, KUBECONFIG: api.kubeconfigPath },
  });
  return new Promise((resolve) => shell.once("exit", resolve));
}

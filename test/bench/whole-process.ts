/** @file Runs the built package as a process of its own, and tells how much memory it took at most. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import type { ApiServer } from "../e2e/support/api-server.ts";
import type { Installed } from "./package.ts";

/** @returns peak resident memory in bytes. @throws Error unless it ends with status 0. */
export async function runWhole(target: Installed, server: ApiServer, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [target.command, ...args, "--kubeconfig", server.kubeconfigPath], {
    env: { ...process.env, XDG_CACHE_HOME: target.cache },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let peak = 0;
  const look = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid));
  }, 50);
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearInterval(look);
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${String(status)}: ${(await output).join("")}`);
  return peak;
}

/** Source: proc(5), VmHWM, in kB. */
function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8"))?.[1] ?? 0) * 1_024;
  } catch {
    // It is gone.
    return 0;
  }
}

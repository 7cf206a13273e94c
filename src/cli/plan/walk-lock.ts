/** @file Keeps two walks out of one folder: their journals and what they keep for their ways back would overwrite each other. */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { isRecord } from "../../crd/is-record.ts";
import { makeFolder } from "../../migration/make-folder.ts";

export interface WalkLock {
  /** Fine to call twice. */
  release(): void;
}

export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** In the folder. */
  readonly file: string;
  /** Whether it is known to be alive; false on another machine, whose processes nobody can see from here. */
  readonly isAlive: boolean;
}

export type Locked = { readonly ok: true; readonly lock: WalkLock } | { readonly ok: false; readonly holder: Holder };

/**
 * Each walk puts a file of its own there, and only then looks for those of others: of two, at least one sees the other, with
 * nothing that could be taken away from a third by mistake. Those that begin at the same moment may refuse each other.
 * A file of a process that is dead, as after kill -9, is swept away.
 * @throws Error with a code of the system where the folder cannot be written.
 */
export function lockFolder(directory: string): Locked {
  makeFolder(directory);
  const own = `walk-${randomUUID()}.lock`;
  const path = join(directory, own);
  // Renamed, so that nobody reads half of it.
  writeFileSync(`${path}.new`, JSON.stringify({ pid: process.pid, host: hostname(), begun: beginningOf(process.pid) }), {
    mode: 0o600,
  });
  renameSync(`${path}.new`, path);
  const lock: WalkLock = {
    release() {
      rmSync(path, { force: true });
    },
  };
  for (const file of readdirSync(directory)) {
    if (file === own || !/^walk-[-0-9a-f]+\.lock$/.test(file)) continue;
    const holder = holderOf(directory, file);
    if (holder === null) continue;
    lock.release();
    return { ok: false, holder };
  }
  return { ok: true, lock };
}

/** Null where it holds nothing any more. */
function holderOf(directory: string, file: string): Holder | null {
  let input: unknown;
  try {
    input = JSON.parse(readFileSync(join(directory, file), "utf8"));
  } catch (error) {
    // It was released meanwhile.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  }
  const { pid, host, begun } = isRecord(input) ? input : {};
  if (typeof pid !== "number" || typeof host !== "string") return { pid: 0, host: "", file, isAlive: false };
  if (host !== hostname()) return { pid, host, file, isAlive: false };
  if (isAlive(pid) && beginningOf(pid) === begun) return { pid, host, file, isAlive: true };
  rmSync(join(directory, file), { force: true });
  return null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/**
 * Tells a process from another one that was given its number since, as in a container, where crdguard has the same one each time.
 * Null where the system does not tell. Source: proc_pid_stat(5), field 22, in clock ticks since the machine was started.
 */
function beginningOf(pid: number): string | null {
  try {
    const line = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // The name of the program, field 2, is in brackets, and may hold some itself.
    const [ticks = null] = line
      .slice(line.lastIndexOf(")") + 2)
      .split(" ")
      .slice(19, 20);
    return ticks;
  } catch {
    return null;
  }
}

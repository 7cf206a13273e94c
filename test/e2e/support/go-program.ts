/** @file Builds the Go programs that tests run, once per machine. */
import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { runCommand } from "./child-processes.ts";

export interface GoProgram {
  /** Absolute, with go.mod, go.sum and main.go. */
  readonly folder: string;
  /** Of the file, to which a hash of its sources is added. */
  readonly name: string;
  /** For whoever waits. */
  readonly title: string;
  /** How long a first build takes on two cores, in words. */
  readonly patience: string;
  readonly linkerFlags: string;
}

/** A cold build took 3 to 6 minutes on two cores; a slow machine that also downloads 200 MB of modules gets this long. */
const buildTimeoutMs = 30 * 60_000;

/**
 * Returns the path of the program, built into {@link cacheFolder} when its sources or Go changed.
 * @throws Error with the end of the compiler's output.
 */
export async function buildGoProgram({ folder, name, title, patience, linkerFlags }: GoProgram): Promise<string> {
  const path = join(cacheFolder(), `${name}-${await sourceHash(folder)}`);
  if (await isExecutable(path)) return path;

  await mkdir(cacheFolder(), { recursive: true });
  const startedAt = Date.now();
  process.stderr.write(`Building ${title} for end-to-end tests, once: ${patience} on two cores …\n`);
  const unfinished = `${path}.${randomUUID()}.unfinished`;
  try {
    const args = ["build", "-trimpath", "-buildvcs=false", "-ldflags", linkerFlags, "-o", unfinished, "."];
    const outcome = await runCommand("go", args, { cwd: folder, env: { GOWORK: "off" }, timeoutMs: buildTimeoutMs });
    if (outcome.exitCode !== 0) {
      throw new Error(
        `${folder} could not be built; "go build" ended with:\n${outcome.stderr.split("\n").slice(-20).join("\n")}`,
      );
    }
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  process.stderr.write(`Built ${path} in ${Math.round((Date.now() - startedAt) / 1000)} s\n`);
  return path;
}

async function sourceHash(folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum", "main.go"]) hash.update(await readFile(join(folder, file)));
  const { stdout } = await runCommand("go", ["version"], { cwd: folder });
  return hash.update(stdout).digest("hex").slice(0, 16);
}

/** Where what tests build is kept: `$CRDGUARD_CACHE`, `$XDG_CACHE_HOME/crdguard` or `~/.cache/crdguard`. */
export function cacheFolder(): string {
  const own = process.env["CRDGUARD_CACHE"];
  if (own) return resolve(own);
  const shared = process.env["XDG_CACHE_HOME"];
  return shared ? join(resolve(shared), "crdguard") : join(homedir(), ".cache", "crdguard");
}

export async function isOnPath(program: string): Promise<boolean> {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of folders) if (await isExecutable(join(folder, program))) return true;
  return false;
}

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

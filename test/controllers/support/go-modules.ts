/** @file Go modules and programs from the Go proxy: fetched and built once, kept for the next run. */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, copyFile, chmod, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, isOnPath } from "../../e2e/support/api-server-binary.ts";
import { runCommand } from "../../e2e/support/child-processes.ts";

export interface GoModule {
  readonly path: string;
  /** With its v, as the proxy knows it. */
  readonly version: string;
}

/** A main package, by its path inside a module. */
export interface GoProgram {
  readonly module: GoModule;
  readonly package: string;
}

/** @throws Error of one sentence with a way out. */
export async function requireGo(): Promise<void> {
  if (await isOnPath("go")) return;
  throw new Error("Controllers are built with Go, which is not on the PATH: install it (https://go.dev/dl)");
}

/**
 * Folder of a module's files, read-only, in Go's own module cache.
 * @throws Error with Go's reason where the proxy does not have it.
 */
export async function moduleFolder(module: GoModule): Promise<string> {
  const name = `${module.path}@${module.version}`;
  const outcome = await runCommand("go", ["mod", "download", "-json", name], {
    env: { GOWORK: "off" },
    timeoutMs: FETCH_TIMEOUT_MS,
  });
  const answer = parseDownload(outcome.stdout);
  if (answer.Dir !== undefined) return answer.Dir;
  throw new Error(`Go could not fetch ${name}: ${answer.Error ?? outcome.stderr.trim()}`);
}

/**
 * Path of the program, built into `controllers/<name>/<version>/` of the cache when it is not there yet: two to six minutes,
 * at low priority and on two processors at most, since it runs beside other work.
 * @throws Error with the end of the compiler's output.
 */
export async function buildOnce(name: string, program: GoProgram): Promise<string> {
  const folder = join(cacheFolder(), "controllers", name, program.module.version.replace(/^v/, ""));
  const path = join(folder, name);
  if (await isExecutable(path)) return path;

  const startedAt = Date.now();
  say(`building ${name} ${program.module.version}, once: some minutes …`);
  const source = await moduleFolder(program.module);
  await mkdir(folder, { recursive: true });
  const unfinished = join(folder, `unfinished-${randomUUID()}`);
  await mkdir(unfinished);
  try {
    const modfile = await copyModuleFile(source, unfinished, program.module.version);
    const output = join(unfinished, name);
    const args = ["build", "-p=2", "-buildvcs=false", `-modfile=${modfile}`, "-mod=mod", "-ldflags=-s -w", "-o", output];
    const outcome = await runCommand("nice", ["-n", "15", "go", ...args, program.package], {
      cwd: source,
      env: { GOWORK: "off" },
      timeoutMs: BUILD_TIMEOUT_MS,
    });
    if (outcome.exitCode !== 0) {
      const end = outcome.stderr.trimEnd().split("\n").slice(-15).join("\n");
      throw new Error(`${name} ${program.module.version} could not be built; "go build" ended with:\n${end}`);
    }
    await rename(output, path);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  say(`built ${path} in ${String(Math.round((Date.now() - startedAt) / 1000))} s`);
  return path;
}

/** A line of progress: some steps take minutes. */
export function say(line: string): void {
  process.stderr.write(`controllers: ${line}\n`);
}

/** A module of 200 MB over a slow line. */
const FETCH_TIMEOUT_MS = 10 * 60_000;
/** The Cilium operator took six minutes on two cores that did other work too. */
export const BUILD_TIMEOUT_MS = 30 * 60_000;

/**
 * Copies go.mod and go.sum, and points what go.mod replaces by a folder of its repository (`./client`) at the release of
 * the same version instead: a module's archive leaves out the modules below it.
 * @returns path of the copy.
 */
async function copyModuleFile(source: string, folder: string, version: string): Promise<string> {
  for (const file of ["go.mod", "go.sum"]) {
    await copyFile(join(source, file), join(folder, file));
    await chmod(join(folder, file), 0o644);
  }
  const modfile = join(folder, "go.mod");
  const { stdout } = await runCommand("go", ["mod", "edit", "-json", modfile]);
  const { Replace = [] } = JSON.parse(stdout) as GoModFile;
  for (const { Old, New } of Replace ?? []) {
    if (!/^\.{1,2}\//.test(New.Path)) continue;
    await runCommand("go", ["mod", "edit", `-replace=${Old.Path}=${Old.Path}@${version}`, modfile]);
  }
  return modfile;
}

/** Of `go mod edit -json`; see `go help mod edit`. */
interface GoModFile {
  readonly Replace?: readonly { readonly Old: { readonly Path: string }; readonly New: { readonly Path: string } }[] | null;
}

/** Of `go mod download -json`; see `go help mod download`. */
interface GoDownload {
  readonly Dir?: string;
  readonly Error?: string;
}

function parseDownload(text: string): GoDownload {
  try {
    return JSON.parse(text) as GoDownload;
  } catch {
    return {};
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @file The command as its users run it: a process of its own, in a folder of files. */
import { spawn, type SpawnOptions } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

export interface Ran {
  /** Null: ended by a signal. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  /** Beside PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Does not block, so that a server of the test can answer meanwhile. */
export async function runCrdguard(args: readonly string[], { input = "", env = {}, cwd = ROOT }: RunOptions = {}): Promise<Ran> {
  const options: SpawnOptions & { readonly stdio: "pipe" } = {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: tmpdir(), ...env },
    stdio: "pipe",
    timeout: 15_000,
  };
  const child = spawn(process.execPath, [join(ROOT, "src/cli/main.ts"), ...args], options);
  const ended = Promise.withResolvers<number | null>();
  child.on("close", ended.resolve).on("error", ended.reject);
  child.stdin.on("error", () => undefined).end(input);
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended.promise]);
  return { status, stdout, stderr };
}

/** A folder with these files. @param whenDone registers its removal: when the test ends, or, by `afterAll`, when all have. */
export function folderOf(
  files: Readonly<Record<string, string>>,
  whenDone: (remove: () => void) => void = onTestFinished,
): string {
  const folder = mkdtempSync(join(tmpdir(), "crdguard-cli-"));
  whenDone(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content, { mode: content.startsWith("#!") ? 0o755 : 0o644 });
  }
  return folder;
}

/** @param versions as YAML, `V1` and `V1ALPHA1` among them. */
export function gears(versions: string, { name = "gears.own.dev", status = "" } = {}): string {
  const [plural = "", ...group] = name.split(".");
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ${name} }
spec:
  group: ${group.join(".")}
  names: { kind: Gear, plural: ${plural} }
  scope: Namespaced
  versions: [${versions}]
${status}`;
}

export const V1 = "{ name: v1, served: true, storage: true }";
export const V1ALPHA1 = "{ name: v1alpha1, served: true, storage: false }";

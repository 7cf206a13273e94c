import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of certs-scripts/ as npm would, and returns how it ended. */
export async function runScript(name: "make" | "show" | "install", args: readonly string[], path?: string): Promise<Outcome> {
  const script = fileURLToPath(new URL(`../../../certs-scripts/${name}-certs.ts`, import.meta.url));
  const env = path === undefined ? process.env : { ...process.env, PATH: path };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...args], { env }, (_error, stdout, stderr) => {
      resolve({ status: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

export interface FakeKubectl {
  /** A PATH on which `kubectl` is this one, and Node's own folder for its first line. */
  readonly path: string;
  /** What it was called with, in order. */
  calls(): Promise<readonly { readonly args: readonly string[]; readonly input: string }[]>;
}

/** Writes down its calls, and prints or fails as the two tables tell, both by first argument. */
export async function fakeKubectl(
  folder: string,
  {
    prints = {},
    failsAt = [],
  }: { readonly prints?: Readonly<Record<string, string>>; readonly failsAt?: readonly string[] } = {},
): Promise<FakeKubectl> {
  const bin = join(folder, "bin");
  const log = join(folder, "kubectl.log");
  await mkdir(bin);
  await writeFile(log, "");
  await writeFile(
    join(bin, "kubectl"),
    `#!${process.execPath}
const { appendFileSync, readFileSync } = require("node:fs");
const args = process.argv.slice(2);
appendFileSync(${JSON.stringify(log)}, JSON.stringify({ args, input: readFileSync(0, "utf8") }) + "\\n");
process.stdout.write(${JSON.stringify(prints)}[args[0]] ?? "");
if (${JSON.stringify(failsAt)}.includes(args[0])) {
  process.stderr.write("error: the server said no\\n");
  process.exitCode = 1;
}
`,
  );
  await chmod(join(bin, "kubectl"), 0o755);
  return {
    path: [bin, process.env["PATH"] ?? ""].join(delimiter),
    async calls() {
      const lines = (await readFile(log, "utf8")).split("\n").filter((line) => line !== "");
      return lines.map((line) => JSON.parse(line) as { readonly args: readonly string[]; readonly input: string });
    },
  };
}

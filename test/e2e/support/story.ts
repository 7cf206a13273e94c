/** @file An incident lived through as a person would, command by command, and the guide that shows it with its real output. */
import { spawn } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import type { ApiServer } from "./api-server.ts";

export interface Told {
  readonly status: number | null;
  /** Standard output and standard error, in the order in which they were written. */
  readonly output: string;
}

export interface Story {
  /** Where commands run: what they write stays there, and what they read is linked into it; programs into its folder `bin`. */
  readonly folder: string;
  link(name: string, target: string): Promise<void>;
  write(name: string, content: string): Promise<void>;
  /** Runs it in a shell, as the cluster's admin, and keeps it for the guide. @param more what the guide does not show: flags that save time. */
  run(command: string, more?: string): Promise<Told>;
  /** The same, of what no guide shows. */
  runQuietly(command: string): Promise<Told>;
  /** Lines of the page that were not printed; with UPDATE_DOCS=1 they are written, and none differs. @param page in docs/guides, or a path from there. */
  differencesFrom(page: string): Promise<readonly string[]>;
}

const COMMANDS = join(import.meta.dirname, "commands");
const GUIDES = join(import.meta.dirname, "../../../docs/guides");

/** A command that waits for what never comes must not keep the tests from ending. */
const TIMEOUT_MS = 90_000;

/** @param place name of its folder, where one server tells several. */
export async function beginStory(api: ApiServer, place = "story"): Promise<Story> {
  const folder = join(api.workDir, place);
  await mkdir(join(folder, "bin"), { recursive: true });
  const told: Ran[] = [];

  async function runQuietly(command: string): Promise<Told> {
    const shell = spawn("sh", ["-c", `exec 2>&1\n${command}`], {
      cwd: folder,
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        ...process.env,
        KUBECONFIG: api.kubeconfigPath,
        PATH: `${join(folder, "bin")}${delimiter}${COMMANDS}${delimiter}${process.env["PATH"] ?? ""}`,
        NO_COLOR: "1",
      },
    });
    const chunks: string[] = [];
    shell.stdout.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
    const alarm = setTimeout(() => {
      if (shell.pid !== undefined) process.kill(-shell.pid, "SIGKILL");
    }, TIMEOUT_MS);
    const status = await new Promise<number | null>((resolve) => {
      shell.once("close", resolve);
    });
    clearTimeout(alarm);
    return { status, output: chunks.join("") };
  }

  return {
    folder,
    runQuietly,
    async link(name, target) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await symlink(target, join(folder, name));
    },
    async write(name, content) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    },
    async run(command, more = "") {
      const result = await runQuietly(`${command}${more}`);
      told.push({ command: lasting(command, api), output: lasting(result.output, api) });
      return result;
    },
    async differencesFrom(page) {
      const path = join(GUIDES, page);
      const before = await readFile(path, "utf8");
      const after = withOutputs(before, told);
      const missing = told.filter(({ command }) => !after.includes(blockOf(command)));
      if (missing.length > 0) return missing.map(({ command }) => `no block for: $ ${command}`);
      if (process.env["UPDATE_DOCS"] === "1") {
        await writeFile(path, after);
        return [];
      }
      // What is printed beside, where a machine is slow and something has to be waited for, makes no line of the page untrue.
      const printed = new Set(after.split("\n"));
      return before.split("\n").filter((line) => !printed.has(line));
    },
  };
}

interface Ran {
  readonly command: string;
  readonly output: string;
}

/** Each command has a block of its own, in the order in which they were run, so that one may be run twice. */
function withOutputs(page: string, told: readonly Ran[]): string {
  let rest = page;
  let done = "";
  for (const { command, output } of told) {
    const start = blockOf(command);
    const from = rest.indexOf(start);
    const to = from === -1 ? -1 : rest.indexOf("```", from + start.length);
    if (to === -1) continue;
    done += rest.slice(0, from + start.length) + output.replace(/\n+$/, "") + (output.trim() === "" ? "" : "\n");
    rest = rest.slice(to);
  }
  return done + rest;
}

function blockOf(command: string): string {
  return `\`\`\`text\n$ ${command}\n`;
}

/** What differs from run to run is shown as an example of it: times, resource versions, addresses, hashes. */
function lasting(output: string, api: ApiServer): string {
  return (
    output
      .replaceAll(api.url, "https://cluster.example")
      // As kubectl leaves them, and formatted pages do not.
      .replaceAll(/ +$/gm, "")
      .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\b/g, "2026-05-01T12:00:00Z")
      .replaceAll(/\.[\da-f]{8}\.before\.yaml\b/g, ".6f684a87.before.yaml")
      .replaceAll(/^LAST DEPLOYED: .*$/gm, "LAST DEPLOYED: Fri May  1 12:00:00 2026")
      .replaceAll(/\b\d{8}T\d{6}Z\b/g, "20260501T120000Z")
      .replaceAll(/\b\d+(?:\.\d+)? (?=ms\b|s\b)/g, "2 ")
      .replaceAll(/\b(resource version|newer than) \d+/g, "$1 4711")
      .replaceAll(/\bsha256 [\da-f]{64}\b/g, `sha256 ${"3a303a7a7799f244".repeat(4)}`)
  );
}

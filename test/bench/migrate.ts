/** @file `npm run bench:migrate [objects] [objects for memory…]`: a migration against bare loops, on a real API server. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { type ApiServer, startApiServer } from "../e2e/support/api-server.ts";
import { gearsOn } from "../e2e/support/gears.ts";
import { type Installed, installPackage } from "./package.ts";
import { markdownTable } from "./table.ts";

/** For the comparison; and how many there are each time memory is looked at. */
const [OBJECTS = 20_000, ...MEMORY] = process.argv.slice(2).map(Number);
const MEMORY_AT = MEMORY.length > 0 ? MEMORY : [1_000, 20_000];
const CONCURRENCY = 8;
const ROUNDS = 3;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** A pool of connections, as migrate has: the tests' own request opens one each time. */
const agent = new Agent({ keepAlive: true });

const server = await startApiServer({
  apiServerArgs: ["--max-requests-inflight=1000", "--max-mutating-requests-inflight=1000"],
});
const gears = gearsOn(server);
const installed = installPackage();
try {
  const rates = await compare([
    { plural: "gears", act: async (plural) => void (await migrate(installed, plural)) },
    { plural: "cogs", act: (plural) => rewriteBare(server, plural) },
    { plural: "cams", act: (plural) => replaceByKubectl(server, plural) },
  ]);
  const [own = 0, loop = 0, kubectl = 0] = rates;
  print(`${String(OBJECTS)} objects of 1 kB, ${String(CONCURRENCY)} writes at a time\n`);
  print(
    markdownTable(
      ["", "objects/s", "ratio"],
      [
        ["crdguard migrate", own.toFixed(0), "1.00"],
        ["list and PUT in a loop", loop.toFixed(0), (own / loop).toFixed(2)],
        ["kubectl get | kubectl replace", kubectl.toFixed(0), (own / kubectl).toFixed(2)],
      ],
    ),
  );
  const memory: [string, string][] = [];
  for (const count of MEMORY_AT) {
    const plural = `wheel${String(count)}s`;
    await fill(plural, count, "v1");
    memory.push([String(count), ((await migrate(installed, plural)) / 2 ** 20).toFixed(0)]);
    await server.kubectl(["delete", "crd", `${plural}.own.dev`, "--wait=false"]);
  }
  print(`\n${markdownTable(["objects", "peak MiB"], memory)}`);
} finally {
  installed.remove();
  await server.stop();
}

interface Contender {
  readonly plural: string;
  readonly act: (plural: string) => Promise<void>;
}

/**
 * Objects a second of each, over all rounds. In each round the storage version moves, to and fro, and all have their turn, another
 * one first each time: what else the machine does hits all alike.
 */
async function compare(contenders: readonly Contender[]): Promise<readonly number[]> {
  for (const { plural } of contenders) await fill(plural, OBJECTS, "v1alpha1");
  const seconds = contenders.map(() => 0);
  for (let round = 0; round < ROUNDS; round += 1) {
    const storage = round % 2 === 0 ? "v1" : "v1alpha1";
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const index = (round + turn) % contenders.length;
      const contender = contenders[index];
      if (contender === undefined) continue;
      await gears.flip({ plural: contender.plural, storage });
      const startedAt = performance.now();
      await contender.act(contender.plural);
      seconds[index] = (seconds[index] ?? 0) + (performance.now() - startedAt) / 1_000;
      await sampled(contender.plural, storage);
    }
  }
  return seconds.map((all) => (OBJECTS * ROUNDS) / all);
}

/** @throws Error unless the first and the last object are stored in it. */
async function sampled(plural: string, storage: string): Promise<void> {
  for (const index of [0, OBJECTS - 1]) {
    const [entry] = await server.storedEntries(`/registry/own.dev/${plural}/default/g${String(index)}`);
    if (entry?.apiVersion !== `own.dev/${storage}`) throw new Error(`${plural} ${String(index)}: ${entry?.apiVersion ?? "gone"}`);
  }
}

async function fill(plural: string, count: number, storage: string): Promise<void> {
  await gears.define({ plural, storage: "v1alpha1" });
  await inParallel(count, 32, async (index) => {
    const body = {
      apiVersion: "own.dev/v1alpha1",
      kind: kindOf(plural),
      metadata: { name: `g${String(index)}` },
      spec: { size: index, text: "x".repeat(600) },
    };
    const { status } = await call(server, "POST", gears.pathOf(plural, "v1alpha1"), body);
    if (status !== 201) throw new Error(`POST ${plural}: ${String(status)}`);
  });
  if (storage !== "v1alpha1") await gears.flip({ plural, storage });
}

/** @returns peak resident memory in bytes, of the whole process. */
async function migrate(target: Installed, plural: string): Promise<number> {
  const args = [target.command, "migrate", `${plural}.own.dev`, "--max-per-second", "0", "--settle-seconds", "0"];
  const child = spawn(process.execPath, [...args, "--concurrency", String(CONCURRENCY), "--kubeconfig", server.kubeconfigPath], {
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
  if (status !== 0) throw new Error(`migrate ended with ${String(status)}: ${(await output).join("")}`);
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

/** What anybody would write first: whole objects, page by page, each put back as it is. */
async function rewriteBare(target: ApiServer, plural: string): Promise<void> {
  let token = "";
  do {
    const { body } = await call(target, "GET", `/apis/own.dev/v1/${plural}?limit=500&continue=${encodeURIComponent(token)}`);
    const page = body as {
      readonly metadata: { readonly continue?: string };
      readonly items: readonly { readonly metadata: { readonly name: string } }[];
    };
    await inParallel(page.items.length, CONCURRENCY, async (index) => {
      const item = page.items[index];
      if (item === undefined) return;
      const { status } = await call(target, "PUT", `${gears.pathOf(plural)}/${item.metadata.name}`, item);
      if (status !== 200) throw new Error(`PUT ${item.metadata.name}: ${String(status)}`);
    });
    token = page.metadata.continue ?? "";
  } while (token !== "");
}

async function replaceByKubectl(target: ApiServer, plural: string): Promise<void> {
  const line = `kubectl get ${plural}.v1.own.dev -A -o json | kubectl replace -f - >/dev/null`;
  const ran = spawnSync("sh", ["-c", line], { env: { ...process.env, KUBECONFIG: target.kubeconfigPath }, encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`kubectl: ${ran.stderr.slice(0, 500)}`);
}

function call(
  target: ApiServer,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const payload = body === undefined ? "" : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, target.url),
      {
        method,
        agent,
        ca: target.certificateAuthority,
        headers: {
          authorization: `Bearer ${target.token}`,
          "content-type": "application/json",
          "content-length": Buffer.byteLength(payload),
        },
      },
      (response) => {
        text(response).then((answer) => {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) });
        }, reject);
      },
    );
    outgoing.on("error", reject).end(payload);
  });
}

async function inParallel(count: number, writers: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(writers, count) }, async () => {
      while (next < count) {
        const index = next;
        next += 1;
        await act(index);
      }
    }),
  );
}

function kindOf(plural: string): string {
  return `${plural[0]?.toUpperCase() ?? ""}${plural.slice(1, -1)}`;
}

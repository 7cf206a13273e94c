/** @file `npm run bench:migrate [objects]`: a migration against bare loops, on a real API server. */
import { spawnSync } from "node:child_process";
import { type ApiServer, startApiServer } from "../e2e/support/api-server.ts";
import { gearsOn } from "../e2e/support/gears.ts";
import { call, fillWith, inParallel } from "./objects.ts";
import { type Installed, installPackage } from "./package.ts";
import { markdownTable } from "./table.ts";
import { runWhole } from "./whole-process.ts";

const [OBJECTS = 20_000] = process.argv.slice(2).map(Number);
const CONCURRENCY = 8;
const ROUNDS = 3;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const server = await startApiServer({
  apiServerArgs: ["--max-requests-inflight=1000", "--max-mutating-requests-inflight=1000"],
});
const gears = gearsOn(server);
const installed = installPackage();
try {
  const rates = await compare([
    { plural: "gears", act: (plural) => migrate(installed, plural) },
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
  for (const { plural } of contenders) await fillWith(server, plural, OBJECTS);
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

async function migrate(target: Installed, plural: string): Promise<void> {
  const args = ["migrate", `${plural}.own.dev`, "--max-per-second", "0", "--settle-seconds", "0"];
  await runWhole(target, server, [...args, "--concurrency", String(CONCURRENCY)]);
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

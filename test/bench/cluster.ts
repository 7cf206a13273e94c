/** @file `npm run bench:cluster`: commands that read a whole cluster, against a real API server that holds a large one. */
import { spawnSync } from "node:child_process";
import { type ApiServer, startApiServer } from "../e2e/support/api-server.ts";
import { median } from "./load.ts";
import { type Installed, installPackage } from "./package.ts";
import { deployment, largeCrd } from "./scale.ts";
import { markdownTable } from "./table.ts";

const CRDS = 1_000;
const DEPLOYMENTS = 10_000;
const NAMESPACES = 200;
/** Written at once. More make the API server no faster on two cores. */
const WRITERS = 32;
const ROUNDS = 5;

/** Whole processes, each with what it is to end with. */
const COMMANDS: readonly { readonly words: readonly string[]; readonly status: number }[] = [
  { words: ["requirements", "--against", "live", "-o", "json"], status: 0 },
  { words: ["doctor", "--fail-on", "none"], status: 0 },
];

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const server = await startApiServer({
  apiServerArgs: ["--max-requests-inflight=1000", "--max-mutating-requests-inflight=1000"],
});
const installed = installPackage();
try {
  const filledIn = await timed(() => fill(server));
  print(`${String(CRDS)} CRDs and ${String(DEPLOYMENTS)} Deployments written in ${(filledIn / 1000).toFixed(0)} s\n`);
  print(
    markdownTable(
      ["command", "s"],
      COMMANDS.map(({ words, status }) => [words.join(" "), (measure(installed, words, status) / 1000).toFixed(2)]),
    ),
  );
} finally {
  installed.remove();
  await server.stop();
}

/** The API server's own controllers look at each CRD, and at all others whenever one comes: CRDs come first, and alone. */
async function fill(target: ApiServer): Promise<void> {
  await inParallel(CRDS, (index) => write(target, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", largeCrd(index)));
  await inParallel(NAMESPACES, (index) =>
    write(target, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: `team-${String(index)}` } }),
  );
  await inParallel(DEPLOYMENTS, (index) => {
    const { metadata, ...object } = deployment(index);
    const { uid: _uid, managedFields: _managedFields, ...own } = metadata;
    return write(target, `/apis/apps/v1/namespaces/team-${String(index % NAMESPACES)}/deployments`, { ...object, metadata: own });
  });
}

async function inParallel(count: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (next < count) {
        const index = next;
        next += 1;
        await act(index);
      }
    }),
  );
}

async function write(target: ApiServer, path: string, body: unknown): Promise<void> {
  const { status, body: answer } = await target.request("POST", path, { body, timeoutMs: 60_000 });
  if (status !== 201) throw new Error(`POST ${path}: ${String(status)} ${JSON.stringify(answer).slice(0, 400)}`);
}

/** Milliseconds: median over rounds, but for a first one that does not count. */
function measure(target: Installed, words: readonly string[], status: number): number {
  const times = Array.from({ length: ROUNDS + 1 }, () => {
    const startedAt = performance.now();
    const ran = spawnSync(process.execPath, [target.command, ...words, "--kubeconfig", server.kubeconfigPath], {
      env: { ...process.env, XDG_CACHE_HOME: target.cache },
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 2 ** 30,
      encoding: "utf8",
    });
    if (ran.status !== status) throw new Error(`${words.join(" ")}: exit status ${String(ran.status)}: ${ran.stderr}`);
    return performance.now() - startedAt;
  });
  return median(times.slice(1));
}

async function timed(act: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return performance.now() - startedAt;
}

/** @file `npm run bench:memory [objects…]`: the most memory that migrate, backup and restore take, on a real API server. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApiServer } from "../e2e/support/api-server.ts";
import { gearsOn } from "../e2e/support/gears.ts";
import { call, fillWith } from "./objects.ts";
import { installPackage } from "./package.ts";
import { markdownTable } from "./table.ts";
import { runWhole } from "./whole-process.ts";

const ASKED = process.argv.slice(2).map(Number);
const COUNTS = ASKED.length > 0 ? ASKED : [1_000, 20_000];

const server = await startApiServer({
  apiServerArgs: ["--max-requests-inflight=1000", "--max-mutating-requests-inflight=1000", "--delete-collection-workers=16"],
});
const gears = gearsOn(server);
const installed = installPackage();
const folder = mkdtempSync(join(tmpdir(), "crdguard-bench-"));
try {
  const rows: string[][] = [];
  for (const count of COUNTS) {
    const plural = `wheel${String(count)}s`;
    const crd = `${plural}.own.dev`;
    const saved = join(folder, plural);
    await fillWith(server, plural, count);
    await gears.flip({ plural, storage: "v1" });
    const migrated = await runWhole(installed, server, ["migrate", crd, "--max-per-second", "0", "--settle-seconds", "0"]);
    const backedUp = await runWhole(installed, server, ["backup", crd, "-o", saved]);
    await deleteAll(plural);
    const restored = await runWhole(installed, server, ["restore", saved, "--max-per-second", "0"]);
    rows.push([String(count), ...[migrated, backedUp, restored].map((bytes) => (bytes / 2 ** 20).toFixed(0))]);
    process.stdout.write(`${markdownTable(["objects", "migrate", "backup", "restore"], rows)}\n`);
    await deleteAll(plural);
  }
} finally {
  rmSync(folder, { recursive: true });
  installed.remove();
  await server.stop();
}

/** One request may be cut off before all are gone. Source: kube-apiserver flag --request-timeout, default 1m0s. */
async function deleteAll(plural: string): Promise<void> {
  for (;;) {
    await call(server, "DELETE", gears.pathOf(plural)).catch(() => undefined);
    const { body } = await call(server, "GET", `${gears.pathOf(plural)}?limit=1`);
    if ((body as { readonly items: readonly unknown[] }).items.length === 0) return;
  }
}

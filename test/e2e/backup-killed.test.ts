/** A backup and a restore that are killed whenever. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBackup } from "../../src/cli/open-backup.ts";
import { checkFolder } from "../../src/migration/backup/check-folder.ts";
import { startInBackground } from "./support/child-processes.ts";
import { eventually } from "./support/eventually.ts";
import {
  GEAR_COUNT,
  GEARS,
  GEARS_IN_MILL,
  IN_MILL,
  MAIN,
  startSavedGears,
  type SavedGears,
  withoutGone,
} from "./support/saved-gears.ts";

let gears: SavedGears;
let api: SavedGears["api"];
let folder: string;

beforeAll(async () => {
  gears = await startSavedGears();
  ({ api, folder } = gears);
  await gears.makeObjects(GEAR_COUNT);
});

afterAll(async () => {
  await gears.stop();
});

/** Seeds are printed, so that a run can be repeated: SEED=… npx vitest … */
const SEED = Number(process.env["SEED"] ?? Date.now() % 100_000);

function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

describe(`kill -9 at random points (SEED=${String(SEED)})`, () => {
  const random = createRandom(SEED);

  it("of a backup never leaves one that looks whole, and the next start ends it", async () => {
    const before = await gears.contents("/apis/own.dev/v1alpha2/gears");
    const hits = { during: 0, after: 0 };
    for (let round = 0; round < 15; round += 1) {
      const saved = join(folder, `killed-${String(Math.floor(round / 5))}`);
      const seen = (await filesOf(saved)).length;
      hits[
        await killed(
          ["backup", GEARS, "-o", saved, "--overwrite"],
          random() * 150,
          async () => (await filesOf(saved)).length > seen,
        )
      ] += 1;
      const isWhole = (await filesOf(saved)).includes("backup.json");
      if (isWhole) expect(await doubtsOf(saved)).toEqual([]);
      else
        await expect(openBackup(saved)).rejects.toMatchObject({
          code: expect.stringMatching(/^backup-(?:missing|unfinished)$/) as unknown,
        });
      if (round % 5 !== 4) continue;
      expect(await gears.crdguard("backup", GEARS, "-o", saved, ...(isWhole ? ["--overwrite"] : []))).toMatchObject({
        exitCode: 0,
      });
      expect(await doubtsOf(saved)).toEqual([]);
      expect(await indexed(saved)).toEqual([...before.keys()].toSorted());
    }
    expect(hits.during).toBeGreaterThan(0);
  });

  it("of a restore loses nothing: the next start ends it", async () => {
    const saved = join(folder, "round");
    expect(await gears.crdguard("backup", GEARS, "-o", saved)).toMatchObject({ exitCode: 0 });
    const path = GEARS_IN_MILL;
    const before = await gears.contents(path);
    const hits = { during: 0, after: 0 };
    for (let round = 0; round < 15; round += 1) {
      if (round % 5 === 0) await gears.deleteAll(path);
      const seen = await countOf(path);
      const args = ["restore", saved, GEARS, "-n", "mill", "--max-per-second", "100"];
      hits[await killed(args, random() * 150, async () => (await countOf(path)) > seen)] += 1;
      if (round % 5 !== 4) continue;
      const ended = await gears.crdguard("restore", saved, GEARS, "-n", "mill", "--max-per-second", "0");
      expect(ended.stdout).toContain(`${String(IN_MILL)} objects read back, with all that is in their files`);
      expect(ended.exitCode).toBe(0);
      expect([...(await gears.contents(path))]).toEqual(withoutGone(before));
    }
    expect(hits.during).toBeGreaterThan(0);
  });
});

/** Starts it, and kills it so long after it was seen to be under way. */
async function killed(args: readonly string[], afterMs: number, isUnderWay: () => Promise<boolean>): Promise<"during" | "after"> {
  const background = startInBackground(process.execPath, {
    args: [MAIN, ...args],
    logPath: join(folder, "killed.log"),
    env: gears.environment(),
  });
  await eventually("it works, or has ended", async () => !background.isRunning() || (await isUnderWay()), {
    timeoutMs: 30_000,
    intervalMs: 10,
  });
  await sleep(afterMs);
  const isOver = !background.isRunning();
  await background.kill9();
  return isOver ? "after" : "during";
}

async function countOf(path: string): Promise<number> {
  const { body } = await api.request("GET", `${path}?limit=1`);
  const { items, metadata } = body as {
    readonly items: readonly unknown[];
    readonly metadata: { readonly remainingItemCount?: number };
  };
  return items.length + (metadata.remainingItemCount ?? 0);
}

async function filesOf(saved: string): Promise<readonly string[]> {
  return readdir(saved, { recursive: true }).catch((): readonly string[] => []);
}

/** What of the folder is not as its index has it. */
async function doubtsOf(saved: string): Promise<readonly unknown[]> {
  const { crds } = await openBackup(saved);
  const { findings } = await checkFolder(saved, crds, null, new AbortController().signal);
  return [...findings.edited, ...findings.missing, ...findings.additional, ...findings.unusable];
}

async function indexed(saved: string): Promise<readonly string[]> {
  const { crds } = await openBackup(saved);
  return crds.flatMap(({ objects }) => objects.map(({ namespace, name }) => `${namespace}/${name}`)).toSorted();
}

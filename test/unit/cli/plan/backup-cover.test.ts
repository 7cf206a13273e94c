/** The folders are those that a real backup writes, of a stand-in for the API server. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isCoveredBy } from "../../../../src/cli/plan/backup-cover.ts";
import { yamlText } from "../../../../src/cli/yaml-text.ts";
import { SYSTEM_TIMING } from "../../../../src/cluster/live/timing.ts";
import { beginBackup } from "../../../../src/migration/backup/folder.ts";
import { takeBackup } from "../../../../src/migration/backup/take-backup.ts";
import { createPace } from "../../../../src/migration/pace.ts";
import { crd } from "../../../support/builders.ts";
import { startStandIn } from "../../cluster/live/stand-in-api-server.ts";

const GEAR = crd({ name: "gears.own.dev", served: ["v1"] });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "crdguard-cover-"));
  await backUp("first", { left: 1, right: 2 });
  await backUp("without-right", { left: 1 });
  await backUp("only-right", { right: 2 });
  await backUp("right-changed", { left: 1, right: 3 });
  await backUp("right-elsewhere", { left: 1, right: 2 }, "forge");
  await backUp("none", {});
  await backUp("damaged", { left: 1 });
  await writeFile(join(folder, "damaged/backup.json"), "{");
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe("the newest backup is covered by older ones", () => {
  it.each<{ title: string; directories: readonly string[]; isCovered: boolean }>([
    { title: "that hold the same", directories: ["first", "first"], isCovered: true },
    { title: "that hold more", directories: ["first", "without-right"], isCovered: true },
    { title: "that hold it together", directories: ["without-right", "only-right", "first"], isCovered: true },
    { title: "where it holds nothing", directories: ["first", "none"], isCovered: true },
    { title: "but not by one that lacks an object", directories: ["without-right", "first"], isCovered: false },
    { title: "but not by one with another content", directories: ["first", "right-changed"], isCovered: false },
    { title: "but not by objects of another namespace", directories: ["first", "right-elsewhere"], isCovered: false },
    { title: "but not by a damaged one", directories: ["damaged", "without-right"], isCovered: false },
    { title: "but not where it is damaged itself", directories: ["first", "damaged"], isCovered: false },
    { title: "but not where it is missing", directories: ["first", "nowhere"], isCovered: false },
    { title: "but not where there is no older one", directories: ["first"], isCovered: false },
  ])("$title", async ({ directories, isCovered }) => {
    expect(await isCoveredBy(directories.map((name) => join(folder, name)))).toBe(isCovered);
  });
});

async function backUp(name: string, sizes: Readonly<Record<string, number>>, namespace = "mill"): Promise<void> {
  const standIn = await startStandIn();
  try {
    const collection = standIn.collection("/apis/own.dev/v1/gears");
    for (const [gear, size] of Object.entries(sizes)) {
      collection.put({
        apiVersion: "own.dev/v1",
        kind: GEAR.kind,
        metadata: { name: gear, namespace, uid: gear },
        spec: { size },
      });
    }
    const own = join(folder, name);
    await beginBackup(own, { server: standIn.url, namespace: null, crds: ["gears.own.dev/v1"] }, false);
    const end = await takeBackup({
      line: {
        client: standIn.client,
        timing: SYSTEM_TIMING,
        pace: createPace(0, SYSTEM_TIMING),
        signal: new AbortController().signal,
      },
      folder: own,
      crds: [{ crd: GEAR, definition: { kind: "CustomResourceDefinition", metadata: { name: GEAR.name } }, version: "v1" }],
      namespace: null,
      toYaml: yamlText,
      server: standIn.url,
      crdguard: "0.1.0",
      now: () => new Date("2026-01-02T03:04:05Z"),
      told: () => undefined,
    });
    if (end.kind !== "done") throw new Error(`${name}: ${end.kind}`);
  } finally {
    await standIn.close();
  }
}

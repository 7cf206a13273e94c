import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { yamlText } from "../../../../src/cli/yaml-text.ts";
import type { Timing } from "../../../../src/cluster/live/timing.ts";
import { indexText } from "../../../../src/migration/backup/backup-index.ts";
import { checkFolder } from "../../../../src/migration/backup/check-folder.ts";
import { beginBackup, folderState } from "../../../../src/migration/backup/folder.ts";
import { type BackupEnd, type BackupStep, takeBackup } from "../../../../src/migration/backup/take-backup.ts";
import { createPace } from "../../../../src/migration/pace.ts";
import { crd } from "../../../support/builders.ts";
import {
  type StandIn,
  type StandInCollection,
  type StandInObject,
  startStandIn,
  status,
} from "../../cluster/live/stand-in-api-server.ts";

const GEARS = "/apis/own.dev/v1/gears";
const HURRIED: Timing = { now: () => performance.now(), random: () => 0, sleep: () => Promise.resolve() };

let standIn: StandIn;
let folder: string;
let steps: BackupStep[];

beforeEach(async () => {
  standIn = await startStandIn();
  folder = await mkdtemp(join(tmpdir(), "crdguard-take-"));
  steps = [];
});

afterEach(async () => {
  await standIn.close();
  await rm(folder, { recursive: true });
});

const GEAR = crd({ name: "gears.own.dev", served: ["v1"] });

async function take(signal: AbortSignal = new AbortController().signal, told?: (step: BackupStep) => void): Promise<BackupEnd> {
  await beginBackup(folder, { server: standIn.url, namespace: null, crds: ["gears.own.dev/v1"] }, false);
  return takeBackup({
    line: { client: standIn.client, timing: HURRIED, pace: createPace(0, HURRIED), signal },
    folder,
    crds: [{ crd: GEAR, definition: { kind: "CustomResourceDefinition", metadata: { name: GEAR.name } }, version: "v1" }],
    namespace: null,
    toYaml: yamlText,
    server: standIn.url,
    crdguard: "0.1.0",
    now: () => new Date("2026-01-02T03:04:05Z"),
    told(step) {
      steps.push(step);
      told?.(step);
    },
  });
}

function gears(count: number): StandInCollection {
  const collection = standIn.collection(GEARS);
  for (let index = 0; index < count; index += 1) collection.put(gear(`g${String(index)}`));
  return collection;
}

function gear(name: string): StandInObject {
  return { apiVersion: "own.dev/v1", kind: GEAR.kind, metadata: { name, namespace: "mill", uid: name }, spec: { size: 1 } };
}

function kinds(): readonly string[] {
  return steps.map(({ kind }) => kind).filter((kind) => kind !== "written");
}

function done(): unknown {
  return steps.find(({ kind }) => kind === "crd-done");
}

describe("a backup", () => {
  it("holds all objects, page by page, and the folder is as its index says", async () => {
    gears(250);
    const end = await take();

    expect(end.kind).toBe("done");
    expect(steps.flatMap((step) => (step.kind === "written" ? step.done : []))).toEqual([10, 110, 210, 250]);
    if (end.kind !== "done") return;
    expect(await readFile(join(folder, "backup.json"), "utf8")).toBe([...indexText(end.index)].join(""));
    const { findings } = await checkFolder(folder, end.index.crds, null, new AbortController().signal);
    expect(findings).toEqual({ count: 251, edited: [], missing: [], additional: [], unusable: [] });
  });

  it("is read anew where the API server forgets the state that was being read, and is of one moment then", async () => {
    gears(250);
    expireOnce();
    const end = await take();

    expect(end.kind).toBe("done");
    expect(kinds()).toEqual(["reading", "anew", "crd-done"]);
    expect(done()).toMatchObject({ count: 250, isConsistent: true });
  });

  it("goes on with what there is where that happens again, and says so", async () => {
    gears(250);
    standIn.answer(
      ({ query }) => query["continue"] !== undefined,
      { status: 410, body: { ...status(410, "The provided continue parameter is too old"), metadata: { continue: "350.100" } } },
      2,
    );
    const end = await take();

    expect(kinds()).toEqual(["reading", "anew", "inconsistent", "crd-done"]);
    expect(done()).toMatchObject({ count: 250, isConsistent: false });
    expect(end).toMatchObject({ kind: "done", index: { crds: [{ isConsistent: false }] } });
  });

  it("that misses an object that was there all the time is none", async () => {
    gears(3);
    const seen = standIn.answer(
      ({ query, accept }) => query["limit"] !== undefined && !accept.includes("PartialObjectMetadata"),
      {
        status: 200,
        body: { metadata: { resourceVersion: "9999" }, items: [] },
      },
    );
    const end = await take();
    seen();

    expect(end).toMatchObject({
      kind: "unproven",
      examples: [{ namespace: "mill", name: "g0" }, { name: "g1" }, { name: "g2" }],
    });
    expect((await folderState(folder)).kind).toBe("unfinished");
  });

  it("tells what came, went and changed meanwhile", async () => {
    const collection = gears(5);
    let isFirst = true;
    await take(undefined, (step) => {
      if (step.kind !== "written" || !isFirst) return;
      isFirst = false;
      collection.put(gear("new"));
      collection.put(gear("newer"));
      collection.delete(gear("g0"));
      collection.put(gear("g1"));
    });

    expect(done()).toMatchObject({ count: 5, meanwhile: { came: 2, went: 1, changed: 1 } });
  });

  it("that is interrupted is unfinished, and the next one goes on with it and removes what is gone", async () => {
    gears(250);
    const controller = new AbortController();
    const end = await take(controller.signal, (step) => {
      if (step.kind === "written") controller.abort();
    });
    const state = await folderState(folder);
    await writeFile(join(folder, "gears.own.dev/objects/mill/gone.yaml"), "a: 1\n");
    const next = await take();

    expect(end).toEqual({ kind: "interrupted" });
    expect(state.kind).toBe("unfinished");
    expect(next.kind).toBe("done");
    expect(done()).toMatchObject({ count: 250, removedFiles: 1 });
  });

  it("of what may not be listed names the reason, and is unfinished", async () => {
    standIn.answer(({ path }) => path === GEARS, { status: 403, body: status(403, "no list for you") });
    const end = await take();

    expect(end).toMatchObject({
      kind: "unreadable",
      crd: "gears.own.dev",
      error: { code: "forbidden", message: "no list for you" },
    });
    expect((await folderState(folder)).kind).toBe("unfinished");
  });

  it("waits where the API server asks for it", async () => {
    gears(3);
    standIn.answer(({ path }) => path === GEARS, { status: 429, headers: { "retry-after": "1" } }, 2);

    expect((await take()).kind).toBe("done");
  });
});

function expireOnce(): void {
  standIn.answer(({ query }) => query["continue"] !== undefined, { status: 410, body: status(410, "too old") }, 1);
}

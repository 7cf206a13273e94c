import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBackup } from "../../src/cli/open-backup.ts";
import { beginBackup } from "../../src/migration/backup/folder.ts";
import { problemsOfBackupEvent } from "../support/event-schemas.ts";
import {
  definition,
  DRUMS,
  GEAR_COUNT,
  GEARS,
  GEARS_IN_MILL,
  IN_MILL,
  type Json,
  type Listed,
  SPEC,
  startSavedGears,
  withoutGone,
  type SavedGears,
} from "./support/saved-gears.ts";

let gears: SavedGears;
let api: SavedGears["api"];
let folder: string;

beforeAll(async () => {
  gears = await startSavedGears();
  ({ api, folder } = gears);
});

afterAll(async () => {
  await gears.stop();
});

describe("a round trip", () => {
  it("brings all objects back: spec, status, finalizers, owners, whatever their names are", async () => {
    await gears.makeObjects(GEAR_COUNT);
    await api.request("PATCH", `${GEARS_IN_MILL}/gear-1`, { body: {}, contentType: "application/merge-patch+json" });
    const before = {
      gears: await gears.contents("/apis/own.dev/v1alpha2/gears"),
      drums: await gears.contents("/apis/own.dev/v1/drums"),
    };
    const saved = await gears.crdguard("backup", GEARS, DRUMS, "-o", join(folder, "round"));

    expect(saved).toMatchObject({ exitCode: 0, stderr: "" });
    expect(saved.stdout).toMatch(/gears\.own\.dev: 80 objects in v1alpha2, as of resource version \d+\n/);
    expect(saved.stdout).toMatch(/81 objects of 2 CRDs, read twice, written and read again; sha256 [0-9a-f]{64}\n$/);

    await gears.deleteAll("/apis/own.dev/v1alpha2/gears");
    await gears.deleteAll("/apis/own.dev/v1/drums");
    const restored = await gears.crdguard("restore", join(folder, "round"), "--max-per-second", "0");

    expect(restored.stdout).toMatch(/81 objects: 81 created\n81 objects read back, with all that is in their files\n$/);
    expect(restored.exitCode).toBe(0);
    expect(restored.stdout).toContain('restored without its owner ConfigMap "gone", which is gone');
    const after = {
      gears: await gears.contents("/apis/own.dev/v1alpha2/gears"),
      drums: await gears.contents("/apis/own.dev/v1/drums"),
    };
    expect([...after.gears.keys()]).toEqual([...before.gears.keys()]);
    expect([...after.gears]).toEqual(withoutGone(before.gears));
    expect([...after.drums]).toEqual([...before.drums]);
    const [owner] = await gears.listed("/apis/own.dev/v1/drums");
    const owned = (await gears.listed("/apis/own.dev/v1alpha2/gears")).flatMap(({ metadata }) => metadata.ownerReferences ?? []);
    expect(new Set(owned.map(({ uid }) => uid))).toEqual(new Set([owner?.metadata.uid]));
  });

  it("is told in JSON, each line by the schema", async () => {
    const saved = join(folder, "events");
    const backup = await gears.crdguard("backup", DRUMS, GEARS, "-o", saved, "--format", "json");
    const restore = await gears.crdguard("restore", saved, "-o", "json");
    const dry = await gears.crdguard("restore", saved, "-o", "json", "--dry-run");
    const events = [backup, restore, dry].map(({ stdout }) =>
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Json),
    );

    expect(events.flat().flatMap(problemsOfBackupEvent)).toEqual([]);
    expect(events.map((own) => [...new Set(own.map(({ event }) => event))])).toEqual([
      ["reading", "written", "crd-done", "done"],
      ["checked", "restored", "restoring", "reading-back", "done"],
      ["checked", "tried", "trying", "done"],
    ]);
    expect(events[1]?.at(-1)).toMatchObject({ kind: "RestoreEvent", total: 81, same: 81, readBack: { whole: 81 } });
  });

  it("passes over what is there already", async () => {
    const again = await gears.crdguard("restore", join(folder, "round"));

    expect(again.stdout).toMatch(/81 objects: 81 there already\n81 objects read back/);
    expect(again.exitCode).toBe(0);
  });
});

describe("the folder of a backup", () => {
  it("can be read by nobody else, and holds what kubectl takes", async () => {
    const saved = join(folder, "round");
    const files = (await readdir(saved, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    for (const file of files) expect((await stat(join(file.parentPath, file.name))).mode & 0o777).toBe(0o600);
    expect((await stat(saved)).mode & 0o777).toBe(0o700);

    const dry = await api.kubectl(["apply", "-R", "--dry-run=server", "-f", join(saved, DRUMS, "objects")]);
    expect(dry).toMatchObject({ exitCode: 0, stdout: "drum.own.dev/owner configured (server dry run)\n" });
    const definitionOfIt = await api.kubectl([
      "apply",
      "--server-side",
      "--dry-run=server",
      "-f",
      join(saved, DRUMS, "definition.yaml"),
    ]);
    expect(definitionOfIt.stdout).toBe(
      "customresourcedefinition.apiextensions.k8s.io/drums.own.dev serverside-applied (server dry run)\n",
    );
  });

  it("is not overwritten unless told, and never where something else is in it", async () => {
    const saved = join(folder, "drums");
    await gears.crdguard("backup", DRUMS, "-o", saved);

    expect(await gears.crdguard("backup", DRUMS, "-o", saved)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("backup-exists") as unknown,
    });
    expect(await gears.crdguard("backup", DRUMS, "-o", saved, "--overwrite")).toMatchObject({ exitCode: 0 });
    const foreign = join(folder, "foreign");
    await mkdir(foreign);
    await writeFile(join(foreign, "letter.txt"), "dear");
    expect(await gears.crdguard("backup", DRUMS, "-o", foreign, "--overwrite")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("error (folder-in-use)") as unknown,
    });
    expect(await readdir(foreign)).toEqual(["letter.txt"]);
  });

  it.concurrent.each<{ title: string; spoil: (saved: string) => Promise<unknown>; code: string; says: string }>([
    {
      title: "an object that was changed",
      spoil: (saved) => edit(join(saved, DRUMS, "objects/owner.yaml"), "size: 1", "size: 2"),
      code: "backup-edited",
      says: "drums.own.dev/objects/owner.yaml: edited since the backup was taken",
    },
    {
      title: "an object that is missing",
      spoil: (saved) => rm(join(saved, DRUMS, "objects/owner.yaml")),
      code: "backup-edited",
      says: "drums.own.dev/objects/owner.yaml: missing",
    },
    {
      title: "a file that is no object",
      spoil: (saved) => writeFile(join(saved, DRUMS, "objects/owner.yaml"), "a: [1"),
      code: "backup-file-unusable",
      says: "drums.own.dev/objects/owner.yaml: cannot be used: line 1:",
    },
    {
      title: "an object of another name",
      spoil: (saved) => edit(join(saved, DRUMS, "objects/owner.yaml"), "name: owner", "name: intruder"),
      code: "backup-file-unusable",
      says: 'metadata.name: expected "owner"',
    },
    {
      title: "an index that leads out of the folder",
      spoil: (saved) => edit(join(saved, "backup.json"), '"name":"owner"', '"name":"../../../etc/passwd"'),
      code: "backup-damaged",
      says: "do not add up",
    },
    {
      title: "an index cut short",
      spoil: async (saved) =>
        writeFile(join(saved, "backup.json"), (await readFile(join(saved, "backup.json"), "utf8")).slice(0, -20)),
      code: "backup-damaged",
      says: "no JSON",
    },
    {
      title: "an index that is gone",
      spoil: (saved) => rm(join(saved, "backup.json")),
      code: "backup-missing",
      says: "there is no backup.json in it",
    },
  ])("is refused with $title", async ({ spoil, code, says }) => {
    const saved = await mkdtemp(join(folder, "spoiled-"));
    await cp(join(folder, "drums"), saved, { recursive: true });
    await spoil(saved);

    const { exitCode, stdout, stderr } = await gears.crdguard("restore", saved);
    await rm(saved, { recursive: true });

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(`error (${code})`);
    expect(stderr).toContain(says);
  });

  it.concurrent.each<{ title: string; args: readonly string[]; status: number; says: string }>([
    { title: "no such CRD", args: ["backup", "gear.own.dev", "-o", "x"], status: 2, says: "did you mean gears.own.dev?" },
    {
      title: "no such version",
      args: ["backup", GEARS, "-o", "x", "--version", "v9"],
      status: 2,
      says: "not served in v9: give one of v1alpha2",
    },
    { title: "a namespace of none", args: ["backup", DRUMS, "-o", "x", "-n", "mill"], status: 2, says: "crd-cluster-scoped" },
    { title: "no folder", args: ["backup", GEARS], status: 2, says: "--output <folder>" },
    {
      title: "no such folder",
      args: ["restore", "/nowhere/at/all"],
      status: 2,
      says: "(backup-missing): /nowhere/at/all: there is no such folder",
    },
    {
      title: "a rate that is none",
      args: ["restore", "x", "--max-per-second", "fast"],
      status: 2,
      says: "give a number from 0 to 100000",
    },
  ])("$title: status $status, and says so", async ({ args, status, says }) => {
    const { exitCode, stderr } = await gears.crdguard(...args);

    expect(exitCode).toBe(status);
    expect(stderr).toContain(says);
  });

  it("that cannot be made is told: there is a file in its way", async () => {
    const inTheWay = join(folder, "round/backup.json/below");

    expect(await gears.crdguard("backup", DRUMS, "-o", inTheWay)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`error (file-unwritable): ${inTheWay}: cannot be written (ENOTDIR)`) as unknown,
    });
  });

  it("that takes no files any more is told, and the backup is unfinished", async () => {
    const saved = join(folder, "in-the-way");
    await beginBackup(saved, { server: api.url, namespace: null, crds: [`${DRUMS}/v1`] }, false);
    await writeFile(join(saved, DRUMS), "a file where a folder is to be");
    const { exitCode, stdout, stderr } = await gears.crdguard("backup", DRUMS, "-o", saved);

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/error \(file-unwritable\): .*in-the-way.*: cannot be written \(E[A-Z]+\); the backup is unfinished/);
    await expect(openBackup(saved)).rejects.toMatchObject({ code: "backup-unfinished" });
  });
});

describe("what is restored in another order, or not wholly", () => {
  const drum = (name: string, more: Json = {}, owner: Listed | null = null): Promise<Json> =>
    gears.created("/apis/own.dev/v1/drums", {
      apiVersion: "own.dev/v1",
      kind: "Drum",
      metadata: {
        name,
        ...(owner === null
          ? {}
          : {
              ownerReferences: [{ apiVersion: "own.dev/v1", kind: "Drum", name: owner.metadata.name, uid: owner.metadata.uid }],
            }),
      },
      spec: more,
    });
  const drumNamed = async (name: string): Promise<Listed> =>
    (await api.request("GET", `/apis/own.dev/v1/drums/${name}`)).body as Listed;

  it("is an object whose owner is of the same CRD, and comes after it by name", async () => {
    await drum("z-first");
    await drum("m-second", {}, await drumNamed("z-first"));
    await drum("a-third", {}, await drumNamed("m-second"));
    const uidBefore = (await drumNamed("z-first")).metadata.uid;
    const saved = join(folder, "family");
    await gears.crdguard("backup", DRUMS, "-o", saved);
    for (const name of ["a-third", "m-second", "z-first"]) await api.kubectl(["delete", "drum", name]);
    const restored = await gears.crdguard("restore", saved);
    const [first, second, third] = await Promise.all(["z-first", "m-second", "a-third"].map(drumNamed));
    for (const name of ["a-third", "m-second", "z-first"]) await api.kubectl(["delete", "drum", name]);

    expect(restored).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("4 objects: 3 created and 1 there already\n4 objects read back") as unknown,
    });
    expect(first?.metadata.uid).not.toBe(uidBefore);
    expect(second?.metadata.ownerReferences).toMatchObject([{ name: "z-first", uid: first?.metadata.uid }]);
    expect(third?.metadata.ownerReferences).toMatchObject([{ name: "m-second", uid: second?.metadata.uid }]);
  });

  it("is a field that the schema does not have: refused, and dropped where that is said", async () => {
    await drum("odd", { size: 4 });
    const saved = join(folder, "odd");
    await gears.crdguard("backup", DRUMS, "-o", saved);
    await api.kubectl(["delete", "drum", "odd"]);
    await edit(join(saved, DRUMS, "objects/odd.yaml"), "  size: 4\n", "  size: 4\n  weight: 9\n");
    const refused = await gears.crdguard("restore", saved, "--edited");
    const goneStill = await drumNamed("odd");
    const dropped = await gears.crdguard("restore", saved, "--edited", "--drop-unknown-fields");
    const after = await drumNamed("odd");
    await api.kubectl(["delete", "drum", "odd"]);

    expect(refused.exitCode).toBe(1);
    expect(refused.stdout).toContain("drums.own.dev/objects/odd.yaml: spec.weight: v1 has no such field\n");
    expect(goneStill).toMatchObject({ code: 404 });
    expect(dropped.exitCode).toBe(0);
    expect(dropped.stdout).toMatch(/drums\.own\.dev\/objects\/odd\.yaml: .*spec\.weight/);
    expect(after).toMatchObject({ spec: { size: 4, mode: "slow" } });
    expect(after["spec"]).not.toHaveProperty("weight");
  });
});

describe("a namespace of which the backup holds nothing", () => {
  it("is named, rather than told of as restored", async () => {
    const ran = await gears.crdguard("restore", join(folder, "round"), GEARS, "-n", "nowhere");

    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toContain('holds no object of namespace "nowhere": nothing is restored there\n');
    expect(ran.stdout).toBe("0 objects: nothing to do\n");
  });
});

describe("an object that differs", () => {
  it("is listed and stays, and is replaced with --overwrite", async () => {
    const saved = join(folder, "round");
    await api.request("PATCH", `${GEARS_IN_MILL}/gear-14`, {
      body: { spec: { label: "somebody else's" } },
      contentType: "application/merge-patch+json",
    });
    const kept = await gears.crdguard("restore", saved, GEARS, "--namespace", "mill", "--max-per-second", "0");
    const there = await api.request("GET", `${GEARS_IN_MILL}/gear-14`);
    const replaced = await gears.crdguard("restore", saved, GEARS, "-n", "mill", "--overwrite", "--max-per-second", "0");
    const after = await api.request("GET", `${GEARS_IN_MILL}/gear-14`);

    expect(kept.exitCode).toBe(1);
    expect(kept.stdout).toContain("gear-14.yaml: there is another one of that name, which differs in spec.label\n");
    expect(kept.stdout).toContain(`${String(IN_MILL)} objects: ${String(IN_MILL - 1)} there already and 1 not touched`);
    expect(there.body).toMatchObject({ spec: { label: "somebody else's" } });
    expect(replaced).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(
        `${String(IN_MILL)} objects: 1 overwritten and ${String(IN_MILL - 1)} there already`,
      ) as unknown,
    });
    expect(after.body).toMatchObject({ spec: { label: "gear 24" } });
  });

  it("keeps all digits of an integer that no double holds", async () => {
    const exact = '{"apiVersion":"own.dev/v1","kind":"Drum","metadata":{"name":"exact"},"spec":{"size":9223372036854775807}}';
    await api.kubectl(["create", "-f", "-"], { stdin: exact });
    const saved = join(folder, "exact");
    await gears.crdguard("backup", DRUMS, "-o", saved);
    await api.kubectl(["delete", "drum", "exact"]);
    const restored = await gears.crdguard("restore", saved);
    const { stdout } = await api.kubectl(["get", "drum", "exact", "-o", "jsonpath={.spec.size}"]);
    await api.kubectl(["delete", "drum", "exact"]);

    expect(restored).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("1 created and 1 there already") as unknown });
    expect(stdout).toBe("9223372036854775807");
  });
});

async function edit(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(path, "utf8");
  if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`);
  await writeFile(path, text.replace(from, to));
}

describe("the jump to a version with no common one before it", () => {
  it("names what must be edited, by file and path, and restores it after the edit", async () => {
    const collection = "/apis/own.dev/v1alpha2/gears";
    await gears.deleteAll(collection);
    for (const name of ["left", "right"]) {
      await gears.created(GEARS_IN_MILL, {
        apiVersion: "own.dev/v1alpha2",
        kind: "Gear",
        metadata: { name, namespace: "mill" },
        spec: { size: 3, label: name, teeth: [{ depth: 2 }] },
      });
    }
    const saved = join(folder, "jump");
    expect(await gears.crdguard("backup", GEARS, "-o", saved)).toMatchObject({ exitCode: 0 });
    await gears.deleteAll(collection);
    await api.kubectl(["delete", "crd", GEARS]);
    const missing = await gears.crdguard("restore", saved);
    const { size: _, ...others } = SPEC;
    const next = { ...others, width: { type: "integer" }, mode: { type: "string", enum: ["slow", "fast"], default: "slow" } };
    await gears.define(definition("gears", "Gear", "Namespaced", [{ name: "v1alpha3", spec: next }]), "gears", "v1alpha3");

    const asked = await gears.crdguard("restore", saved);
    const tried = await gears.crdguard("restore", saved, "--version", "v1alpha3", "--dry-run");
    const refused = await gears.crdguard("restore", saved, "--version", "v1alpha3");

    expect(missing.stderr).toMatch(
      /error \(definition-missing\): .* has no CRD "gears\.own\.dev": .*kubectl apply --server-side -f .*definition\.yaml/,
    );
    expect(asked.exitCode).toBe(1);
    expect(asked.stderr).toMatch(
      /error \(version-unserved\): gears\.own\.dev is no longer served in v1alpha2, but in v1alpha3: nothing was written\..* --version v1alpha3/,
    );
    for (const { exitCode, stdout } of [asked, tried, refused]) {
      expect(exitCode).toBe(1);
      for (const name of ["left", "right"]) {
        expect(stdout).toContain(`gears.own.dev/objects/mill/${name}.yaml: spec.size: v1alpha3 has no such field\n`);
      }
    }
    expect(await gears.listed("/apis/own.dev/v1alpha3/gears")).toEqual([]);

    for (const name of ["left", "right"]) await edit(join(saved, GEARS, `objects/mill/${name}.yaml`), "size: 3", "width: 3");
    const unsaid = await gears.crdguard("restore", saved, "--version", "v1alpha3");
    const restored = await gears.crdguard("restore", saved, "--version", "v1alpha3", "--edited");
    const stored = await api.storedEntries("/registry/own.dev/gears");

    expect(unsaid).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("right.yaml: edited since the backup was taken") as unknown,
    });
    expect(restored).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("2 objects: 2 created\n2 objects read back") as unknown,
    });
    expect(stored.map(({ apiVersion, object }) => ({ apiVersion, spec: object["spec"] }))).toEqual(
      ["left", "right"].map((label) => ({
        apiVersion: "own.dev/v1alpha3",
        spec: { label, mode: "slow", teeth: [{ depth: 2 }], width: 3 },
      })),
    );
  });
});

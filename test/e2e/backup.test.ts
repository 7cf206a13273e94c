import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBackup } from "../../src/cli/open-backup.ts";
import { checkFolder } from "../../src/migration/backup/check-folder.ts";
import { beginBackup } from "../../src/migration/backup/folder.ts";
import { problemsOfBackupEvent } from "../support/event-schemas.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { type CommandOutcome, runCommand, startInBackground } from "./support/child-processes.ts";
import { eventually } from "./support/eventually.ts";

const ROOT = join(import.meta.dirname, "../..");
const MAIN = join(ROOT, "src/cli/main.ts");
const GEARS = "gears.own.dev";
const DRUMS = "drums.own.dev";

type Json = Readonly<Record<string, unknown>>;

interface Version {
  readonly name: string;
  readonly spec: Json;
  readonly served?: boolean;
  readonly storage?: boolean;
}

const SPEC = {
  size: { type: "integer", format: "int64" },
  mode: { type: "string", default: "slow" },
  label: { type: "string" },
  teeth: { type: "array", items: { type: "object", properties: { depth: { type: "integer" } } } },
};
const STATUS = { type: "object", properties: { phase: { type: "string" }, seen: { type: "integer" } } };

function definition(plural: string, kind: string, scope: "Namespaced" | "Cluster", versions: readonly Version[]): string {
  return JSON.stringify({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.own.dev` },
    spec: {
      group: "own.dev",
      scope,
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: versions.map(({ name, spec, served = true, storage = true }) => ({
        name,
        served,
        storage,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: spec }, status: STATUS } },
        },
      })),
    },
  });
}

/** Gears of the round trip, every other one in the namespace mill. */
const GEAR_COUNT = 80;
const IN_MILL = GEAR_COUNT / 2;

let api: ApiServer;
let folder: string;

beforeAll(async () => {
  api = await startApiServer();
  folder = await mkdtemp(join(tmpdir(), "crdguard-backup-"));
  await define(definition("gears", "Gear", "Namespaced", [{ name: "v1alpha2", spec: SPEC }]), "gears", "v1alpha2");
  await define(definition("drums", "Drum", "Cluster", [{ name: "v1", spec: SPEC }]), "drums", "v1");
  await created("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "mill" } });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await api.stop();
});

function crdguard(...args: readonly string[]): Promise<CommandOutcome> {
  return runCommand(process.execPath, [MAIN, ...args], { env: environment() });
}

/** What is compiled is kept, since the same program starts dozens of times here. */
function environment(): Readonly<Record<string, string>> {
  return { KUBECONFIG: api.kubeconfigPath, NODE_COMPILE_CACHE: join(folder, "compiled") };
}

async function define(manifest: string, plural: string, version: string): Promise<void> {
  const outcome = await api.kubectl(["apply", "--server-side", "-f", "-"], { stdin: manifest });
  expect(outcome.stderr).toBe("");
  const path = `/apis/own.dev/${version}/${plural}`;
  await eventually(`${path} is served`, async () => (await api.request("GET", path)).status === 200);
}

async function created(collection: string, object: Json): Promise<Json> {
  const { status, body } = await api.request("POST", collection, { body: object });
  if (status !== 201) throw new Error(`${collection}: ${String(status)} ${JSON.stringify(body)}`);
  return body as Json;
}

const GEARS_IN_MILL = "/apis/own.dev/v1alpha2/namespaces/mill/gears";

interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly ownerReferences?: readonly { readonly name: string; readonly uid: string; readonly kind: string }[];
}

interface Listed {
  readonly metadata: Meta;
  readonly [member: string]: unknown;
}

async function listed(path: string): Promise<readonly Listed[]> {
  const { body } = await api.request("GET", path);
  return (body as { readonly items: readonly Listed[] }).items;
}

/** What is to be the same before and after, without what each object gets anew. */
async function contents(path: string): Promise<ReadonlyMap<string, unknown>> {
  return new Map(
    (await listed(path)).map(({ metadata, ...rest }) => {
      const kept = Object.entries(metadata).filter(([member]) =>
        ["name", "namespace", "labels", "annotations", "finalizers"].includes(member),
      );
      const owners = (metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind}/${name}`);
      return [`${metadata.namespace ?? ""}/${metadata.name}`, { ...rest, metadata: Object.fromEntries(kept), owners }];
    }),
  );
}

async function deleteAll(path: string): Promise<void> {
  const objects = await listed(path);
  const below = (namespace: string | undefined): string =>
    namespace === undefined || path.includes("/namespaces/") ? path : path.replace(/\/([^/]+)$/, `/namespaces/${namespace}/$1`);
  for (const collection of new Set(objects.map(({ metadata }) => below(metadata.namespace))))
    await api.request("DELETE", collection);
  const free = ({ metadata }: Listed): Promise<unknown> =>
    api.request("PATCH", `${below(metadata.namespace)}/${metadata.name}`, {
      body: { metadata: { finalizers: null } },
      contentType: "application/merge-patch+json",
    });
  await Promise.all((await listed(path)).map(free));
  await eventually(`${path} is empty`, async () => (await listed(path)).length === 0);
}

/** As weird as the API server takes them: what YAML reads as something else, what Windows takes for a device, and the longest. */
const WEIRD = ["1e3", "0x1f", "true", "null", "on", "007", "con", "nul.txt", "a.yaml", "x".repeat(253)];

async function makeObjects(count: number): Promise<void> {
  const drum = await created("/apis/own.dev/v1/drums", {
    apiVersion: "own.dev/v1",
    kind: "Drum",
    metadata: { name: "owner", finalizers: ["own.dev/keep"], labels: { a: "b" } },
    spec: { size: 1 },
  });
  const owner = { apiVersion: "own.dev/v1", kind: "Drum", name: "owner", uid: (drum["metadata"] as Meta).uid };
  const gone = { apiVersion: "v1", kind: "ConfigMap", name: "gone", uid: "11111111-1111-1111-1111-111111111111" };
  const make = async (name: string, index: number): Promise<void> => {
    const namespace = index % 2 === 0 ? "mill" : "default";
    const references = [...(index % 3 === 0 ? [owner] : []), ...(index % 5 === 0 ? [gone] : [])];
    const path = `/apis/own.dev/v1alpha2/namespaces/${namespace}/gears`;
    await created(path, {
      apiVersion: "own.dev/v1alpha2",
      kind: "Gear",
      metadata: {
        name,
        annotations: { note: "line one\nline two: yes", on: "no", "0x1f": "1e3" },
        ...(index % 4 === 0 ? { finalizers: ["own.dev/hold"] } : {}),
        ...(references.length > 0 ? { ownerReferences: references } : {}),
      },
      spec: { size: index, label: index % 7 === 0 ? "=" : `gear ${String(index)}`, teeth: [{ depth: index }, {}] },
    });
    if (index % 2 === 1) return;
    await api.request("PATCH", `${path}/${name}/status`, {
      body: { status: { phase: "turning", seen: index } },
      contentType: "application/merge-patch+json",
    });
  };
  const names = [...WEIRD, ...Array.from({ length: count - WEIRD.length }, (_, index) => `gear-${String(index)}`)];
  for (let at = 0; at < names.length; at += 20)
    await Promise.all(names.slice(at, at + 20).map((name, index) => make(name, at + index)));
}

describe("a round trip", () => {
  it("brings all objects back: spec, status, finalizers, owners, whatever their names are", async () => {
    await makeObjects(GEAR_COUNT);
    await api.request("PATCH", `${GEARS_IN_MILL}/gear-1`, { body: {}, contentType: "application/merge-patch+json" });
    const before = { gears: await contents("/apis/own.dev/v1alpha2/gears"), drums: await contents("/apis/own.dev/v1/drums") };
    const saved = await crdguard("backup", GEARS, DRUMS, "-o", join(folder, "round"));

    expect(saved).toMatchObject({ exitCode: 0, stderr: "" });
    expect(saved.stdout).toMatch(/gears\.own\.dev: 80 objects in v1alpha2, as of resource version \d+\n/);
    expect(saved.stdout).toMatch(/81 objects of 2 CRDs, read twice, written and read again; sha256 [0-9a-f]{64}\n$/);

    await deleteAll("/apis/own.dev/v1alpha2/gears");
    await deleteAll("/apis/own.dev/v1/drums");
    const restored = await crdguard("restore", join(folder, "round"), "--max-per-second", "0");

    expect(restored.stdout).toMatch(/81 objects: 81 created\n81 objects read back, with all that is in their files\n$/);
    expect(restored.exitCode).toBe(0);
    expect(restored.stdout).toContain('restored without its owner ConfigMap "gone", which is gone');
    const after = { gears: await contents("/apis/own.dev/v1alpha2/gears"), drums: await contents("/apis/own.dev/v1/drums") };
    const withoutGone = (all: ReadonlyMap<string, unknown>): unknown =>
      JSON.parse(JSON.stringify([...all]).replaceAll(/,?"ConfigMap\/gone"/g, ""));
    expect([...after.gears.keys()]).toEqual([...before.gears.keys()]);
    expect([...after.gears]).toEqual(withoutGone(before.gears));
    expect([...after.drums]).toEqual([...before.drums]);
    const [owner] = await listed("/apis/own.dev/v1/drums");
    const owned = (await listed("/apis/own.dev/v1alpha2/gears")).flatMap(({ metadata }) => metadata.ownerReferences ?? []);
    expect(new Set(owned.map(({ uid }) => uid))).toEqual(new Set([owner?.metadata.uid]));
  });

  it("is told in JSON, each line by the schema", async () => {
    const saved = join(folder, "events");
    const backup = await crdguard("backup", DRUMS, GEARS, "-o", saved, "--format", "json");
    const restore = await crdguard("restore", saved, "-o", "json");
    const dry = await crdguard("restore", saved, "-o", "json", "--dry-run");
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
    const again = await crdguard("restore", join(folder, "round"));

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
    await crdguard("backup", DRUMS, "-o", saved);

    expect(await crdguard("backup", DRUMS, "-o", saved)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("backup-exists") as unknown,
    });
    expect(await crdguard("backup", DRUMS, "-o", saved, "--overwrite")).toMatchObject({ exitCode: 0 });
    const foreign = join(folder, "foreign");
    await mkdir(foreign);
    await writeFile(join(foreign, "letter.txt"), "dear");
    expect(await crdguard("backup", DRUMS, "-o", foreign, "--overwrite")).toMatchObject({
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

    const { exitCode, stdout, stderr } = await crdguard("restore", saved);
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
    const { exitCode, stderr } = await crdguard(...args);

    expect(exitCode).toBe(status);
    expect(stderr).toContain(says);
  });

  it("that cannot be made is told: there is a file in its way", async () => {
    const inTheWay = join(folder, "round/backup.json/below");

    expect(await crdguard("backup", DRUMS, "-o", inTheWay)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`error (file-unwritable): ${inTheWay}: cannot be written (ENOTDIR)`) as unknown,
    });
  });

  it("that takes no files any more is told, and the backup is unfinished", async () => {
    const saved = join(folder, "in-the-way");
    await beginBackup(saved, { server: api.url, namespace: null, crds: [`${DRUMS}/v1`] }, false);
    await writeFile(join(saved, DRUMS), "a file where a folder is to be");
    const { exitCode, stdout, stderr } = await crdguard("backup", DRUMS, "-o", saved);

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/error \(file-unwritable\): .*in-the-way.*: cannot be written \(E[A-Z]+\); the backup is unfinished/);
    await expect(openBackup(saved)).rejects.toMatchObject({ code: "backup-unfinished" });
  });
});

describe("what is restored in another order, or not wholly", () => {
  const drum = (name: string, more: Json = {}, owner: Listed | null = null): Promise<Json> =>
    created("/apis/own.dev/v1/drums", {
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
    await crdguard("backup", DRUMS, "-o", saved);
    for (const name of ["a-third", "m-second", "z-first"]) await api.kubectl(["delete", "drum", name]);
    const restored = await crdguard("restore", saved);
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
    await crdguard("backup", DRUMS, "-o", saved);
    await api.kubectl(["delete", "drum", "odd"]);
    await edit(join(saved, DRUMS, "objects/odd.yaml"), "  size: 4\n", "  size: 4\n  weight: 9\n");
    const refused = await crdguard("restore", saved, "--edited");
    const goneStill = await drumNamed("odd");
    const dropped = await crdguard("restore", saved, "--edited", "--drop-unknown-fields");
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

describe("an object that differs", () => {
  it("is listed and stays, and is replaced with --overwrite", async () => {
    const saved = join(folder, "round");
    await api.request("PATCH", `${GEARS_IN_MILL}/gear-14`, {
      body: { spec: { label: "somebody else's" } },
      contentType: "application/merge-patch+json",
    });
    const kept = await crdguard("restore", saved, GEARS, "--namespace", "mill", "--max-per-second", "0");
    const there = await api.request("GET", `${GEARS_IN_MILL}/gear-14`);
    const replaced = await crdguard("restore", saved, GEARS, "-n", "mill", "--overwrite", "--max-per-second", "0");
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
    await crdguard("backup", DRUMS, "-o", saved);
    await api.kubectl(["delete", "drum", "exact"]);
    const restored = await crdguard("restore", saved);
    const { stdout } = await api.kubectl(["get", "drum", "exact", "-o", "jsonpath={.spec.size}"]);
    await api.kubectl(["delete", "drum", "exact"]);

    expect(restored).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("1 created and 1 there already") as unknown });
    expect(stdout).toBe("9223372036854775807");
  });
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
    const before = await contents("/apis/own.dev/v1alpha2/gears");
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
      expect(await crdguard("backup", GEARS, "-o", saved, ...(isWhole ? ["--overwrite"] : []))).toMatchObject({ exitCode: 0 });
      expect(await doubtsOf(saved)).toEqual([]);
      expect(await indexed(saved)).toEqual([...before.keys()].toSorted());
    }
    expect(hits.during).toBeGreaterThan(0);
  });

  it("of a restore loses nothing: the next start ends it", async () => {
    const saved = join(folder, "round");
    const path = GEARS_IN_MILL;
    const before = await contents(path);
    const hits = { during: 0, after: 0 };
    for (let round = 0; round < 15; round += 1) {
      if (round % 5 === 0) await deleteAll(path);
      const seen = await countOf(path);
      const args = ["restore", saved, GEARS, "-n", "mill", "--max-per-second", "100"];
      hits[await killed(args, random() * 150, async () => (await countOf(path)) > seen)] += 1;
      if (round % 5 !== 4) continue;
      const ended = await crdguard("restore", saved, GEARS, "-n", "mill", "--max-per-second", "0");
      expect(ended.stdout).toContain(`${String(IN_MILL)} objects read back, with all that is in their files`);
      expect(ended.exitCode).toBe(0);
      expect([...(await contents(path))]).toEqual([...before]);
    }
    expect(hits.during).toBeGreaterThan(0);
  });
});

/** Starts it, and kills it so long after it was seen to be under way. */
async function killed(args: readonly string[], afterMs: number, isUnderWay: () => Promise<boolean>): Promise<"during" | "after"> {
  const background = startInBackground(process.execPath, {
    args: [MAIN, ...args],
    logPath: join(folder, "killed.log"),
    env: environment(),
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

async function edit(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(path, "utf8");
  if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`);
  await writeFile(path, text.replace(from, to));
}

describe("the jump to a version with no common one before it", () => {
  it("names what must be edited, by file and path, and restores it after the edit", async () => {
    const collection = "/apis/own.dev/v1alpha2/gears";
    await deleteAll(collection);
    for (const name of ["left", "right"]) {
      await created(GEARS_IN_MILL, {
        apiVersion: "own.dev/v1alpha2",
        kind: "Gear",
        metadata: { name, namespace: "mill" },
        spec: { size: 3, label: name, teeth: [{ depth: 2 }] },
      });
    }
    const saved = join(folder, "jump");
    expect(await crdguard("backup", GEARS, "-o", saved)).toMatchObject({ exitCode: 0 });
    await deleteAll(collection);
    await api.kubectl(["delete", "crd", GEARS]);
    const missing = await crdguard("restore", saved);
    const { size: _, ...others } = SPEC;
    const next = { ...others, width: { type: "integer" }, mode: { type: "string", enum: ["slow", "fast"], default: "slow" } };
    await define(definition("gears", "Gear", "Namespaced", [{ name: "v1alpha3", spec: next }]), "gears", "v1alpha3");

    const asked = await crdguard("restore", saved);
    const tried = await crdguard("restore", saved, "--version", "v1alpha3", "--dry-run");
    const refused = await crdguard("restore", saved, "--version", "v1alpha3");

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
    expect(await listed("/apis/own.dev/v1alpha3/gears")).toEqual([]);

    for (const name of ["left", "right"]) await edit(join(saved, GEARS, `objects/mill/${name}.yaml`), "size: 3", "width: 3");
    const unsaid = await crdguard("restore", saved, "--version", "v1alpha3");
    const restored = await crdguard("restore", saved, "--version", "v1alpha3", "--edited");
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

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGzip, gunzipSync, gzipSync } from "node:zlib";
import { Ajv } from "ajv";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fieldPath } from "../../../../src/objects/field-paths.ts";
import { encodeSnapshot } from "../../../../src/cluster/snapshot/snapshot-document.ts";
import {
  packSnapshot,
  readSnapshotFile,
  unpackSnapshot,
  writeFileAtOnce,
} from "../../../../src/cluster/snapshot/snapshot-file.ts";
import type {
  CrdEvidence,
  FieldStatistics,
  JsonRecord,
  SettingsLook,
  Snapshot,
} from "../../../../src/cluster/snapshot/snapshot.ts";

const TAKEN_AT = "2026-05-01T10:00:00Z";

const SNAPSHOT: Snapshot = {
  crdguard: "0.1.0",
  takenAt: TAKEN_AT,
  cluster: { kubernetesVersion: "v1.35.4", server: "https://mill.own.dev:6443" },
  redactedFor: null,
  objects: [{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "turner" } }],
  settings: [
    {
      namespace: "mill",
      name: "config",
      state: "read",
      values: new Map([
        ["gears", "on"],
        ["axles", null],
      ]),
    },
  ],
  ownCatalog: null,
  unread: [],
  evidence: new Map<string, CrdEvidence>([
    [
      "gears.own.dev",
      {
        objects: {
          kind: "counted",
          total: 3,
          isComplete: true,
          byNamespace: new Map([["mill", 3]]),
          examples: [{ namespace: "mill", name: "g1" }],
          source: { kind: "snapshot", takenAt: TAKEN_AT },
        },
        migration: { kind: "none" },
        writers: { kind: "sampled", objectCount: 3, isComplete: true, writers: [] },
        fields: [
          {
            version: "v1",
            state: "read",
            objectCount: 3,
            totalCount: null,
            isComplete: false,
            seconds: 0.1,
            counts: new Map([["spec.rules[].*", 3]]),
            untoldCount: 0,
          },
        ],
      },
    ],
  ]),
  health: undefined,
};

const word = fc.string({ minLength: 1, maxLength: 12 });
const text = fc.oneof(word, fc.constantFrom("__proto__", "\u202e", "ä\n"));

const anyFieldPath = fc.oneof(
  fc.constantFrom("spec", "spec.rules[]", "*", "spec.*"),
  fc.string().map((name) => fieldPath("", { kind: "member", name })),
);

const anyFields: fc.Arbitrary<FieldStatistics> = fc.oneof(
  fc.record({ version: word, state: fc.constant("unreadable" as const), reason: word }),
  fc.record({
    version: word,
    state: fc.constant("read" as const),
    objectCount: fc.nat(),
    totalCount: fc.option(fc.nat()),
    isComplete: fc.boolean(),
    seconds: fc.double({ min: 0, max: 600, noNaN: true }).map(Math.abs),
    counts: fc.array(fc.tuple(anyFieldPath, fc.nat())).map((entries) => new Map(entries)),
    untoldCount: fc.nat(),
  }),
);

const anyEvidence: fc.Arbitrary<CrdEvidence> = fc
  .tuple(fc.option(fc.array(anyFields)), ofObjects())
  .map(([fields, evidence]) => (fields === null ? evidence : { ...evidence, fields }));

function ofObjects(): fc.Arbitrary<CrdEvidence> {
  return fc.record({
    objects: fc.oneof(
      fc.constant<CrdEvidence["objects"]>({ kind: "not-counted" }),
      fc.record({ kind: fc.constant("uncountable" as const), reason: word }),
      fc.record({
        kind: fc.constant("counted" as const),
        total: fc.nat(),
        isComplete: fc.boolean(),
        byNamespace: fc.array(fc.tuple(text, fc.nat())).map((entries) => new Map(entries)),
        examples: fc.array(fc.record({ namespace: fc.oneof(fc.constant(""), word), name: word })),
        source: fc.constant({ kind: "snapshot" as const, takenAt: TAKEN_AT }),
      }),
    ),
    migration: fc.oneof(
      fc.constant<CrdEvidence["migration"]>({ kind: "none" }),
      fc.record({ kind: fc.constant("succeeded" as const), by: word }),
      fc.record({ kind: fc.constant("outdated" as const), by: word, reason: word }),
      fc.record({
        kind: fc.constant("unproven" as const),
        by: word,
        unprovenCount: fc.nat(),
        objectCount: fc.nat(),
        isComplete: fc.boolean(),
        examples: fc.array(fc.record({ namespace: fc.oneof(fc.constant(""), word), name: word })),
      }),
    ),
    writers: fc.oneof(
      fc.constant<CrdEvidence["writers"]>({ kind: "not-sampled" }),
      fc.record({ kind: fc.constant("unreadable" as const), reason: word }),
      fc.record({
        kind: fc.constant("sampled" as const),
        objectCount: fc.nat(),
        isComplete: fc.boolean(),
        writers: fc.array(
          fc.record({
            kind: fc.constantFrom("field-manager" as const, "file" as const),
            name: word,
            version: word,
            objectCount: fc.nat(),
            isSubresourceOnly: fc.boolean(),
            lastWrittenAt: fc.option(word),
          }),
        ),
      }),
    ),
  });
}

const anySettings: fc.Arbitrary<SettingsLook> = fc.oneof(
  fc.record({
    namespace: word,
    name: word,
    state: fc.constant("read" as const),
    values: fc.array(fc.tuple(text, fc.option(fc.string()))).map((entries) => new Map(entries)),
  }),
  fc.record({ namespace: word, name: word, state: fc.constant("absent" as const) }),
  fc.record({ namespace: word, name: word, state: fc.constant("unreadable" as const), reason: word }),
);

const anySnapshot: fc.Arbitrary<Snapshot> = fc.record({
  crdguard: word,
  takenAt: fc.constant(TAKEN_AT),
  cluster: fc.record({ kubernetesVersion: fc.option(word), server: fc.option(word) }),
  redactedFor: fc.option(word),
  objects: fc.array(fc.dictionary(word, fc.jsonValue()).map((object) => JSON.parse(JSON.stringify(object)) as JsonRecord)),
  settings: fc.array(anySettings),
  ownCatalog: fc.option(
    fc.record({ namespace: word, name: word, files: fc.array(fc.tuple(text, fc.string())).map((entries) => new Map(entries)) }),
  ),
  unread: fc.array(fc.record({ resource: word, reason: word })),
  evidence: fc.array(fc.tuple(text, anyEvidence)).map((entries) => new Map(entries)),
  health: fc.option(
    fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
    { nil: undefined },
  ),
});

describe("a snapshot's file", async () => {
  const schema = JSON.parse(
    await readFile(new URL("../../../../docs/schemas/snapshot.v1alpha1.json", import.meta.url), "utf8"),
  ) as JsonRecord;
  const isOfSchema = new Ajv({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema);

  it("gives back what was put in, and is of the published schema", () => {
    fc.assert(
      fc.property(anySnapshot, fc.boolean(), (snapshot, isPacked) => {
        const bytes = isPacked ? packSnapshot(snapshot) : Buffer.from(encodeSnapshot(snapshot));

        expect(unpackSnapshot("mill.json", bytes, "0.1.0")).toEqual({ ok: true, value: snapshot });
        expect(isOfSchema(JSON.parse(encodeSnapshot(snapshot)))).toBe(true);
      }),
    );
  });

  it("is refused by the schema and by us alike wherever one member is missing or of another kind", () => {
    const paths = pathsIn(JSON.parse(encodeSnapshot(SNAPSHOT)) as JsonRecord).filter(
      ([first]) => first !== "objects" && first !== "digest",
    );
    expect(paths.length).toBeGreaterThan(30);

    for (const path of paths) {
      for (const value of [undefined, 7.5, true, "", []]) {
        const document = changed(path, value);
        const isRight = isOfSchema(document);
        const read = unpackSnapshot("mill.json.gz", gzipSync(JSON.stringify(document)), "0.1.0");
        const code = read.ok ? "none" : read.error?.code;
        // What is well-formed was still changed by hand.
        expect([path, value, isRight], JSON.stringify(code)).toEqual([
          path,
          value,
          code === "snapshot-edited" || code === "none",
        ]);
      }
    }
  });

  it("may be laid out anew", () => {
    const document: unknown = JSON.parse(encodeSnapshot(SNAPSHOT));

    expect(unpackSnapshot("mill.json", Buffer.from(`\n${JSON.stringify(document, null, 2)}\n`), "0.1.0")).toEqual({
      ok: true,
      value: SNAPSHOT,
    });
  });

  it("may hold members that this version does not know, if they were there when it was taken", () => {
    const document = { ...SNAPSHOT, health: { findings: [] } };

    expect(unpackSnapshot("mill.json.gz", packSnapshot(document), "0.1.0")).toMatchObject({
      value: { health: { findings: [] } },
    });
  });

  const packed = packSnapshot(SNAPSHOT);
  const plain = encodeSnapshot(SNAPSHOT);
  it.each<{ title: string; bytes: Buffer; name?: string; code: string; message: string }>([
    {
      title: "a truncated one",
      bytes: packed.subarray(0, packed.length - 20),
      code: "snapshot-truncated",
      message: "cut short: copy it again, or take it anew",
    },
    {
      title: "one of which only the beginning came",
      bytes: packed.subarray(0, 8),
      code: "snapshot-truncated",
      message: "cut short: copy it again, or take it anew",
    },
    {
      title: "a truncated plain one",
      bytes: Buffer.from(plain.slice(0, -30)),
      name: "mill.json",
      code: "snapshot-truncated",
      message: "cut short: copy it again, or take it anew",
    },
    {
      title: "an empty one",
      bytes: Buffer.alloc(0),
      code: "snapshot-truncated",
      message: "empty: copy it again, or take it anew",
    },
    {
      title: "a damaged one",
      bytes: flipped(packed),
      code: "snapshot-damaged",
      message: "damaged, as gzip finds: copy it again, or take it anew",
    },
    {
      title: "one that is not compressed as its name says",
      bytes: Buffer.from("hello"),
      code: "snapshot-damaged",
      message: "not compressed by gzip, as its name says: copy it again, or take it anew",
    },
    {
      title: "gzip of something else",
      bytes: gzipSync("kind: ConfigMap\n}"),
      code: "snapshot-damaged",
      message: "not JSON: copy it again, or take it anew",
    },
    {
      title: "gzip of another document",
      bytes: gzipSync('{"kind":"List","items":[]}'),
      code: "snapshot-malformed",
      message: 'no snapshot: apiVersion "crdguard.dev/v1alpha1" and kind "Snapshot" are needed',
    },
    {
      title: "another kind of ours",
      bytes: gzipSync(plain.replace('"Snapshot"', '"CheckReport"')),
      code: "snapshot-malformed",
      message: 'no snapshot: apiVersion "crdguard.dev/v1alpha1" and kind "Snapshot" are needed',
    },
    {
      title: "binary junk",
      bytes: Buffer.from([1, 2, 0, 3, 255]),
      name: "junk",
      code: "snapshot-malformed",
      message: "neither a snapshot nor a manifest",
    },
    {
      title: "a newer form",
      bytes: gzipSync(plain.replace("v1alpha1", "v1beta1").replace('"0.1.0"', '"0.9.0"')),
      code: "snapshot-version-unknown",
      message:
        "written by crdguard 0.9.0 in a newer form, crdguard.dev/v1beta1; crdguard 0.1.0 reads crdguard.dev/v1alpha1: upgrade crdguard, or take the snapshot with this one",
    },
    {
      title: "an older form",
      bytes: gzipSync(plain.replace("v1alpha1", "v0")),
      code: "snapshot-version-unknown",
      message:
        "written by crdguard 0.1.0 in an older form, crdguard.dev/v0; crdguard 0.1.0 reads crdguard.dev/v1alpha1: take the snapshot anew",
    },
    {
      title: "a missing member",
      bytes: gzipSync(JSON.stringify(changed(["takenAt"], undefined))),
      code: "snapshot-malformed",
      message: "takenAt: expected a non-empty string",
    },
    {
      title: "a malformed member far below",
      bytes: gzipSync(JSON.stringify(changed(["evidence", "crds", "gears.own.dev", "objects", "total"], -1))),
      code: "snapshot-malformed",
      message: 'evidence.crds["gears.own.dev"].objects.total: expected a number of things',
    },
    {
      title: "a path of a field that is none",
      bytes: gzipSync(
        JSON.stringify(changed(["evidence", "crds", "gears.own.dev", "fields", "0", "counts"], { "spec..rules": 1 })),
      ),
      code: "snapshot-malformed",
      message: 'evidence.crds["gears.own.dev"].fields[0].counts: "spec..rules" is no path of a field',
    },
    {
      title: "an edited count",
      bytes: gzipSync(plain.replace('"total":3', '"total":0')),
      code: "snapshot-edited",
      message:
        "changed after it was taken (its digest does not fit): take it anew; to judge by facts of your own, give a folder of manifests",
    },
    {
      title: "a digest that was taken away",
      bytes: gzipSync(JSON.stringify(changed(["digest"], undefined))),
      code: "snapshot-edited",
      message:
        "changed after it was taken (its digest does not fit): take it anew; to judge by facts of your own, give a folder of manifests",
    },
  ])("tells of $title", ({ bytes, name = "mill.crdguard.json.gz", code, message }) => {
    expect(unpackSnapshot(name, bytes, "0.1.0")).toEqual({ ok: false, error: { code, message: `${name}: ${message}` } });
  });

  it.each([
    { title: "a manifest", text: "apiVersion: v1\nkind: ConfigMap\n" },
    { title: "a manifest in JSON", text: '{"apiVersion":"v1","kind":"List","items":[]}' },
    {
      title: "a manifest that speaks of snapshots",
      text: '{"apiVersion":"v1","kind":"ConfigMap","data":{"Snapshot":"crdguard.dev/x","a":"Snapshot"}}',
    },
    { title: "nothing", text: "" },
  ])("is not $title", ({ text: manifest }) => {
    expect(unpackSnapshot("mill.yaml", Buffer.from(manifest), "0.1.0")).toEqual({ ok: false, error: null });
  });
});

describe("on the disk", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "crdguard-snapshot-"));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it("unfolds no further than any snapshot does", async () => {
    const path = join(folder, "bomb.crdguard.json.gz");
    const gzip = createGzip({ level: 9 });
    const chunks: Buffer[] = [];
    gzip.on("data", (chunk: Buffer) => chunks.push(chunk));
    const piece = Buffer.alloc(16 * 1024 * 1024, 0x20);
    for (let size = 0; size < 1024; size += 16) gzip.write(piece);
    await new Promise((resolve) => gzip.end(resolve));
    await writeFile(path, Buffer.concat(chunks));

    expect(await readSnapshotFile(path, "0.1.0")).toEqual({
      ok: false,
      error: { code: "snapshot-too-large", message: `${path}: more than 256 MiB, which is more than is read` },
    });
  });

  it("is replaced at once, for its owner alone", async () => {
    const path = join(folder, "mill.crdguard.json.gz");
    await writeFile(path, "old", { mode: 0o644 });

    await writeFileAtOnce(path, packSnapshot(SNAPSHOT));

    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(gunzipSync(await readFile(path)).toString()).toBe(encodeSnapshot(SNAPSHOT));
    expect(await readSnapshotFile(path, "0.1.0")).toEqual({ ok: true, value: SNAPSHOT });
  });

  it("leaves nothing behind where it cannot be written", async () => {
    const path = join(folder, "taken");
    await mkdir(join(path, "by-a-folder"), { recursive: true });

    await expect(writeFileAtOnce(path, Buffer.from("x"))).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it.each(["", "absent.json.gz"])("leaves it to the reader of manifests to say what is wrong with %j", async (name) => {
    expect(await readSnapshotFile(join(folder, name), "0.1.0")).toEqual({ ok: false, error: null });
  });
});

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(40) ^ 0xff, 40);
  return copy;
}

/** The document with one member of another value; undefined takes it away. */
function changed(path: readonly string[], value: unknown): JsonRecord {
  const document = JSON.parse(encodeSnapshot(SNAPSHOT)) as Record<string, unknown>;
  let place = document;
  for (const step of path.slice(0, -1)) place = place[step] as Record<string, unknown>;
  const last = path.at(-1) ?? "";
  if (value === undefined && !Array.isArray(place)) delete place[last];
  else place[last] = value ?? null;
  return document;
}

function pathsIn(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, own]) => pathsIn(own, [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

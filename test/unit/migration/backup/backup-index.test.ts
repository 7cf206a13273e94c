import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BackupIndex, indexText, parseIndex } from "../../../../src/migration/backup/backup-index.ts";

const HASH = "ab".repeat(32);

const INDEX: BackupIndex = {
  takenAt: "2026-01-02T03:04:05.678Z",
  crdguard: "0.1.0",
  server: "https://127.0.0.1:6443",
  namespace: null,
  crds: [
    {
      name: "gears.own.dev",
      group: "own.dev",
      kind: "Gear",
      scope: "Namespaced",
      version: "v1",
      definition: { uid: "u", generation: 3, sha256: HASH },
      resourceVersion: "4711",
      isConsistent: true,
      objects: [
        { namespace: "mill", name: "a", sha256: HASH },
        { namespace: "mill", name: "../../b", sha256: "cd".repeat(32) },
      ],
    },
    {
      name: "drums.own.dev",
      group: "own.dev",
      kind: "Drum",
      scope: "Cluster",
      version: "v1",
      definition: { uid: "v", generation: 1, sha256: HASH },
      resourceVersion: "4712",
      isConsistent: false,
      objects: [],
    },
  ],
};

function textOf(index: BackupIndex): string {
  return [...indexText(index)].join("");
}

describe("the index of a backup", () => {
  it("is read as it was written, with a line for each object", () => {
    const text = textOf(INDEX);

    expect(parseIndex(text)).toEqual({ ok: true, value: INDEX });
    expect(text).toContain(`\n        {"namespace":"mill","name":"a","sha256":"${HASH}"},\n`);
  });

  it("is of the form that docs/schemas describes", () => {
    const schema: unknown = JSON.parse(
      readFileSync(new URL("../../../../docs/schemas/backup.v1alpha1.json", import.meta.url), "utf8"),
    );
    const validate = new Ajv({ strict: true, allowUnionTypes: true, formats: { "date-time": true } }).compile(schema as object);

    validate(JSON.parse(textOf(INDEX)));
    expect(validate.errors).toBeNull();
    validate({ ...(JSON.parse(textOf(INDEX)) as object), sha256: "x" });
    expect(validate.errors).not.toBeNull();
  });

  it("is read as it was written, whatever the names are", () => {
    const name = fc.string({ minLength: 1, unit: "grapheme" });
    const objects = fc.uniqueArray(fc.record({ namespace: name, name, sha256: fc.constant(HASH) }), {
      selector: (object) => JSON.stringify(object),
    });
    fc.assert(
      fc.property(objects, (own) => {
        const index = { ...INDEX, crds: INDEX.crds.slice(0, 1).map((crd) => ({ ...crd, objects: own })) };

        expect(parseIndex(textOf(index))).toEqual({ ok: true, value: index });
      }),
    );
  });

  it.each<{ title: string; edit: (text: string) => string; code: string; says: string }>([
    { title: "is cut short", edit: (text) => text.slice(0, -10), code: "backup-damaged", says: "no JSON" },
    { title: "is empty", edit: () => "", code: "backup-damaged", says: "no JSON" },
    { title: "is something else", edit: () => '{"kind":"List"}', code: "backup-malformed", says: "no index" },
    {
      title: "is of a newer form",
      edit: (text) => text.replace("v1alpha1", "v1"),
      code: "backup-too-new",
      says: "crdguard.dev/v1,",
    },
    {
      title: "lacks an object",
      edit: (text) => text.replace(/ +\{"namespace":"mill","name":"a".*\n/, ""),
      code: "backup-damaged",
      says: "lists 1",
    },
    { title: "has another hash", edit: (text) => text.replace("cdcd", "cdce"), code: "backup-damaged", says: "do not add up" },
    {
      title: "has another name",
      edit: (text) => text.replace('"name":"a"', '"name":"z"'),
      code: "backup-damaged",
      says: "do not add up",
    },
    {
      title: "has an object twice",
      edit: (text) => text.replace("../../b", "a"),
      code: "backup-malformed",
      says: "mill/a.yaml is listed twice",
    },
    {
      title: "has a namespace where there is none",
      edit: (text) => text.replace('"scope": "Namespaced"', '"scope": "Cluster"'),
      code: "backup-malformed",
      says: "crds[0].objects[0].namespace",
    },
    {
      title: "has a hash that is none",
      edit: (text) => text.replaceAll(HASH, "x"),
      code: "backup-malformed",
      says: "64 hexadecimal",
    },
    {
      title: "lacks a member",
      edit: (text) => text.replace('"server"', '"place"'),
      code: "backup-malformed",
      says: "server: expected text",
    },
    {
      title: "has another hash over all",
      edit: (text) => text.replace(/"sha256": "[0-9a-f]{64}",\n {2}"crds"/, `"sha256": "${HASH}",\n  "crds"`),
      code: "backup-damaged",
      says: "over all",
    },
  ])("is refused where it $title", ({ edit, code, says }) => {
    const read = parseIndex(edit(textOf(INDEX)));

    expect(read.ok ? null : read.error).toEqual({ code, message: expect.stringContaining(says) as unknown });
  });
});

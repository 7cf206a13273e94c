/** @file The index of a backup: what is in the folder, and the hash of each piece. `docs/schemas/backup.v1alpha1.json` describes it. */
import { isRecord, type JsonRecord, listAt, memberAt, textAt } from "../../cluster/live/json.ts";
import { hashOfAll } from "./content.ts";
import { type ObjectName, objectPath, safeSegment } from "./file-names.ts";

export interface BackupIndex {
  /** RFC 3339. */
  readonly takenAt: string;
  /** Version of the crdguard that took it. */
  readonly crdguard: string;
  /** URL of the API server. */
  readonly server: string;
  /** The only one whose objects are in it, or null for all. */
  readonly namespace: string | null;
  readonly crds: readonly IndexedCrd[];
}

export interface IndexedCrd {
  /** `<plural>.<group>`. */
  readonly name: string;
  readonly group: string;
  readonly kind: string;
  readonly scope: "Namespaced" | "Cluster";
  /** The version that its objects were read in. */
  readonly version: string;
  readonly definition: { readonly uid: string; readonly generation: number; readonly sha256: string };
  /** Of the list that the objects come from. */
  readonly resourceVersion: string;
  /** All objects are as they were at `resourceVersion`; false: some are newer, since the list took too long. */
  readonly isConsistent: boolean;
  readonly objects: readonly IndexedObject[];
}

export interface IndexedObject extends ObjectName {
  /** Of its content, in hexadecimal digits. */
  readonly sha256: string;
}

export interface IndexError {
  readonly code: "backup-malformed" | "backup-damaged" | "backup-too-new";
  readonly message: string;
}

export type IndexResult = { readonly ok: true; readonly value: BackupIndex } | { readonly ok: false; readonly error: IndexError };

const API_VERSION = "crdguard.dev/v1alpha1";
const KIND = "Backup";

const DEFINITION_FILE = "definition.yaml";
const OBJECTS_FOLDER = "objects";

/** Below the folder of the backup. */
export function definitionPath(crd: string): string {
  return `${safeSegment(crd)}/${DEFINITION_FILE}`;
}

/** Below the folder of the backup; there is none where there are no objects. */
export function objectsFolder(crd: string): string {
  return `${safeSegment(crd)}/${OBJECTS_FOLDER}`;
}

/** Over all hashes of a CRD: of its definition and of its objects in their order. */
function crdHash({ name, definition, objects }: Pick<IndexedCrd, "name" | "definition" | "objects">): string {
  return hashOfAll(hashLines(name, definition.sha256, objects));
}

/** Over those of all CRDs. */
export function backupHash({ crds }: Pick<BackupIndex, "crds">): string {
  return hashOfAll(crds.map((crd) => ({ sha256: crdHash(crd), path: safeSegment(crd.name) })));
}

/** JSON with a line for each object, piece by piece, since of 100,000 objects it is 15 MB. */
export function* indexText(index: BackupIndex): Generator<string> {
  const { crds, ...head } = index;
  const top = { apiVersion: API_VERSION, kind: KIND, ...head, sha256: backupHash(index) };
  yield `{\n${membersOf(top, "  ")},\n  "crds": [`;
  for (const [place, crd] of crds.entries()) {
    const { objects, ...own } = crd;
    yield `${place === 0 ? "" : ","}\n    {\n`;
    yield `${membersOf({ ...own, count: objects.length, sha256: crdHash(crd) }, "      ")},\n      "objects": [`;
    for (const [row, object] of objects.entries()) yield `${row === 0 ? "" : ","}\n        ${JSON.stringify(object)}`;
    yield objects.length === 0 ? "]\n    }" : "\n      ]\n    }";
  }
  yield `${crds.length === 0 ? "]" : "\n  ]"}\n}\n`;
}

/** Its paths are made of names, never taken from it, so that none leads out of the folder whatever somebody wrote into it. */
export function parseIndex(text: string): IndexResult {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return failed("backup-damaged", "it is no JSON, as if it had been cut short or edited");
  }
  const apiVersion = textAt(document, "apiVersion");
  if (!isRecord(document) || document["kind"] !== KIND || apiVersion?.startsWith("crdguard.dev/") !== true) {
    return failed("backup-malformed", "it is no index of a backup");
  }
  if (apiVersion !== API_VERSION) {
    return failed(
      "backup-too-new",
      `it is of the form ${apiVersion}, which a newer crdguard wrote; this one reads ${API_VERSION}`,
    );
  }
  try {
    const index = readIndex(document);
    const problem = contradictionIn(document, index);
    return problem === null ? { ok: true, value: index } : failed("backup-damaged", problem);
  } catch (error) {
    if (error instanceof Malformed) return failed("backup-malformed", error.message);
    throw error;
  }
}

function* hashLines(
  crd: string,
  definition: string,
  objects: readonly IndexedObject[],
): Generator<{ readonly sha256: string; readonly path: string }> {
  yield { sha256: definition, path: definitionPath(crd) };
  for (const object of objects) yield { sha256: object.sha256, path: `${objectsFolder(crd)}/${objectPath(object)}` };
}

function membersOf(record: JsonRecord, indent: string): string {
  return Object.entries(record)
    .map(([key, value]) => `${indent}${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(",\n");
}

class Malformed extends Error {}

function readIndex(document: JsonRecord): BackupIndex {
  const namespace = document["namespace"];
  if (namespace !== null && typeof namespace !== "string") throw new Malformed("namespace: expected text or null");
  const crds = listAt(document, "crds").map((crd, place) => readCrd(crd, `crds[${String(place)}]`));
  const twice = firstTwice(crds.map(({ name }) => safeSegment(name)));
  if (twice !== null) throw new Malformed(`crds: ${twice} is listed twice`);
  return {
    takenAt: textOf(document, "takenAt"),
    crdguard: textOf(document, "crdguard"),
    server: textOf(document, "server"),
    namespace,
    crds,
  };
}

function readCrd(input: unknown, path: string): IndexedCrd {
  if (!isRecord(input)) throw new Malformed(`${path}: expected an object`);
  const { scope, isConsistent } = input;
  if (scope !== "Namespaced" && scope !== "Cluster") throw new Malformed(`${path}.scope: expected Namespaced or Cluster`);
  if (typeof isConsistent !== "boolean") throw new Malformed(`${path}.isConsistent: expected true or false`);
  const generation = memberAt(input, "definition", "generation");
  if (typeof generation !== "number") throw new Malformed(`${path}.definition.generation: expected a number`);
  const objects = listAt(input, "objects").map((object, place) => {
    const own = `${path}.objects[${String(place)}]`;
    const namespace = memberAt(object, "namespace");
    if (typeof namespace !== "string" || (namespace === "") !== (scope === "Cluster")) {
      throw new Malformed(`${own}.namespace: expected ${scope === "Cluster" ? 'no name, ""' : "a name"}`);
    }
    return { namespace, name: textOf(object, "name", own), sha256: hashIn(object, own) };
  });
  const twice = firstTwice(objects.map(objectPath));
  if (twice !== null) throw new Malformed(`${path}.objects: ${twice} is listed twice`);
  return {
    name: textOf(input, "name", path),
    group: textOf(input, "group", path),
    kind: textOf(input, "kind", path),
    scope,
    version: textOf(input, "version", path),
    definition: {
      uid: textOf(input["definition"], "uid", `${path}.definition`),
      generation,
      sha256: hashIn(input["definition"], `${path}.definition`),
    },
    resourceVersion: textOf(input, "resourceVersion", path),
    isConsistent,
    objects,
  };
}

/** What the index says of itself, against itself: counts and the hashes over all. */
function contradictionIn(document: JsonRecord, index: BackupIndex): string | null {
  for (const [place, crd] of index.crds.entries()) {
    const said = listAt(document, "crds")[place];
    if (memberAt(said, "count") !== crd.objects.length) {
      return `it says that there are ${String(memberAt(said, "count"))} objects of ${crd.name}, and lists ${String(crd.objects.length)}`;
    }
    if (memberAt(said, "sha256") !== crdHash(crd))
      return `the hashes that it lists of ${crd.name} do not add up to that over all`;
  }
  return document["sha256"] === backupHash(index) ? null : "its hashes do not add up to that over all";
}

function textOf(input: unknown, member: string, path = ""): string {
  const value = textAt(input, member);
  if (value === null) throw new Malformed(`${path === "" ? "" : `${path}.`}${member}: expected text`);
  return value;
}

function hashIn(input: unknown, path: string): string {
  const value = textOf(input, "sha256", path);
  if (!/^[0-9a-f]{64}$/.test(value)) throw new Malformed(`${path}.sha256: expected 64 hexadecimal digits`);
  return value;
}

function firstTwice(names: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return null;
}

function failed(code: IndexError["code"], message: string): IndexResult {
  return { ok: false, error: { code, message } };
}

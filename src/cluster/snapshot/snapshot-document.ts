/** @file A snapshot as JSON text, and back: every member checked, and a change by hand noticed. */
import { GROUP, isSnapshotDocument, KIND } from "./snapshot-sniff.ts";
import { createHash } from "node:crypto";
import { isRecord } from "../../crd/is-record.ts";
import { compareVersions } from "../../crd/versions.ts";
import type { ObjectEvidence } from "../../rules/facts.ts";
import { member, Malformed, optional, readCrdEvidence, readList, readSettings, readTextMap, text } from "./snapshot-members.ts";
import type { CrdEvidence, FieldStatistics, JsonRecord, OwnCatalogEntries, SettingsLook, Snapshot } from "./snapshot.ts";

export interface SnapshotDocumentError {
  readonly code: "snapshot-malformed" | "snapshot-version-unknown" | "snapshot-edited";
  /** A clause that reads after the file's name and a colon. */
  readonly message: string;
}

export type SnapshotDocumentResult =
  { readonly ok: true; readonly value: Snapshot } | { readonly ok: false; readonly error: SnapshotDocumentError };

const VERSION = "v1alpha1";

/** Compact JSON. The same snapshot gives the same text. */
export function encodeSnapshot(snapshot: Snapshot): string {
  const document = {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: KIND,
    crdguard: snapshot.crdguard,
    takenAt: snapshot.takenAt,
    cluster: snapshot.cluster,
    redactedFor: snapshot.redactedFor,
    objects: snapshot.objects,
    settings: snapshot.settings.map(encodeSettings),
    ownCatalog: encodeOwnCatalog(snapshot.ownCatalog),
    unread: snapshot.unread,
    evidence: {
      crds: Object.fromEntries([...snapshot.evidence].map(([name, evidence]) => [name, encodeEvidence(evidence)])),
      ...(snapshot.health === undefined ? {} : { health: snapshot.health }),
    },
  };
  return JSON.stringify({ ...document, digest: digestOf(document) });
}

/** @param input parsed JSON. @param own version of this crdguard, for messages. */
export function decodeSnapshot(input: unknown, own: string): SnapshotDocumentResult {
  if (!isSnapshotDocument(input) || !isRecord(input))
    return failed("snapshot-malformed", `no snapshot: apiVersion "${GROUP}/${VERSION}" and kind "${KIND}" are needed`);
  const version = String(input["apiVersion"]).slice(GROUP.length + 1);
  if (version !== VERSION) return failed("snapshot-version-unknown", unknownVersion(version, input["crdguard"], own));
  try {
    const { digest, ...document } = input;
    // Before the digest is compared: what is missing says more than that something is.
    const snapshot = readSnapshot(document);
    if (digest !== digestOf(document)) {
      return failed(
        "snapshot-edited",
        "changed after it was taken (its digest does not fit): take it anew; to judge by facts of your own, give a folder of manifests",
      );
    }
    return { ok: true, value: snapshot };
  } catch (error) {
    if (error instanceof Malformed) return failed("snapshot-malformed", error.message);
    throw error;
  }
}

/** Over the text that JSON has without white space, so that a snapshot may be laid out anew. */
function digestOf(document: JsonRecord): string {
  return `sha256:${createHash("sha256").update(JSON.stringify(document)).digest("hex")}`;
}

function unknownVersion(version: string, writer: unknown, own: string): string {
  const by = typeof writer === "string" && /^[\w.+-]{1,32}$/.test(writer) ? ` by crdguard ${writer}` : "";
  const known = `crdguard ${own} reads ${GROUP}/${VERSION}`;
  return compareVersions(version, VERSION) > 0
    ? `written${by} in a newer form, ${GROUP}/${version.slice(0, 32)}; ${known}: upgrade crdguard, or take the snapshot with this one`
    : `written${by} in an older form, ${GROUP}/${version.slice(0, 32)}; ${known}: take the snapshot anew`;
}

function readSnapshot(document: JsonRecord): Snapshot {
  const takenAt = text(document["takenAt"], "takenAt");
  if (Number.isNaN(Date.parse(takenAt))) throw new Malformed("takenAt", "expected a time, as in 2026-05-01T10:00:00Z");
  const cluster = member(document["cluster"], "cluster");
  const evidence = member(document["evidence"], "evidence");
  return {
    crdguard: text(document["crdguard"], "crdguard"),
    takenAt,
    cluster: {
      kubernetesVersion: optional(cluster["kubernetesVersion"], "cluster.kubernetesVersion", text),
      server: optional(cluster["server"], "cluster.server", text),
    },
    redactedFor: optional(document["redactedFor"], "redactedFor", text),
    objects: readList(document["objects"], "objects", member),
    settings: readList(document["settings"], "settings", readSettings),
    ownCatalog: optional(document["ownCatalog"], "ownCatalog", readOwnCatalog),
    unread: readList(document["unread"], "unread", (input, path) => {
      const { resource, reason } = member(input, path);
      return { resource: text(resource, `${path}.resource`), reason: text(reason, `${path}.reason`) };
    }),
    evidence: new Map(
      Object.entries(member(evidence["crds"], "evidence.crds")).map(([name, own]) => [
        name,
        readCrdEvidence(own, `evidence.crds["${name}"]`, takenAt),
      ]),
    ),
    health: evidence["health"],
  };
}

function readOwnCatalog(input: unknown, path: string): OwnCatalogEntries {
  const { namespace, name, files } = member(input, path);
  return {
    namespace: text(namespace, `${path}.namespace`),
    name: text(name, `${path}.name`),
    files: readTextMap(files, `${path}.files`),
  };
}

function encodeSettings(look: SettingsLook): JsonRecord {
  return look.state === "read" ? { ...look, values: Object.fromEntries(look.values) } : look;
}

function encodeOwnCatalog(own: OwnCatalogEntries | null): JsonRecord | null {
  return own === null ? null : { ...own, files: Object.fromEntries(own.files) };
}

function encodeEvidence({ objects, migration, writers, fields }: CrdEvidence): JsonRecord {
  return {
    objects: encodeObjects(objects),
    migration,
    writers,
    ...(fields === undefined ? {} : { fields: fields.map(encodeFields) }),
  };
}

function encodeFields(fields: FieldStatistics): JsonRecord {
  return fields.state === "read" ? { ...fields, counts: Object.fromEntries(fields.counts) } : fields;
}

/** Without its source: to whoever reads it, that is the snapshot. */
function encodeObjects(objects: ObjectEvidence): JsonRecord {
  if (objects.kind !== "counted") return objects;
  const { kind, total, isComplete, byNamespace, examples } = objects;
  return { kind, total, isComplete, byNamespace: Object.fromEntries(byNamespace), examples };
}

function failed(code: SnapshotDocumentError["code"], message: string): SnapshotDocumentResult {
  return { ok: false, error: { code, message } };
}

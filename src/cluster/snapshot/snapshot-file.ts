/** @file Snapshots as files: compressed and written in one step, told from manifests and read within bounds. */
import { randomBytes } from "node:crypto";
import { open, readFile, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { decodeSnapshot, encodeSnapshot, type SnapshotDocumentError } from "./snapshot-document.ts";
import { isSnapshotDocument } from "./snapshot-sniff.ts";
import type { Snapshot } from "./snapshot.ts";

export interface SnapshotFileError {
  readonly code: "snapshot-truncated" | "snapshot-damaged" | "snapshot-too-large" | SnapshotDocumentError["code"];
  /** One sentence that begins with the path. */
  readonly message: string;
}

export type SnapshotFileResult =
  | { readonly ok: true; readonly value: Snapshot }
  /** `null`: no snapshot, nor anything that was meant for one; manifests, perhaps. */
  | { readonly ok: false; readonly error: SnapshotFileError | null };

/** Gzip, as `encodeSnapshot` gives it. */
export function packSnapshot(snapshot: Snapshot): Buffer {
  return gzipSync(encodeSnapshot(snapshot));
}

/**
 * By content, not by name: gzip is a snapshot, and so is plain JSON that calls itself one.
 * @param own version of this crdguard, for messages.
 */
export async function readSnapshotFile(path: string, own: string): Promise<SnapshotFileResult> {
  try {
    const stats = await stat(path);
    // A pipe can be read only once, and who reads manifests comes after us.
    if (!stats.isFile()) return NO_SNAPSHOT;
    if (stats.size > MAX_BYTES) return failed(path, TOO_LARGE);
    return unpackSnapshot(path, await readFile(path), own);
  } catch {
    // Whoever takes it for manifests says why it cannot be read.
    return NO_SNAPSHOT;
  }
}

/** @param path for messages, and for what its ending promises. */
export function unpackSnapshot(path: string, bytes: Buffer, own: string): SnapshotFileResult {
  if (bytes.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) {
    const unpacked = unpack(bytes);
    return typeof unpacked === "string" ? judged(path, parseJson(unpacked), own) : failed(path, unpacked);
  }
  if (path.endsWith(".gz")) {
    return bytes.length === 0
      ? failed(path, { code: "snapshot-truncated", message: `empty: ${AGAIN}` })
      : failed(path, { code: "snapshot-damaged", message: `not compressed by gzip, as its name says: ${AGAIN}` });
  }
  if (bytes.includes(0)) return failed(path, { code: "snapshot-malformed", message: "neither a snapshot nor a manifest" });
  const text = bytes.toString("utf8");
  const isMeant = /^\s*\{/.test(text) && text.includes('"Snapshot"') && text.includes('"crdguard.dev/');
  if (!isMeant) return NO_SNAPSHOT;
  const document = parseJson(text);
  // JSON is YAML too, and a manifest may speak of snapshots.
  return document.ok && !isSnapshotDocument(document.value) ? NO_SNAPSHOT : judged(path, document, own);
}

/**
 * A reader sees the old file or the new one, never a part. Only the owner may read it, since it tells what runs where.
 * @throws an error of the system.
 */
export async function writeFileAtOnce(path: string, bytes: Buffer): Promise<void> {
  // Beside it, since a file is only renamed within its file system.
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const AGAIN = "copy it again, or take it anew";

/**
 * 1,000 CRDs and 10,000 workloads take some 15 MB; a file that unfolds to more than this is none of ours. V8 has no room
 * for a string of 512 MiB.
 */
const MAX_BYTES = 256 * 1024 * 1024;

type Problem = Pick<SnapshotFileError, "code" | "message">;

const TOO_LARGE: Problem = {
  code: "snapshot-too-large",
  message: `more than ${String(MAX_BYTES / 1024 / 1024)} MiB, which is more than is read`,
};

const CUT_SHORT: Problem = { code: "snapshot-truncated", message: `cut short: ${AGAIN}` };

const NO_SNAPSHOT: SnapshotFileResult = { ok: false, error: null };

function unpack(bytes: Buffer): string | Problem {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES }).toString("utf8");
  } catch (error) {
    switch (codeOf(error)) {
      case "ERR_BUFFER_TOO_LARGE":
        return TOO_LARGE;
      case "Z_BUF_ERROR":
        return CUT_SHORT;
      default:
        return { code: "snapshot-damaged", message: `damaged, as gzip finds: ${AGAIN}` };
    }
  }
}

type JsonResult = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: Problem };

function parseJson(text: string): JsonResult {
  try {
    const value: unknown = JSON.parse(text);
    return { ok: true, value };
  } catch {
    return {
      ok: false,
      error: text.trimEnd().endsWith("}") ? { code: "snapshot-damaged", message: `not JSON: ${AGAIN}` } : CUT_SHORT,
    };
  }
}

function judged(path: string, document: JsonResult, own: string): SnapshotFileResult {
  const snapshot = document.ok ? decodeSnapshot(document.value, own) : document;
  return snapshot.ok ? snapshot : failed(path, snapshot.error);
}

function failed(path: string, { code, message }: Problem): SnapshotFileResult {
  return { ok: false, error: { code, message: `${path}: ${message}` } };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}

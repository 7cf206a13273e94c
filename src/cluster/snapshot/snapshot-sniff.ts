/** @file Tells at a glance what may be a snapshot, so that who gives manifests need not wait for what reads snapshots. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { isRecord } from "../../crd/is-record.ts";

export const GROUP = "crdguard.dev";
export const KIND = "Snapshot";

/** Whether a parsed JSON document calls itself a snapshot, in whichever version. */
export function isSnapshotDocument(input: unknown): boolean {
  return isRecord(input) && input["kind"] === KIND && String(input["apiVersion"]).startsWith(`${GROUP}/`);
}

/** By its first bytes. What cannot be read is told of by whoever takes it for manifests. */
export function maybeSnapshot(path: string): boolean {
  try {
    // A pipe can be read only once.
    if (!statSync(path).isFile()) return false;
    return path.endsWith(".gz") || isCompressedOrJson(firstBytes(path));
  } catch {
    return false;
  }
}

/** More than any file begins with blanks. */
const GLANCE_BYTES = 4_096;

function firstBytes(path: string): Buffer {
  const bytes = Buffer.alloc(GLANCE_BYTES);
  const file = openSync(path, "r");
  try {
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

/** Gzip is not text, and no text has a zero in it; a snapshot that was unfolded is JSON. */
function isCompressedOrJson(bytes: Buffer): boolean {
  return bytes.includes(0) || bytes[0] === 0x1f || /^\s*\{/.test(bytes.toString("latin1"));
}

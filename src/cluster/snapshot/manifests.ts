/** @file Reads manifests the way kubectl reads them. */
import { isRecord } from "../../crd/is-record.ts";
import { readDocuments } from "./documents.ts";
import { findSources, type ManifestSourceError, type ManifestSourceOptions } from "./manifest-sources.ts";

/** One Kubernetes object, and where it stands. */
export interface Manifest {
  readonly file: string;
  /** Line on which its document begins, from 1. */
  readonly line: number;
  readonly object: Readonly<Record<string, unknown>>;
}

export interface ManifestError {
  readonly code: "manifest-malformed" | ManifestSourceError["code"];
  /** One sentence that names file, line and column. */
  readonly message: string;
}

export type ManifestsResult =
  { readonly ok: true; readonly value: readonly Manifest[] } | { readonly ok: false; readonly error: ManifestError };

/**
 * Files with several documents, JSON, and `kind: List` are taken apart. Documents that hold nothing are passed over; one
 * that cannot be read is an error, never passed over.
 * @param paths files, folders, URLs, or `-`.
 */
export async function readManifests(paths: readonly string[], options: ManifestSourceOptions): Promise<ManifestsResult> {
  const manifests: Manifest[] = [];
  for (const path of paths) {
    const sources = await findSources(path, options);
    if (!sources.ok) return sources;
    for (const { file, read } of sources.value) {
      const text = await read();
      if (!text.ok) return text;
      const parsed = await parseManifests(file, text.value);
      if (!parsed.ok) return parsed;
      manifests.push(...parsed.value);
    }
  }
  return { ok: true, value: manifests };
}

/** Takes one file's text apart; `file` is for messages only. */
export async function parseManifests(file: string, text: string): Promise<ManifestsResult> {
  const { documents, mistake } = await readDocuments(text);
  const manifests: Manifest[] = [];
  for (const { line, column, value } of documents) {
    if (value === null || value === undefined) continue;
    const objects = flattenList(value);
    if (objects === null) {
      return malformed(`${file}:${String(line)}:${String(column)}: not a Kubernetes object: apiVersion and kind are needed`);
    }
    for (const object of objects) manifests.push({ file, line, object });
  }
  if (mistake === null) return { ok: true, value: manifests };
  return malformed(`${file}:${String(mistake.line)}:${String(mistake.column)}: ${mistake.message}`);
}

function flattenList(value: unknown): readonly Readonly<Record<string, unknown>>[] | null {
  if (!isRecord(value) || typeof value["apiVersion"] !== "string" || typeof value["kind"] !== "string") return null;
  if (!value["kind"].endsWith("List") || !Array.isArray(value["items"])) return [value];
  const objects = value["items"].map(flattenList);
  return objects.includes(null) ? null : objects.flatMap((list) => list ?? []);
}

function malformed(message: string): { readonly ok: false; readonly error: ManifestError } {
  return { ok: false, error: { code: "manifest-malformed", message } };
}

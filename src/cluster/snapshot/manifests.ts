/** @file Reads manifests from files and folders the way kubectl reads them. */
import { join } from "node:path";
import { isRecord } from "../../crd/is-record.ts";
import { readDocuments } from "./documents.ts";
import { readdir, readFile, stat } from "./file-system.ts";

/** One Kubernetes object, and where it stands. */
export interface Manifest {
  readonly file: string;
  /** Line on which its document begins, from 1. */
  readonly line: number;
  readonly object: Readonly<Record<string, unknown>>;
}

export interface ManifestError {
  readonly code: "file-unreadable" | "manifest-malformed" | "no-manifests";
  /** One sentence that names file, line and column. */
  readonly message: string;
}

export type ManifestsResult =
  { readonly ok: true; readonly value: readonly Manifest[] } | { readonly ok: false; readonly error: ManifestError };

export interface ReadManifestsOptions {
  /** Read folders below the given ones too. */
  readonly isRecursive: boolean;
  /** What `-` stands for; null where there is no standard input to read. */
  readonly readStandardInput: (() => Promise<string>) | null;
}

/**
 * Files with several documents, JSON, and `kind: List` are taken apart. Documents that hold nothing are passed over; one
 * that cannot be read is an error, never passed over.
 * @param paths files, folders, or `-`.
 */
export async function readManifests(paths: readonly string[], options: ReadManifestsOptions): Promise<ManifestsResult> {
  const manifests: Manifest[] = [];
  for (const path of paths) {
    const sources = await findSources(path, options);
    if (!sources.ok) return sources;
    for (const { file, read } of sources.value) {
      const text = await readText(file, read);
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

interface Source {
  readonly file: string;
  readonly read: () => Promise<string>;
}

async function findSources(
  path: string,
  { isRecursive, readStandardInput }: ReadManifestsOptions,
): Promise<{ readonly ok: true; readonly value: readonly Source[] } | { readonly ok: false; readonly error: ManifestError }> {
  if (path === "-") {
    return readStandardInput === null
      ? unreadable("-: there is no standard input")
      : { ok: true, value: [{ file: "(standard input)", read: readStandardInput }] };
  }
  try {
    const stats = await stat(path);
    if (!stats.isDirectory()) return { ok: true, value: [fileSource(path)] };
    const entries = await readdir(path, { recursive: isRecursive, withFileTypes: true });
    const files = entries
      .filter((entry) => !entry.isDirectory() && /\.(?:ya?ml|json)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted();
    if (files.length === 0) {
      return {
        ok: false,
        error: {
          code: "no-manifests",
          message: `${path}: no .yaml, .yml or .json file in this folder${isRecursive ? "" : " (-R reads folders below it too)"}`,
        },
      };
    }
    return { ok: true, value: files.map(fileSource) };
  } catch (error) {
    return unreadable(`${path}: ${systemReason(error)}`);
  }
}

function fileSource(file: string): Source {
  return { file, read: () => readFile(file, "utf8") };
}

async function readText(
  file: string,
  read: () => Promise<string>,
): Promise<{ readonly ok: true; readonly value: string } | { readonly ok: false; readonly error: ManifestError }> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    return unreadable(`${file}: ${systemReason(error)}`);
  }
}

/** Node's own words hold the call and the path again; the code alone is what a person needs. */
function systemReason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return "no such file or folder";
    case "EACCES":
      return "permission denied";
    default:
      return `cannot be read${typeof code === "string" ? ` (${code})` : ""}`;
  }
}

function unreadable(message: string): { readonly ok: false; readonly error: ManifestError } {
  return { ok: false, error: { code: "file-unreadable", message } };
}

function malformed(message: string): { readonly ok: false; readonly error: ManifestError } {
  return { ok: false, error: { code: "manifest-malformed", message } };
}

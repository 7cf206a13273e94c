/** @file Where manifests come from: files, folders, standard input, URLs. */
import { join } from "node:path";
import type { UrlErrorCode } from "./fetch-text.ts";
import { readdir, readFile, stat } from "./file-system.ts";

export interface ManifestSourceError {
  readonly code: "file-unreadable" | "no-manifests" | UrlErrorCode;
  /** One sentence that names the source. */
  readonly message: string;
}

export type TextResult =
  { readonly ok: true; readonly value: string } | { readonly ok: false; readonly error: ManifestSourceError };

export interface ManifestSource {
  /** The path as it was given, or what stands for it in messages. */
  readonly file: string;
  /** Never rejects. */
  readonly read: () => Promise<TextResult>;
}

export type ManifestSourcesResult =
  { readonly ok: true; readonly value: readonly ManifestSource[] } | { readonly ok: false; readonly error: ManifestSourceError };

export interface ManifestSourceOptions {
  /** Read folders below the given ones too. */
  readonly isRecursive: boolean;
  /** What `-` stands for; null where there is no standard input to read. */
  readonly readStandardInput: (() => Promise<string>) | null;
  /** Null: a URL is taken for a path. */
  readonly urls?: { readonly mayBePrivate: boolean } | null;
}

/** @param path a file, a folder, a URL, or `-`. In a folder, files by kubectl's endings count, in the order of their names. */
export async function findSources(
  path: string,
  { isRecursive, readStandardInput, urls = null }: ManifestSourceOptions,
): Promise<ManifestSourcesResult> {
  if (path === "-") {
    return readStandardInput === null
      ? unreadable("-: there is no standard input")
      : {
          ok: true,
          value: [{ file: "(standard input)", read: () => readText("(standard input)", readStandardInput) }],
        };
  }
  if (urls !== null && isUrl(path)) {
    // What speaks HTTP and TLS is loaded where there is something to fetch.
    const { fetchText, isPrivate, withoutCredentials } = await import("./fetch-text.ts");
    const isRefused = urls.mayBePrivate ? () => false : isPrivate;
    return {
      ok: true,
      value: [{ file: withoutCredentials(path), read: () => fetchText(path, isRefused) }],
    };
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

function isUrl(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

function fileSource(file: string): ManifestSource {
  return { file, read: () => readText(file, () => readFile(file, "utf8")) };
}

async function readText(file: string, read: () => Promise<string>): Promise<TextResult> {
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

function unreadable(message: string): { readonly ok: false; readonly error: ManifestSourceError } {
  return { ok: false, error: { code: "file-unreadable", message } };
}

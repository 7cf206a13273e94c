/** @file Reads manifests the way kubectl reads them. */
import { LineCounter, parseAllDocuments, type Tags } from "yaml";
import { isRecord } from "../../crd/is-record.ts";
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
      const parsed = parseManifests(file, text.value);
      if (!parsed.ok) return parsed;
      manifests.push(...parsed.value);
    }
  }
  return { ok: true, value: manifests };
}

/** Takes one file's text apart; `file` is for messages only. */
export function parseManifests(file: string, text: string): ManifestsResult {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, {
    version: "1.1",
    customTags: asKubectl,
    lineCounter,
    logLevel: "error",
    // Or each message repeats the line and shows a piece of the text.
    prettyErrors: false,
    uniqueKeys: true,
  });
  const manifests: Manifest[] = [];
  for (const document of documents) {
    const [problem] = document.errors;
    if (problem !== undefined) {
      const { line, col } = lineCounter.linePos(problem.pos[0]);
      return malformed(`${file}:${String(line)}:${String(col)}: ${problem.message.split("\n", 1)[0] ?? "not YAML"}`);
    }
    if (document.contents === null) continue;
    const { line, col } = lineCounter.linePos(document.contents.range?.[0] ?? 0);
    const place = `${file}:${String(line)}:${String(col)}`;
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (error) {
      return malformed(`${place}: ${conversionProblem(error)}`);
    }
    if (value === null || value === undefined) continue;
    const objects = flattenList(value);
    if (objects === null) return malformed(`${place}: not a Kubernetes object: apiVersion and kind are needed`);
    manifests.push(...objects.map((object) => ({ file, line, object })));
  }
  return { ok: true, value: manifests };
}

/** Source: yaml, Alias.ts; what else is thrown there is the stack's end. */
function conversionProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  if (message.startsWith("Unresolved alias")) return "an alias names no anchor before it";
  if (message.startsWith("Excessive alias count")) return "its aliases unfold to more than any manifest needs";
  return "nested deeper than any manifest needs";
}

/** Aliases may unfold to no more nodes than this: a bound on "billion laughs" documents. */
const MAX_ALIASES = 1_000;

/**
 * kubectl reads YAML 1.1 by go-yaml 2: `y` and `on` are booleans, but times and base-60 numbers stay text.
 * Source: sigs.k8s.io/yaml, goyaml.v2, resolve.go.
 */
function asKubectl(tags: Tags): Tags {
  return tags.filter(
    (tag) =>
      typeof tag !== "object" || (tag.tag !== "tag:yaml.org,2002:timestamp" && !("format" in tag && tag.format === "TIME")),
  );
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

/** @file Reads all of YAML the way kubectl does, and tells where a text is wrong. What it loads is large: `documents.ts` tries without. */
import { LineCounter, parseAllDocuments, type Tags } from "yaml";
import type { Documents, TextDocument } from "./text-document.ts";

/** @param options `intAsBigInt`: every integer comes as `bigint`, with all its digits. */
export function readFullYaml(text: string, { intAsBigInt = false }: { readonly intAsBigInt?: boolean } = {}): Documents {
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, {
    version: "1.1",
    customTags: asKubectl,
    lineCounter,
    intAsBigInt,
    logLevel: "error",
    // Or each message repeats the line and shows a piece of the text.
    prettyErrors: false,
    uniqueKeys: true,
  });
  const documents: TextDocument[] = [];
  for (const document of parsed) {
    const [problem] = document.errors;
    if (problem !== undefined) {
      const { line, col } = lineCounter.linePos(problem.pos[0]);
      return { documents, mistake: { line, column: col, message: problem.message.split("\n", 1)[0] ?? "not YAML" } };
    }
    if (document.contents === null) continue;
    const { line, col: column } = lineCounter.linePos(document.contents.range?.[0] ?? 0);
    try {
      documents.push({ line, column, value: document.toJS({ maxAliasCount: MAX_ALIASES }) });
    } catch (error) {
      return { documents, mistake: { line, column, message: conversionProblem(error) } };
    }
  }
  return { documents, mistake: null };
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

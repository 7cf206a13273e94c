/** @file Where a field of a Kubernetes object stands in the text of its file. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Document, type Node, parseDocument } from "yaml";

/** Line and column from 1; columns count UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Names an object among those of a `kind: List`. */
export interface ObjectName {
  readonly kind: string;
  /** Null where the scope has none, or where the manifest may leave it out. */
  readonly namespace: string | null;
  readonly name: string;
}

export interface ManifestText {
  /**
   * @param object of which the field is; matters in a list alone.
   * @param field as findings name it: `spec.versions[v1alpha2].served`, `metadata.annotations[own.dev/key]`; null for the object.
   * @returns the key of the field or of the nearest field above it that exists; else the object, else the document. Never throws.
   */
  locate(object: ObjectName, field: string | null): Position;
}

/**
 * Reads one document alone: files with hundreds of them are common, and findings few.
 * @param text of the whole file, YAML or JSON.
 * @param line on which the document begins, from 1.
 */
export function openManifestText(text: string, line: number): ManifestText {
  const start = startOfLine(text, line);
  const lineCounter = new LineCounter();
  const beginning: Position = { line, column: 1 };
  const document = attempt(() =>
    parseDocument(text.slice(start, endOfDocument(text, start)), {
      // Texts are compared, so that none of them needs to be a boolean or a number; keys keep the form in which they are written.
      schema: "failsafe",
      version: "1.1",
      lineCounter,
      logLevel: "silent",
      prettyErrors: false,
      uniqueKeys: false,
    }),
  );
  const positionOf = (offset: number): Position => {
    const { line: lineWithin, col } = lineCounter.linePos(offset);
    return lineWithin === 0 ? beginning : { line: line + lineWithin - 1, column: col };
  };
  return {
    locate(object, field) {
      if (document === null) return beginning;
      return attempt(() => positionOf(offsetOf(document, object, field) ?? 0)) ?? beginning;
    },
  };
}

/** Offset of the key, within the document. */
function offsetOf(document: Document, object: ObjectName, field: string | null): number | null {
  const root = document.contents;
  let node = root === null ? null : objectIn(document, root, object);
  let offset = node?.range?.[0] ?? null;
  for (const segment of field === null ? [] : segmentsOf(field)) {
    const found = node === null ? null : step(document, node, segment);
    if (found === null) break;
    offset = found.offset ?? offset;
    node = found.value;
  }
  return offset;
}

/** In a list, and in lists of lists, the item of that name. */
function objectIn(document: Document, root: Node, object: ObjectName): Node {
  if (!(textAt(document, root, ["kind"]) ?? "").endsWith("List")) return root;
  const items = step(document, root, { kind: "name", name: "items" })?.value;
  if (!isSeq(items)) return root;
  for (const item of items.items) {
    const resolved = resolve(document, item);
    if (resolved === null) continue;
    const inner = objectIn(document, resolved, object);
    if (isNamed(document, inner, object)) return inner;
  }
  return root;
}

function isNamed(document: Document, node: Node, { kind, namespace, name }: ObjectName): boolean {
  const ownNamespace = textAt(document, node, ["metadata", "namespace"]) ?? "";
  return (
    textAt(document, node, ["kind"]) === kind &&
    textAt(document, node, ["metadata", "name"]) === name &&
    (namespace === null || ownNamespace === "" || ownNamespace === namespace)
  );
}

function textAt(document: Document, node: Node, path: readonly string[]): string | null {
  let current: Node | null = node;
  for (const name of path) current = current === null ? null : (step(document, current, { kind: "name", name })?.value ?? null);
  return isScalar(current) ? textOf(current) : null;
}

/** `name` of a path `a.name`, or `[index]` of `a[index]`: an item's name, a scalar item, a key, or a number from 0. */
interface Segment {
  readonly kind: "name" | "index";
  readonly name: string;
}

function segmentsOf(field: string): readonly Segment[] {
  // What stands in brackets may hold dots and brackets itself: it ends where a path goes on, or ends.
  return [...field.matchAll(/\[(?<index>.*?)\](?=[.[]|$)|(?<name>[^.[]+)/g)].map(({ groups }) =>
    groups?.["index"] === undefined ? { kind: "name", name: groups?.["name"] ?? "" } : { kind: "index", name: groups["index"] },
  );
}

interface Step {
  readonly value: Node | null;
  readonly offset: number | null;
}

/** @returns null where there is no such field. */
function step(document: Document, node: Node, { kind, name }: Segment): Step | null {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => textOf(resolve(document, key)) === name);
    if (pair === undefined) return null;
    return { value: resolve(document, pair.value), offset: resolve(document, pair.key)?.range?.[0] ?? null };
  }
  if (!isSeq(node) || kind !== "index") return null;
  const items = node.items.map((item) => resolve(document, item));
  const item =
    items.find((one) => one !== null && (textOf(one) === name || textAt(document, one, ["name"]) === name)) ??
    (/^\d+$/.test(name) ? items[Number(name)] : undefined) ??
    null;
  return item === null ? null : { value: item, offset: item.range?.[0] ?? null };
}

function textOf(node: Node | null): string | null {
  return isScalar(node) && typeof node.value === "string" ? node.value : null;
}

function resolve(document: Document, node: unknown): Node | null {
  if (isAlias(node)) return node.resolve(document) ?? null;
  return isMap(node) || isSeq(node) || isScalar(node) ? node : null;
}

function startOfLine(text: string, line: number): number {
  let offset = 0;
  for (let number = 1; number < line; number += 1) {
    const end = text.indexOf("\n", offset);
    if (end === -1) return offset;
    offset = end + 1;
  }
  return offset;
}

/** Up to the next line that begins with a marker; within a document, every such line is one. */
function endOfDocument(text: string, start: number): number {
  const marker = /^(?:---|\.\.\.)(?=\s|$)/gm;
  const firstEnd = text.indexOf("\n", start);
  if (firstEnd === -1) return text.length;
  marker.lastIndex = firstEnd + 1;
  return marker.exec(text)?.index ?? text.length;
}

function attempt<T>(run: () => T): T | null {
  try {
    return run();
  } catch {
    return null;
  }
}

/** @file Reads a text that is one JSON object, as `kubectl get -o json` prints it. */
import type { TextDocument } from "./text-document.ts";

/**
 * @returns null for all other texts, and for what `JSON.parse` would accept in silence: a member that is there twice, and
 * nesting without end.
 */
export function readPlainJson(text: string): readonly [TextDocument] | null {
  const start = text.search(/[^ \n]/);
  if (text.charAt(start) !== "{") return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (countMembers(value, MAX_DEPTH) !== countKeys(text)) return null;
  const before = text.slice(0, start).split("\n");
  return [{ line: before.length, column: (before.at(-1)?.length ?? 0) + 1, value }];
}

/** Deeper than any manifest. */
const MAX_DEPTH = 200;

/** NaN, which equals nothing, for what is too deep. */
function countMembers(value: unknown, depth: number): number {
  if (typeof value !== "object" || value === null) return 0;
  if (depth === 0) return Number.NaN;
  const inner = Object.values(value);
  let count = Array.isArray(value) ? 0 : inner.length;
  for (const member of inner) count += countMembers(member, depth - 1);
  return count;
}

/**
 * @param json valid JSON, in which a quote begins or ends a string, and a colon behind a string makes it a key.
 * @returns NaN where a key holds an escape. V8 13.6 may read `"\nc"` as a backslash and an n, once it has seen a key of these two.
 */
function countKeys(json: string): number {
  let count = 0;
  let start = json.indexOf('"');
  while (start !== -1) {
    let end = json.indexOf('"', start + 1);
    while (isEscaped(json, end)) end = json.indexOf('"', end + 1);
    let next = end + 1;
    while (isBlank(json.charCodeAt(next))) next += 1;
    if (json.charCodeAt(next) === COLON) {
      if (json.slice(start, end).includes("\\")) return Number.NaN;
      count += 1;
    }
    start = json.indexOf('"', next);
  }
  return count;
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(index - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

/** Source: RFC 8259, section 2. */
function isBlank(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

const COLON = 58;
const BACKSLASH = 92;

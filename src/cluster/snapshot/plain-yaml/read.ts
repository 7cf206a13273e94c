/**
 * @file Reads, fast, the part of YAML that nearly all manifests keep to: block mappings and sequences, scalars of all kinds,
 * simple flow collections. Whatever is unusual, or wrong, it leaves to the full reader.
 */
import { readFlowValue } from "./flow.ts";
import {
  COLON,
  type Cursor,
  DOUBLE_QUOTE,
  HASH,
  HYPHEN,
  isSeparated,
  nextLine,
  openCursor,
  SINGLE_QUOTE,
  SPACE,
  UNUSUAL,
} from "./lines.ts";
import {
  endOfQuoted,
  isHarmlessKey,
  isPlainKey,
  quotedText,
  readBlockScalar,
  readPlainScalar,
  readQuotedValue,
} from "./scalars.ts";
import type { TextDocument } from "../text-document.ts";

/**
 * Scalars are read as the full reader is set up to read them, which a test compares.
 * @returns null where anything in the text is unusual: an anchor, a tag, a number that is not written as JSON has it, a
 * mistake. Nothing is told of it, since the full reader tells it better.
 */
export function readPlainYaml(text: string): readonly TextDocument[] | null {
  const unified = text.includes("\r") ? text.replaceAll("\r\n", "\n") : text;
  if (UNUSUAL_CHARACTER.test(unified)) return null;
  try {
    return readDocuments(openCursor(unified));
  } catch (error) {
    if (error === UNUSUAL) return null;
    throw error;
  }
}

/** Control characters, a lone carriage return among them, and a byte order mark. */
const UNUSUAL_CHARACTER = /[^\P{Cc}\t\n]|\uFEFF/u;

function readDocuments(cursor: Cursor): readonly TextDocument[] {
  const { text } = cursor;
  const documents: TextDocument[] = [];
  const knownKeys = new Set<string>();
  let line = 1;
  let counted = 0;
  nextLine(cursor);
  while (cursor.at < text.length) {
    if (cursor.indent === -1) {
      nextLine(cursor);
      continue;
    }
    if (cursor.indent > 0) throw UNUSUAL;
    for (let end = text.indexOf("\n", counted); end !== -1 && end < cursor.lineStart; end = text.indexOf("\n", counted)) {
      line += 1;
      counted = end + 1;
    }
    documents.push({ line, column: 1, value: readMapping(cursor, 0, knownKeys) });
  }
  return documents;
}

/** Deeper than any manifest, and what the stack bears. */
const MAX_DEPTH = 200;

/** A node that begins in this line, at the cursor, and ends where the lines right of `column` end, or before. */
function readNode(cursor: Cursor, column: number, knownKeys: Set<string>): unknown {
  const { indent } = cursor;
  const isSequence = isItem(cursor);
  if (!isSequence && !beginsMapping(cursor)) return readInline(cursor, column);
  cursor.depth += 1;
  if (cursor.depth > MAX_DEPTH) throw UNUSUAL;
  const value = isSequence ? readSequence(cursor, indent, knownKeys) : readMapping(cursor, indent, knownKeys);
  cursor.depth -= 1;
  return value;
}

function isItem(cursor: Cursor): boolean {
  return cursor.text.charCodeAt(cursor.at) === HYPHEN && isSeparated(cursor, cursor.at + 1);
}

/** @param knownKeys plain ones that have been looked at: there are few, and they come again and again. */
function readMapping(cursor: Cursor, column: number, knownKeys: Set<string>): Record<string, unknown> {
  const mapping: Record<string, unknown> = {};
  do {
    const key = readKey(cursor, knownKeys);
    // What every object inherits counts as there: such a key is rare enough to be left to the full reader.
    if (mapping[key] !== undefined) throw UNUSUAL;
    mapping[key] = readValue(cursor, column, knownKeys);
  } while (cursor.indent === column && !isItem(cursor));
  if (cursor.indent >= column) throw UNUSUAL;
  return mapping;
}

/** Leaves the cursor behind the colon. */
function readKey(cursor: Cursor, knownKeys: Set<string>): string {
  const { text, at } = cursor;
  const code = text.charCodeAt(at);
  if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) {
    const end = endOfQuoted(text, at);
    if (end >= cursor.lineEnd || text.charCodeAt(end) !== COLON || !isSeparated(cursor, end + 1)) throw UNUSUAL;
    const key = quotedText(cursor, at, end);
    if (!isHarmlessKey(key)) throw UNUSUAL;
    cursor.at = end + 1;
    return key;
  }
  const colon = findColon(cursor);
  if (colon === -1) throw UNUSUAL;
  const key = text.slice(at, colon);
  if (!knownKeys.has(key)) {
    if (!isPlainKey(key)) throw UNUSUAL;
    knownKeys.add(key);
  }
  cursor.at = colon + 1;
  return key;
}

/** The colon that ends a plain key of this line: a blank follows it, or nothing. */
function findColon(cursor: Cursor): number {
  const { text, at, lineEnd } = cursor;
  if (cursor.colon < at) cursor.colon = nextColon(text, at);
  while (cursor.colon < lineEnd) {
    if (isSeparated(cursor, cursor.colon + 1)) return cursor.colon;
    cursor.colon = nextColon(text, cursor.colon + 1);
  }
  return -1;
}

function nextColon(text: string, from: number): number {
  const colon = text.indexOf(":", from);
  return colon === -1 ? text.length : colon;
}

/** What follows the key of a mapping in this column. */
function readValue(cursor: Cursor, column: number, knownKeys: Set<string>): unknown {
  if (isInline(cursor)) return readInline(cursor, column);
  nextLine(cursor);
  if (cursor.indent > column || (cursor.indent === column && isItem(cursor))) {
    return readNode(cursor, column, knownKeys);
  }
  return null;
}

/** Whether anything but a comment follows in this line. Goes there. */
function isInline(cursor: Cursor): boolean {
  const { text } = cursor;
  while (text.charCodeAt(cursor.at) === SPACE) cursor.at += 1;
  return cursor.at < cursor.lineEnd && text.charCodeAt(cursor.at) !== HASH;
}

function readSequence(cursor: Cursor, column: number, knownKeys: Set<string>): readonly unknown[] {
  const items: unknown[] = [];
  do {
    const dash = cursor.at;
    cursor.at += 1;
    if (isInline(cursor)) {
      cursor.indent = column + cursor.at - dash;
      items.push(readNode(cursor, column, knownKeys));
    } else {
      nextLine(cursor);
      items.push(cursor.indent > column ? readNode(cursor, column, knownKeys) : null);
    }
  } while (cursor.indent === column && isItem(cursor));
  // In the same column, the mapping goes on whose value this is.
  if (cursor.indent > column) throw UNUSUAL;
  return items;
}

function beginsMapping(cursor: Cursor): boolean {
  const { text, at, lineEnd } = cursor;
  switch (text.charCodeAt(at)) {
    case DOUBLE_QUOTE:
    case SINGLE_QUOTE: {
      const end = endOfQuoted(text, at);
      return end < lineEnd && text.charCodeAt(end) === COLON;
    }
    case OPENING_BRACE:
    case OPENING_BRACKET:
      return false;
    default:
      return findColon(cursor) !== -1;
  }
}

/** A value that begins in this line; whatever goes on below stands right of `column`. */
function readInline(cursor: Cursor, column: number): unknown {
  switch (cursor.text.charCodeAt(cursor.at)) {
    case DOUBLE_QUOTE:
    case SINGLE_QUOTE:
      return readQuotedValue(cursor, column);
    case PIPE:
    case GREATER:
      return readBlockScalar(cursor, column);
    case OPENING_BRACE:
    case OPENING_BRACKET:
      return readFlowValue(cursor, column);
    default:
      return readPlainScalar(cursor, column);
  }
}

const GREATER = 62;
const OPENING_BRACKET = 91;
const OPENING_BRACE = 123;
const PIPE = 124;

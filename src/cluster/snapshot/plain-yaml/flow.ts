/** @file Flow collections of plain YAML: `["--verbose"]`, `{ name: http, port: 80 }`. */
import { COLON, type Cursor, DOUBLE_QUOTE, endLine, nextLine, SINGLE_QUOTE, SPACE, UNUSUAL } from "./lines.ts";
import { endOfQuoted, isHarmlessKey, isPlainKey, quotedText, resolve } from "./scalars.ts";

/** A collection that is a value. All its lines stand right of `column`. Leaves the cursor at the line behind it. */
export function readFlowValue(cursor: Cursor, column: number): unknown {
  const value = readCollection(cursor, column, 0);
  endLine(cursor, cursor.at, column);
  return value;
}

/** Deeper than what a person puts into brackets. */
const MAX_DEPTH = 20;

/** From its bracket to behind the closing one. */
function readCollection(cursor: Cursor, column: number, depth: number): unknown {
  if (depth > MAX_DEPTH) throw UNUSUAL;
  const isMapping = cursor.text.charCodeAt(cursor.at) === OPENING_BRACE;
  const closing = isMapping ? CLOSING_BRACE : CLOSING_BRACKET;
  const mapping: Record<string, unknown> = {};
  const items: unknown[] = [];
  cursor.at += 1;
  for (;;) {
    skipBlanks(cursor, column);
    if (cursor.text.charCodeAt(cursor.at) === closing) break;
    if (isMapping) {
      const key = readKey(cursor);
      if (mapping[key] !== undefined) throw UNUSUAL;
      skipBlanks(cursor, column);
      mapping[key] = readNode(cursor, column, depth);
    } else {
      items.push(readNode(cursor, column, depth));
    }
    skipBlanks(cursor, column);
    const code = cursor.text.charCodeAt(cursor.at);
    if (code === closing) break;
    if (code !== COMMA) throw UNUSUAL;
    cursor.at += 1;
  }
  cursor.at += 1;
  return isMapping ? mapping : items;
}

/** Blanks, and line breaks between lines that are right of `column`. */
function skipBlanks(cursor: Cursor, column: number): void {
  const { text } = cursor;
  while (text.charCodeAt(cursor.at) === SPACE) cursor.at += 1;
  if (cursor.at < cursor.lineEnd) return;
  const end = cursor.lineEnd;
  nextLine(cursor);
  if (cursor.indent <= column || cursor.lineStart !== end + 1) throw UNUSUAL;
}

function readNode(cursor: Cursor, column: number, depth: number): unknown {
  const { text, at } = cursor;
  switch (text.charCodeAt(at)) {
    case OPENING_BRACE:
    case OPENING_BRACKET:
      return readCollection(cursor, column, depth + 1);
    case DOUBLE_QUOTE:
    case SINGLE_QUOTE: {
      const value = readQuoted(cursor);
      // In a sequence, that would be a mapping of one member.
      if (text.charCodeAt(cursor.at) === COLON) throw UNUSUAL;
      return value;
    }
    default: {
      const word = readWord(cursor);
      if (text.charCodeAt(cursor.at) === COLON) throw UNUSUAL;
      return resolve(word);
    }
  }
}

/** With the colon and the blank behind it. */
function readKey(cursor: Cursor): string {
  const { text } = cursor;
  const code = text.charCodeAt(cursor.at);
  const isQuoted = code === DOUBLE_QUOTE || code === SINGLE_QUOTE;
  const key = isQuoted ? readQuoted(cursor) : readWord(cursor);
  if (isQuoted ? !isHarmlessKey(key) : !isPlainKey(key)) throw UNUSUAL;
  if (text.charCodeAt(cursor.at) !== COLON || text.charCodeAt(cursor.at + 1) !== SPACE) throw UNUSUAL;
  cursor.at += 2;
  return key;
}

function readQuoted(cursor: Cursor): string {
  const end = endOfQuoted(cursor.text, cursor.at);
  if (end > cursor.lineEnd) throw UNUSUAL;
  const value = quotedText(cursor, cursor.at, end);
  cursor.at = end;
  return value;
}

/** A plain scalar of one word, made of what means nothing in brackets. */
const WORD = /[A-Za-z0-9_$/.=<+-][A-Za-z0-9_$/.=<+*@~%^()-]*/y;

function readWord(cursor: Cursor): string {
  WORD.lastIndex = cursor.at;
  const word = WORD.exec(cursor.text)?.[0];
  if (word === undefined || word === "-") throw UNUSUAL;
  const behind = cursor.at + word.length;
  const following = cursor.text.charCodeAt(behind);
  // A second word, or a sign that has a meaning.
  if (following === SPACE) {
    let next = behind;
    while (cursor.text.charCodeAt(next) === SPACE) next += 1;
    const code = cursor.text.charCodeAt(next);
    if (next < cursor.lineEnd && code !== COMMA && code !== CLOSING_BRACE && code !== CLOSING_BRACKET) throw UNUSUAL;
  } else if (behind < cursor.lineEnd && !ENDS.has(following)) {
    throw UNUSUAL;
  }
  // The next line might go on with it.
  if (behind === cursor.lineEnd) throw UNUSUAL;
  cursor.at = behind;
  return word;
}

const COMMA = 44;
const OPENING_BRACKET = 91;
const CLOSING_BRACKET = 93;
const OPENING_BRACE = 123;
const CLOSING_BRACE = 125;
const ENDS: ReadonlySet<number> = new Set([COMMA, CLOSING_BRACKET, CLOSING_BRACE, COLON]);

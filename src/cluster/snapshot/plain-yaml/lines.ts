/** @file A cursor over the lines of a text, and the way out for all that plain YAML is not. */

export interface Cursor {
  readonly text: string;
  /** Whether tabs must be looked for: most texts hold none. */
  readonly hasTabs: boolean;
  /** Where the current line begins and ends. */
  lineStart: number;
  lineEnd: number;
  /** What is read next: at first, the line's first sign that is no blank. */
  at: number;
  /** The column in which it stands; -1 at the end of a document. */
  indent: number;
  /** The blanks before it. */
  padding: string;
  /** Of mappings and sequences. */
  depth: number;
  /** The last colon that was looked for: where the next one is must not be asked for each line again. */
  colon: number;
}

/** Thrown from any depth: the text is for the full reader. */
export const UNUSUAL = new Error("not plain YAML");

const TAB = 9;
export const NEWLINE = 10;
export const SPACE = 32;
export const DOUBLE_QUOTE = 34;
export const HASH = 35;
export const SINGLE_QUOTE = 39;
export const HYPHEN = 45;
export const COLON = 58;
const PERCENT = 37;
const DOT = 46;

/** Stands before the first line. */
export function openCursor(text: string): Cursor {
  return { text, hasTabs: text.includes("\t"), lineStart: 0, lineEnd: -1, at: 0, indent: -1, padding: "", depth: 0, colon: -1 };
}

/** Goes to the next line that is neither empty nor a comment. */
export function nextLine(cursor: Cursor): void {
  const { text } = cursor;
  for (;;) {
    const start = cursor.lineEnd + 1;
    cursor.lineStart = start;
    if (start >= text.length) {
      cursor.indent = -1;
      cursor.at = text.length;
      cursor.lineEnd = text.length;
      return;
    }
    const end = lineEndFrom(text, start);
    cursor.lineEnd = end;
    // As a rule, a line stands as the one before, which is told faster than its blanks are counted.
    let at = start + (text.startsWith(cursor.padding, start) ? cursor.padding.length : 0);
    while (text.charCodeAt(at) === SPACE) at += 1;
    if (at === end) continue;
    const code = text.charCodeAt(at);
    if (code === HASH) continue;
    if (code === TAB) throw UNUSUAL;
    cursor.at = at;
    if (at - start !== cursor.padding.length) cursor.padding = text.slice(start, at);
    cursor.indent = at === start && isMarker(text, at, end) ? -1 : at - start;
    return;
  }
}

/** Of a line that begins a document. One with content of its own is unusual, and so are directives and `...`. */
function isMarker(text: string, at: number, end: number): boolean {
  const code = text.charCodeAt(at);
  if (code === DOT || code === PERCENT) throw UNUSUAL;
  if (code !== HYPHEN || !text.startsWith("---", at)) return false;
  if (isBlank(text, at + 3, end)) return true;
  if (text.charCodeAt(at + 3) === SPACE) throw UNUSUAL;
  return false;
}

export function lineEndFrom(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end === -1 ? text.length : end;
}

export function isBlank(text: string, from: number, to: number): boolean {
  let index = from;
  while (index < to && text.charCodeAt(index) === SPACE) index += 1;
  return index >= to;
}

/** Whether what ends before this place is followed by a blank, or by nothing, as an indicator is. */
export function isSeparated(cursor: Cursor, index: number): boolean {
  return index === cursor.lineEnd || cursor.text.charCodeAt(index) === SPACE;
}

/** Behind a value that has ended, only a comment may stand. Goes to the next line, which is right of `column` by mistake alone. */
export function endLine(cursor: Cursor, from: number, column: number): void {
  const { text, lineEnd } = cursor;
  let index = from;
  while (text.charCodeAt(index) === SPACE) index += 1;
  if (index < lineEnd && (index === from || text.charCodeAt(index) !== HASH)) throw UNUSUAL;
  nextLine(cursor);
  if (cursor.indent > column) throw UNUSUAL;
}

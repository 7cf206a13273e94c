/** @file Scalars of plain YAML: plain ones, quoted ones, and blocks of text. */
import {
  COLON,
  type Cursor,
  DOUBLE_QUOTE,
  endLine,
  HYPHEN,
  isBlank,
  isSeparated,
  lineEndFrom,
  NEWLINE,
  nextLine,
  SINGLE_QUOTE,
  SPACE,
  UNUSUAL,
} from "./lines.ts";

/** A plain scalar that begins in this line. Lines right of `column` go on with it. Leaves the cursor at the line behind it. */
export function readPlainScalar(cursor: Cursor, column: number): unknown {
  const { text, at, lineEnd } = cursor;
  const code = text.charCodeAt(at);
  if (INDICATORS.has(code) || (code === HYPHEN && isSeparated(cursor, at + 1))) throw UNUSUAL;
  let line = text.slice(at, lineEnd);
  let comment = line.indexOf(" #");
  let value = plainText(cursor, line, comment);
  let end = lineEnd;
  nextLine(cursor);
  if (cursor.indent <= column) return resolve(value);
  do {
    // Empty lines and comments between the lines of a scalar are unusual.
    if (comment !== -1 || cursor.lineStart !== end + 1) throw UNUSUAL;
    line = text.slice(cursor.at, cursor.lineEnd);
    comment = line.indexOf(" #");
    value += ` ${plainText(cursor, line, comment)}`;
    end = cursor.lineEnd;
    nextLine(cursor);
  } while (cursor.indent > column);
  return value;
}

/** @param comment where one begins in the line; -1 where none does. */
function plainText({ hasTabs }: Cursor, line: string, comment: number): string {
  let end = comment === -1 ? line.length : comment;
  while (line.charCodeAt(end - 1) === SPACE) end -= 1;
  const content = end === line.length ? line : line.slice(0, end);
  if (content.charCodeAt(end - 1) === COLON || content.includes(": ")) throw UNUSUAL;
  if (hasTabs && content.includes("\t")) throw UNUSUAL;
  return content;
}

/** Plain scalars that are no text. Source: YAML 1.1, types bool and null; `y` and `n` as go-yaml 2 has them. */
const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ...["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"].map((word) => [word, true] as const),
  ...["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"].map((word) => [word, false] as const),
  ...["~", "null", "Null", "NULL"].map((word) => [word, null] as const),
]);

/** No more digits than that both ways of reading them round alike. Source: ECMA-262, parseInt. */
const JSON_NUMBER = /^-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,15})?$/;

/** Numbers in all their spellings. Source: YAML 1.1, types int and float, but for those to the base 60. */
const ANY_NUMBER =
  /^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*|(?:[0-9][0-9_]*)?(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF|nan|NaN|NAN))$/;

const MAY_BE_NUMBER: ReadonlySet<number> = new Set(Array.from("0123456789-+.eE", (sign) => sign.charCodeAt(0)));

/** No plain scalar begins with one of these; with `?` and `:` one may, and none does. */
const INDICATORS: ReadonlySet<number> = new Set(Array.from("?:,[]{}#&*!|>'\"%@`", (sign) => sign.charCodeAt(0)));

/** What a plain scalar of one line stands for. */
export function resolve(scalar: string): unknown {
  if (MAY_BE_NUMBER.has(scalar.charCodeAt(0))) {
    if (JSON_NUMBER.test(scalar)) return Number(scalar);
    if (ANY_NUMBER.test(scalar)) throw UNUSUAL;
    return scalar;
  }
  if (scalar.length > LONGEST_WORD) return scalar;
  const word = WORDS.get(scalar);
  if (word !== undefined) return word;
  if (scalar === "<<") throw UNUSUAL;
  return scalar;
}

const LONGEST_WORD = Math.max(...Array.from(WORDS.keys(), ({ length }) => length));

/** Longer ones are a mistake. Source: YAML 1.1, 7.5.2: a simple key has no more than 1,024 signs. */
const LONGEST_KEY = 1_000;

/** Begins with nothing that means something in YAML, and holds neither a blank nor `#`. */
const PLAIN_KEY = /^[A-Za-z_$/0-9][^\s#:]*(?::[^\s#:]+)*$/;

const INTEGER = /^(?:0|[1-9][0-9]{0,14})$/;

/** Whether a plain key stands for the text as which it is written. */
export function isPlainKey(key: string): boolean {
  return (
    PLAIN_KEY.test(key) &&
    key.length < LONGEST_KEY &&
    isHarmlessKey(key) &&
    !WORDS.has(key) &&
    (INTEGER.test(key) || !(MAY_BE_NUMBER.has(key.charCodeAt(0)) && ANY_NUMBER.test(key)))
  );
}

/** The first would not become a member of its own; the second merges, where it is not quoted. */
export function isHarmlessKey(key: string): boolean {
  return key !== "__proto__" && key !== "<<";
}

/** Where a quoted scalar ends that begins here: behind the closing quote, perhaps lines below. */
export function endOfQuoted(text: string, start: number): number {
  let end: number;
  if (text.charCodeAt(start) === DOUBLE_QUOTE) {
    end = text.indexOf('"', start + 1);
    while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  } else {
    end = text.indexOf("'", start + 1);
    while (end !== -1 && text.charCodeAt(end + 1) === SINGLE_QUOTE) end = text.indexOf("'", end + 2);
  }
  if (end === -1) throw UNUSUAL;
  return end + 1;
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(index - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

const BACKSLASH = 92;

/** A quoted scalar that is a value. Leaves the cursor at the line behind it. */
export function readQuotedValue(cursor: Cursor, column: number): string {
  const { text, at } = cursor;
  const end = endOfQuoted(text, at);
  const value = quotedText(cursor, at, end);
  while (cursor.lineEnd < end) {
    const start = cursor.lineEnd + 1;
    cursor.lineEnd = lineEndFrom(text, start);
    // Less indented, it is a mistake; in the first column, perhaps the marker of a document.
    if (!isBlank(text, start, Math.min(start + column + 1, cursor.lineEnd))) throw UNUSUAL;
  }
  endLine(cursor, end, column);
  return value;
}

/** @param end behind the closing quote. */
export function quotedText({ text, hasTabs }: Cursor, start: number, end: number): string {
  const content = text.slice(start + 1, end - 1);
  if (hasTabs && content.includes("\t")) throw UNUSUAL;
  const isFolded = content.includes("\n");
  if (text.charCodeAt(start) === SINGLE_QUOTE) return (isFolded ? foldedQuoted(content) : content).replaceAll("''", "'");
  if (!content.includes("\\")) return isFolded ? foldedQuoted(content) : content;
  const escaped = isFolded ? foldedEscaped(content) : content;
  try {
    return String(JSON.parse(`"${escaped}"`));
  } catch {
    // An escape that JSON does not have.
    throw UNUSUAL;
  }
}

function foldedQuoted(content: string): string {
  return folded(content.replaceAll(/ *\n */g, "\n"));
}

/** As go-yaml breaks long lines: behind a backslash, and with another one before a blank. JSON has neither of them. */
function foldedEscaped(content: string): string {
  return content
    .replaceAll(/(?<![\\ \n])\n +(?=[^ \n])/g, " ")
    .replaceAll(/(?<backslashes>\\*)(?<blanks> *)\n[ \n]*/g, (match, backslashes: string, blanks: string) => {
      const breaks = match.split("\n").length - 1;
      if (backslashes.length % 2 === 0) return `${backslashes}${breaks === 1 ? " " : String.raw`\n`.repeat(breaks - 1)}`;
      if (breaks > 1 || blanks !== "") throw UNUSUAL;
      return backslashes.slice(1);
    })
    .replaceAll(/\\(?<sign>[\\ ])/g, (match, sign: string) => (sign === " " ? " " : match));
}

/** One break is a blank, and of several the first is dropped. */
function folded(content: string): string {
  const joined = content.replaceAll(/(?<!\n)\n(?!\n)/g, " ");
  return joined.includes("\n") ? joined.replaceAll(/\n+/g, (breaks) => breaks.slice(1)) : joined;
}

/** A block of text, `|` or `>`, right of `column`. Leaves the cursor at the line behind it. */
export function readBlockScalar(cursor: Cursor, column: number): string {
  const { text, at } = cursor;
  const isLiteral = text.charCodeAt(at) === PIPE;
  const chomping = text.charCodeAt(at + 1);
  const isStripped = chomping === HYPHEN;
  const isKept = chomping === PLUS;
  if (!isBlank(text, isStripped || isKept ? at + 2 : at + 1, cursor.lineEnd)) throw UNUSUAL;
  const start = cursor.lineEnd + 1;
  let first = start;
  while (text.charCodeAt(first) === SPACE) first += 1;
  const width = first - start;
  // An empty first line, and an empty block.
  if (width <= column || text.charCodeAt(first) === NEWLINE || first >= text.length) throw UNUSUAL;
  const padding = text.slice(start, first);
  /** Where the last line ends that holds something, and where the line behind the block begins. */
  let end = start;
  let next = start;
  while (next < text.length) {
    const lineEnd = lineEndFrom(text, next);
    if (lineEnd > next) {
      if (text.startsWith(padding, next)) end = lineEnd;
      else if (!isBlank(text, next, lineEnd)) break;
      // Fewer blanks than the block is indented by.
      else throw UNUSUAL;
    }
    next = lineEnd + 1;
  }
  // Whether blanks alone belong to it, and a last line without its break, is for the full reader to say.
  if (text.charCodeAt(end - 1) === SPACE || (next > text.length && !isStripped)) throw UNUSUAL;
  const unpadded = text.slice(first, end).replaceAll(`\n${padding}`, "\n");
  const content = isLiteral ? unpadded : foldedBlock(unpadded);
  cursor.lineEnd = next - 1;
  nextLine(cursor);
  if (cursor.indent > column) throw UNUSUAL;
  if (isStripped) return content;
  return isKept ? content + text.slice(end, next) : `${content}\n`;
}

const PLUS = 43;
const PIPE = 124;

function foldedBlock(content: string): string {
  // Lines that are indented further keep their breaks.
  if (content.includes("\n ") || content.includes("\n\t") || content.startsWith("\t")) throw UNUSUAL;
  return folded(content);
}

/** @file Takes the schemas of CRDs out of a body before it is parsed. */

export interface WithoutSchemas {
  /** JSON text that differs from the body in the values of `openAPIV3Schema` alone: these are indexes of `schemas`. */
  readonly text: string;
  /** JSON texts. Of those that are alike the same string, so that comparing them costs nothing. */
  readonly schemas: readonly string[];
}

/**
 * Nine tenths of a review are schemas, which few decisions read, and parsing them is what a review costs most. This skips
 * from the start of each `openAPIV3Schema` to its end, at a fraction of that cost, and puts its number in its place.
 *
 * What it matches is such a key and nothing else: within a JSON string a quote is written `\"`, so the closing quote of
 * the needle ends a key. (A longer key that ends alike is skipped too, and read by nobody.) All around the schemas is
 * parsed, and checked, as before; of a schema only that its strings and braces end is seen. Where they do not, the text
 * is left as it is, for the parser to refuse.
 */
export function withoutSchemas(body: Buffer): WithoutSchemas {
  const kept: string[] = [];
  const taken: Buffer[] = [];
  let keptUntil = 0;
  let found = body.indexOf(NEEDLE);
  while (found !== -1) {
    const start = found + NEEDLE.length;
    const end = body[start] === OPENING_BRACE ? endOfObject(body, start) : start;
    if (end === -1) return { text: body.toString("utf8"), schemas: [] };
    if (end > start) {
      kept.push(body.toString("utf8", keptUntil, start), String(taken.length));
      taken.push(body.subarray(start, end));
      keptUntil = end;
    }
    found = body.indexOf(NEEDLE, end);
  }
  return { text: kept.join("") + body.toString("utf8", keptUntil), schemas: asTexts(taken) };
}

/** A review holds the old and the new object, and mostly they are alike. */
function asTexts(taken: readonly Buffer[]): readonly string[] {
  const texts: string[] = [];
  for (const [index, bytes] of taken.entries()) {
    const alike = taken.findIndex((other) => other.length === bytes.length && other.equals(bytes));
    texts.push(alike < index ? (texts[alike] ?? "") : bytes.toString("utf8"));
  }
  return texts;
}

/** As Go writes it: without a space. Where somebody else put one, the schema is parsed, and nothing is lost but time. */
const NEEDLE = Buffer.from('"openAPIV3Schema":');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Index after the brace that closes the one at `start`, or -1. In UTF-8 no byte of a longer character looks like a brace or a quote. */
function endOfObject(body: Buffer, start: number): number {
  const { length } = body;
  let depth = 0;
  for (let index = start; index < length; index += 1) {
    const byte = body[index];
    if (byte === QUOTE) {
      index += 1;
      while (index < length && body[index] !== QUOTE) index += body[index] === BACKSLASH ? 2 : 1;
    } else if (byte === OPENING_BRACE) {
      depth += 1;
    } else if (byte === CLOSING_BRACE) {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return -1;
}

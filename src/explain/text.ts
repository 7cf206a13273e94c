/** @file Small pieces of wording: counts, lists, lines, and making foreign text safe to show and to paste. */

/** `1 object`, `3,200 objects`. */
export function countOf(count: number, noun: string): string {
  return `${numberOf(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** `3,200`. By hand, since what knows every language's numbers takes longer to load than most commands take in all. */
export function numberOf(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `a`, `a and b`, `a, b and c`. */
export function listOf(items: readonly string[], conjunction: "and" | "or" = "and"): string {
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} ${conjunction} ${last}`;
}

/** `"v1"`, with nothing in it that could move a terminal's cursor or forge a line of a log. */
export function quoted(value: string): string {
  return `"${shown(value)}"`;
}

/** Longest foreign text shown; the longest valid Kubernetes name is 253 characters. */
const MAX_SHOWN = 256;

/**
 * Foreign text made harmless: control characters, line breaks, and the characters that reverse the direction of text
 * become visible escapes; what is too long is cut.
 */
export function shown(value: string): string {
  return escaped(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value);
}

/** RFC 3339 as told: a time of the day only where it is not that at which the day begins. */
export function dayOf(time: string): string {
  return shown(time.replace(/T00:00(?::00(?:\.0+)?)?Z$/, ""));
}

/** Names have up to 253 characters; what they are told beside must stay in a warning of 120. */
const MAX_NAME_LENGTH = 32;

export function shortName(name: string): string {
  const told = shown(name);
  return told.length <= MAX_NAME_LENGTH ? told : `${told.slice(0, MAX_NAME_LENGTH - 1)}…`;
}

/** As `shown`, whatever its length. */
export function escaped(value: string): string {
  // Nearly all text is plain, and to make ready the expression below takes longer than to tell most reports.
  if (PLAIN.test(value)) return value;
  return value
    .toWellFormed()
    .replaceAll(UNSAFE, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
}

const PLAIN = /^[ -~]*$/;

// Cc: control; Cf: formatting, which holds the bidirectional overrides; Zl and Zp: line and paragraph separators.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * One word for a POSIX shell. Names come from manifests that may be hostile, and the command made of them is meant to be
 * pasted. Never cut: half a patch is none. No name begins with a dash; one that does would be read as an option.
 */
export function shellWord(value: string): string {
  const word = escaped(value).replace(/^-/, String.raw`\u002d`);
  return /^[A-Za-z0-9_.,:/@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Columns of a terminal that is wide enough for what is told, and not wider than most. */
export const WIDTH = 120;

/**
 * Text after its beginning; what does not fit into the width goes on below, at the same place unless told.
 * @param text or its words, where some of them hold spaces at which no line may end.
 */
export function wrapped(
  text: string | readonly string[],
  start: string,
  indent = " ".repeat(start.length),
  width = WIDTH,
): readonly string[] {
  const lines: string[] = [];
  let line = start;
  let isEmpty = true;
  for (const word of typeof text === "string" ? text.split(" ") : text) {
    const longer = isEmpty ? `${line}${word}` : `${line} ${word}`;
    if (longer.length <= width || isEmpty) {
      line = longer;
    } else {
      lines.push(line);
      line = `${indent}${word}`;
    }
    isEmpty = false;
  }
  return [...lines, line];
}

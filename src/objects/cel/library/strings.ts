/** @file Functions on texts, whose characters are those of Unicode. Source: cel-go, ext/strings.go, version 2. */
import { four, integer, list, one, text, three, two } from "../expression/overloads.ts";
import type { Library } from "../expression/overloads.ts";
import type { Budget } from "../expression/budget.ts";
import { MadeList, itemsOf } from "../values/collections.ts";
import { CelFailure, NoSuchOverload } from "../values/value.ts";
import type { ListValue } from "../values/value.ts";

export const STRINGS: Library = {
  ".charAt/2": [
    two(text, integer, (value, index) => {
      const characters = charactersOf(value);
      if (index < 0n || index > BigInt(characters.length)) throw outOfRange(index);
      return characters[Number(index)] ?? "";
    }),
  ],
  ".indexOf/2": [two(text, text, (value, part, budget) => indexOf(value, part, 0n, budget))],
  ".indexOf/3": [three(text, text, integer, indexOf)],
  ".lastIndexOf/2": [
    two(text, text, (value, part, budget) => {
      const length = characterCount(value);
      if (part === "") return BigInt(length);
      return length === 0 ? -1n : lastIndexOf(value, part, BigInt(length - 1), budget);
    }),
  ],
  ".lastIndexOf/3": [three(text, text, integer, lastIndexOf)],
  ".lowerAscii/1": [one(text, (value) => value.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()))],
  ".upperAscii/1": [one(text, (value) => value.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase()))],
  ".replace/3": [three(text, text, text, (value, part, by, budget) => replace(value, part, by, -1n, budget))],
  ".replace/4": [
    four([text, text, text, integer], ([value, part, by, limit], budget) => replace(value, part, by, limit, budget)),
  ],
  ".split/2": [two(text, text, (value, separator, budget) => split(value, separator, -1n, budget))],
  ".split/3": [three(text, text, integer, split)],
  ".substring/2": [
    two(text, integer, (value, start) => {
      const characters = charactersOf(value);
      if (start < 0n || start > BigInt(characters.length)) throw outOfRange(start);
      return characters.slice(Number(start)).join("");
    }),
  ],
  ".substring/3": [three(text, integer, integer, substring)],
  ".trim/1": [one(text, (value) => value.replaceAll(/^[\p{White_Space}]+|[\p{White_Space}]+$/gu, ""))],
  ".join/1": [one(list, (items, budget) => join(items, "", budget))],
  ".join/2": [two(list, text, join)],
  "strings.quote/1": [one(text, quote)],
};

export function characterCount(value: string): number {
  return HAS_SURROGATES.test(value) ? charactersOf(value).length : value.length;
}

const HAS_SURROGATES = /[\ud800-\udfff]/;

function charactersOf(value: string): readonly string[] {
  return Array.from(value);
}

function outOfRange(index: bigint): CelFailure {
  return new CelFailure(`index out of range: ${index}`);
}

function indexOf(value: string, part: string, offset: bigint, budget: Budget): bigint {
  budget.spendOnText(value.length);
  if (part === "") return offset;
  if (offset < 0n) throw outOfRange(offset);
  const characters = charactersOf(value);
  if (offset >= BigInt(characters.length)) return -1n;
  const start = characters.slice(0, Number(offset)).join("").length;
  const found = value.indexOf(part, start);
  return found < 0 ? -1n : BigInt(characterCount(value.slice(0, found)));
}

function lastIndexOf(value: string, part: string, offset: bigint, budget: Budget): bigint {
  budget.spendOnText(value.length);
  if (part === "") return offset;
  if (offset < 0n) throw outOfRange(offset);
  const characters = charactersOf(value);
  if (offset >= BigInt(characters.length)) return -1n;
  const last = characters.slice(0, Number(offset)).join("").length;
  const found = value.lastIndexOf(part, last);
  return found < 0 ? -1n : BigInt(characterCount(value.slice(0, found)));
}

/** Source: Go, strings.Replace: a negative limit is none; an empty part stands before each character and at the end. */
function replace(value: string, part: string, by: string, limit: bigint, budget: Budget): string {
  const pieces = part === "" ? ["", ...charactersOf(value), ""] : value.split(part);
  const gaps = pieces.length - 1;
  const count = limit < 0n || limit > BigInt(gaps) ? gaps : Number(limit);
  budget.spendOnText(value.length + count * by.length);
  return pieces.map((piece, index) => `${index === 0 ? "" : index <= count ? by : part}${piece}`).join("");
}

/** Source: Go, strings.SplitN: an empty separator splits between characters. */
function split(value: string, separator: string, limit: bigint, budget: Budget): ListValue {
  budget.spendOnText(value.length);
  if (limit === 0n) return new MadeList([]);
  const parts = separator === "" ? charactersOf(value) : value.split(separator);
  budget.spend(parts.length);
  if (limit < 0n || BigInt(parts.length) <= limit) return new MadeList(parts);
  const kept = Number(limit) - 1;
  return new MadeList([...parts.slice(0, kept), parts.slice(kept).join(separator)]);
}

function substring(value: string, start: bigint, end: bigint): string {
  const characters = charactersOf(value);
  if (start > end) throw new CelFailure(`invalid substring range. start: ${start}, end: ${end}`);
  for (const index of [start, end]) {
    if (index < 0n || index > BigInt(characters.length)) throw outOfRange(index);
  }
  return characters.slice(Number(start), Number(end)).join("");
}

function join(items: ListValue, separator: string, budget: Budget): string {
  const texts = itemsOf(items).map((item) => {
    if (typeof item !== "string") throw new NoSuchOverload();
    return item;
  });
  budget.spendOnText(texts.reduce((sum, part) => sum + part.length + separator.length, 0));
  return texts.join(separator);
}

/** Source: cel-go, ext/strings.go, quote. */
function quote(value: string): string {
  const escaped = Array.from(value, (character) => ESCAPES.get(character) ?? character).join("");
  return `"${escaped}"`;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\x07", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
  ["\\", "\\\\"],
  ['"', '\\"'],
]);

/** @file Functions of CEL itself: sizes, conversions, texts, times. Source: cel-go, common/stdlib/standard.go. */
import {
  anything,
  boolean,
  bytes,
  double,
  integer,
  list,
  map,
  one,
  span,
  text,
  time,
  two,
  unsigned,
} from "../expression/overloads.ts";
import type { Library } from "../expression/overloads.ts";
import { durationText, parseDuration, parseTime, timeText } from "../values/formats.ts";
import {
  CelFailure,
  Duration,
  NANOSECONDS_PER_SECOND,
  TypeName,
  floorDivide,
  int,
  timestamp,
  typeNameOf,
  uint,
} from "../values/value.ts";
import { doubleText } from "./numbers.ts";
import { matches } from "./regex.ts";
import { characterCount } from "./strings.ts";

const size = [
  one(text, (value) => BigInt(characterCount(value))),
  one(bytes, (value) => BigInt(value.length)),
  one(list, (value) => BigInt(value.size)),
  one(map, (value) => BigInt(value.size)),
];

export const CORE: Library = {
  "size/1": size,
  ".size/1": size,
  ".contains/2": [
    two(text, text, (value, part, budget) => {
      budget.spendOnText(value.length);
      return value.includes(part);
    }),
  ],
  ".startsWith/2": [two(text, text, (value, part) => value.startsWith(part))],
  ".endsWith/2": [two(text, text, (value, part) => value.endsWith(part))],
  ".matches/2": [two(text, text, matches)],
  "matches/2": [two(text, text, matches)],
  "type/1": [one(anything, (value) => new TypeName(typeNameOf(value)))],
  "dyn/1": [one(anything, (value) => value)],
  "bool/1": [one(boolean, (value) => value), one(text, parseBool)],
  "bytes/1": [one(bytes, (value) => value), one(text, (value) => new Uint8Array(Buffer.from(value)))],
  "double/1": [
    one(double, (value) => value),
    one(integer, Number),
    one(unsigned, (value) => Number(value.number)),
    one(text, parseDouble),
  ],
  "int/1": [
    one(integer, (value) => value),
    one(double, wholeNumber),
    one(unsigned, (value) => int(value.number)),
    one(text, (value) => parseInteger(value, /^[-+]?\d+$/, int)),
    one(time, (value) => floorDivide(value.nanoseconds, NANOSECONDS_PER_SECOND)),
    one(span, (value) => value.nanoseconds),
  ],
  "uint/1": [
    one(unsigned, (value) => value),
    one(integer, uint),
    one(double, (value) => uint(wholeNumber(value))),
    one(text, (value) => parseInteger(value, /^\d+$/, uint)),
  ],
  "string/1": [
    one(text, (value) => value),
    one(boolean, String),
    one(integer, String),
    one(unsigned, (value) => String(value.number)),
    one(double, doubleText),
    one(bytes, parseBytes),
    one(span, durationText),
    one(time, timeText),
  ],
  "duration/1": [
    one(span, (value) => value),
    one(integer, (value) => new Duration(value)),
    one(text, (value) => {
      const parsed = parseDuration(value);
      if (parsed === null) throw conversion("string", "google.protobuf.Duration");
      return parsed;
    }),
  ],
  "timestamp/1": [
    one(time, (value) => value),
    one(integer, (value) => timestamp(value * NANOSECONDS_PER_SECOND)),
    one(text, (value) => {
      const parsed = parseTime(value);
      if (parsed === null) throw conversion("string", "google.protobuf.Timestamp");
      return timestamp(parsed.nanoseconds, parsed.offsetSeconds);
    }),
  ],
};

function conversion(from: string, to: string): CelFailure {
  return new CelFailure(`type conversion error from '${from}' to '${to}'`);
}

/** Source: Go, strconv.ParseBool. */
function parseBool(value: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(value)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(value)) return false;
  throw conversion("string", "bool");
}

function parseInteger<T>(value: string, form: RegExp, make: (number: bigint) => T): T {
  if (!form.test(value)) throw conversion("string", make === uint ? "uint" : "int");
  return make(BigInt(value.replace("+", "")));
}

/** Source: Go, strconv.ParseFloat. */
function parseDouble(value: string): number {
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(value)) {
    const number = Number(value);
    if (Number.isFinite(number)) return number;
  }
  const infinity = /^([-+]?)(?:inf|infinity)$/i.exec(value);
  if (infinity !== null) return infinity[1] === "-" ? -Infinity : Infinity;
  if (/^nan$/i.test(value)) return NaN;
  if (/^[-+]?0x[\da-f.]+p[-+]?\d+$/i.test(value)) throw conversion("hexadecimal string", "double");
  throw conversion("string", "double");
}

/** @throws CelFailure for what is not below 2^63. Source: cel-go, doubleToInt64Checked. */
function wholeNumber(value: number): bigint {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 63) throw new CelFailure("integer overflow");
  return BigInt(Math.trunc(value));
}

function parseBytes(value: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    throw new CelFailure("invalid UTF-8 in bytes, cannot convert to string");
  }
}

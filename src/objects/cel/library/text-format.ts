/** @file `format()` of texts. Source: cel-go, ext/formatting.go. */
import { list, text, two } from "../expression/overloads.ts";
import type { Library } from "../expression/overloads.ts";
import { durationText, timeText } from "../values/formats.ts";
import {
  CelFailure,
  Duration,
  ListValue,
  MapValue,
  NotEvaluated,
  Timestamp,
  TypeName,
  Uint,
  typeNameOf,
} from "../values/value.ts";
import type { Value } from "../values/value.ts";
import { doubleText } from "./numbers.ts";

export const TEXT_FORMAT: Library = {
  ".format/2": [
    two(text, list, (form, values, budget) => {
      const made = format(form, values);
      budget.spendOnText(made.length);
      return made;
    }),
  ],
};

function format(form: string, values: ListValue): string {
  let next = 0;
  return form.replaceAll(/%(%|(?:\.(\d*))?(.?))/gs, (_, all: string, precision: string | undefined, clause: string) => {
    if (all === "%") return "%";
    if (next >= values.size) throw new CelFailure(`index ${next} out of range`);
    const value = values.at(next++);
    return clauseText(clause, precision, value);
  });
}

/** In digits behind the point, where none are told. */
const DEFAULT_PRECISION = 6;
/** As many as JavaScript writes. */
const MAX_PRECISION = 100;

function clauseText(clause: string, precision: string | undefined, value: Value): string {
  switch (clause) {
    case "s":
      return plain(value);
    case "d":
      return integerText(value, 10, "decimal clause can only be used on integers");
    case "f":
      return fixed(value, precision === undefined ? DEFAULT_PRECISION : Number(precision));
    case "b":
      if (typeof value === "boolean") return value ? "1" : "0";
      return integerText(value, 2, "only integers and bools can be formatted as binary");
    case "o":
      return integerText(value, 8, "octal clause can only be used on integers");
    case "x":
      return hexadecimal(value);
    case "X":
      return hexadecimal(value).toUpperCase();
    case "e":
      throw new NotEvaluated("it formats a number with %e");
    default:
      throw new CelFailure(`could not parse formatting clause: unrecognized formatting clause "${clause}"`);
  }
}

function failure(why: string, value: Value): CelFailure {
  return new CelFailure(`error during formatting: ${why}, was given ${typeNameOf(value)}`);
}

function integerText(value: Value, base: number, why: string): string {
  if (typeof value === "bigint") return value.toString(base);
  if (value instanceof Uint) return value.number.toString(base);
  throw failure(why, value);
}

function hexadecimal(value: Value): string {
  if (typeof value === "string") return Buffer.from(value).toString("hex");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return integerText(value, 16, "only integers, byte buffers, and strings can be formatted as hex");
}

/** In the manner of the United States: `1,234.500000`. */
function fixed(value: Value, precision: number): string {
  const isNamed = value === "NaN" || value === "Infinity" || value === "-Infinity";
  if (typeof value !== "number" && !isNamed) throw failure("fixed-point clause can only be used on doubles", value);
  if (typeof value !== "number" || !Number.isFinite(value) || Math.abs(value) >= 1e21 || precision > MAX_PRECISION) {
    throw new NotEvaluated("it formats an unusual number with %f");
  }
  const [whole = "", fraction] = value.toFixed(precision).split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

function plain(value: Value): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "string":
      return value;
    case "number":
      return doubleText(value);
    case "bigint":
    case "boolean":
      return String(value);
    default:
      return plainObject(value);
  }
}

function plainObject(value: Exclude<Value, null | string | number | bigint | boolean>): string {
  if (value instanceof Uint) return String(value.number);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  if (value instanceof Duration) return durationText(value);
  if (value instanceof Timestamp) return timeText(value);
  if (value instanceof TypeName) return value.name;
  if (value instanceof ListValue) {
    return `[${Array.from({ length: value.size }, (_, index) => nested(value.at(index))).join(", ")}]`;
  }
  if (value instanceof MapValue) {
    const pairs = value.keys().map((key): readonly [string, string] => [nested(key), nested(value.find(key) ?? null)]);
    const sorted = pairs.toSorted(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
    return `{${sorted.map(([key, member]) => `${key}:${member}`).join(", ")}}`;
  }
  throw failure(
    "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
    value,
  );
}

/** As a literal of CEL. */
function nested(value: Value): string {
  if (typeof value === "string") return quoted(value);
  if (value instanceof Uint8Array) return `b${quoted(Buffer.from(value).toString("utf8"))}`;
  if (value instanceof Duration) return `duration(${quoted(durationText(value))})`;
  if (value instanceof Timestamp) return `timestamp(${quoted(timeText(value))})`;
  if (typeof value === "number") {
    if (!Number.isFinite(value) || Math.abs(value) >= 1e21) throw new NotEvaluated("it formats an unusual number");
    return value.toFixed(DEFAULT_PRECISION);
  }
  return plain(value);
}

/** Go escapes what cannot be printed by rules of its own. */
function quoted(value: string): string {
  if (!/^[ -~]*$/.test(value)) throw new NotEvaluated("it formats a list or map with characters beyond ASCII");
  return JSON.stringify(value);
}

/** @file Durations, times and bytes as texts, read and written as Go does. */
import { CelFailure, Duration, NANOSECONDS_PER_SECOND, Timestamp, duration, floorDivide } from "./value.ts";

/** Source: Go, time.ParseDuration. Null where it is none. */
export function parseDuration(text: string): Duration | null {
  const sign = /^[-+]/.exec(text)?.[0] ?? "";
  let rest = text.slice(sign.length);
  if (rest === "0") return new Duration(0n);
  if (rest === "") return null;
  let sum = 0n;
  while (rest !== "") {
    const part = /^(\d*)(?:\.(\d*))?([^.\d]+)/.exec(rest);
    if (part === null) return null;
    const [all, whole = "", fraction = "", unitName = ""] = part;
    const unit = UNITS.get(unitName);
    if (unit === undefined || (whole === "" && fraction === "")) return null;
    sum += BigInt(whole === "" ? "0" : whole) * unit + fractionOf(fraction, unit);
    if (sum > LARGEST) return null;
    rest = rest.slice(all.length);
  }
  if (sign === "-") return new Duration(-sum);
  return sum === LARGEST ? null : new Duration(sum);
}

const LARGEST = 2n ** 63n;

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1000n],
  ["µs", 1000n],
  ["μs", 1000n],
  ["ms", 1_000_000n],
  ["s", NANOSECONDS_PER_SECOND],
  ["m", 60n * NANOSECONDS_PER_SECOND],
  ["h", 3600n * NANOSECONDS_PER_SECOND],
]);

/** In the floating point of Go, so that the last nanosecond is the same. Digits beyond 18 do not fit its integer, and are left out. */
function fractionOf(digits: string, unit: bigint): bigint {
  const kept = digits.slice(0, 18);
  return BigInt(Math.trunc(Number(kept) * (Number(unit) / 10 ** kept.length)));
}

/**
 * A value of format `duration`, which may be written more freely: `3 weeks`. Source: kube-openapi, strfmt.ParseDuration.
 * @throws CelFailure where it is none.
 */
export function parseLooseDuration(text: string): Duration {
  const strict = parseDuration(text);
  if (strict !== null) return strict;
  let sum = 0n;
  let isAny = false;
  for (const [, factor = "", name = ""] of text.matchAll(/(\d+)\s*([A-Za-zµ]+)/g)) {
    const unit = name.toLowerCase();
    for (const [exact, prefix, nanoseconds] of LOOSE_UNITS) {
      if (!exact.includes(unit) && !unit.startsWith(prefix)) continue;
      isAny = true;
      sum += BigInt(factor) * nanoseconds;
    }
  }
  if (!isAny) throw new CelFailure(`Invalid duration ${text}: unable to parse ${text} as duration`);
  return duration(sum);
}

/** Names, the beginning of longer names, and how long it is. */
const LOOSE_UNITS: readonly (readonly [readonly string[], string, bigint])[] = [
  [["ns"], "nano", 1n],
  [["us", "µs"], "micro", 1000n],
  [["ms"], "milli", 1_000_000n],
  [["s"], "sec", NANOSECONDS_PER_SECOND],
  [["m"], "min", 60n * NANOSECONDS_PER_SECOND],
  [["h", "hr"], "hour", 3600n * NANOSECONDS_PER_SECOND],
  [["d"], "day", 86_400n * NANOSECONDS_PER_SECOND],
  [["w", "wk"], "week", 604_800n * NANOSECONDS_PER_SECOND],
];

/** RFC 3339, as Go reads it. Null where it is none. */
export function parseTime(text: string): Timestamp | null {
  return readTime(text, /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([-+])(\d\d):(\d\d))$/);
}

/** A value of format `date-time`, which may lack the zone. Source: kube-openapi, strfmt.ParseDateTime. @throws CelFailure where it is none. */
export function parseDateTime(text: string): Timestamp {
  if (text === "") return new Timestamp(0n);
  const time = parseTime(text) ?? readTime(text, /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?$/);
  if (time === null) throw new CelFailure(`Invalid date-time formatted string ${text}`);
  return time;
}

/** A value of format `date`. @throws CelFailure where it is none. */
export function parseDate(text: string): Timestamp {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? parseTime(`${text}T00:00:00Z`) : null;
  if (time === null) throw new CelFailure(`Invalid date formatted string ${text}`);
  return time;
}

function readTime(text: string, form: RegExp): Timestamp | null {
  const match = form.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const [, , , , , , , fraction = "", sign = "+", zoneHours = "0", zoneMinutes = "0"] = match;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59) return null;
  if (Number(zoneHours) > 24 || Number(zoneMinutes) > 60) return null;
  const offset = (sign === "-" ? -1 : 1) * (Number(zoneHours) * 3600 + Number(zoneMinutes) * 60);
  const seconds = BigInt(utc(year, month, day) / 1000 + hour * 3600 + minute * 60 + second - offset);
  return new Timestamp(seconds * NANOSECONDS_PER_SECOND + BigInt(fraction.slice(0, 9).padEnd(9, "0")), offset);
}

function daysIn(year: number, month: number): number {
  return new Date(utc(year, month + 1, 0)).getUTCDate();
}

/** Date.UTC takes the years 0 to 99 for those of the last century. */
function utc(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime();
}

/** Source: Go, time.RFC3339Nano. */
export function timeText(time: Timestamp): string {
  const local = time.nanoseconds + BigInt(time.offsetSeconds) * NANOSECONDS_PER_SECOND;
  const seconds = floorDivide(local, NANOSECONDS_PER_SECOND);
  const fraction = String(local - seconds * NANOSECONDS_PER_SECOND)
    .padStart(9, "0")
    .replace(/0+$/, "");
  const clock = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${clock}${fraction === "" ? "" : `.${fraction}`}${zoneText(time.offsetSeconds)}`;
}

function zoneText(offsetSeconds: number): string {
  if (offsetSeconds === 0) return "Z";
  const minutes = Math.floor(Math.abs(offsetSeconds) / 60);
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${offsetSeconds < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** In seconds: `90.5s`. Source: cel-go, common/types/duration.go, ConvertToType. */
export function durationText({ nanoseconds }: Duration): string {
  const seconds = Number(nanoseconds / NANOSECONDS_PER_SECOND) + Number(nanoseconds % NANOSECONDS_PER_SECOND) / 1e9;
  return `${plainDecimal(seconds)}s`;
}

/** The shortest digits that tell the number apart, without an exponent. */
function plainDecimal(number: number): string {
  const text = String(number);
  const match = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign = "", first = "", rest = "", exponent = ""] = match;
  return `${sign}0.${"0".repeat(Number(exponent) - 1)}${first}${rest}`;
}

/** A value of format `byte`; in the alphabet of URLs, as the API server decodes it for CEL. @throws CelFailure where it is none. */
export function parseBase64(text: string): Uint8Array {
  const digits = text.replaceAll(/[\r\n]/g, "");
  if (!/^(?:[\w-]{4})*(?:[\w-]{2}==|[\w-]{3}=)?$/.test(digits)) {
    throw new CelFailure(`Invalid byte formatted string ${text}: illegal base64 data`);
  }
  return new Uint8Array(Buffer.from(digits, "base64url"));
}

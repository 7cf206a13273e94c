/** @file Parts of times and durations. Source: cel-go, common/stdlib/standard.go. */
import { one, span, text, time, two } from "../expression/overloads.ts";
import type { Library, Overload } from "../expression/overloads.ts";
import { NANOSECONDS_PER_SECOND, NotEvaluated, floorDivide } from "../values/value.ts";
import type { Timestamp } from "../values/value.ts";

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const MILLISECONDS_PER_DAY = 86_400_000;

export const TIMES: Library = {
  ...ofTime("getFullYear", (date) => date.getUTCFullYear()),
  ...ofTime("getMonth", (date) => date.getUTCMonth()),
  ...ofTime("getDate", (date) => date.getUTCDate()),
  ...ofTime("getDayOfMonth", (date) => date.getUTCDate() - 1),
  ...ofTime("getDayOfWeek", (date) => date.getUTCDay()),
  ...ofTime("getDayOfYear", dayOfYear),
  ...ofTime("getHours", (date) => date.getUTCHours(), units(3600n * NANOSECONDS_PER_SECOND)),
  ...ofTime("getMinutes", (date) => date.getUTCMinutes(), units(60n * NANOSECONDS_PER_SECOND)),
  ...ofTime("getSeconds", (date) => date.getUTCSeconds(), units(NANOSECONDS_PER_SECOND)),
  ...ofTime("getMilliseconds", (date) => date.getUTCMilliseconds(), units(NANOSECONDS_PER_MILLISECOND)),
};

/** Of a duration: how many of them are full. */
function units(nanoseconds: bigint): Overload {
  return one(span, (value) => value.nanoseconds / nanoseconds);
}

function ofTime(name: string, part: (date: Date) => number, ...more: readonly Overload[]): Library {
  return {
    [`.${name}/1`]: [one(time, (value) => BigInt(part(dateOf(value, 0)))), ...more],
    [`.${name}/2`]: [two(time, text, (value, zone) => BigInt(part(dateOf(value, offsetOf(zone)))))],
  };
}

/** What a clock with that offset shows, as if it were UTC. */
function dateOf(value: Timestamp, offsetMinutes: number): Date {
  return new Date(Number(floorDivide(value.nanoseconds, NANOSECONDS_PER_MILLISECOND)) + offsetMinutes * 60_000);
}

function offsetOf(zone: string): number {
  if (zone === "" || zone === "UTC") return 0;
  const match = /^([-+]?)(\d\d):(\d\d)$/.exec(zone);
  if (match === null) throw new NotEvaluated(`it names the time zone ${zone}, and no offset`);
  const [, sign = "", hours = "", minutes = ""] = match;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

function dayOfYear(date: Date): number {
  const first = new Date(date);
  first.setUTCMonth(0, 1);
  return Math.round((date.getTime() - first.getTime()) / MILLISECONDS_PER_DAY);
}

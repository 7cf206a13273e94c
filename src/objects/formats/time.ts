/** @file Dates and durations, as Kubernetes reads them. */

/** Source: strfmt/date.go. */
export function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  if (year === undefined) return false;
  const isLeap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0);
  const last = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Number(month) - 1];
  return last !== undefined && Number(day) >= 1 && Number(day) <= last;
}

/** What follows a second T is not looked at. Source: strfmt/time.go, IsDateTime. */
export function isDateTime(text: string): boolean {
  const [date, time] = text.toLowerCase().split("t");
  if (date === undefined || time === undefined || !isDate(date)) return false;
  const [, hours, minutes, seconds] = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/u.exec(time) ?? [];
  if (hours === undefined || minutes === undefined || seconds === undefined) return false;
  return hours <= "23" && minutes <= "59" && seconds <= "59";
}

/** As Go writes one, or with some number and unit in it: `3 days`. Source: strfmt/duration.go. */
export function isDuration(text: string): boolean {
  if (isGoDuration(text)) return true;
  let isFound = false;
  for (const [, digits = "", unit] of text.matchAll(/(\d+)(?:[\t\n\f\r ]*([A-Za-zµ]+))?/g)) {
    if (unit === undefined) continue;
    if (digits.length > 18 && BigInt(digits) >= 2n ** 63n) return false;
    isFound ||= isUnit(unit.toLowerCase());
  }
  return isFound;
}

/** The last spelling of each may go on: `seconds`, `hourly`. */
const UNITS: readonly (readonly string[])[] = [
  ["ns", "nano"],
  ["us", "µs", "micro"],
  ["ms", "milli"],
  ["s", "sec"],
  ["m", "min"],
  ["h", "hr", "hour"],
  ["d", "day"],
  ["w", "wk", "week"],
];

function isUnit(unit: string): boolean {
  return UNITS.some((spellings) => spellings.includes(unit) || unit.startsWith(spellings.at(-1) ?? ""));
}

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
};

/** Below 292 years. Source: Go, package time, ParseDuration. */
function isGoDuration(text: string): boolean {
  const bare = text.replace(/^[-+]/, "");
  if (bare === "0") return true;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(bare)) return false;
  let total = 0;
  for (const [, count, unit] of bare.matchAll(/(\d+\.?\d*|\.\d+)([a-zµμ]+)/g))
    total += Number(count) * (NANOSECONDS[unit ?? ""] ?? 0);
  return total < 2 ** 63;
}

/** @file One text for one value, however its members stand: what two values are compared by. */
import { isRecord } from "./is-record.ts";

/**
 * JSON without blanks, members in the order of their names, those that are undefined left out; integers of any size with all their
 * digits.
 */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (isRecord(value)) {
    const keys = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .toSorted();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalText(value[key])}`).join(",")}}`;
  }
  return typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? "null");
}

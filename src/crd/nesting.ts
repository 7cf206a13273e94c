/** @file JSON of any depth, gone through without recursion: the API server takes 10,000 levels, and a stack fewer. */
import { isRecord } from "./is-record.ts";

/** A text or a number by itself is no level, a list or an object is one. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let wave: readonly unknown[] = [value];
  for (let depth = 0; wave.length > 0; depth += 1) {
    wave = wave.flatMap((item): readonly unknown[] => (Array.isArray(item) ? item : isRecord(item) ? Object.values(item) : []));
    if (wave.length > 0 && depth + 1 > levels) return true;
  }
  return false;
}

/** A text that tells two values apart, by the order of members too. */
export function flatText(value: unknown): string {
  const texts: string[] = [];
  const ahead: (string | { readonly value: unknown })[] = [{ value }];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (typeof next === "string") texts.push(next);
    else if (Array.isArray(next.value))
      ahead.push("]", ...next.value.map((item: unknown) => ({ value: item })).toReversed(), "[");
    else if (isRecord(next.value)) {
      const members = Object.entries(next.value).flatMap(([name, member]) => [JSON.stringify(name), { value: member }]);
      ahead.push("}", ...members.toReversed(), "{");
    } else texts.push(typeof next.value === "bigint" ? String(next.value) : (JSON.stringify(next.value) ?? "null"), ",");
  }
  return texts.join("");
}

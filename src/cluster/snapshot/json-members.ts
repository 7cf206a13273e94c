/** @file Members of JSON objects of unknown shape, for what is copied rather than understood. */
import { isRecord } from "../../crd/is-record.ts";
import type { JsonRecord } from "./snapshot.ts";

/** Empty for what is no object. */
export function recordOf(input: unknown): JsonRecord {
  return isRecord(input) ? input : {};
}

/** Empty for what is no list. */
export function listOf(input: unknown): readonly unknown[] {
  return Array.isArray(input) ? input : [];
}

export function pick(input: unknown, members: readonly string[]): JsonRecord {
  const record = recordOf(input);
  return Object.fromEntries(members.filter((member) => record[member] !== undefined).map((member) => [member, record[member]]));
}

export function without(input: unknown, member: string): JsonRecord {
  return Object.fromEntries(Object.entries(recordOf(input)).filter(([key]) => key !== member));
}

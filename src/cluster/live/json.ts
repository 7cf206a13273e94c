/** @file Reads members out of JSON of unknown shape. */

export type JsonRecord = Readonly<Record<string, unknown>>;

export function isRecord(input: unknown): input is JsonRecord {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

/** The member at `path`, or undefined where anything on the way is not an object. */
export function memberAt(input: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), input);
}

/** The non-empty text at `path`, or null. */
export function textAt(input: unknown, ...path: readonly string[]): string | null {
  const value = memberAt(input, ...path);
  return typeof value === "string" && value !== "" ? value : null;
}

/** The list at `path`; empty where there is none, as Go writes an empty list as `null` or leaves it out. */
export function listAt(input: unknown, ...path: readonly string[]): readonly unknown[] {
  const value = memberAt(input, ...path);
  return Array.isArray(value) ? value : [];
}

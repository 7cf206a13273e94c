/** @file Where in an object something is, and how that is written. */
import type { Schema } from "../crd/schema/schema.ts";

/** Names of members and indexes of lists, from the object down. */
export type Path = readonly (string | number)[];

/** `spec.rules[0].matches[1]`; keys of maps as the API server writes them: `spec.labels[app]`. */
export function exactPath(path: Path, schema: Schema): string {
  return written(path, schema, (segment) => `[${String(segment)}]`);
}

/** `spec.rules[].matches[]`: the same for whatever index or key. */
export function causePath(path: Path, schema: Schema): string {
  return written(path, schema, () => "[]");
}

function written(path: Path, schema: Schema, inBrackets: (segment: string | number) => string): string {
  let text = "";
  let level: Schema | null = schema;
  for (const segment of path) {
    const isKey: boolean =
      typeof segment === "number" ||
      (level !== null &&
        !level.properties.has(segment) &&
        typeof level.additionalProperties === "object" &&
        level.additionalProperties !== null);
    if (isKey) text += inBrackets(segment);
    else text += text === "" ? String(segment) : `.${String(segment)}`;
    level = level === null ? null : below(level, segment);
  }
  return text;
}

/** The schema of a member or item; null where none is written. */
export function below(schema: Schema, segment: string | number): Schema | null {
  if (typeof segment === "number") return schema.items;
  const property = schema.properties.get(segment);
  if (property !== undefined) return property;
  return typeof schema.additionalProperties === "object" ? schema.additionalProperties : null;
}

/** Undefined where there is none. */
export function valueAt(object: unknown, path: Path): unknown {
  let value = object;
  for (const segment of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = Reflect.get(value, segment);
  }
  return value;
}

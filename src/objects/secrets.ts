/** @file Which values of objects are not shown, since they may be secrets. */
import { isRecord } from "../crd/is-record.ts";
import type { Schema } from "../crd/schema/schema.ts";
import { below, type Path } from "./paths.ts";

/**
 * Judged by names and formats alone, on the way to the value and within it: hiding what is none costs a reader little.
 * @param schemas that may describe the object.
 */
export function mayBeSecret(path: Path, value: unknown, schemas: readonly Schema[]): boolean {
  if (path.some((segment) => typeof segment === "string" && SECRET_NAME.test(segment))) return true;
  let levels = schemas;
  for (const segment of path) {
    levels = levels.flatMap((level) => below(level, segment) ?? []);
    if (levels.some(isPassword)) return true;
  }
  return holdsSecret(value, levels);
}

const SECRET_NAME = /passw|passphrase|pwd|secret|token|credential|key|private|bearer|cookie|^auth$|authorization/i;

function isPassword({ format }: Schema): boolean {
  return format === "password";
}

function holdsSecret(value: unknown, levels: readonly Schema[]): boolean {
  if (Array.isArray(value)) {
    const items = levels.flatMap((level) => level.items ?? []);
    return items.some(isPassword) || value.some((item) => holdsSecret(item, items));
  }
  if (!isRecord(value)) return false;
  return Object.keys(value).some((name) => {
    const members = levels.flatMap((level) => below(level, name) ?? []);
    return SECRET_NAME.test(name) || members.some(isPassword) || holdsSecret(value[name], members);
  });
}

/** @file Lists that are sets or maps hold no two alike. */
import { canonicalText } from "../crd/canonical-text.ts";
import { isRecord } from "../crd/is-record.ts";
import type { Schema } from "../crd/schema/schema.ts";
import { below, type Path } from "./paths.ts";
import type { Problem } from "./problem.ts";
import { remembered } from "./remembered.ts";

/** Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype/validation.go. */
export function validateListTypes(object: unknown, schema: Schema): readonly Problem[] {
  if (!hasListType(schema)) return [];
  const problems: Problem[] = [];
  validateLevel(object, schema, [], problems);
  return problems;
}

const hasListType = remembered((schema: Schema): boolean =>
  schema.listType === "set" || schema.listType === "map"
    ? true
    : [...schema.properties.values(), schema.additionalProperties, schema.items].some(
        (child) => typeof child === "object" && child !== null && hasListType(child),
      ),
);

function validateLevel(value: unknown, schema: Schema | null, at: (string | number)[], problems: Problem[]): void {
  if (schema === null || !hasListType(schema)) return;
  if (Array.isArray(value)) {
    if (schema.listType === "set") addDuplicates(value, at, problems);
    if (schema.listType === "map") validateMap(value, schema.listMapKeys, at, problems);
    for (const [index, item] of value.entries()) {
      at.push(index);
      validateLevel(item, schema.items, at, problems);
      at.pop();
    }
  } else if (isRecord(value)) {
    for (const name of Object.keys(value)) {
      at.push(name);
      validateLevel(value[name], below(schema, name), at, problems);
      at.pop();
    }
  }
}

/** Keys are told apart with their types; one that is missing is like another that is. */
function validateMap(items: readonly unknown[], keys: readonly string[], at: Path, problems: Problem[]): void {
  const stray = items.findIndex((item) => item !== null && !isRecord(item));
  if (stray !== -1) {
    problems.push({ path: [...at, stray], keyword: "list-type", message: "must be an object for an array of list-type map" });
    return;
  }
  const identities = items.map((item) =>
    Object.fromEntries(isRecord(item) ? keys.filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]]) : []),
  );
  addDuplicates(identities, at, problems);
}

/** A third alike is not told of. */
function addDuplicates(items: readonly unknown[], at: Path, problems: Problem[]): void {
  if (items.length < 2) return;
  const seen = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const text = canonicalText(item);
    const times = seen.get(text) ?? 0;
    seen.set(text, times + 1);
    if (times === 1) problems.push({ path: [...at, index], keyword: "list-type", message: "Duplicate value" });
  }
}

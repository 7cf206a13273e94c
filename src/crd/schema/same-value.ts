/** @file When two values, and two schemas, say the same: whatever the order of what has none. */
import { canonicalText } from "../canonical-text.ts";
import { celText } from "./cel-text.ts";
import { ANYTHING } from "./read-schema.ts";
import type { CelRule, Json, Schema } from "./schema.ts";

/** Undefined: no value, which null is. */
export function isSameValue(left: Json | undefined, right: Json | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left === right || canonicalText(left) === canonicalText(right);
}

/** The same for two schemas that differ in order and documentation alone. */
export function schemaText(schema: Schema): string {
  return canonicalText(comparable(schema));
}

/** Any value will do, and is kept. */
export function takesAnything(schema: Schema): boolean {
  return schemaText(schema) === PRESERVED_TEXT;
}

/** What the API server makes of a field that no schema is for, below a level that preserves such. */
export const PRESERVED: Schema = { ...ANYTHING, preservesUnknownFields: true };

/** What an int-or-string is told to be, if it is told; it is that anyway. */
export function branchesOf(schema: Schema, of: "allOf" | "anyOf" | "oneOf"): readonly Schema[] {
  const branches = schema[of];
  if (!schema.isIntOrString) return branches;
  return of === "anyOf" && isIntAndString(branches)
    ? []
    : branches.filter((branch) => !(of === "allOf" && isIntAndString(branch.anyOf) && isNothingBut(branch)));
}

function isIntAndString(branches: readonly Schema[]): boolean {
  const [first, second, ...others] = branches.map(schemaText);
  return others.length === 0 && ((first === INTEGER && second === STRING) || (first === STRING && second === INTEGER));
}

function isNothingBut(branch: Schema): boolean {
  return schemaText({ ...branch, anyOf: [] }) === "{}";
}

/** Members that say something, sets in one order. */
function comparable(schema: Schema): unknown {
  const said: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) {
    if (value === UNSAID.get(name) || name === "documentation") continue;
    said[name] = value;
  }
  const { properties, additionalProperties, items, not } = schema;
  return {
    ...said,
    properties: properties.size === 0 ? undefined : mapped(properties, comparable),
    additionalProperties: asSchema(additionalProperties),
    items: items === null ? undefined : comparable(items),
    not: not === null ? undefined : comparable(not),
    required: asSet(schema.required),
    listMapKeys: asSet(schema.listMapKeys),
    enum: schema.enum === null ? undefined : (asSet(schema.enum.map(canonicalText)) ?? []),
    default: schema.default === undefined ? undefined : { value: schema.default },
    allOf: asSet(branchesOf(schema, "allOf").map(schemaText)),
    anyOf: asSet(branchesOf(schema, "anyOf").map(schemaText)),
    // Exactly one of them may hold: the same one twice never does.
    oneOf: schema.oneOf.length === 0 ? undefined : schema.oneOf.map(schemaText).toSorted(),
    hasExclusiveMinimum: (schema.minimum !== null && schema.hasExclusiveMinimum) || undefined,
    hasExclusiveMaximum: (schema.maximum !== null && schema.hasExclusiveMaximum) || undefined,
    celRules: asSet(schema.celRules.map(celRuleText)),
    unhandled: schema.unhandled.size === 0 ? undefined : mapped(schema.unhandled, (value) => value),
  };
}

const UNSAID: ReadonlyMap<string, unknown> = new Map(Object.entries(ANYTHING));

function asSchema(value: Schema["additionalProperties"]): unknown {
  if (value === null || value === false) return value === null ? undefined : false;
  return comparable(value === true ? ANYTHING : value);
}

function celRuleText({ rule, optionalOldSelf }: CelRule): string {
  return canonicalText([celText(rule), optionalOldSelf]);
}

function asSet(texts: readonly string[]): readonly string[] | undefined {
  return texts.length === 0 ? undefined : [...new Set(texts)].toSorted();
}

function mapped<T>(values: ReadonlyMap<string, T>, toValue: (value: T) => unknown): Readonly<Record<string, unknown>> {
  // Not a literal's members: one called __proto__ is a field like any other.
  return Object.fromEntries([...values].map(([name, value]) => [name, toValue(value)]));
}

const INTEGER = schemaText({ ...ANYTHING, type: "integer" });
const STRING = schemaText({ ...ANYTHING, type: "string" });
const PRESERVED_TEXT = schemaText(PRESERVED);

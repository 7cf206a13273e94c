/** @file When two values, and two schemas, say the same: whatever the order of what has none. */
import { canonicalText } from "../canonical-text.ts";
import { compareText } from "../compare-text.ts";
import { celText } from "./cel-text.ts";
import { ANYTHING } from "./read-schema.ts";
import type { CelRule, Json, Schema, SchemaType } from "./schema.ts";

/** Undefined: no value, which null is. */
export function isSameValue(left: Json | undefined, right: Json | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left === right || canonicalText(left) === canonicalText(right);
}

/** The same for two schemas that differ in order and documentation alone: members that say something, sets in one order. */
export function schemaText(schema: Schema): string {
  const { properties, additionalProperties, items, not } = schema;
  const said: string[] = [];
  const say = (name: string, text: string | undefined): void => {
    if (text !== undefined) said.push(`${JSON.stringify(name)}:${text}`);
  };
  for (const [name, value] of Object.entries(schema)) {
    if (!NESTED.has(name) && value !== UNSAID.get(name)) say(name, canonicalText(value));
  }
  say("properties", properties.size === 0 ? undefined : mappedText(properties, schemaText));
  say("additionalProperties", additionalText(additionalProperties));
  say("items", items === null ? undefined : schemaText(items));
  say("not", not === null ? undefined : schemaText(not));
  say("required", setText(schema.required.map(canonicalText)));
  say("listMapKeys", setText(schema.listMapKeys.map(canonicalText)));
  say("enum", schema.enum === null ? undefined : (setText(schema.enum.map(canonicalText)) ?? "[]"));
  say("default", schema.default === undefined ? undefined : canonicalText(schema.default));
  say("allOf", setText(branchesOf(schema, "allOf").map(schemaText)));
  say("anyOf", setText(branchesOf(schema, "anyOf").map(schemaText)));
  // Exactly one of them may hold: the same one twice never does.
  say("oneOf", schema.oneOf.length === 0 ? undefined : `[${schema.oneOf.map(schemaText).toSorted().join(",")}]`);
  say("hasExclusiveMinimum", schema.minimum !== null && schema.hasExclusiveMinimum ? "true" : undefined);
  say("hasExclusiveMaximum", schema.maximum !== null && schema.hasExclusiveMaximum ? "true" : undefined);
  say("celRules", setText(schema.celRules.map(celRuleText)));
  say("unhandled", schema.unhandled.size === 0 ? undefined : mappedText(schema.unhandled, canonicalText));
  return `{${said.join(",")}}`;
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

function isIntAndString([first, second, ...others]: readonly Schema[]): boolean {
  if (first === undefined || second === undefined || others.length > 0) return false;
  const isOf = (branch: Schema, type: SchemaType): boolean => branch.type === type && isUnsaid(branch, "type");
  return (isOf(first, "integer") && isOf(second, "string")) || (isOf(first, "string") && isOf(second, "integer"));
}

function isNothingBut(branch: Schema): boolean {
  return isUnsaid(branch, "anyOf");
}

/** Of this level alone: to write out what is below it, at each level anew, takes as long as two to the power of their number. */
function isUnsaid(schema: Schema, except: keyof Schema): boolean {
  return Object.entries(schema).every(
    ([name, value]) =>
      name === except ||
      name === "documentation" ||
      value === UNSAID.get(name) ||
      (name !== "enum" && Array.isArray(value) && value.length === 0) ||
      (value instanceof Map && value.size === 0),
  );
}

const UNSAID: ReadonlyMap<string, unknown> = new Map(Object.entries(ANYTHING));

/** Members that are no plain values, or have no order, or say something only with others; documentation says nothing. */
const NESTED: ReadonlySet<string> = new Set([
  "properties",
  "additionalProperties",
  "items",
  "not",
  "allOf",
  "anyOf",
  "oneOf",
  "celRules",
  "unhandled",
  "documentation",
  "required",
  "listMapKeys",
  "enum",
  "default",
  "hasExclusiveMinimum",
  "hasExclusiveMaximum",
]);

function additionalText(value: Schema["additionalProperties"]): string | undefined {
  if (value === null || value === false) return value === null ? undefined : "false";
  return schemaText(value === true ? ANYTHING : value);
}

function celRuleText({ rule, optionalOldSelf }: CelRule): string {
  return canonicalText([celText(rule), optionalOldSelf]);
}

/** Texts that stand as they are: a text within a text doubles its length with each level. */
function setText(texts: readonly string[]): string | undefined {
  return texts.length === 0 ? undefined : `[${[...new Set(texts)].toSorted().join(",")}]`;
}

function mappedText<T>(values: ReadonlyMap<string, T>, toText: (value: T) => string): string {
  const entries = [...values].toSorted(([left], [right]) => compareText(left, right));
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${toText(value)}`).join(",")}}`;
}

const PRESERVED_TEXT = schemaText(PRESERVED);

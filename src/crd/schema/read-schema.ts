/** @file Written schemas → `Schema`. */
import type { WrittenSchema } from "../crd.ts";
import { parseExactJson } from "../exact-json.ts";
import { isRecord } from "../is-record.ts";
import { flatText } from "../nesting.ts";
import type { CelRule, Json, Schema, SchemaType } from "./schema.ts";

/**
 * The API server has checked what it holds, and a manifest is checked by it: what is of another form than expected is told as
 * `unhandled`, and the rest is read. Remembered, as several rules ask for the same.
 */
export function readSchema(written: WrittenSchema): Schema {
  const known = read.get(written);
  if (known !== undefined) return known;
  const schema = toSchema(written.kind === "json" ? parseExactJson(written.text) : written.value, 0);
  read.set(written, schema);
  return schema;
}

const read = new WeakMap<WrittenSchema, Schema>();

/** A level that says nothing: anything is valid. */
export const ANYTHING: Schema = {
  type: null,
  format: null,
  isNullable: false,
  isIntOrString: false,
  isEmbeddedResource: false,
  preservesUnknownFields: false,
  properties: new Map(),
  additionalProperties: null,
  required: [],
  minProperties: null,
  maxProperties: null,
  mapType: null,
  items: null,
  minItems: null,
  maxItems: null,
  hasUniqueItems: false,
  listType: null,
  listMapKeys: [],
  minLength: null,
  maxLength: null,
  pattern: null,
  minimum: null,
  hasExclusiveMinimum: false,
  maximum: null,
  hasExclusiveMaximum: false,
  multipleOf: null,
  enum: null,
  default: undefined,
  allOf: [],
  anyOf: [],
  oneOf: [],
  not: null,
  celRules: [],
  documentation: new Map(),
  unhandled: new Map(),
};

/** Deeper than the API server takes any JSON; bounds the recursion. Source: sigs.k8s.io/json, maxNestingDepth 10,000; real schemas stay below 60. */
const MAX_DEPTH = 500;

function toSchema(input: unknown, depth: number): Schema {
  if (!isRecord(input)) return isJson(input) ? { ...ANYTHING, unhandled: new Map([["", input]]) } : ANYTHING;
  // One object a level: a new one for each keyword takes twice the time.
  const schema = { ...ANYTHING };
  const documentation = new Map<string, Json>();
  const unhandled = new Map<string, Json>();
  for (const [keyword, value] of Object.entries(input)) {
    if (value === null || !isJson(value)) {
      // `default: null` says something; any other keyword with null is as good as not written.
      if (keyword === "default" && value === null) Object.assign(schema, { default: null });
      continue;
    }
    if (DOCUMENTATION.has(keyword)) {
      documentation.set(keyword, value);
      continue;
    }
    if (depth >= MAX_DEPTH) {
      // As text, which can be compared without going down it.
      unhandled.set(keyword, flatText(value));
      continue;
    }
    const result = KEYWORDS.get(keyword)?.(value, depth);
    if (result === undefined) unhandled.set(keyword, value);
    else Object.assign(schema, result);
  }
  return { ...schema, documentation, unhandled };
}

const DOCUMENTATION: ReadonlySet<string> = new Set(["description", "title", "example", "externalDocs"]);

/** Whatever JSON or YAML is parsed to holds nothing but the like. */
function isJson(value: unknown): value is Json {
  return value !== undefined;
}

/** Undefined: of another form than Kubernetes gives it. */
type ReadKeyword = (value: Json, depth: number) => Partial<Schema> | undefined;

const KEYWORDS: ReadonlyMap<string, ReadKeyword> = new Map<string, ReadKeyword>([
  ["type", (value) => (isType(value) ? { type: value } : undefined)],
  ["format", text("format")],
  ["nullable", flag("isNullable")],
  ["x-kubernetes-int-or-string", flag("isIntOrString")],
  ["x-kubernetes-embedded-resource", flag("isEmbeddedResource")],
  ["x-kubernetes-preserve-unknown-fields", flag("preservesUnknownFields")],
  ["properties", (value, depth) => (isRecord(value) ? { properties: mapped(value, depth) } : undefined)],
  [
    "additionalProperties",
    (value, depth) =>
      typeof value === "boolean"
        ? { additionalProperties: value }
        : isRecord(value)
          ? { additionalProperties: toSchema(value, depth + 1) }
          : undefined,
  ],
  ["required", texts("required")],
  ["minProperties", count("minProperties")],
  ["maxProperties", count("maxProperties")],
  ["x-kubernetes-map-type", (value) => (value === "atomic" || value === "granular" ? { mapType: value } : undefined)],
  ["items", (value, depth) => (isRecord(value) ? { items: toSchema(value, depth + 1) } : undefined)],
  ["minItems", count("minItems")],
  ["maxItems", count("maxItems")],
  ["uniqueItems", flag("hasUniqueItems")],
  [
    "x-kubernetes-list-type",
    (value) => (value === "atomic" || value === "map" || value === "set" ? { listType: value } : undefined),
  ],
  ["x-kubernetes-list-map-keys", texts("listMapKeys")],
  ["minLength", count("minLength")],
  ["maxLength", count("maxLength")],
  ["pattern", text("pattern")],
  ["minimum", count("minimum")],
  ["exclusiveMinimum", flag("hasExclusiveMinimum")],
  ["maximum", count("maximum")],
  ["exclusiveMaximum", flag("hasExclusiveMaximum")],
  ["multipleOf", count("multipleOf")],
  ["enum", (value) => (Array.isArray(value) ? { enum: value } : undefined)],
  ["default", (value) => ({ default: value })],
  ["allOf", schemas("allOf")],
  ["anyOf", schemas("anyOf")],
  ["oneOf", schemas("oneOf")],
  ["not", (value, depth) => (isRecord(value) ? { not: toSchema(value, depth + 1) } : undefined)],
  ["x-kubernetes-validations", (value) => readCelRules(value)],
]);

const TYPES: readonly SchemaType[] = ["array", "boolean", "integer", "null", "number", "object", "string"];

function isType(value: unknown): value is SchemaType {
  return TYPES.some((type) => type === value);
}

function mapped(value: Readonly<Record<string, unknown>>, depth: number): ReadonlyMap<string, Schema> {
  return new Map(Object.entries(value).map(([name, schema]) => [name, toSchema(schema, depth + 1)]));
}

/** An empty text is as good as not written: the API server leaves it out. */
function text(keyword: "format" | "pattern"): ReadKeyword {
  return (value) => (typeof value === "string" ? { [keyword]: value === "" ? null : value } : undefined);
}

function flag(
  keyword:
    | "isNullable"
    | "isIntOrString"
    | "isEmbeddedResource"
    | "preservesUnknownFields"
    | "hasUniqueItems"
    | "hasExclusiveMinimum"
    | "hasExclusiveMaximum",
): ReadKeyword {
  return (value) => (typeof value === "boolean" ? { [keyword]: value } : undefined);
}

function count(
  keyword:
    | "minProperties"
    | "maxProperties"
    | "minItems"
    | "maxItems"
    | "minLength"
    | "maxLength"
    | "minimum"
    | "maximum"
    | "multipleOf",
): ReadKeyword {
  return (value) => (typeof value === "number" || typeof value === "bigint" ? { [keyword]: value } : undefined);
}

function texts(keyword: "required" | "listMapKeys"): ReadKeyword {
  return (value) => (Array.isArray(value) && value.every((item) => typeof item === "string") ? { [keyword]: value } : undefined);
}

function schemas(keyword: "allOf" | "anyOf" | "oneOf"): ReadKeyword {
  return (value, depth) =>
    Array.isArray(value) ? { [keyword]: value.map((item: unknown) => toSchema(item, depth + 1)) } : undefined;
}

function readCelRules(value: unknown): Partial<Schema> | undefined {
  if (!Array.isArray(value)) return undefined;
  const celRules: CelRule[] = [];
  for (const item of value) {
    if (!isRecord(item) || typeof item["rule"] !== "string") return undefined;
    const { rule, message, messageExpression, reason, fieldPath, optionalOldSelf } = item;
    celRules.push({
      rule,
      message: textOrNull(message),
      messageExpression: textOrNull(messageExpression),
      reason: textOrNull(reason),
      fieldPath: textOrNull(fieldPath),
      optionalOldSelf: typeof optionalOldSelf === "boolean" ? optionalOldSelf : null,
    });
  }
  return { celRules };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

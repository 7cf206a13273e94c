/** @file Keywords that say what a value must be like: at a level itself, and within `allOf`, `anyOf`, `oneOf` and `not`. */
import type { Choices } from "./choices.ts";
import { FORMATS, INTEGERS, NAMES, NUMBER_FORMATS, NUMBERS, PATTERNS, TEXTS } from "./vocabulary.ts";
import { isList, isObject, withMember, type Written, type WrittenObject } from "./written.ts";

/** What a level holds, whatever its keywords say of it. */
export type Kind = "string" | "integer" | "number" | "boolean" | "int-or-string" | "object" | "array" | "anything";

export function kindOf(schema: WrittenObject): Kind {
  if (schema["x-kubernetes-int-or-string"] === true) return "int-or-string";
  switch (schema["type"]) {
    case "string":
    case "integer":
    case "number":
    case "boolean":
    case "object":
    case "array":
      return schema["type"];
    default:
      return "anything";
  }
}

/** @param times how often each keyword, in ten. */
export function valueValidations(draw: Choices, kind: Kind, times: number): WrittenObject {
  switch (kind) {
    case "string":
      return ofText(draw, times);
    case "integer":
      return ofNumber(draw, times, INTEGERS);
    case "number":
      return ofNumber(draw, times, NUMBERS);
    case "boolean":
      return draw.often(times) ? { enum: draw.oneOf<Written>([true, false], [true], [false, null]) } : {};
    case "int-or-string":
      return { ...ofText(draw, times), ...(draw.often(times) ? ofNumber(draw, times, INTEGERS) : {}) };
    case "object":
      return bounded(draw, times, "Properties");
    case "array":
      return bounded(draw, times, "Items");
    case "anything":
      return draw.often(times) ? { ...ofText(draw, times), ...bounded(draw, times, "Items") } : {};
  }
}

function ofText(draw: Choices, times: number): WrittenObject {
  const keywords: Record<string, Written> = {};
  if (draw.often(times)) Object.assign(keywords, bounded(draw, 6, "Length"));
  const further = draw.oneOf<"none" | "pattern" | "enum" | "format">("none", "pattern", "enum", "format");
  if (further !== "none" && draw.often(times + 3)) Object.assign(keywords, FURTHER[further](draw));
  if (draw.often(1)) keywords["maximum"] = 5; // of no consequence to a text
  return keywords;
}

const FURTHER = {
  pattern(draw: Choices): WrittenObject {
    const pattern = draw.pick(PATTERNS) ?? { text: "", matching: [""] };
    return { pattern: pattern.text, ...(draw.often(2) ? { enum: [...pattern.matching] } : {}) };
  },
  enum(draw: Choices): WrittenObject {
    const texts = [...new Set([draw.oneOf("a", ...TEXTS), ...draw.some(TEXTS, 3)])];
    return { enum: draw.often(1) ? [...texts, null] : texts };
  },
  format(draw: Choices): WrittenObject {
    return { format: draw.pick(FORMATS)?.name ?? "date" };
  },
};

function ofNumber(draw: Choices, times: number, pool: readonly Written[]): WrittenObject {
  const keywords: Record<string, Written> = {};
  if (draw.often(times)) {
    keywords["minimum"] = draw.pick(pool) ?? 0;
    if (draw.often(3)) keywords["exclusiveMinimum"] = true;
  }
  if (draw.often(times)) {
    const least = keywords["minimum"];
    keywords["maximum"] = typeof least === "number" && draw.often(7) ? least + draw.below(12) : (draw.pick(pool) ?? 0);
    if (draw.often(3)) keywords["exclusiveMaximum"] = true;
  }
  if (draw.often(Math.ceil(times / 2))) keywords["multipleOf"] = draw.oneOf<Written>(1, 2, 3, 0.5, 0.1, 10);
  if (draw.often(Math.ceil(times / 2))) keywords["enum"] = [draw.pick(pool) ?? 0, ...draw.some(pool, 3)];
  if (draw.often(Math.ceil(times / 2))) keywords["format"] = draw.pick(NUMBER_FORMATS) ?? "int32";
  if (draw.often(1)) keywords["pattern"] = "^a$"; // of no consequence to a number
  return keywords;
}

function bounded(draw: Choices, times: number, what: "Length" | "Items" | "Properties"): WrittenObject {
  const keywords: Record<string, Written> = {};
  const least = draw.often(times) ? draw.below(4) : null;
  if (least !== null) keywords[`min${what}`] = least;
  if (draw.often(times)) keywords[`max${what}`] = (least ?? 0) + draw.below(5);
  return keywords;
}

/**
 * `allOf`, `anyOf`, `oneOf` and `not` for a level. They may only speak of fields that the level has itself, and say nothing of
 * types. Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema, validation.go and complete.go.
 */
export function junctors(draw: Choices, schema: WrittenObject, depth: number): WrittenObject {
  const nested = (): WrittenObject => nestedValidations(draw.split(), schema, depth);
  const keywords: Record<string, Written> = {};
  if (draw.often(3)) keywords["allOf"] = [nested(), ...(draw.often(3) ? [nested()] : [])];
  // The form of `anyOf` that int-or-string allows is another thing, and given by the level.
  if (draw.often(3) && schema["anyOf"] === undefined) keywords["anyOf"] = [nested(), ...(draw.often(8) ? [nested()] : [])];
  if (draw.often(2)) keywords["oneOf"] = [nested(), ...(draw.often(8) ? [nested()] : [])];
  if (draw.often(2)) keywords["not"] = nested();
  return keywords;
}

function nestedValidations(draw: Choices, schema: WrittenObject, depth: number): WrittenObject {
  const keywords: Record<string, Written> = { ...valueValidations(draw, kindOf(schema), 3) };
  const { properties, items } = schema;
  if (isObject(properties)) {
    const required = draw.some(Object.keys(properties), 4);
    if (required.length > 0) keywords["required"] = required;
    // Nothing may be said of metadata in a nested place.
    const said = draw.some(Object.keys(properties), 3).filter((name) => name !== "metadata");
    const entries = said.map((name): [string, Written] => {
      const level = properties[name];
      return [name, isObject(level) ? nestedValidations(draw.split(), level, depth - 1) : {}];
    });
    if (entries.length > 0) keywords["properties"] = Object.fromEntries(entries);
  } else if (kindOf(schema) === "object" && draw.often(2)) keywords["required"] = [draw.pick(NAMES) ?? "a"];
  if (isObject(items) && draw.often(4)) keywords["items"] = nestedValidations(draw.split(), items, depth - 1);
  if (depth > 0 && draw.often(2)) Object.assign(keywords, junctors(draw, withMember(schema, "anyOf", undefined), depth - 1));
  return keywords;
}

/** Of `required` and `x-kubernetes-list-map-keys`; empty where it is no list. */
export function namesIn(value: Written | undefined): readonly string[] {
  return listOf(value).filter((each) => typeof each === "string");
}

/** Of a schema's `enum` and the like; empty where it is no list. */
export function listOf(value: Written | undefined): readonly Written[] {
  return isList(value) ? value : [];
}

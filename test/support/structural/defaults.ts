/** @file Values of which it is sure that a schema takes them as they are, so that they may be its default. */
import type { Choices } from "./choices.ts";
import { kindOf, listOf, namesIn } from "./value-validations.ts";
import { INTEGERS, NUMBERS, PATTERNS, TEXTS } from "./vocabulary.ts";
import { isList, isObject, type Written, type WrittenObject } from "./written.ts";

/** Undefined where none is found that is sure. */
export function anyDefault(draw: Choices, schema: WrittenObject): Written | undefined {
  const sure = candidates(draw, schema).filter((value) => surelyFits(schema, value));
  return draw.pick(sure);
}

function candidates(draw: Choices, schema: WrittenObject): readonly Written[] {
  const listed = listOf(schema["enum"]);
  switch (kindOf(schema)) {
    case "string":
    case "int-or-string":
      return [...listed, ...TEXTS, ...PATTERNS.flatMap(({ matching }) => matching)];
    case "integer":
      return [...listed, ...INTEGERS];
    case "number":
      return [...listed, ...NUMBERS];
    case "boolean":
      return [true, false];
    case "array": {
      const item = isObject(schema["items"]) ? anyDefault(draw, schema["items"]) : undefined;
      return item === undefined ? [[]] : [[], [item], [item, item]];
    }
    case "object": {
      const properties = isObject(schema["properties"]) ? Object.entries(schema["properties"]) : [];
      const members = properties.flatMap(([name, level]): [string, Written][] => {
        const value = isObject(level) ? anyDefault(draw, level) : undefined;
        return value === undefined ? [] : [[name, value]];
      });
      return [{}, Object.fromEntries(members), Object.fromEntries(members.slice(0, 1))];
    }
    case "anything":
      return ["a", 1, {}];
  }
}

/** False where it is not sure. */
export function surelyFits(schema: WrittenObject, value: Written): boolean {
  if (DOUBTFUL.some((keyword) => schema[keyword] !== undefined)) return false;
  if (value === null) return false;
  const { enum: listed } = schema;
  if (listed !== undefined && !listOf(listed).some((each) => each === value)) return false;
  switch (kindOf(schema)) {
    case "string":
      return typeof value === "string" && textFits(schema, value);
    case "int-or-string":
      return typeof value === "string" && textFits(schema, value);
    case "integer":
      return typeof value === "number" && Number.isSafeInteger(value) && numberFits(schema, value);
    case "number":
      return typeof value === "number" && numberFits(schema, value);
    case "boolean":
      return typeof value === "boolean";
    case "array":
      return isList(value) && listFits(schema, value);
    case "object":
      return isObject(value) && objectFits(schema, value);
    case "anything":
      return false;
  }
}

/** What is said of a value in other words than those that are read here. */
const DOUBTFUL: readonly string[] = [
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-preserve-unknown-fields",
  "multipleOf",
  "format",
];

function textFits({ minLength, maxLength, pattern }: WrittenObject, value: string): boolean {
  if (pattern !== undefined && PATTERNS.find(({ text }) => text === pattern)?.matching.includes(value) !== true) return false;
  const length = Array.from(value).length;
  return isAtLeast(length, minLength) && isAtMost(length, maxLength);
}

function numberFits({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: WrittenObject, value: number): boolean {
  // Of bounds the API server makes integers where the value is one, and beyond int64 that overflows.
  const isBeyond = [minimum, maximum].some((bound) => bound !== undefined && !Number.isSafeInteger(bound));
  if (isBeyond || !isAtLeast(value, minimum) || !isAtMost(value, maximum)) return false;
  return (exclusiveMinimum !== true || value !== minimum) && (exclusiveMaximum !== true || value !== maximum);
}

function listFits(schema: WrittenObject, value: readonly Written[]): boolean {
  const { items, minItems, maxItems } = schema;
  if (!isAtLeast(value.length, minItems) || !isAtMost(value.length, maxItems)) return false;
  if (schema["x-kubernetes-list-type"] !== undefined && value.length > 1) return false;
  return isObject(items) && value.every((item) => surelyFits(items, item));
}

function objectFits(schema: WrittenObject, value: WrittenObject): boolean {
  const { properties, additionalProperties, minProperties, maxProperties } = schema;
  const names = Object.keys(value);
  if (!isAtLeast(names.length, minProperties) || !isAtMost(names.length, maxProperties)) return false;
  if (namesIn(schema["required"]).some((name) => !names.includes(name))) return false;
  if (names.length === 0) return true;
  if (additionalProperties !== undefined || !isObject(properties)) return false;
  return Object.entries(value).every(([name, member]) => {
    const level = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return isObject(level) && surelyFits(level, member);
  });
}

function isAtLeast(count: number, bound: Written | undefined): boolean {
  return bound === undefined || (typeof bound === "number" && count >= bound);
}

function isAtMost(count: number, bound: Written | undefined): boolean {
  return bound === undefined || (typeof bound === "number" && count <= bound);
}

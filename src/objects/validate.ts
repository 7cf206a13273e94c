/** @file What is wrong with an object by a schema, keyword by keyword as the API server finds it. */
import { canonicalText } from "../crd/canonical-text.ts";
import { isRecord } from "../crd/is-record.ts";
import type { Json, Schema } from "../crd/schema/schema.ts";
import { isOfFormat, isKnownFormat } from "./formats.ts";
import { type GoNumber, goFloatText, goNumber, isJsonInteger, toInt64 } from "./go-numbers.ts";
import type { Path } from "./paths.ts";
import { matches } from "./patterns.ts";
import type { Keyword, Problem } from "./problem.ts";
import type { JsonObject } from "./with-member.ts";

/**
 * The part of validation that OpenAPI knows: without list types, embedded resources and CEL.
 * @param object pruned and with defaults.
 * Source: k8s.io/kube-openapi/pkg/validation/validate, one function here for each validator there.
 */
export function validateByOpenApi(object: unknown, schema: Schema): readonly Problem[] {
  const result = emptyResult();
  validateLevel(object, schema, [], result);
  const { problems } = result;
  return problems.length < 2 ? problems : withoutRepetition(problems);
}

/** Of one object, so that one which is wrong everywhere takes no memory to speak of: nobody reads as many. */
export const MAX_PROBLEMS = 1_000;

/** What several alternatives find alike is told of once. */
function withoutRepetition(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify([problem.message, ...problem.path]), problem])).values()];
}

/** Source: validate/result.go. */
interface Result {
  readonly problems: Problem[];
  /** How many validators had something to look at: of several alternatives, that with the most is told of. */
  matchCount: number;
}

function emptyResult(): Result {
  return { problems: [], matchCount: 0 };
}

function add(result: Result, at: Path, keyword: Keyword, message: string): void {
  if (result.problems.length < MAX_PROBLEMS) result.problems.push({ path: [...at], keyword, message });
}

function merge(result: Result, other: Result): void {
  for (const { path, keyword, message } of other.problems) add(result, path, keyword, message);
  result.matchCount += other.matchCount;
}

/** @param at changed on the way down, and as it was afterwards. */
function validateLevel(value: unknown, schema: Schema, at: (string | number)[], result: Result): void {
  if (value === null) {
    validateNull(schema, at, result);
    return;
  }
  const format = schema.format !== null && isKnownFormat(schema.format) ? schema.format : null;
  if (schema.type !== null || schema.isIntOrString || format !== null) validateType(value, schema, format, at, result);
  if (hasAlternatives(schema)) validateAlternatives(value, schema, at, result);
  result.matchCount += 2;
  if (typeof value === "string") {
    validateString(value, schema, at, result);
    if (format !== null) {
      if (!isOfFormat(format, value)) add(result, at, "format", `must be of type ${format}`);
      result.matchCount += 1;
    }
  } else if (typeof value === "number" || typeof value === "bigint") {
    validateNumber(goNumber(value), schema, at, result);
  } else if (Array.isArray(value)) {
    validateItems(value, schema, at, result);
  }
  if (schema.enum !== null) validateEnum(value, schema.enum, at, result);
  result.matchCount += 1;
  if (isRecord(value)) validateMembers(value, schema, at, result);
  result.matchCount += 1;
}

/** Nothing but type and enum has a say, and no enum names null. */
function validateNull(schema: Schema, at: Path, result: Result): void {
  const isAllowed = schema.isNullable || schema.type === "null" || (schema.type === null && !schema.isIntOrString);
  if (isAllowed) result.matchCount += 1;
  else add(result, at, "type", `must be of type ${typeText(schema)}`);
  if (schema.enum !== null && schema.enum.length > 0) add(result, at, "enum", enumText(schema.enum));
}

/** Source: validate/type.go. */
function validateType(value: unknown, schema: Schema, format: string | null, at: Path, result: Result): void {
  const isNumeric = schema.isIntOrString || schema.type === "integer" || schema.type === "number";
  const isTextOrList = typeof value === "string" || Array.isArray(value);
  result.matchCount += 1;
  if (hasType(value, schema)) {
    result.matchCount += 1;
    return;
  }
  if (!isTextOrList && format !== null) add(result, at, "type", `must be of type ${format}`);
  // Where there is a format, a text or a list is left to it: and that of a list is never looked at.
  else if (isTextOrList && format !== null && !isNumeric) result.matchCount += 1;
  else add(result, at, "type", `must be of type ${typeText(schema)}`);
}

function hasType(value: unknown, { type, isIntOrString }: Schema): boolean {
  if (typeof value === "number" || typeof value === "bigint") {
    if (type === "number" && !isIntOrString) return true;
    if (type !== "integer" && !isIntOrString) return false;
    const number = goNumber(value);
    return number.kind === "int64" || isJsonInteger(number.value);
  }
  if (isIntOrString) return typeof value === "string";
  if (Array.isArray(value)) return type === "array";
  return typeof value === type;
}

function typeText({ type, isIntOrString }: Schema): string {
  return isIntOrString ? "integer,string" : String(type);
}

function hasAlternatives({ allOf, anyOf, oneOf, not }: Schema): boolean {
  return not !== null || anyOf.length > 0 || oneOf.length > 0 || allOf.length > 0;
}

/** Source: validate/schema_props.go. */
function validateAlternatives(value: unknown, schema: Schema, at: (string | number)[], result: Result): void {
  const ask = (alternative: Schema): Result => {
    const answer = emptyResult();
    validateLevel(value, alternative, at, answer);
    return answer;
  };
  if (schema.anyOf.length > 0) {
    const { valid, best } = weigh(schema.anyOf, ask, true);
    if (valid.length === 0) add(result, at, "anyOf", "must validate at least one schema (anyOf)");
    const told = best ?? valid[0];
    if (told !== undefined) merge(result, told);
  }
  if (schema.oneOf.length > 0) {
    const { valid, best } = weigh(schema.oneOf, ask, false);
    if (valid.length !== 1) {
      const found = valid.length === 0 ? "Found none valid" : `Found ${String(valid.length)} valid alternatives`;
      add(result, at, "oneOf", `must validate one and only one schema (oneOf). ${found}`);
      if (best !== null) merge(result, best);
    } else if (valid[0] !== undefined) {
      merge(result, valid[0]);
    }
  }
  if (schema.allOf.length > 0) {
    const answers = schema.allOf.map(ask);
    for (const answer of answers) merge(result, answer);
    const validCount = answers.filter(({ problems }) => problems.length === 0).length;
    if (validCount !== answers.length) {
      add(result, at, "allOf", `must validate all the schemas (allOf)${validCount === 0 ? ". None validated" : ""}`);
    }
  }
  if (schema.not !== null && ask(schema.not).problems.length === 0) {
    add(result, at, "not", "must not validate the schema (not)");
  }
}

/** `best`: of those that fail, the first with the most to look at, as long as none is valid. */
function weigh(
  alternatives: readonly Schema[],
  ask: (alternative: Schema) => Result,
  isOneEnough: boolean,
): { readonly valid: readonly Result[]; readonly best: Result | null } {
  const valid: Result[] = [];
  let best: Result | null = null;
  for (const alternative of alternatives) {
    const answer = ask(alternative);
    if (answer.problems.length === 0) {
      valid.push(answer);
      best = null;
      if (isOneEnough) break;
    } else if (valid.length === 0 && (best === null || answer.matchCount > best.matchCount)) {
      best = answer;
    }
  }
  return { valid, best };
}

/** The first that fails is told of. Lengths are code points. Source: validate/validator.go, stringValidator. */
function validateString(value: string, { maxLength, minLength, pattern }: Schema, at: Path, result: Result): void {
  result.matchCount += 1;
  if (maxLength !== null && value.length > Number(maxLength) && codePoints(value) > Number(maxLength)) {
    add(result, at, "maxLength", `Too long: may not be more than ${counted(maxLength, "byte")}`);
  } else if (minLength !== null && codePoints(value) < Number(minLength)) {
    add(result, at, "minLength", `should be at least ${String(minLength)} chars long`);
  } else if (pattern !== null && !matches(pattern, value)) {
    add(result, at, "pattern", `should match '${pattern}'`);
  }
}

function codePoints(text: string): number {
  let count = text.length;
  for (let index = 1; index < text.length; index += 1) {
    const isPair = (text.charCodeAt(index) & 0xfc00) === 0xdc00 && (text.charCodeAt(index - 1) & 0xfc00) === 0xd800;
    if (isPair) count -= 1;
  }
  return count;
}

/**
 * Bounds are doubles there, and cut to integers where the value is one: 0 is not below a minimum of 0.5.
 * Source: validate/values.go, MaximumNativeType, MinimumNativeType, MultipleOfNativeType.
 */
function validateNumber(number: GoNumber, schema: Schema, at: Path, result: Result): void {
  result.matchCount += 2;
  const { multipleOf, maximum, hasExclusiveMaximum, minimum, hasExclusiveMinimum } = schema;
  const asBound = (bound: number | bigint): number | bigint => (number.kind === "int64" ? toInt64(bound) : Number(bound));
  const text = (bound: number | bigint): string => (number.kind === "int64" ? String(bound) : goFloatText(Number(bound)));
  if (multipleOf !== null) {
    const factor = asBound(multipleOf);
    if (factor <= 0) add(result, at, "multipleOf", `factor MultipleOf declared must be positive: ${text(factor)}`);
    else if (!isMultiple(number, factor)) add(result, at, "multipleOf", `should be a multiple of ${text(factor)}`);
  }
  if (minimum !== null) {
    const bound = asBound(minimum);
    if (hasExclusiveMinimum ? number.value <= bound : number.value < bound) {
      add(result, at, "minimum", `should be greater than ${hasExclusiveMinimum ? "" : "or equal to "}${text(bound)}`);
    }
  }
  if (maximum !== null) {
    const bound = asBound(maximum);
    if (hasExclusiveMaximum ? number.value >= bound : number.value > bound) {
      add(result, at, "maximum", `should be less than ${hasExclusiveMaximum ? "" : "or equal to "}${text(bound)}`);
    }
  }
}

function isMultiple(number: GoNumber, factor: number | bigint): boolean {
  if (number.kind === "int64") return BigInt(number.value) % BigInt(factor) === 0n;
  const divisor = Number(factor);
  return isJsonInteger(divisor < 1 ? (1 / divisor) * number.value : number.value / divisor);
}

/** Source: validate/slice_validator.go. */
function validateItems(items: readonly unknown[], schema: Schema, at: (string | number)[], result: Result): void {
  if (schema.items !== null) {
    for (const [index, item] of items.entries()) {
      at.push(index);
      validateLevel(item, schema.items, at, result);
      at.pop();
    }
  }
  const { minItems, maxItems } = schema;
  if (minItems !== null && items.length < minItems) {
    add(result, at, "minItems", `should have at least ${String(minItems)} items`);
  }
  if (maxItems !== null && items.length > maxItems) {
    add(result, at, "maxItems", `Too many: must have at most ${counted(maxItems, "item")}`);
  }
  if (schema.hasUniqueItems && new Set(items.map(canonicalText)).size < items.length) {
    add(result, at, "uniqueItems", "shouldn't contain duplicates");
  }
  result.matchCount += 2;
}

/** Source: validate/validator.go, basicCommonValidator. */
function validateEnum(value: unknown, allowed: readonly Json[], at: Path, result: Result): void {
  if (allowed.length > 0 && !allowed.some((one) => isEnumValue(value, one))) add(result, at, "enum", enumText(allowed));
}

/** Go converts the value to the type of what is allowed, where it can: 1.5 to the integer 1, and 65 to "A". Null is never equal. */
function isEnumValue(value: unknown, allowed: Json): boolean {
  if (value === allowed) return value !== null;
  if (typeof value === "number" || typeof value === "bigint") {
    const number = goNumber(value);
    if (typeof allowed === "string") return number.kind === "int64" && characterOf(number.value) === allowed;
    if (typeof allowed !== "number" && typeof allowed !== "bigint") return false;
    const other = goNumber(allowed);
    const converted = other.kind === "int64" && number.kind === "float64" ? toInt64(number.value) : number.value;
    // Of a number and a bigint.
    return !(converted < other.value) && !(converted > other.value);
  }
  return (
    typeof value === "object" &&
    typeof allowed === "object" &&
    allowed !== null &&
    canonicalText(value) === canonicalText(allowed)
  );
}

/** Source: The Go Programming Language Specification, "Conversions to and from a string type". */
function characterOf(value: number | bigint): string {
  const code = Number(value);
  const isCharacter = code >= 0 && code <= 0x10_ffff && (code < 0xd800 || code > 0xdfff);
  return String.fromCodePoint(isCharacter ? code : 0xfffd);
}

function enumText(allowed: readonly Json[]): string {
  const texts = allowed.map((value) => JSON.stringify(typeof value === "string" ? value : canonicalText(value)));
  return `Unsupported value: supported values: ${texts.join(", ")}`;
}

/** Source: validate/object_validator.go. */
function validateMembers(value: JsonObject, schema: Schema, at: (string | number)[], result: Result): void {
  const names = Object.keys(value);
  const { minProperties, maxProperties, properties, additionalProperties } = schema;
  if (minProperties !== null && names.length < minProperties) {
    add(result, at, "minProperties", `should have at least ${String(minProperties)} properties`);
  }
  if (maxProperties !== null && names.length > maxProperties) {
    add(result, at, "maxProperties", `Too many: must have at most ${counted(maxProperties, "item")}`);
  }
  for (const name of names) {
    const known = properties.get(name) ?? additionalProperties;
    if (known === null || known === true) continue;
    at.push(name);
    if (known === false) add(result, at, "additionalProperties", "is a forbidden property");
    else validateLevel(value[name], known, at, result);
    at.pop();
  }
  for (const name of schema.required) {
    if (!Object.hasOwn(value, name)) add(result, [...at, name], "required", "Required value");
  }
  result.matchCount += 1;
}

function counted(count: number | bigint, thing: string): string {
  return `${String(count)} ${thing}${Number(count) === 1 ? "" : "s"}`;
}

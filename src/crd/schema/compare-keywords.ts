/** @file What changed in the keywords of one level, but for the levels below it and the rules over it. */
import { canonicalText } from "../canonical-text.ts";
import { isSameValue } from "./same-value.ts";
import type { Schema } from "./schema.ts";
import type { Bound, Count, CountKind, SchemaDifference, TypeForm } from "./schema-change.ts";

export function formOf({ isIntOrString, type }: Schema): TypeForm {
  return isIntOrString ? "int-or-string" : type;
}

/** Each value of `narrow` is one of `wide`. */
export function takes(wide: TypeForm, narrow: TypeForm): boolean {
  if (wide === narrow || wide === null) return true;
  if (wide === "number") return narrow === "integer";
  return wide === "int-or-string" && (narrow === "integer" || narrow === "string");
}

interface Levels {
  readonly before: Schema;
  readonly after: Schema;
  readonly wasRequired: boolean;
  readonly isRequired: boolean;
}

export function compareKeywords(levels: Levels, tell: (difference: SchemaDifference) => void): void {
  const { before, after } = levels;
  compareValues(levels, tell);
  for (const { kind, of } of COUNTS) {
    if (!isSameCount(before[of], after[of])) tell({ kind, before: before[of], after: after[of] });
  }
  for (const { kind, of } of FLAGS) {
    if (before[of] !== after[of]) tell({ kind, before: before[of], after: after[of] });
  }
  if (before.isEmbeddedResource !== after.isEmbeddedResource) {
    const keepsMetadata =
      after.isEmbeddedResource ||
      after.preservesUnknownFields ||
      ["apiVersion", "kind", "metadata"].every((name) => after.properties.has(name));
    tell({ kind: "embedded-resource", before: before.isEmbeddedResource, after: after.isEmbeddedResource, keepsMetadata });
  }
  compareLists(before, after, tell);
  if (before.mapType !== after.mapType) tell({ kind: "map-type", before: before.mapType, after: after.mapType });
  compareMaps(before.documentation, after.documentation, (keywords) => {
    tell({ kind: "documentation", keywords });
  });
  compareMaps(before.unhandled, after.unhandled, (keywords) => {
    for (const keyword of keywords)
      tell({ kind: "unhandled", keyword, before: before.unhandled.get(keyword), after: after.unhandled.get(keyword) });
  });
}

function compareValues({ before, after, wasRequired, isRequired }: Levels, tell: (difference: SchemaDifference) => void): void {
  if (!isSameSet(before.enum?.map(canonicalText), after.enum?.map(canonicalText)))
    tell({ kind: "enum", before: before.enum, after: after.enum, of: formOf(before) });
  if (before.pattern !== after.pattern) tell({ kind: "pattern", before: before.pattern, after: after.pattern });
  if (before.format !== after.format) {
    const form = formOf(after);
    const isOfText = form === null || form === "string" || form === "int-or-string";
    tell({ kind: "format", before: before.format, after: after.format, isOfText });
  }
  if (!isSameValue(before.default, after.default))
    tell({ kind: "default", before: before.default, after: after.default, wasRequired, isRequired });
  const minimums = { before: minimumOf(before), after: minimumOf(after) };
  if (!isSameBound(minimums.before, minimums.after)) tell({ kind: "minimum", ...minimums });
  const maximums = { before: maximumOf(before), after: maximumOf(after) };
  if (!isSameBound(maximums.before, maximums.after)) tell({ kind: "maximum", ...maximums });
}

/** Of items of another type, uniqueness is another matter altogether. */
function compareLists(before: Schema, after: Schema, tell: (difference: SchemaDifference) => void): void {
  if (before.items !== null && after.items !== null) {
    const [from, to] = [formOf(before.items), formOf(after.items)];
    if (!takes(from, to) && !takes(to, from)) return;
  }
  if (before.listType !== after.listType) tell({ kind: "list-type", before: before.listType, after: after.listType });
  else if (!isSameSet(before.listMapKeys, after.listMapKeys))
    tell({ kind: "list-map-keys", before: before.listMapKeys, after: after.listMapKeys });
}

const COUNTS: readonly { readonly kind: CountKind; readonly of: keyof Schema & CountKeyword }[] = [
  { kind: "multiple-of", of: "multipleOf" },
  { kind: "min-length", of: "minLength" },
  { kind: "max-length", of: "maxLength" },
  { kind: "min-items", of: "minItems" },
  { kind: "max-items", of: "maxItems" },
  { kind: "min-properties", of: "minProperties" },
  { kind: "max-properties", of: "maxProperties" },
];
type CountKeyword = "multipleOf" | "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties";

const FLAGS = [
  { kind: "nullable", of: "isNullable" },
  { kind: "unique-items", of: "hasUniqueItems" },
  { kind: "preserve-unknown-fields", of: "preservesUnknownFields" },
] as const;

/** An exclusive bound that is none says nothing. */
function minimumOf({ minimum, hasExclusiveMinimum }: Schema): Bound | null {
  return minimum === null ? null : { value: minimum, isExclusive: hasExclusiveMinimum };
}

function maximumOf({ maximum, hasExclusiveMaximum }: Schema): Bound | null {
  return maximum === null ? null : { value: maximum, isExclusive: hasExclusiveMaximum };
}

function isSameBound(left: Bound | null, right: Bound | null): boolean {
  return isSameCount(left?.value ?? null, right?.value ?? null) && left?.isExclusive === right?.isExclusive;
}

/** JavaScript orders numbers and bigints exactly, and takes no two of different types for equal. */
function isSameCount(left: Count | null, right: Count | null): boolean {
  if (left === null || right === null) return left === right;
  return !(left < right) && !(left > right);
}

function isSameSet(left: readonly string[] | undefined, right: readonly string[] | undefined): boolean {
  if (left === right) return true;
  if (left === undefined || right === undefined) return false;
  const [first, second] = [new Set(left), new Set(right)];
  return first.size === second.size && [...first].every((item) => second.has(item));
}

function compareMaps(
  before: Schema["unhandled"],
  after: Schema["unhandled"],
  tell: (keywords: readonly [string, ...string[]]) => void,
): void {
  if (before.size === 0 && after.size === 0) return;
  const [first, ...others] = [...new Set([...before.keys(), ...after.keys()])]
    .filter((keyword) => !isSameValue(before.get(keyword), after.get(keyword)))
    .toSorted();
  if (first !== undefined) tell([first, ...others]);
}

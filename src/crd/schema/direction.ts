/** @file Whether a change hurts: what the API server makes, from then on, of what it took before. What changed is said elsewhere. */
import { isRecord } from "../is-record.ts";
import { canonicalText } from "../canonical-text.ts";
import { takes } from "./compare-keywords.ts";
import { compareSchemas } from "./compare-schemas.ts";
import { checkedFormat } from "./formats.ts";
import { takesAnything } from "./same-value.ts";
import type { Json, Schema } from "./schema.ts";
import type { Bound, Count, DefinitionChange, FormChange, SchemaChange } from "./schema-change.ts";

/**
 * `narrows`: something that could be written, read or done before is refused, or dropped, from then on. `widens`: more goes than before,
 * and nothing less. `neutral`: neither, though what is written may come to mean another thing. What cannot be decided narrows.
 */
export type Direction = "widens" | "narrows" | "neutral";

/** Source, unless told: apiextensions-apiserver v0.35.4, pkg/apiserver/schema (pruning, defaulting, listtype) and pkg/apiserver/validation. */
export function directionOf(change: FormChange | DefinitionChange): Direction {
  return directionWithin(change, MAX_ALTERNATIVES);
}

/**
 * Alternatives within alternatives that are compared: what changed further down is not decided. Each level reads all that is below it
 * once more; real schemas have three.
 */
const MAX_ALTERNATIVES = 8;

function directionWithin(change: FormChange | DefinitionChange, levels: number): Direction {
  switch (change.kind) {
    case "field-removed":
      return change.isPreserved ? "widens" : "narrows";
    case "field-added":
      if (!change.wasPreserved) return "widens";
      return takesAnything(change.after) ? "neutral" : "narrows";
    case "type":
    case "int-or-string":
      return takes(change.after, change.before) ? "widens" : "narrows";
    case "required-added":
      // Defaults are applied before anything is validated.
      return change.hasDefault ? "neutral" : "narrows";
    case "required-removed":
      return "widens";
    case "enum":
      return enumDirection(change);
    case "minimum":
      return boundDirection(change.before, change.after, isAtLeast);
    case "maximum":
      return boundDirection(change.before, change.after, isAtMost);
    case "min-length":
    case "min-items":
    case "min-properties":
      return countDirection(change.before ?? 0, change.after ?? 0, (count, least) => count >= least);
    case "max-length":
    case "max-items":
    case "max-properties":
      return countDirection(change.before, change.after, (count, most) => count <= most);
    case "multiple-of":
      return countDirection(change.before, change.after, isMultiple);
    case "pattern":
      return change.after === null ? "widens" : "narrows";
    case "format":
      return formatDirection(change);
    case "nullable":
      return change.after ? "widens" : "narrows";
    case "preserve-unknown-fields":
      return change.after ? "widens" : "narrows";
    case "unique-items":
      return change.after ? "narrows" : "widens";
    case "default":
      // Objects without the field had it by default; now they are refused.
      return change.after === undefined && change.wasRequired && change.isRequired ? "narrows" : "neutral";
    case "additional-properties":
      return additionalDirection(change);
    case "embedded-resource":
      if (change.after) return "narrows";
      return change.keepsMetadata ? "widens" : "narrows";
    case "items":
      if (change.after === null) return "widens";
      return takesAnything(change.after) ? "neutral" : "narrows";
    case "list-type":
      return listTypeDirection(change.before ?? "atomic", change.after ?? "atomic");
    case "list-map-keys":
      // What differs in some keys differs in more of them.
      return change.before.every((key) => change.after.includes(key)) ? "widens" : "narrows";
    case "map-type":
      return "neutral";
    case "all-of":
    case "any-of":
    case "one-of":
      return branchesDirection(change, levels);
    case "not":
      return notDirection(change.before, change.after, levels);
    case "cel-rule-added":
    case "cel-rule-changed":
      return "narrows";
    case "cel-rule-removed":
      return "widens";
    case "cel-rule-reworded":
    case "documentation":
      return "neutral";
    case "unhandled":
      return change.after === undefined ? "widens" : "narrows";
    case "status-subresource":
      // With it, writes of the object leave the status alone; without, there is no /status to write.
      return "narrows";
    case "scale-subresource":
      return scaleDirection(change.before, change.after);
    case "selectable-field-removed":
      return "narrows";
    case "selectable-field-added":
      return "widens";
    case "printer-columns":
    case "deprecated":
      return "neutral";
    case "conversion":
      if (change.before.kind === change.after.kind) return "neutral";
      return change.after.kind === "none" ? "narrows" : "widens";
    case "scope":
      return "narrows";
    case "names":
      return change.removed.length > 0 ? "narrows" : "widens";
  }
}

type Of<Kind> = Extract<SchemaChange, { readonly kind: Kind }>;

function enumDirection({ before, after, of }: Of<"enum">): Direction {
  if (after === null) return "widens";
  // Two values are all that a boolean has.
  const values = before ?? (of === "boolean" ? BOOLEANS : null);
  if (values === null) return "narrows";
  const allowed = new Set(after.map(canonicalText));
  if (!values.every((value) => allowed.has(canonicalText(value)))) return "narrows";
  return before === null ? "neutral" : "widens";
}

const BOOLEANS: readonly Json[] = [true, false];

/** @param isWithin whether a bound lies within another, so that whatever keeps to the first keeps to the second. */
function boundDirection(before: Bound | null, after: Bound | null, isWithin: (inner: Bound, outer: Bound) => boolean): Direction {
  if (after === null) return "widens";
  return before !== null && isWithin(before, after) ? "widens" : "narrows";
}

function isAtLeast(inner: Bound, outer: Bound): boolean {
  return inner.value > outer.value || (inner.value >= outer.value && (inner.isExclusive || !outer.isExclusive));
}

function isAtMost(inner: Bound, outer: Bound): boolean {
  return inner.value < outer.value || (inner.value <= outer.value && (inner.isExclusive || !outer.isExclusive));
}

function countDirection(before: Count | null, after: Count | null, isWithin: (inner: Count, outer: Count) => boolean): Direction {
  if (after === null) return "widens";
  if (before === null || !isWithin(before, after)) return "narrows";
  // Zero at least is as good as nothing.
  return isWithin(after, before) ? "neutral" : "widens";
}

/** Of fractions it is not asked: a double has no exact tenth. */
function isMultiple(inner: Count, outer: Count): boolean {
  if (!isWhole(inner) || !isWhole(outer) || BigInt(outer) === 0n) return false;
  return BigInt(inner) % BigInt(outer) === 0n;
}

function isWhole(count: Count): boolean {
  return typeof count === "bigint" || Number.isSafeInteger(count);
}

function formatDirection({ before, after, isOfText }: Of<"format">): Direction {
  const [from, to] = [checkedFormat(before), checkedFormat(after)];
  if (!isOfText || from === to) return "neutral";
  return to === null ? "widens" : "narrows";
}

function additionalDirection({ before, after, wasPreserved, isPreserved }: Of<"additional-properties">): Direction {
  if (before === false) return "widens";
  if (after === false) return "narrows";
  // Members that no property is for are dropped where nothing is said of them.
  if (after === null) return isPreserved ? "widens" : "narrows";
  if (!wasPreserved) return "widens";
  return after === true || takesAnything(after) ? "neutral" : "narrows";
}

/** The keys of a map differ, so that its items do. */
function listTypeDirection(before: "atomic" | "map" | "set", after: "atomic" | "map" | "set"): Direction {
  const strictness = { atomic: 0, set: 1, map: 2 };
  if (before === after) return "neutral";
  return strictness[after] > strictness[before] ? "narrows" : "widens";
}

function branchesDirection({ kind, removed, added, keptCount }: Of<"all-of" | "any-of" | "one-of">, levels: number): Direction {
  if (added.length === 0 && keptCount === 0) return "widens";
  if (removed.length === 0 && keptCount === 0) return "narrows";
  if (kind === "one-of") return "narrows";
  if (removed.length === 0) return kind === "any-of" ? "widens" : "narrows";
  if (added.length === 0) return kind === "any-of" ? "narrows" : "widens";
  const [before, after] = [removed[0], added[0]];
  if (removed.length > 1 || added.length > 1 || before === undefined || after === undefined) return "narrows";
  const directions = directionsBetween(before, after, levels);
  if (directions.has("narrows")) return "narrows";
  return directions.has("widens") ? "widens" : "neutral";
}

function notDirection(before: Schema | null, after: Schema | null, levels: number): Direction {
  if (before === null || after === null) return after === null ? "widens" : "narrows";
  const directions = directionsBetween(before, after, levels);
  return directions.has("widens") || !directions.has("narrows") ? "narrows" : "widens";
}

/** Both ways where it is not decided. */
function directionsBetween(before: Schema, after: Schema, levels: number): ReadonlySet<Direction> {
  if (levels === 0) return new Set(["widens", "narrows"]);
  return new Set(compareSchemas(before, after, "check").map((change) => directionWithin(change, levels - 1)));
}

function scaleDirection(before: string | null, after: string | null): Direction {
  if (after === null) return "narrows";
  if (before === null) return "widens";
  const [from, to] = [pathsOf(before), pathsOf(after)];
  return Object.keys(from).every((path) => from[path] === to[path]) ? "widens" : "narrows";
}

function pathsOf(scale: string): Readonly<Record<string, unknown>> {
  const paths: unknown = JSON.parse(scale);
  return isRecord(paths) ? paths : {};
}

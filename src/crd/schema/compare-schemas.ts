/** @file What changed between two schemas. Whether it hurts is said in `direction.ts`. */
import { compareBranches, compareCelRules } from "./compare-rules.ts";
import { compareKeywords, formOf, takes } from "./compare-keywords.ts";
import { compareText } from "../compare-text.ts";
import { ANYTHING } from "./read-schema.ts";
import { PRESERVED } from "./same-value.ts";
import type { Schema } from "./schema.ts";
import type { SchemaChange, SchemaDifference } from "./schema-change.ts";

/**
 * Empty where both say the same of every object, whatever the order of properties, required names, enum values, branches and rules.
 * One change has one entry: of what is below a field that is gone, or below a value of another type, nothing is told by itself; and a
 * field is not gone that the new schema reaches by another keyword.
 *
 * @param role `check`: a schema of `allOf`, `anyOf`, `oneOf` or `not`, which validates and never prunes: what it does not name, it takes.
 */
export function compareSchemas(before: Schema, after: Schema, role: SchemaRole = "level"): readonly SchemaChange[] {
  const changes: SchemaChange[] = [];
  compareLevel({ before, after, path: "", wasRequired: false, isRequired: false, isRoot: role === "level" }, role, changes);
  return changes;
}

export type SchemaRole = "level" | "check";

interface Pair {
  readonly before: Schema;
  readonly after: Schema;
  readonly path: string;
  readonly wasRequired: boolean;
  readonly isRequired: boolean;
  readonly isRoot: boolean;
}

function compareLevel(pair: Pair, role: SchemaRole, changes: SchemaChange[]): void {
  const { before, after, path } = pair;
  if (before === after) return;
  const tell = (difference: SchemaDifference, at = path): void => {
    changes.push({ path: at, ...difference });
  };

  const from = formOf(before);
  const to = formOf(after);
  if (from !== to) {
    const kind = before.isIntOrString === after.isIntOrString ? "type" : "int-or-string";
    tell({ kind, before: from, after: to });
    // A value of the old type is none of the new one: whatever else is said of it changes nothing.
    if (!takes(from, to) && !takes(to, from)) return;
  }
  compareKeywords(pair, tell);
  compareProperties(pair, role, tell, changes);
  compareAdditional(pair, role, tell, changes);
  compareItems(pair, role, tell, changes);
  for (const difference of [...compareBranches(before, after), ...compareCelRules(before.celRules, after.celRules)])
    tell(difference);
}

type Tell = (difference: SchemaDifference, at?: string) => void;

function compareProperties(pair: Pair, role: SchemaRole, tell: Tell, changes: SchemaChange[]): void {
  const { before, after, path } = pair;
  const [requiredBefore, requiredAfter] = [new Set(before.required), new Set(after.required)];
  for (const name of namesOf(before, after)) {
    const at = below(path, name);
    const from = reached(pair, "before", name, role);
    const to = reached(pair, "after", name, role);
    const wasRequired = requiredBefore.has(name);
    const isRequired = requiredAfter.has(name);
    if (isRequired && !wasRequired) tell({ kind: "required-added", hasDefault: to.schema?.default !== undefined }, at);
    if (wasRequired && !isRequired) tell({ kind: "required-removed" }, at);
    if (!before.properties.has(name) && !after.properties.has(name)) continue;
    if (from.schema === null && to.schema === null) continue;
    if (to.schema === null || (to.how === "preserved" && from.how !== "preserved")) {
      if (from.schema !== null) tell({ kind: "field-removed", before: from.schema, isPreserved: to.schema !== null }, at);
    } else if (from.schema === null || from.how === "preserved") {
      const isAlsoPreserved = keepsUnknown(pair, "after", name, role);
      // What was preserved and no longer is, is told of the level as a whole.
      if (from.schema === null || isAlsoPreserved)
        tell({ kind: "field-added", after: to.schema, wasPreserved: from.schema !== null }, at);
    } else {
      compareLevel({ before: from.schema, after: to.schema, path: at, wasRequired, isRequired, isRoot: false }, role, changes);
    }
  }
}

function namesOf(before: Schema, after: Schema): readonly string[] {
  const names = new Set([...before.properties.keys(), ...after.properties.keys(), ...before.required, ...after.required]);
  return [...names].toSorted(compareText);
}

/** What the API server holds a member against: the schema of that name, of any other name, none, or nothing at all (null: dropped). */
interface Reached {
  readonly schema: Schema | null;
  readonly how: "named" | "others" | "preserved" | "dropped";
}

function reached(pair: Pair, side: "before" | "after", name: string, role: SchemaRole): Reached {
  const level = pair[side];
  const named = level.properties.get(name);
  if (named !== undefined) return { schema: named, how: "named" };
  const others = othersOf(level);
  if (others !== null) return { schema: others, how: "others" };
  return keepsUnknown(pair, side, name, role) ? { schema: PRESERVED, how: "preserved" } : { schema: null, how: "dropped" };
}

/** Source: apiextensions-apiserver, pkg/apiserver/schema/pruning, prune. */
function keepsUnknown(pair: Pair, side: "before" | "after", name: string, role: SchemaRole): boolean {
  const level = pair[side];
  return (
    role === "check" || level.preservesUnknownFields || ((pair.isRoot || level.isEmbeddedResource) && OBJECT_FIELDS.has(name))
  );
}

/** The API server knows them of each object, embedded ones too. */
const OBJECT_FIELDS: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

/** The schema of members that no property is for. `true` takes any. */
function othersOf({ additionalProperties }: Schema): Schema | null {
  if (additionalProperties === true) return ANYTHING;
  return additionalProperties === false ? null : additionalProperties;
}

function compareAdditional(pair: Pair, role: SchemaRole, tell: Tell, changes: SchemaChange[]): void {
  const { before, after, path } = pair;
  const from = othersOf(before);
  const to = othersOf(after);
  if (from !== null && to !== null) {
    const at = `${path}[]`;
    compareLevel({ before: from, after: to, path: at, wasRequired: false, isRequired: false, isRoot: false }, role, changes);
  } else if (before.additionalProperties !== after.additionalProperties) {
    tell({
      kind: "additional-properties",
      before: before.additionalProperties,
      after: after.additionalProperties,
      wasPreserved: role === "check" || (before.preservesUnknownFields && after.preservesUnknownFields),
      isPreserved: role === "check" || after.preservesUnknownFields,
    });
  }
}

function compareItems({ before, after, path }: Pair, role: SchemaRole, tell: Tell, changes: SchemaChange[]): void {
  const at = `${path}[]`;
  if (before.items === null || after.items === null) {
    if (before.items !== after.items) tell({ kind: "items", before: before.items, after: after.items });
    return;
  }
  compareLevel(
    { before: before.items, after: after.items, path: at, wasRequired: false, isRequired: false, isRoot: false },
    role,
    changes,
  );
}

/** `a.b`; a name that is no plain one, or would be taken for two, in brackets and quotes. */
function below(path: string, name: string): string {
  if (!/^[\w$-]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

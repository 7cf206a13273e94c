/** @file Where a schema has rules that it had not before. */
import type { CelRule, Schema } from "../../crd/schema/schema.ts";
import { isReadable } from "./expression/shapes.ts";
import { withResourceFields } from "./values/resource-fields.ts";

export interface RulePlace {
  /** `spec.rules[*].filters`; empty for the root. */
  readonly path: string;
  /** Of the values there, as rules see them. */
  readonly schema: Schema;
  readonly rules: readonly CelRule[];
  readonly properties: readonly (readonly [string, RulePlace])[];
  readonly items: RulePlace | null;
  readonly values: RulePlace | null;
}

/** Null where there is none. Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go, NewValidator. */
export function newRulesOf(after: Schema, before: Schema | null): RulePlace | null {
  if (!hasRules(after)) return null;
  return placeOf({ node: withResourceFields(after), said: [after], before: before === null ? [] : [before], path: "" });
}

/** The API server does not look for rules where they stand within `allOf` alone. */
function hasRules(schema: Schema): boolean {
  return (
    schema.celRules.length > 0 ||
    (schema.items !== null && hasRules(schema.items)) ||
    (isSchema(schema.additionalProperties) && hasRules(schema.additionalProperties)) ||
    [...schema.properties.values()].some(hasRules)
  );
}

interface Level {
  readonly node: Schema;
  /** All that is said of this level: by the node itself, and by what stands in `allOf`. */
  readonly said: readonly Schema[];
  readonly before: readonly Schema[];
  readonly path: string;
}

function placeOf(level: Level): RulePlace | null {
  const { node, path } = level;
  const said = withAllOf(level.said);
  const before = withAllOf(level.before);
  const known = new Set(before.flatMap(({ celRules }) => celRules.map(identity)));
  const rules = isReadable(node) ? said.flatMap(({ celRules }) => celRules.filter((rule) => !known.has(identity(rule)))) : [];
  const below = (schema: Schema | null, suffix: string, take: (from: Schema) => Schema | null): RulePlace | null => {
    if (schema === null) return null;
    const pick = (levels: readonly Schema[]): readonly Schema[] => levels.map(take).filter((from) => from !== null);
    return placeOf({
      node: schema.isEmbeddedResource ? withResourceFields(schema) : schema,
      said: pick(said),
      before: pick(before),
      path: `${path}${suffix}`,
    });
  };
  const properties = [...node.properties].flatMap(([name, schema]) => {
    // A field without a type is left out with all that is below it.
    const place = isReadable(schema)
      ? below(schema, path === "" ? name : `.${name}`, ({ properties: of }) => of.get(name) ?? null)
      : null;
    return place === null ? [] : [[name, place] as const];
  });
  const items = below(node.items, "[*]", ({ items: of }) => of);
  const values = below(schemaOf(node.additionalProperties), "[*]", ({ additionalProperties: of }) => schemaOf(of));
  const isEmpty = rules.length === 0 && properties.length === 0 && items === null && values === null;
  return isEmpty ? null : { path, schema: node, rules, properties, items, values };
}

function withAllOf(schemas: readonly Schema[]): readonly Schema[] {
  return schemas.flatMap((schema) => [schema, ...withAllOf(schema.allOf)]);
}

/** What decides of an object: messages do not. Space counts within literals alone. */
function identity({ rule, optionalOldSelf }: CelRule): string {
  const text = rule
    .replaceAll(/("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\s+/g, (_, literal: string | undefined) => literal ?? " ")
    .trim();
  return `${optionalOldSelf === true ? "optional " : ""}${text}`;
}

function schemaOf(value: Schema | boolean | null): Schema | null {
  return isSchema(value) ? value : null;
}

function isSchema(value: Schema | boolean | null): value is Schema {
  return value !== null && typeof value === "object";
}

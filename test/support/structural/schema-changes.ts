/** @file A schema with one to three keywords changed, which the API server takes as well. */
import type { Choices } from "./choices.ts";
import { anyDefault, surelyFits } from "./defaults.ts";
import { itemsOfSet, level } from "./schemas.ts";
import { junctors, kindOf, listOf, namesIn, valueValidations } from "./value-validations.ts";
import { NAMES, TEXTS } from "./vocabulary.ts";
import { isObject, withMember, type Written, type WrittenObject } from "./written.ts";

export function changedSchema(draw: Choices, root: WrittenObject): WrittenObject {
  let schema = root;
  for (let left = 1 + draw.below(3); left > 0; left -= 1) {
    const place = draw.pick(levelsOf(schema, []).filter(isFree)) ?? [];
    schema = changedAt(schema, place, (found) => changedLevel(draw.split(), found, place.length === 0));
  }
  return mended(schema);
}

/** Steps of a path through a schema: `["properties", "spec", "items"]`. */
type Steps = readonly string[];

/** What stands for Kubernetes' own fields, of the object or of an embedded one, may hardly say anything. */
function isFree(steps: Steps): boolean {
  return !steps.some((step) => ["apiVersion", "kind", "metadata"].includes(step));
}

function levelsOf(schema: WrittenObject, steps: Steps): readonly Steps[] {
  const { properties, items, additionalProperties } = schema;
  return [
    steps,
    ...Object.entries(isObject(properties) ? properties : {}).flatMap(([name, below]) =>
      isObject(below) ? levelsOf(below, [...steps, "properties", name]) : [],
    ),
    ...(isObject(items) ? levelsOf(items, [...steps, "items"]) : []),
    ...(isObject(additionalProperties) ? levelsOf(additionalProperties, [...steps, "additionalProperties"]) : []),
  ];
}

function changedAt(
  schema: WrittenObject,
  [step, ...rest]: Steps,
  change: (found: WrittenObject) => WrittenObject,
): WrittenObject {
  if (step === undefined) return change(schema);
  const below = schema[step];
  return isObject(below) ? withMember(schema, step, changedAt(below, rest, change)) : schema;
}

function changedLevel(draw: Choices, schema: WrittenObject, isRoot: boolean): WrittenObject {
  const ways: (() => WrittenObject)[] = [
    () => ({ ...schema, description: "told otherwise" }),
    () => ({ ...without(schema, VALUE_KEYWORDS), ...valueValidations(draw, kindOf(schema), 4) }),
    () => withOneKeywordLess(draw, schema),
    () => withOneKeywordLess(draw, schema),
    () => withBoundMoved(draw, schema),
    () => withBoundMoved(draw, schema),
    () => ({ ...without(schema, ["allOf", "anyOf", "oneOf", "not"]), ...junctors(draw, schema, 1) }),
    () => withEnumChanged(draw, schema),
    ...(isRoot
      ? [() => toggled(schema, "x-kubernetes-preserve-unknown-fields")]
      : [
          () => toggled(schema, "nullable"),
          () => level(draw, 1, "field"),
          () => withDefaultChanged(draw, schema),
          ...(schema["x-kubernetes-int-or-string"] === true
            ? []
            : [() => toggled(schema, "x-kubernetes-preserve-unknown-fields")]),
        ]),
  ];
  const { properties, items } = schema;
  if (isObject(properties)) {
    const names = Object.keys(properties).filter((name) => isFree([name]) && !(isRoot && name === "spec"));
    const name = draw.pick(names);
    const added = draw.pick(NAMES.filter((each) => isFree([each]))) ?? "a";
    if (name !== undefined) {
      ways.push(() => ({ ...schema, properties: withMember(properties, name, undefined) }));
      ways.push(() => ({ ...schema, required: [...new Set([...namesIn(schema["required"]), name])] }));
    }
    ways.push(() => ({ ...schema, properties: withMember(properties, added, level(draw, 1, "field")) }));
    if (!isRoot) ways.push(() => toggled(schema, "additionalProperties"));
  }
  if (isObject(items)) ways.push(() => withListTypeChanged(draw, schema, items));
  return (draw.pick(ways) ?? (() => schema))();
}

const VALUE_KEYWORDS = (
  "minLength maxLength pattern format enum minimum exclusiveMinimum maximum exclusiveMaximum multipleOf " +
  "minItems maxItems minProperties maxProperties"
).split(" ");

function withOneKeywordLess(draw: Choices, schema: WrittenObject): WrittenObject {
  const removable = Object.keys(schema).filter((keyword) => [...VALUE_KEYWORDS, ...REMOVABLE].includes(keyword));
  const keyword = draw.pick(removable);
  return keyword === undefined ? schema : withMember(schema, keyword, undefined);
}

const REMOVABLE: readonly string[] = [
  "required",
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "default",
  "nullable",
  "x-kubernetes-map-type",
];

function withBoundMoved(draw: Choices, schema: WrittenObject): WrittenObject {
  const bound = draw.pick(Object.keys(schema).filter((keyword) => /^(min|max)[A-Zi]/.test(keyword)));
  const value = bound === undefined ? undefined : schema[bound];
  if (bound === undefined || typeof value !== "number") return { ...schema, ...valueValidations(draw, kindOf(schema), 3) };
  const moved = value + draw.oneOf(1, -1);
  return { ...schema, [bound]: bound.endsWith("imum") ? moved : Math.max(moved, 0) };
}

function withEnumChanged(draw: Choices, schema: WrittenObject): WrittenObject {
  const listed = listOf(schema["enum"]);
  if (listed.length > 1 && draw.often(5)) return { ...schema, enum: listed.slice(1) };
  if (kindOf(schema) !== "string") return schema;
  return { ...schema, enum: [...new Set([...listed, draw.pick(TEXTS) ?? "a"])] };
}

function withDefaultChanged(draw: Choices, schema: WrittenObject): WrittenObject {
  const bare = withMember(schema, "default", undefined);
  const value = anyDefault(draw, bare);
  return value === undefined ? bare : { ...bare, default: value };
}

function withListTypeChanged(draw: Choices, schema: WrittenObject, items: WrittenObject): WrittenObject {
  const bare = without(schema, ["x-kubernetes-list-type", "x-kubernetes-list-map-keys"]);
  const properties = isObject(items["properties"]) ? items["properties"] : {};
  const key = draw.pick(namesIn(items["required"]).filter((name) => isKey(properties, name)));
  return draw.oneOf<WrittenObject>(
    bare,
    { ...bare, "x-kubernetes-list-type": "set", items: itemsOfSet(items) },
    { ...bare, "x-kubernetes-list-type": "atomic" },
    key === undefined ? bare : { ...bare, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] },
  );
}

function isKey(properties: WrittenObject, name: string): boolean {
  const field = Object.hasOwn(properties, name) ? properties[name] : undefined;
  return isObject(field) && ["string", "integer", "number", "boolean"].includes(kindOf(field)) && field["nullable"] !== true;
}

function toggled(schema: WrittenObject, keyword: string): WrittenObject {
  return withMember(schema, keyword, schema[keyword] === true ? undefined : true);
}

/** What no longer holds together is taken out: keys of lists, fields that only `anyOf` and the like speak of, defaults. */
function mended(schema: WrittenObject): WrittenObject {
  let whole = mapped(schema);
  const { items, properties } = whole;
  if (whole["x-kubernetes-list-type"] === "set" && isObject(items)) whole = { ...whole, items: itemsOfSet(items) };
  if (whole["x-kubernetes-list-type"] === "map") whole = withKeys(whole);
  if (
    properties !== undefined &&
    isObject(properties) &&
    Object.keys(properties).length > 0 &&
    whole["additionalProperties"] !== true
  ) {
    whole = withMember(whole, "additionalProperties", undefined);
  }
  if (whole["x-kubernetes-embedded-resource"] === true) {
    whole = withMember(whole, "additionalProperties", undefined);
    if (!isObject(properties) || Object.keys(properties).length === 0)
      whole = { ...whole, "x-kubernetes-preserve-unknown-fields": true };
  }
  if (whole["type"] === undefined && whole["x-kubernetes-int-or-string"] !== true)
    whole = { ...whole, "x-kubernetes-preserve-unknown-fields": true };
  for (const keyword of ["allOf", "anyOf", "oneOf"]) {
    if (whole[keyword] !== undefined)
      whole = { ...whole, [keyword]: listOf(whole[keyword]).map((part) => (isObject(part) ? spokenOf(part, whole) : part)) };
  }
  if (isObject(whole["not"])) whole = { ...whole, not: spokenOf(whole["not"], whole) };
  const value = whole["default"];
  const isSure = value === undefined || surelyFits(withMember(whole, "default", undefined), value);
  return isSure ? whole : withMember(whole, "default", undefined);
}

function mapped(schema: WrittenObject): WrittenObject {
  const { properties, items, additionalProperties } = schema;
  return {
    ...schema,
    ...(isObject(properties)
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, below]) => [name, isObject(below) ? mended(below) : below]),
          ),
        }
      : {}),
    ...(isObject(items) ? { items: mended(items) } : {}),
    ...(isObject(additionalProperties) ? { additionalProperties: mended(additionalProperties) } : {}),
  };
}

function withKeys(schema: WrittenObject): WrittenObject {
  const { items } = schema;
  const properties = isObject(items) && isObject(items["properties"]) ? items["properties"] : {};
  const keys = namesIn(schema["x-kubernetes-list-map-keys"]);
  if (!isObject(items) || items["type"] !== "object" || !keys.every((key) => isKey(properties, key))) {
    return without(schema, ["x-kubernetes-list-type", "x-kubernetes-list-map-keys"]);
  }
  const needed = keys.filter((key) => {
    const field = properties[key];
    return isObject(field) && field["default"] === undefined;
  });
  const required = [...new Set([...namesIn(items["required"]), ...needed])];
  return { ...schema, items: { ...without(items, ["nullable"]), ...(required.length > 0 ? { required } : {}) } };
}

/** Without fields and items that the level has not. The types of int-or-string stay where they may. */
function spokenOf(part: WrittenObject, of: WrittenObject): WrittenObject {
  const properties = isObject(of["properties"]) ? of["properties"] : {};
  let said = part;
  if (isObject(part["properties"])) {
    const left = Object.entries(part["properties"]).flatMap(([name, below]): [string, Written][] => {
      const field = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return isObject(field) && isObject(below) ? [[name, spokenOf(below, field)]] : [];
    });
    said = { ...said, properties: Object.fromEntries(left) };
  }
  if (isObject(part["items"])) {
    said = isObject(of["items"])
      ? { ...said, items: spokenOf(part["items"], of["items"]) }
      : withMember(said, "items", undefined);
  }
  for (const keyword of ["allOf", "anyOf", "oneOf"]) {
    if (part[keyword] !== undefined)
      said = { ...said, [keyword]: listOf(part[keyword]).map((each) => (isObject(each) ? spokenOf(each, of) : each)) };
  }
  return isObject(part["not"]) ? { ...said, not: spokenOf(part["not"], of) } : said;
}

function without(schema: WrittenObject, names: readonly string[]): WrittenObject {
  return names.reduce((rest, name) => withMember(rest, name, undefined), schema);
}

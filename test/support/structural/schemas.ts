/**
 * @file Structural schemas that the API server takes for a CRD, over all keywords but x-kubernetes-validations.
 * Sources: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/validation.go (structure),
 * pkg/apis/apiextensions/validation/validation.go (lists, sets, maps), pkg/apiserver/schema/defaulting/validation.go (defaults).
 */
import type { Choices } from "./choices.ts";
import { anyDefault } from "./defaults.ts";
import { junctors, type Kind, valueValidations } from "./value-validations.ts";
import { NAMES } from "./vocabulary.ts";
import { isObject, withMember, type Written, type WrittenObject } from "./written.ts";

/** Of a whole version: `type: object`, with what Kubernetes adds by itself left out. */
export function rootSchema(draw: Choices): WrittenObject {
  const properties: [string, Written][] = [["spec", objectLevel(draw.split(), 3, "field")]];
  if (draw.often(3)) properties.push(["status", level(draw.split(), 1, "field")]);
  if (draw.often(2))
    properties.push([draw.pick(NAMES.filter((name) => !TYPE_META.has(name))) ?? "a", level(draw.split(), 2, "field")]);
  if (draw.often(2)) properties.push(["apiVersion", { type: "string" }], ["kind", { type: "string" }]);
  if (draw.often(2)) properties.push(["metadata", metadataOfRoot(draw)]);
  const root: WrittenObject = {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(draw.often(2) ? { required: ["spec"] } : {}),
    ...(draw.often(1) ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
  };
  return draw.often(1) ? { ...root, ...junctors(draw, root, 1) } : root;
}

const TYPE_META: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

/** Nothing but name and generateName may be spoken of. */
function metadataOfRoot(draw: Choices): WrittenObject {
  if (!draw.often(7)) return { type: "object" };
  return {
    type: "object",
    properties: { name: { type: "string", maxLength: draw.oneOf(63, 4), ...(draw.often(3) ? { pattern: "^[a-z]" } : {}) } },
  };
}

/** Fields and values of a map need not say of which type they are where they preserve what is unknown; neither do items. */
export function level(draw: Choices, depth: number, place: "field" | "item"): WrittenObject {
  const kind = draw.oneOf<Kind | "map" | "embedded">(
    "string",
    "integer",
    "boolean",
    "number",
    "int-or-string",
    "anything",
    ...(depth > 0 ? (["object", "object", "array", "array", "map", "embedded"] as const) : []),
  );
  switch (kind) {
    case "object":
      return objectLevel(draw, depth, place);
    case "map":
      return finished(draw, depth, { type: "object", additionalProperties: valuesOfMap(draw, depth) });
    case "array":
      return finished(draw, depth, listLevel(draw, depth));
    case "embedded":
      return finished(draw, depth, embeddedLevel(draw, depth));
    case "anything":
      return finished(draw, depth, anythingLevel(draw));
    case "int-or-string":
      return finished(draw, depth, intOrString(draw));
    case "string":
    case "integer":
    case "number":
    case "boolean":
      return finished(draw, depth, { type: kind, ...valueValidations(draw, kind, 3) });
  }
}

function objectLevel(draw: Choices, depth: number, _place: "field" | "item"): WrittenObject {
  const names = [draw.pick(NAMES.slice(0, 4)) ?? "a", ...draw.some(NAMES, depth > 1 ? 2 : 1)];
  const properties = Object.fromEntries(names.map((name): [string, Written] => [name, level(draw.split(), depth - 1, "field")]));
  const required = draw.some(Object.keys(properties), 2);
  return finished(draw, depth, {
    type: "object",
    properties,
    ...(required.length > 0 ? { required } : {}),
    ...(draw.often(1) ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
    // Beside properties it may only be true.
    ...(draw.often(1) ? { additionalProperties: true } : {}),
    ...(draw.often(2) ? { "x-kubernetes-map-type": draw.oneOf("granular", "atomic") } : {}),
    ...valueValidations(draw, "object", 1),
  });
}

function valuesOfMap(draw: Choices, depth: number): Written {
  if (draw.often(8)) return level(draw.split(), depth - 1, "field");
  return draw.oneOf(true, false);
}

function listLevel(draw: Choices, depth: number): WrittenObject {
  const type = draw.oneOf("none", "atomic", "set", "map");
  const bounds = { ...valueValidations(draw, "array", 2), ...(draw.often(1) ? { uniqueItems: false } : {}) };
  if (type === "map") return { type: "array", "x-kubernetes-list-type": "map", ...listMap(draw, depth), ...bounds };
  const items = level(draw.split(), depth - 1, "item");
  if (type !== "set") {
    return { type: "array", items, ...bounds, ...(type === "none" ? {} : { "x-kubernetes-list-type": "atomic" }) };
  }
  return { type: "array", items: itemsOfSet(items), "x-kubernetes-list-type": "set", ...bounds };
}

/** Objects and lists in a set are atomic, and nothing in it is null. */
export function itemsOfSet(items: WrittenObject): WrittenObject {
  const plain = withoutNull(items);
  if (plain["type"] === "object") return { ...plain, "x-kubernetes-map-type": "atomic" };
  return plain["type"] === "array" ? without(plain, ["x-kubernetes-list-type", "x-kubernetes-list-map-keys"]) : plain;
}

/** Keys are scalars, never null, and required unless there is a default. */
function listMap(draw: Choices, depth: number): WrittenObject {
  const keys = draw.oneOf<readonly string[]>(["name"], ["a"], ["name", "a"], ["__proto__"]);
  const fields = keys.map((key): [string, Written] => {
    const kind = draw.oneOf<Kind>("string", "integer", "boolean", "number");
    return [key, { type: kind, ...(draw.often(2) ? valueValidations(draw, kind, 2) : {}) }];
  });
  const byDefault = draw.often(2) ? keys.slice(0, 1) : [];
  const keyed = fields.map(([key, schema]): [string, Written] => {
    if (!byDefault.includes(key) || !isObject(schema)) return [key, schema];
    return [key, { type: "string", default: draw.oneOf("a", "") }];
  });
  const others = draw.some(["value", "b"], 5).map((name): [string, Written] => [name, level(draw.split(), depth - 1, "field")]);
  const required = keys.filter((key) => !byDefault.includes(key));
  return {
    "x-kubernetes-list-map-keys": [...keys],
    items: {
      type: "object",
      properties: Object.fromEntries([...keyed, ...others]),
      ...(required.length > 0 ? { required } : {}),
    },
  };
}

function embeddedLevel(draw: Choices, depth: number): WrittenObject {
  const names = draw.some(["spec", "a"], 6);
  const properties: [string, Written][] = names.map((name) => [name, level(draw.split(), depth - 1, "field")]);
  if (draw.often(2)) properties.push(["kind", { type: "string", enum: ["Part", "Other"] }]);
  if (draw.often(2)) properties.push(["metadata", { type: "object", properties: { name: { type: "string", minLength: 2 } } }]);
  const preserves = properties.length === 0 || draw.often(5);
  return {
    type: "object",
    "x-kubernetes-embedded-resource": true,
    ...(properties.length > 0 ? { properties: Object.fromEntries(properties) } : {}),
    ...(preserves ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
  };
}

function anythingLevel(draw: Choices): WrittenObject {
  return {
    "x-kubernetes-preserve-unknown-fields": true,
    ...(draw.often(4) ? { type: "object" } : {}),
    ...(draw.often(3) ? { properties: { a: level(draw.split(), 0, "field") } } : {}),
  };
}

/** With the two forms that may say of which types it is. */
function intOrString(draw: Choices): WrittenObject {
  const types = [{ type: "integer" }, { type: "string" }];
  const form = draw.below(3);
  return {
    "x-kubernetes-int-or-string": true,
    ...valueValidations(draw, "int-or-string", 2),
    ...(form === 1 ? { anyOf: types } : {}),
    ...(form === 2 ? { allOf: [{ anyOf: types }] } : {}),
  };
}

/** What any level may have. */
function finished(draw: Choices, depth: number, bare: WrittenObject): WrittenObject {
  let schema = bare;
  if (draw.often(2) && bare["x-kubernetes-int-or-string"] !== true) schema = { ...schema, ...junctors(draw, bare, depth) };
  if (draw.often(1)) schema = { ...schema, nullable: true };
  if (draw.often(1)) schema = { ...schema, description: "of no consequence" };
  if (!draw.often(3)) return schema;
  const value = anyDefault(draw, schema);
  return value === undefined ? schema : { ...schema, default: value };
}

function withoutNull(schema: WrittenObject): WrittenObject {
  const plain = without(schema, ["nullable"]);
  return plain["default"] === null ? without(plain, ["default"]) : plain;
}

function without(schema: WrittenObject, names: readonly string[]): WrittenObject {
  return names.reduce((rest, name) => withMember(rest, name, undefined), schema);
}

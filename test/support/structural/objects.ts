/** @file Values for a schema, valid as far as its plain keywords tell, at their bounds as often as not. What they are is for an oracle to say. */
import type { Choices } from "./choices.ts";
import { kindOf, listOf, namesIn } from "./value-validations.ts";
import { FORMATS, NAMES, PATTERNS, STRANGE, TEXTS } from "./vocabulary.ts";
import { isObject, NumberText, type Written, type WrittenObject } from "./written.ts";

/** Spec and the like, without apiVersion, kind and metadata. @param schema of a whole version. */
export function contentFor(draw: Choices, schema: WrittenObject): WrittenObject {
  const value = valueFor(draw, { ...schema, type: "object" });
  return isObject(value) ? withoutTypeMeta(value) : {};
}

export function withoutTypeMeta(object: WrittenObject): WrittenObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !TYPE_META.has(name)));
}

const TYPE_META: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

function valueFor(draw: Choices, schema: WrittenObject): Written {
  if (schema["nullable"] === true && draw.often(2)) return null;
  const plain = merged(draw, schema);
  const listed = listOf(plain["enum"]);
  if (listed.length > 0) return draw.pick(listed) ?? null;
  switch (kindOf(plain)) {
    case "string":
      return textFor(draw, plain);
    case "int-or-string":
      return draw.often(5) ? textFor(draw, plain) : numberFor(draw, plain, 1);
    case "integer":
      return numberFor(draw, plain, 1);
    case "number":
      return numberFor(draw, plain, 0.5);
    case "boolean":
      return draw.oneOf(true, false);
    case "array":
      return listFor(draw, plain);
    case "object":
      return objectFor(draw, plain);
    case "anything":
      return isObject(plain["properties"]) && draw.often(5) ? objectFor(draw, plain) : (draw.pick(STRANGE.slice(1)) ?? "text");
  }
}

/** With what `allOf` says, and one each of `anyOf` and `oneOf`; what `not` says is left to chance. */
function merged(draw: Choices, schema: WrittenObject): WrittenObject {
  const parts = [...listOf(schema["allOf"]), draw.pick(listOf(schema["anyOf"])), draw.pick(listOf(schema["oneOf"]))].filter(
    isObject,
  );
  return parts.reduce((level, part) => both(level, merged(draw, part)), schema);
}

function both(level: WrittenObject, part: WrittenObject): WrittenObject {
  const required = [...namesIn(level["required"]), ...namesIn(part["required"])];
  const properties = isObject(level["properties"]) ? level["properties"] : {};
  const said = Object.entries(isObject(part["properties"]) ? part["properties"] : {}).map(([name, more]): [string, Written] => {
    const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return [name, isObject(own) && isObject(more) ? both(own, more) : (own ?? more)];
  });
  const { items } = level;
  const more = part["items"];
  return {
    ...level,
    ...Object.fromEntries(Object.entries(part).filter(([keyword]) => !STRUCTURAL.has(keyword))),
    ...(required.length > 0 ? { required } : {}),
    ...(said.length > 0 ? { properties: Object.fromEntries([...Object.entries(properties), ...said]) } : {}),
    ...(isObject(items) && isObject(more) ? { items: both(items, more) } : {}),
  };
}

const STRUCTURAL: ReadonlySet<string> = new Set(["required", "properties", "items", "allOf", "anyOf", "oneOf", "not", "type"]);

function textFor(draw: Choices, { pattern, format, minLength, maxLength }: WrittenObject): string {
  if (pattern !== undefined) {
    const known = PATTERNS.find(({ text }) => text === pattern);
    return known === undefined
      ? (draw.pick(["a", "web", "example.com", "1", "/", "A"]) ?? "a")
      : (draw.pick(known.matching) ?? "");
  }
  if (format !== undefined) {
    const known = FORMATS.find(({ name }) => name === format);
    if (known !== undefined)
      return draw.often(4) ? (draw.pick([...known.valid, ...known.doubtful]) ?? "") : (draw.pick(known.valid) ?? "");
  }
  const least = Math.min(countOf(minLength) ?? 0, 300);
  const most = countOf(maxLength) ?? least + 4;
  const length = draw.oneOf(least, most, least + 1, Math.min(least + draw.below(5), Math.max(most, least)));
  if (draw.often(5) && minLength === undefined && maxLength === undefined) return draw.pick(TEXTS) ?? "";
  return (draw.oneOf("a", "a", "😀", "é", "e\u0301") as string).repeat(Math.min(length, 300));
}

function numberFor(draw: Choices, { minimum, maximum, multipleOf, exclusiveMinimum }: WrittenObject, step: number): Written {
  const least = numberOf(minimum);
  const most = numberOf(maximum);
  const factor = numberOf(multipleOf);
  if (factor !== undefined && factor !== 0)
    return Math.round(factor * (Math.ceil((least ?? 0) / factor) + draw.below(4)) * 1e6) / 1e6;
  if (minimum === undefined && maximum === undefined)
    return draw.oneOf<Written>(1, 0, -1, 2 ** 31, 3, new NumberText("1.0"), 9_007_199_254_740_993n);
  if (draw.often(6)) return draw.pick([minimum, maximum].filter((bound) => bound !== undefined)) ?? 0;
  if (least !== undefined) return least + (exclusiveMinimum === true ? step : 0) + draw.below(2) * step;
  return (most ?? 0) - draw.below(3) * step;
}

function listFor(draw: Choices, schema: WrittenObject): Written {
  const least = countOf(schema["minItems"]) ?? 0;
  const most = countOf(schema["maxItems"]) ?? least + 3;
  const count = Math.min(least + draw.below(Math.max(most - least, 0) + 1), 8);
  const { items } = schema;
  const made = Array.from({ length: count }, () => (isObject(items) ? valueFor(draw.split(), items) : "text"));
  if (schema["x-kubernetes-list-type"] === undefined || draw.often(2)) return made;
  const keys = namesIn(schema["x-kubernetes-list-map-keys"]);
  const identity = (item: Written): string =>
    JSON.stringify(keys.length > 0 && isObject(item) ? keys.map((key) => item[key]) : item, (_key, part: unknown) =>
      typeof part === "bigint" ? String(part) : part,
    );
  const seen = new Set<string>();
  return made.filter((item) => !seen.has(identity(item)) && seen.add(identity(item)));
}

function objectFor(draw: Choices, schema: WrittenObject): WrittenObject {
  const properties = isObject(schema["properties"]) ? Object.entries(schema["properties"]) : [];
  const required = namesIn(schema["required"]);
  const members = properties
    .filter(([name]) => required.includes(name) || draw.often(6))
    .map(([name, level]): [string, Written] => [name, isObject(level) ? valueFor(draw.split(), level) : "text"]);
  if (schema["x-kubernetes-embedded-resource"] === true) members.push(...typeMeta(draw));
  const values = schema["additionalProperties"];
  const known = new Set(members.map(([name]) => name));
  if (values !== undefined && values !== false) {
    const count = (countOf(schema["minProperties"]) ?? 0) + draw.below(3);
    for (const name of NAMES.filter((each) => !known.has(each)).slice(0, count)) {
      members.push([name, isObject(values) ? valueFor(draw.split(), values) : (draw.pick(STRANGE.slice(1)) ?? "text")]);
    }
  }
  return Object.fromEntries(members);
}

function typeMeta(draw: Choices): readonly [string, Written][] {
  const name = draw.oneOf("part", "b", "");
  const metadata: WrittenObject = draw.oneOf<WrittenObject>(
    { name },
    { name, labels: { a: "b" } },
    {},
    { name, unknown: "x" },
    { name: "UPPER/x" },
    { labels: { a: 1 } },
  );
  return [
    ["apiVersion", draw.oneOf("v1", "apps/v1", "a/b/c", "")],
    ["kind", draw.oneOf("Part", "Other", "no kind!")],
    ...(draw.often(5) ? [["metadata", metadata] as [string, Written]] : []),
  ];
}

function countOf(value: Written | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function numberOf(value: Written | undefined): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  return value instanceof NumberText ? Number(value.text) : undefined;
}

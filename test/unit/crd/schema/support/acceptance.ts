/**
 * @file What the API server makes of a value by a schema, as far as the schemas of these tests go: written by its rules, and not by what
 * is tested, so that one can be held against the other.
 */
import type { Written } from "../../../../support/schemas.ts";

export type Value = null | boolean | number | string | readonly Value[] | { readonly [name: string]: Value };

/** The value as it would be stored, or null where it would be refused. Source: as `direction.ts` has it. */
export function taken(schema: Written, value: Value): { readonly stored: Value } | null {
  const stored = defaulted(schema, pruned(schema, value));
  return isValid(schema, stored) ? { stored } : null;
}

/** Whatever the first holds, the second holds too; defaults may be others. */
export function isKept(left: Value, right: Value): boolean {
  if (Array.isArray(left))
    return Array.isArray(right) && left.every((item: Value, index) => isKept(item, (right as Value[])[index] ?? null));
  if (!isMembers(left)) return isMembers(right) || Array.isArray(right) ? false : left === right;
  return (
    isMembers(right) &&
    Object.entries(left).every(([name, member]) => Object.hasOwn(right, name) && isKept(member, right[name] ?? null))
  );
}

export function pruned(schema: Written, value: Value): Value {
  if (Array.isArray(value)) {
    const items = memberOf(schema, "items");
    return items === null ? value : value.map((item: Value) => pruned(items, item));
  }
  if (!isMembers(value)) return value;
  const kept = Object.entries(value).flatMap(([name, member]): [string, Value][] => {
    const own = schemaOf(schema, name);
    if (own !== null) return [[name, pruned(own, member)]];
    return schema["x-kubernetes-preserve-unknown-fields"] === true ? [[name, member]] : [];
  });
  return Object.fromEntries(kept);
}

function defaulted(schema: Written, value: Value): Value {
  if (Array.isArray(value)) {
    const items = memberOf(schema, "items");
    return items === null ? value : value.map((item: Value) => defaulted(items, item));
  }
  if (!isMembers(value)) return value;
  const whole: Record<string, Value> = { ...value };
  for (const [name, own] of Object.entries(propertiesOf(schema))) {
    if (!Object.hasOwn(whole, name) && own["default"] !== undefined) whole[name] = own["default"] as Value;
  }
  return Object.fromEntries(
    Object.entries(whole).map(([name, member]) => {
      const own = schemaOf(schema, name);
      return [name, own === null ? member : defaulted(own, member)];
    }),
  );
}

function isValid(schema: Written, value: Value): boolean {
  if (value === null && schema["nullable"] === true) return true;
  return (
    isOfType(schema, value) &&
    isWithin(schema, value) &&
    (schema["enum"] === undefined || (schema["enum"] as Value[]).includes(value)) &&
    (branches(schema, "anyOf")?.some((branch) => isValid(branch, value)) ?? true) &&
    (branches(schema, "allOf")?.every((branch) => isValid(branch, value)) ?? true) &&
    areMembersValid(schema, value)
  );
}

function isOfType({ type, "x-kubernetes-int-or-string": isIntOrString }: Written, value: Value): boolean {
  if (isIntOrString === true) return typeof value === "string" || Number.isInteger(value);
  switch (type) {
    case undefined:
      return true;
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isMembers(value);
    default:
      return typeof value === type;
  }
}

function isWithin(schema: Written, value: Value): boolean {
  const size =
    typeof value === "string"
      ? value.length
      : Array.isArray(value)
        ? value.length
        : isMembers(value)
          ? Object.keys(value).length
          : null;
  const [least, most] =
    typeof value === "string"
      ? ["minLength", "maxLength"]
      : Array.isArray(value)
        ? ["minItems", "maxItems"]
        : ["minProperties", "maxProperties"];
  if (typeof value === "number") {
    const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum, exclusiveMaximum } = schema as Record<string, number>;
    return (exclusiveMinimum ? value > minimum : value >= minimum) && (exclusiveMaximum ? value < maximum : value <= maximum);
  }
  if (size === null) return true;
  const isUnique =
    !Array.isArray(value) ||
    schema["x-kubernetes-list-type"] !== "set" ||
    new Set(value.map((item) => JSON.stringify(item))).size === value.length;
  return isUnique && size >= Number(schema[least ?? ""] ?? 0) && size <= Number(schema[most ?? ""] ?? Infinity);
}

function areMembersValid(schema: Written, value: Value): boolean {
  if (Array.isArray(value)) {
    const items = memberOf(schema, "items");
    return items === null || value.every((item: Value) => isValid(items, item));
  }
  if (!isMembers(value)) return true;
  const required = (schema["required"] ?? []) as readonly string[];
  return (
    required.every((name) => Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, member]) => {
      const own = schemaOf(schema, name);
      return own === null || isValid(own, member);
    })
  );
}

function schemaOf(schema: Written, name: string): Written | null {
  return propertiesOf(schema)[name] ?? memberOf(schema, "additionalProperties");
}

function propertiesOf(schema: Written): Readonly<Record<string, Written>> {
  return (schema["properties"] ?? {}) as Readonly<Record<string, Written>>;
}

function memberOf(schema: Written, member: "items" | "additionalProperties"): Written | null {
  return (schema[member] as Written | undefined) ?? null;
}

function branches(schema: Written, of: "anyOf" | "allOf"): readonly Written[] | undefined {
  return schema[of] as readonly Written[] | undefined;
}

function isMembers(value: Value): value is { readonly [name: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @file An object as the API server has it before it validates: nulls that mean nothing are gone, defaults are in. */
import { isRecord } from "../crd/is-record.ts";
import type { Schema } from "../crd/schema/schema.ts";
import { below } from "./paths.ts";
import { prune, prunePart } from "./unknown-fields.ts";
import { copyOf, type JsonObject, mapItems, setMember } from "./with-member.ts";

/**
 * Pruned, without nulls that mean nothing, with defaults: in this order, as for every request and every read.
 * @returns the same object where nothing is different.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go, unstructuredSchemaCoercer, unstructuredDefaulter.
 */
export function asRead<Value>(object: Value, schema: Schema): Value {
  return asReadPruned(prune(object, schema), schema);
}

/** The same of an object that is pruned already. */
export function asReadPruned<Value>(object: Value, schema: Schema): Value {
  return applyDefaults(dropNulls(object, schema), schema);
}

/**
 * Members that are null go where the schema neither allows null nor has a default instead. Items of lists stay.
 * Source: schema/defaulting/prunenulls.go, PruneNonNullableNullsWithoutDefaults.
 */
function dropNulls<Value>(value: Value, schema: Schema | null): Value;
function dropNulls(value: unknown, schema: Schema | null): unknown {
  // What no schema describes has no null that may go.
  if (schema === null) return value;
  if (Array.isArray(value)) return schema.items === null ? value : mapItems(value, (item) => dropNulls(item, schema.items));
  if (!isRecord(value)) return value;
  let copy: Record<string, unknown> | null = null;
  for (const name of Object.keys(value)) {
    const member = value[name];
    if (typeof member !== "object") continue;
    const known = below(schema, name);
    if (known === null) continue;
    if (member === null) {
      if (known.isNullable || hasDefault(known)) continue;
      copy ??= copyOf(value);
      // oxlint-disable-next-line typescript/no-dynamic-delete -- a copy of our own
      delete copy[name];
      continue;
    }
    const changed = dropNulls(member, known);
    if (changed !== member) {
      copy ??= copyOf(value);
      setMember(copy, name, changed);
    }
  }
  return copy ?? value;
}

/** Source: schema/defaulting/algorithm.go, Default. */
function applyDefaults<Value>(value: Value, schema: Schema | null): Value;
function applyDefaults(value: unknown, schema: Schema | null): unknown {
  if (schema === null || !hasDefaultsBelow(schema)) return value;
  if (Array.isArray(value)) {
    const { items } = schema;
    return mapItems(value, (item) => applyDefaults(item === null ? insteadOfNull(items) : item, items));
  }
  if (!isRecord(value)) return value;
  let copy: Record<string, unknown> | null = null;
  for (const [name, property] of defaultedProperties(schema)) {
    if (Object.hasOwn(value, name) && (value[name] !== null || property.isNullable)) continue;
    copy ??= copyOf(value);
    setMember(copy, name, defaultOf(property));
  }
  const filled: JsonObject = copy ?? value;
  for (const name of Object.keys(filled)) {
    const member = filled[name];
    if (typeof member !== "object") continue;
    const known = below(schema, name);
    if (known === null) continue;
    const defaulted = applyDefaults(member === null && !schema.properties.has(name) ? insteadOfNull(known) : member, known);
    if (defaulted !== member) {
      copy ??= copyOf(value);
      setMember(copy, name, defaulted);
    }
  }
  return copy ?? value;
}

/** `default: null` says nothing. */
function hasDefault(schema: Schema): boolean {
  return schema.default !== undefined && schema.default !== null;
}

function insteadOfNull(schema: Schema | null): unknown {
  return schema === null || schema.isNullable || !hasDefault(schema) ? null : defaultOf(schema);
}

/** Without what the schema does not know. Source: schema/defaulting/prune.go, PruneDefaults. */
function defaultOf(schema: Schema): unknown {
  const known = prunedDefaults.get(schema);
  if (known !== undefined) return known;
  const pruned = prunePart(schema.default, schema);
  prunedDefaults.set(schema, pruned);
  return pruned;
}

const prunedDefaults = new WeakMap<Schema, unknown>();

function defaultedProperties(schema: Schema): readonly (readonly [string, Schema])[] {
  const known = defaulted.get(schema);
  if (known !== undefined) return known;
  const found = [...schema.properties].filter(([, property]) => hasDefault(property));
  defaulted.set(schema, found);
  return found;
}

const defaulted = new WeakMap<Schema, readonly (readonly [string, Schema])[]>();

function hasDefaultsBelow(schema: Schema): boolean {
  const known = withDefaults.get(schema);
  if (known !== undefined) return known;
  const found = [...schema.properties.values(), schema.additionalProperties, schema.items].some(
    (child) => typeof child === "object" && child !== null && (hasDefault(child) || hasDefaultsBelow(child)),
  );
  withDefaults.set(schema, found);
  return found;
}

const withDefaults = new WeakMap<Schema, boolean>();

/** @file Which fields of an object a schema does not know, and the object without them, as the API server prunes it. */
import { isRecord } from "../crd/is-record.ts";
import type { Schema } from "../crd/schema/schema.ts";
import { isEmptyMetadata, isKnownMetadata } from "./object-metadata.ts";
import type { Path } from "./paths.ts";
import { copyOf, mapItems, setMember } from "./with-member.ts";

/**
 * Of an object, not of a part of one: its own apiVersion, kind and metadata are known.
 * @returns one path for each subtree that goes as a whole; in the order of the object.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning/algorithm.go, PruneWithOptions.
 */
export function unknownFields(object: unknown, schema: Schema): readonly Path[] {
  const trail: Trail = { at: [], found: [] };
  pruneLevel(object, schema, trail, true);
  return trail.found;
}

/** @returns the same object where nothing goes. What stays is shared. */
export function prune<Value>(object: Value, schema: Schema): Value;
export function prune(object: unknown, schema: Schema): unknown {
  return pruneLevel(object, schema, null, true);
}

/** Of what stands at this schema, somewhere in an object. */
export function prunePart(value: unknown, schema: Schema): unknown {
  return pruneLevel(value, schema, null, false);
}

interface Trail {
  readonly at: (string | number)[];
  readonly found: Path[];
}

/** Members of every resource. */
export const TYPE_AND_METADATA: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

/** @param schema null: nothing is known. */
function pruneLevel(value: unknown, schema: Schema | null, trail: Trail | null, isObject: boolean): unknown {
  if (schema?.preservesUnknownFields === true) return pruneWithinKept(value, schema, trail, isObject);
  if (Array.isArray(value)) {
    const items = schema?.items ?? null;
    return mapItems(value, (item, index) => {
      trail?.at.push(index);
      const pruned = pruneLevel(item, items, trail, false);
      trail?.at.pop();
      return pruned;
    });
  }
  if (!isRecord(value)) return value;
  const isResource = isObject || schema?.isEmbeddedResource === true;
  let copy: Record<string, unknown> | null = null;
  for (const name of Object.keys(value)) {
    const member = value[name];
    let pruned = member;
    if (schema !== null && isResource && TYPE_AND_METADATA.has(name)) {
      if (isObject || name !== "metadata") continue;
      pruned = pruneMetadata(member, schema, trail);
    } else {
      const known = schema === null ? undefined : knownMember(schema, name);
      if (known === undefined) {
        if (trail !== null) trail.found.push([...trail.at, name]);
        copy ??= copyOf(value);
        // oxlint-disable-next-line typescript/no-dynamic-delete -- a copy of our own
        delete copy[name];
        continue;
      }
      if (typeof member !== "object") continue;
      trail?.at.push(name);
      pruned = pruneLevel(member, known, trail, false);
      trail?.at.pop();
    }
    if (pruned !== member) {
      copy ??= copyOf(value);
      setMember(copy, name, pruned);
    }
  }
  return copy ?? value;
}

/** Below `x-kubernetes-preserve-unknown-fields`: what the schema names is pruned by what it says there, the rest stays. */
function pruneWithinKept(value: unknown, schema: Schema | null, trail: Trail | null, isObject: boolean): unknown {
  if (schema === null) return value;
  if (Array.isArray(value)) {
    return mapItems(value, (item, index) => {
      trail?.at.push(index);
      const pruned = pruneWithinKept(item, schema.items, trail, false);
      trail?.at.pop();
      return pruned;
    });
  }
  if (!isRecord(value)) return value;
  const isResource = isObject || schema.isEmbeddedResource;
  let copy: Record<string, unknown> | null = null;
  for (const name of Object.keys(value)) {
    const member = value[name];
    let pruned = member;
    if (isResource && TYPE_AND_METADATA.has(name)) {
      if (isObject || name !== "metadata") continue;
      pruned = pruneMetadata(member, schema, trail);
    } else {
      const known = knownMember(schema, name);
      if (known === undefined || typeof member !== "object") continue;
      trail?.at.push(name);
      pruned = pruneLevel(member, known, trail, false);
      trail?.at.pop();
    }
    if (pruned !== member) {
      copy ??= copyOf(value);
      setMember(copy, name, pruned);
    }
  }
  return copy ?? value;
}

/**
 * Null: known, and nothing in it; undefined: not known. A boolean `additionalProperties`, even false, names the member and knows
 * nothing below it.
 */
export function knownMember(schema: Schema, name: string): Schema | null | undefined {
  const property = schema.properties.get(name);
  if (property !== undefined) return property;
  const { additionalProperties } = schema;
  if (additionalProperties === null) return undefined;
  return typeof additionalProperties === "boolean" ? null : additionalProperties;
}

/** Of an embedded resource: it goes through Go's ObjectMeta. Source: schema/objectmeta/algorithm.go, coerce. */
function pruneMetadata(metadata: unknown, schema: Schema, trail: Trail | null): unknown {
  if (metadata === null) {
    // Where the schema says of it that it is not null, a null goes before Go reads it.
    const said = schema.properties.get("metadata");
    return said === undefined || said.isNullable || said.default !== undefined ? {} : metadata;
  }
  if (!isRecord(metadata)) return metadata;
  let copy: Record<string, unknown> | null = null;
  for (const name of Object.keys(metadata)) {
    const isKnown = isKnownMetadata(name);
    if (isKnown && !isEmptyMetadata(name, metadata[name])) continue;
    // What is empty goes too, and nothing is lost.
    if (!isKnown && trail !== null) trail.found.push([...trail.at, "metadata", name]);
    copy ??= copyOf(metadata);
    // oxlint-disable-next-line typescript/no-dynamic-delete -- a copy of our own
    delete copy[name];
  }
  return copy ?? metadata;
}

/** @file Schemas for tests of what they make of objects. */
import type { WrittenSchema } from "../../../src/crd/crd.ts";
import { parseExactJson } from "../../../src/crd/exact-json.ts";
import { readSchema } from "../../../src/crd/schema/read-schema.ts";
import type { Schema } from "../../../src/crd/schema/schema.ts";

/** An object whose spec is of this schema. */
export function written(spec: unknown): WrittenSchema {
  return { kind: "json", text: JSON.stringify({ type: "object", properties: { spec } }) };
}

export function schemaOf(spec: unknown): Schema {
  return readSchema(written(spec));
}

/** @param spec JSON. */
export function gear(spec: string, name = "g1"): Readonly<Record<string, unknown>> {
  return { apiVersion: "own.dev/v1", kind: "Gear", metadata: { name, namespace: "mill" }, spec: parseExactJson(spec) };
}

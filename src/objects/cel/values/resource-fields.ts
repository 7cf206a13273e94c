/** @file What every resource has, whatever its schema says of it. */
import { ANYTHING } from "../../../crd/schema/read-schema.ts";
import type { Schema } from "../../../crd/schema/schema.ts";

/**
 * Of a resource, at the root or embedded, rules can read apiVersion, kind, metadata.name and metadata.generateName, and nothing else
 * of metadata. Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model/schemas.go, WithTypeAndObjectMeta.
 */
export function withResourceFields(schema: Schema): Schema {
  const known = extended.get(schema);
  if (known !== undefined) return known;
  const result = declaresAll(schema)
    ? schema
    : { ...schema, properties: new Map([...schema.properties, ["apiVersion", TEXT], ["kind", TEXT], ["metadata", METADATA]]) };
  extended.set(schema, result);
  return result;
}

const extended = new WeakMap<Schema, Schema>();

const TEXT: Schema = { ...ANYTHING, type: "string" };

const METADATA: Schema = {
  ...ANYTHING,
  type: "object",
  properties: new Map([
    ["name", TEXT],
    ["generateName", TEXT],
  ]),
};

function declaresAll({ properties }: Schema): boolean {
  const metadata = properties.get("metadata");
  return (
    properties.get("apiVersion")?.type === "string" &&
    properties.get("kind")?.type === "string" &&
    metadata?.type === "object" &&
    metadata.properties.get("name")?.type === "string" &&
    metadata.properties.get("generateName")?.type === "string"
  );
}

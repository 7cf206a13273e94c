/** @file Which parts of an object rules can read: those that the schema declares with a type. */
import type { Schema } from "../../../crd/schema/schema.ts";
import { unescapeName } from "../values/names.ts";
import { withResourceFields } from "../values/resource-fields.ts";
import { NotEvaluated } from "../values/value.ts";

/**
 * The API server refuses a CRD whose rule reads a field that its schema does not declare.
 * @throws NotEvaluated for such a field.
 */
export function memberShape(shape: Schema | null, escaped: string): Schema | null {
  if (shape === null || shape.isIntOrString || shape.type !== "object") return null;
  if (isSchema(shape.additionalProperties)) return embedded(shape.additionalProperties);
  const name = unescapeName(escaped);
  const member = name === null ? undefined : shape.properties.get(name);
  if (member === undefined || !isReadable(member))
    throw new NotEvaluated(`it reads ${escaped}, which its schema does not declare with a type`);
  return embedded(member);
}

/** Of an element, or of a value of a map. */
export function itemShape(shape: Schema | null): Schema | null {
  if (shape === null || shape.isIntOrString) return null;
  if (shape.type === "array" && shape.items !== null) return embedded(shape.items);
  return shape.type === "object" && isSchema(shape.additionalProperties) ? embedded(shape.additionalProperties) : null;
}

/** Source: k8s.io/apiserver/pkg/cel/common/schemas.go, SchemaDeclType. */
export function isReadable(schema: Schema): boolean {
  if (schema.isIntOrString) return true;
  switch (schema.type) {
    case "array":
      return schema.items !== null && isReadable(schema.items);
    case "object":
      return !isSchema(schema.additionalProperties) || isReadable(schema.additionalProperties);
    case "string":
    case "boolean":
    case "number":
    case "integer":
      return true;
    case "null":
    case null:
      return false;
  }
}

function embedded(schema: Schema): Schema {
  return schema.isEmbeddedResource ? withResourceFields(schema) : schema;
}

function isSchema(value: Schema | boolean | null): value is Schema {
  return value !== null && typeof value === "object";
}

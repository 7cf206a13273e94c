/** @file What is worked out once for each schema. */
import type { Schema } from "../crd/schema/schema.ts";

export function remembered<Value>(workOut: (schema: Schema) => Value): (schema: Schema) => Value {
  const known = new WeakMap<Schema, { readonly value: Value }>();
  return (schema) => {
    const found = known.get(schema);
    if (found !== undefined) return found.value;
    const value = workOut(schema);
    known.set(schema, { value });
    return value;
  };
}

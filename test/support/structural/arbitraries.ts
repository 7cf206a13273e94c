/** @file fast-check arbitraries of structural schemas, of objects for them, and of changes to them. Nothing here needs a cluster. */
import fc from "fast-check";
import { Choices, choices, randomRow } from "./choices.ts";
import { withFaults } from "./faults.ts";
import { contentFor, withoutTypeMeta } from "./objects.ts";
import { changedSchema } from "./schema-changes.ts";
import { rootSchema } from "./schemas.ts";
import type { WrittenObject } from "./written.ts";

export interface SchemaAndObjects {
  /** As written in a CRD. */
  readonly schema: WrittenObject;
  readonly contents: readonly Content[];
}

/** An object without apiVersion, kind and metadata. */
export interface Content {
  readonly value: WrittenObject;
  /** How many things were made wrong, or odd; 0: none on purpose. */
  readonly faultCount: number;
}

export interface SchemaPair extends SchemaAndObjects {
  /** The schema with one to three keywords changed. */
  readonly changed: WrittenObject;
}

/** `openAPIV3Schema` of a version: valid for the API server, and shrinking to one text in `spec`. */
export function structuralSchema(): fc.Arbitrary<WrittenObject> {
  return choices(60).map(rootSchema);
}

/** @param count of objects. */
export function schemaAndObjects(count = 6): fc.Arbitrary<SchemaAndObjects> {
  return fc
    .tuple(structuralSchema(), fc.array(choices(24), { minLength: count, maxLength: count }))
    .map(([schema, draws]) => ({ schema, contents: draws.map((draw) => content(draw, schema)) }));
}

export function schemaPair(count = 8): fc.Arbitrary<SchemaPair> {
  return fc
    .tuple(structuralSchema(), choices(30), fc.array(choices(24), { minLength: count, maxLength: count }))
    .map(([schema, changes, draws]) => {
      const changed = changedSchema(changes, schema);
      // Objects of both, so that what is new is used as well.
      return { schema, changed, contents: draws.map((draw, at) => content(draw, at % 4 === 3 ? changed : schema)) };
    });
}

/** Objects for a schema that was not made here. The same seed gives the same ones. */
export function contentsFor(schema: WrittenObject, count: number, seed: number): readonly Content[] {
  return Array.from({ length: count }, (_, at) => content(new Choices(randomRow(seed + at * 7919, 400)), schema));
}

function content(draw: Choices, schema: WrittenObject): Content {
  const faultCount = draw.oneOf(0, 1, 1, 2, 0);
  return { value: withoutTypeMeta(withFaults(draw, contentFor(draw, schema), faultCount)), faultCount };
}

/** @file Whether an object that lives by one schema is refused or pruned by another. */
import { parseExactJson } from "../../../src/crd/exact-json.ts";
import { readSchema } from "../../../src/crd/schema/read-schema.ts";
import type { SchemaChange } from "../../../src/crd/schema/schema-change.ts";
import type { Schema } from "../../../src/crd/schema/schema.ts";
import { asRead } from "../../../src/objects/apply-defaults.ts";
import { exactPath } from "../../../src/objects/paths.ts";
import { problemsOf } from "../../../src/objects/problems-of.ts";
import { unknownFields } from "../../../src/objects/unknown-fields.ts";
import { type WrittenObject, writtenJson } from "./written.ts";

export function asSchema(schema: WrittenObject): Schema {
  return readSchema({ kind: "json", text: writtenJson(schema) });
}

/** In what; null where it lives on as it is; `unfit` where it could not have come to be. @param content as sent at its creation. */
export function narrowerBy(content: WrittenObject, before: Schema, after: Schema): string | null {
  // apiVersion and kind are as good as any; the schemas may want them.
  const object = { apiVersion: "oracle.dev/v1", kind: "Thing", metadata: { name: "thing" }, ...content };
  const living = asRead(parseExactJson(writtenJson(object)), before);
  if (problemsOf(living, before).length > 0) return "unfit";
  const lost = unknownFields(living, after).map((path) => `${exactPath(path, after)} is lost`);
  const problems = problemsOf(asRead(living, after), after).map(({ path, message }) => `${exactPath(path, after)}: ${message}`);
  const [first] = [...lost, ...problems];
  return first ?? null;
}

/** A known exception of `directionOf`: what a default does to the object around it is not seen. `narrowing.test.ts` tells of it. */
export function givesDefault(change: SchemaChange): boolean {
  return change.kind === "default" || (change.kind === "field-added" && change.after.default !== undefined);
}

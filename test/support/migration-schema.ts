/** @file Holds events of a migration to the schema that is published of them. */
import { readFileSync } from "node:fs";
import { Ajv, type ErrorObject } from "ajv";

const validate = new Ajv({ allErrors: true, strict: true, strictRequired: false, strictTypes: false, allowUnionTypes: true })
  .addFormat("date-time", (text: string) => !Number.isNaN(Date.parse(text)))
  .compile(JSON.parse(readFileSync(new URL("../../docs/schemas/migration-event.v1alpha1.json", import.meta.url), "utf8")));

/** @returns what is wrong with it, path by path; empty where nothing is. */
export function problemsOfEvent(event: unknown): readonly string[] {
  validate(event);
  return (validate.errors ?? []).map(({ instancePath, message = "" }: ErrorObject) => `${instancePath}: ${message}`);
}

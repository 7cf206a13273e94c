/** @file Holds events of a migration, a backup or a restore to the schema that is published of them. */
import { readFileSync } from "node:fs";
import { Ajv, type ErrorObject } from "ajv";

/** @returns what is wrong with it, path by path; empty where nothing is. */
export const problemsOfEvent = createChecker("migration-event.v1alpha1.json");
export const problemsOfBackupEvent = createChecker("backup-event.v1alpha1.json");

function createChecker(file: string): (event: unknown) => readonly string[] {
  const validate = new Ajv({ allErrors: true, strict: true, strictRequired: false, strictTypes: false, allowUnionTypes: true })
    .addFormat("date-time", (text: string) => !Number.isNaN(Date.parse(text)))
    .compile(JSON.parse(readFileSync(new URL(`../../docs/schemas/${file}`, import.meta.url), "utf8")));
  return (event) => {
    validate(event);
    return (validate.errors ?? []).map(({ instancePath, message = "" }: ErrorObject) => `${instancePath}: ${message}`);
  };
}

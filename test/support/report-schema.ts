/** @file Holds reports to the schema that is published of them. */
import { readFileSync } from "node:fs";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";

const validate = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
  allowUnionTypes: true,
}).compile(JSON.parse(readFileSync(new URL("../../docs/schemas/check-report.v1alpha1.json", import.meta.url), "utf8")));

/** @returns what is wrong with it, path by path; empty where nothing is. */
export function problemsOfReport(report: unknown): readonly string[] {
  validate(report);
  return (validate.errors ?? []).map(({ instancePath, message = "" }: ErrorObject) => `${instancePath}: ${message}`);
}

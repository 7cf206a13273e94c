/** @file What is wrong with an object by a schema. */
import type { Path } from "./paths.ts";

export interface Problem {
  readonly path: Path;
  /** What is violated; two schemas can disagree on details of it. */
  readonly keyword: Keyword;
  /** As the API server words it, without path and value. */
  readonly message: string;
}

export type Keyword =
  | "additionalProperties"
  | "allOf"
  | "anyOf"
  | "embedded-resource"
  | "enum"
  | "format"
  | "list-type"
  | "maxItems"
  | "maxLength"
  | "maxProperties"
  | "maximum"
  | "minItems"
  | "minLength"
  | "minProperties"
  | "minimum"
  | "multipleOf"
  | "not"
  | "oneOf"
  | "pattern"
  | "required"
  | "type"
  | "uniqueItems";

/** @file A structural schema, as a version of a CRD has it: every keyword that Kubernetes knows, typed; others by name. */

/** JSON, with integers that a double cannot hold as `bigint`. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [member: string]: Json };

export type SchemaType = "array" | "boolean" | "integer" | "null" | "number" | "object" | "string";

/**
 * Keywords of a level and the schemas below it. What is not written is null, an empty list or map, or false, as the API server
 * takes it. Within `allOf`, `anyOf`, `oneOf` and `not` only value validations stand, and the same type serves.
 * Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1, JSONSchemaProps; pkg/apiserver/schema, Structural.
 */
export interface Schema {
  readonly type: SchemaType | null;
  readonly format: string | null;
  readonly isNullable: boolean;
  /** `x-kubernetes-int-or-string`. */
  readonly isIntOrString: boolean;
  /** `x-kubernetes-embedded-resource`: apiVersion, kind and metadata are known in it, and checked. */
  readonly isEmbeddedResource: boolean;
  /** `x-kubernetes-preserve-unknown-fields`. */
  readonly preservesUnknownFields: boolean;

  readonly properties: ReadonlyMap<string, Schema>;
  /** Of members that `properties` does not name. A boolean is as written; null where nothing is. */
  readonly additionalProperties: Schema | boolean | null;
  readonly required: readonly string[];
  readonly minProperties: number | bigint | null;
  readonly maxProperties: number | bigint | null;
  readonly mapType: "atomic" | "granular" | null;

  readonly items: Schema | null;
  readonly minItems: number | bigint | null;
  readonly maxItems: number | bigint | null;
  readonly hasUniqueItems: boolean;
  readonly listType: "atomic" | "map" | "set" | null;
  readonly listMapKeys: readonly string[];

  readonly minLength: number | bigint | null;
  readonly maxLength: number | bigint | null;
  /** RE2. */
  readonly pattern: string | null;

  readonly minimum: number | bigint | null;
  readonly hasExclusiveMinimum: boolean;
  readonly maximum: number | bigint | null;
  readonly hasExclusiveMaximum: boolean;
  readonly multipleOf: number | bigint | null;

  /** Null where any value will do. */
  readonly enum: readonly Json[] | null;
  /** Undefined where there is none; null is a default too. */
  readonly default: Json | undefined;

  readonly allOf: readonly Schema[];
  readonly anyOf: readonly Schema[];
  readonly oneOf: readonly Schema[];
  readonly not: Schema | null;

  readonly celRules: readonly CelRule[];

  /** Of no consequence to any object: description, title, example, externalDocs. */
  readonly documentation: ReadonlyMap<string, Json>;
  /** Keywords that we do not know, or whose value is of another form than Kubernetes gives it; as written. */
  readonly unhandled: ReadonlyMap<string, Json>;
}

/** An entry of `x-kubernetes-validations`. */
export interface CelRule {
  readonly rule: string;
  readonly message: string | null;
  readonly messageExpression: string | null;
  readonly reason: string | null;
  readonly fieldPath: string | null;
  /** Null where it is not written: then a rule that reads `oldSelf` is one of transitions alone. */
  readonly optionalOldSelf: boolean | null;
}

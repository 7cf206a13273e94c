/** @file What can change between two schemas, and between two versions or definitions as a whole. */
import type { CelRule, Json, Schema, SchemaType } from "./schema.ts";
import type { CrdConversion, PrinterColumn } from "../crd.ts";

/** One difference, at one place of the objects: `spec.rules[].name`, where brackets stand for whatever index or key; empty: the object. */
export type SchemaChange = { readonly path: string } & SchemaDifference;

export type SchemaDifference =
  /** `isPreserved`: the level above keeps what it does not know. What was below is not told by itself. */
  | { readonly kind: "field-removed"; readonly before: Schema; readonly isPreserved: boolean }
  /** `wasPreserved`: the level above kept it before, whatever its value. What is below is not told by itself. */
  | { readonly kind: "field-added"; readonly after: Schema; readonly wasPreserved: boolean }
  /** Where neither takes any value of the other, nothing below is told by itself. */
  | { readonly kind: "type" | "int-or-string"; readonly before: TypeForm; readonly after: TypeForm }
  /** The path is that of the field. `hasDefault`: it has one from now on. */
  | { readonly kind: "required-added"; readonly hasDefault: boolean }
  | { readonly kind: "required-removed" }
  | {
      readonly kind: "enum";
      readonly before: readonly Json[] | null;
      readonly after: readonly Json[] | null;
      readonly of: TypeForm;
    }
  | { readonly kind: "minimum" | "maximum"; readonly before: Bound | null; readonly after: Bound | null }
  | { readonly kind: CountKind; readonly before: Count | null; readonly after: Count | null }
  | { readonly kind: "pattern"; readonly before: string | null; readonly after: string | null }
  /** `isOfText`: a string may stand here; no other value has a format. */
  | { readonly kind: "format"; readonly before: string | null; readonly after: string | null; readonly isOfText: boolean }
  | { readonly kind: "nullable" | "unique-items" | "preserve-unknown-fields"; readonly before: boolean; readonly after: boolean }
  /** Undefined: none. */
  | {
      readonly kind: "default";
      readonly before: Json | undefined;
      readonly after: Json | undefined;
      readonly wasRequired: boolean;
      readonly isRequired: boolean;
    }
  /** From one schema to another is told below, at `path[]`. `isPreserved`: what no schema is for is kept, before and after. */
  | {
      readonly kind: "additional-properties";
      readonly before: Schema | boolean | null;
      readonly after: Schema | boolean | null;
      readonly wasPreserved: boolean;
      readonly isPreserved: boolean;
    }
  /** `keepsMetadata`: apiVersion, kind and metadata are known afterwards, whether or not it is one. */
  | {
      readonly kind: "embedded-resource";
      readonly before: boolean;
      readonly after: boolean;
      readonly keepsMetadata: boolean;
    }
  | { readonly kind: "items"; readonly before: Schema | null; readonly after: Schema | null }
  | { readonly kind: "list-type"; readonly before: Schema["listType"]; readonly after: Schema["listType"] }
  | { readonly kind: "list-map-keys"; readonly before: readonly string[]; readonly after: readonly string[] }
  | { readonly kind: "map-type"; readonly before: Schema["mapType"]; readonly after: Schema["mapType"] }
  /** Branches; those that are on both sides are in neither list. */
  | {
      readonly kind: "all-of" | "any-of" | "one-of";
      readonly removed: readonly Schema[];
      readonly added: readonly Schema[];
      readonly keptCount: number;
    }
  | { readonly kind: "not"; readonly before: Schema | null; readonly after: Schema | null }
  | { readonly kind: "cel-rule-added"; readonly after: CelRule }
  | { readonly kind: "cel-rule-removed"; readonly before: CelRule }
  | { readonly kind: "cel-rule-changed"; readonly before: CelRule; readonly after: CelRule }
  /** The same rule, told in other words where it fails. */
  | { readonly kind: "cel-rule-reworded"; readonly before: CelRule; readonly after: CelRule }
  | { readonly kind: "documentation"; readonly keywords: readonly string[] }
  /** A keyword that nobody here knows; undefined: it is not there. */
  | {
      readonly kind: "unhandled";
      readonly keyword: string;
      readonly before: Json | undefined;
      readonly after: Json | undefined;
    };

/** Null: any type. */
export type TypeForm = SchemaType | "int-or-string" | null;

export type Count = number | bigint;

export type CountKind =
  "multiple-of" | "min-length" | "max-length" | "min-items" | "max-items" | "min-properties" | "max-properties";

export interface Bound {
  readonly value: Count;
  /** The value itself is out of it. */
  readonly isExclusive: boolean;
}

/** Of a version as a whole, beside its schema. */
export type VersionChange =
  | { readonly kind: "status-subresource" | "deprecated"; readonly before: boolean; readonly after: boolean }
  /** As `VersionForm.scale` has it. */
  | { readonly kind: "scale-subresource"; readonly before: string | null; readonly after: string | null }
  | { readonly kind: "selectable-field-removed" | "selectable-field-added"; readonly jsonPath: string }
  | {
      readonly kind: "printer-columns";
      readonly before: readonly PrinterColumn[];
      readonly after: readonly PrinterColumn[];
    };

export type FormChange = SchemaChange | VersionChange;

/** Of a definition as a whole. */
export type DefinitionChange =
  | { readonly kind: "conversion"; readonly before: CrdConversion; readonly after: CrdConversion }
  | { readonly kind: "scope"; readonly before: "Namespaced" | "Cluster"; readonly after: "Namespaced" | "Cluster" }
  /** By which clients name its objects: kind, plural, singular, short names, categories. */
  | { readonly kind: "names"; readonly removed: readonly string[]; readonly added: readonly string[] };

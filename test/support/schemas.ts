/** @file Short ways to write schemas, and versions and CRDs that have them, in tests. */
import type { Crd, VersionForm } from "../../src/crd/crd.ts";
import { readSchema } from "../../src/crd/schema/read-schema.ts";
import type { Schema } from "../../src/crd/schema/schema.ts";
import { crd, type CrdShape } from "./builders.ts";

/** As it would stand in a manifest. */
export type Written = Readonly<Record<string, unknown>>;

export function schema(written: Written): Schema {
  return readSchema({ kind: "value", value: written });
}

/** Of a version that has neither subresources nor columns, unless told. */
export function form(written: Written, shape: Partial<VersionForm> = {}): VersionForm {
  return {
    schema: { kind: "json", text: JSON.stringify(written) },
    hasStatus: false,
    scale: null,
    selectableFields: [],
    printerColumns: [],
    isDeprecated: false,
    ...shape,
  };
}

/** An object whose `spec` has these fields. */
export function specOf(properties: Written, required: readonly string[] = []): Written {
  return { type: "object", properties: { spec: { type: "object", properties, ...(required.length > 0 ? { required } : {}) } } };
}

/** A CRD with the forms of its versions, as far as they are given. */
export function crdWithForms(shape: CrdShape, forms: Readonly<Record<string, VersionForm>>): Crd {
  const bare = crd(shape);
  return {
    ...bare,
    versions: bare.versions.map((version) => {
      const own = forms[version.name];
      return own === undefined ? version : { ...version, form: own };
    }),
  };
}

/** @file Parts of an object as CEL sees them: typed by their schemas, and converted where they are looked at. */
import { isDeepStrictEqual } from "node:util";
import { isRecord } from "../../../crd/is-record.ts";
import type { Schema } from "../../../crd/schema/schema.ts";
import { escapeName, unescapeName } from "./names.ts";
import { parseBase64, parseDate, parseDateTime, parseLooseDuration } from "./formats.ts";
import { CelFailure, ListValue, MapValue, NoSuchOverload, Opaque } from "./value.ts";
import type { Value } from "./value.ts";
import { withResourceFields } from "./resource-fields.ts";

/**
 * Source: k8s.io/apiserver/pkg/cel/common/valuesunstructured.go, UnstructuredToVal.
 * @throws CelFailure where the data are not what the schema says.
 */
export function toValue(raw: unknown, schema: Schema): Value {
  if (raw === null || raw === undefined) {
    if (schema.isNullable) return null;
    throw new CelFailure("invalid data, got null for schema with nullable=false");
  }
  if (schema.isIntOrString) return intOrString(raw);
  switch (schema.type) {
    case "string":
      return toText(raw, schema.format);
    case "boolean":
      if (typeof raw === "boolean") return raw;
      throw new CelFailure("invalid data, expected bool");
    case "integer":
      if (typeof raw === "bigint") return raw;
      if (typeof raw === "number" && Number.isInteger(raw)) return BigInt(raw);
      throw new CelFailure("invalid data, expected int");
    case "number":
      if (typeof raw === "number" || typeof raw === "bigint") return Number(raw);
      throw new CelFailure("invalid data, expected float");
    case "object":
      if (isPlainRecord(raw)) return new ObjectMap(raw, schema.isEmbeddedResource ? withResourceFields(schema) : schema);
      throw new CelFailure("invalid data, expected a map for the provided schema with type=object");
    case "array":
      if (!Array.isArray(raw)) throw new CelFailure("invalid data, expected an array for the provided schema with type=array");
      if (schema.items !== null) return new ObjectList(raw, schema.items, schema);
      throw new CelFailure("invalid array type, expected Items with a non-empty Schema");
    case "null":
    case null:
      if (schema.preservesUnknownFields) return new PreservedValue(raw);
      throw new CelFailure("invalid type");
  }
}

function intOrString(raw: unknown): Value {
  if (typeof raw === "string" || typeof raw === "bigint") return raw;
  if (typeof raw === "number" && Number.isInteger(raw)) return BigInt(raw);
  throw new CelFailure("invalid data, expected XIntOrString value to be either a string or integer");
}

function toText(raw: unknown, format: string | null): Value {
  if (typeof raw !== "string") throw new CelFailure("invalid data, expected string");
  switch (format) {
    case "duration":
      return parseLooseDuration(raw);
    case "date":
      return parseDate(raw);
    case "date-time":
      return parseDateTime(raw);
    case "byte":
      return parseBase64(raw);
    default:
      return raw;
  }
}

/** A record of JSON, and none of the classes of values. */
function isPlainRecord(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return isRecord(raw) && (Object.getPrototypeOf(raw) === Object.prototype || Object.getPrototypeOf(raw) === null);
}

/** An object with properties, a map by `additionalProperties`, or something that has neither. */
export class ObjectMap extends MapValue {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly schema: Schema;

  constructor(raw: Readonly<Record<string, unknown>>, schema: Schema) {
    super();
    this.raw = raw;
    this.schema = schema;
  }

  override get size(): number {
    return Object.keys(this.raw).length;
  }

  get hasProperties(): boolean {
    return this.schema.properties.size > 0;
  }

  /** Of a name as the object writes it; null where the schema does not know it. */
  memberSchema(name: string): Schema | null {
    if (this.hasProperties) return this.schema.properties.get(name) ?? null;
    return isSchema(this.schema.additionalProperties) ? this.schema.additionalProperties : null;
  }

  override find(key: Value): Value | undefined {
    if (typeof key !== "string") throw new NoSuchOverload();
    const name = this.hasProperties ? unescapeName(key) : key;
    return name === null ? undefined : this.findNamed(name);
  }

  /** @param name as the object writes it. */
  findNamed(name: string): Value | undefined {
    if (!Object.hasOwn(this.raw, name)) return undefined;
    const raw = this.raw[name];
    if (raw === undefined || (raw === null && this.hasProperties)) return undefined;
    const schema = this.memberSchema(name);
    return schema === null ? undefined : toValue(raw, schema);
  }

  override keys(): readonly Value[] {
    const names = Object.keys(this.raw).filter((name) => this.memberSchema(name) !== null);
    return this.hasProperties ? names.map((name) => escapeName(name) ?? name) : names;
  }
}

export class ObjectList extends ListValue {
  readonly elements: readonly unknown[];
  readonly itemSchema: Schema;
  /** Of the list: how it is compared, and by which keys. */
  readonly listSchema: Schema;

  constructor(elements: readonly unknown[], itemSchema: Schema, listSchema: Schema) {
    super();
    this.elements = elements;
    this.itemSchema = itemSchema;
    this.listSchema = listSchema;
  }

  get escapedKeys(): readonly string[] {
    return this.listSchema.listMapKeys.map((name) => escapeName(name) ?? name);
  }

  override get size(): number {
    return this.elements.length;
  }

  override at(index: number): Value {
    return toValue(this.elements[index], this.itemSchema);
  }

  override rawAt(index: number): unknown {
    return this.elements[index];
  }
}

/** What a schema without a type lets through: no rule can read it, and it counts where something around it is compared. */
class PreservedValue extends Opaque {
  override readonly typeName = "unknown";
  readonly #raw: unknown;

  constructor(raw: unknown) {
    super();
    this.#raw = raw;
  }

  override equals(other: Opaque): boolean {
    return other instanceof PreservedValue && isDeepStrictEqual(this.#raw, other.#raw);
  }
}

function isSchema(value: Schema | boolean | null): value is Schema {
  return value !== null && typeof value === "object";
}

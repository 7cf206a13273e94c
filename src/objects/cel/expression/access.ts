/** @file `.field`, `[index]`, `in` and their optional forms. */
import { isEqual } from "../values/equality.ts";
import { ObjectList, ObjectMap } from "../values/object-values.ts";
import { unescapeName } from "../values/names.ts";
import { CelFailure, ListValue, MapValue, NONE, NoSuchOverload, Optional, Uint, plainText } from "../values/value.ts";
import type { Value } from "../values/value.ts";

/** A name in a rule, and the field that it stands for. */
export interface Field {
  readonly escaped: string;
  /** Null where no field is named so. */
  readonly plain: string | null;
}

export function fieldOf(escaped: string): Field {
  return { escaped, plain: unescapeName(escaped) };
}

/** @throws CelFailure where there is no such field. */
export function selectField(operand: Value, field: Field): Value {
  if (operand instanceof Optional) return selectOptional(operand, field);
  const value = findField(operand, field);
  if (value === undefined) throw new CelFailure(`no such key: ${field.escaped}`);
  return value;
}

/** `.?field`: none where there is no such field. */
export function selectOptional(operand: Value, field: Field): Optional {
  const content = contentOf(operand);
  if (content === undefined) return NONE;
  const value = findField(content, field);
  return value === undefined ? NONE : new Optional(value);
}

/** `has(operand.field)`. */
export function hasField(operand: Value, field: Field): boolean {
  const content = contentOf(operand);
  return content !== undefined && findField(content, field) !== undefined;
}

function findField(operand: Value, { escaped, plain }: Field): Value | undefined {
  if (operand instanceof ObjectMap) {
    const name = operand.hasProperties ? plain : escaped;
    return name === null ? undefined : operand.findNamed(name);
  }
  if (operand instanceof MapValue) return operand.find(escaped);
  throw new NoSuchOverload();
}

/** @throws CelFailure where there is no such element. */
export function access(operand: Value, index: Value): Value {
  if (operand instanceof Optional) return accessOptional(operand, index);
  const value = findElement(operand, index);
  if (value !== undefined) return value;
  throw new CelFailure(
    operand instanceof ListValue ? `index out of bounds: ${plainText(index)}` : `no such key: ${plainText(index)}`,
  );
}

/** `[?index]`: none where there is no such element. */
export function accessOptional(operand: Value, index: Value): Optional {
  const content = contentOf(operand);
  if (content === undefined) return NONE;
  const value = findElement(content, index);
  return value === undefined ? NONE : new Optional(value);
}

function findElement(operand: Value, index: Value): Value | undefined {
  if (operand instanceof MapValue) return operand.find(index);
  if (!(operand instanceof ListValue)) throw new NoSuchOverload();
  const place = Number(index instanceof Uint ? index.number : index);
  if (typeof index !== "bigint" && typeof index !== "number" && !(index instanceof Uint))
    throw new CelFailure("unsupported index type in list");
  if (!Number.isInteger(place)) throw new CelFailure("unsupported index value in list");
  return place < 0 || place >= operand.size ? undefined : operand.at(place);
}

/** `element in operand`. */
export function contains(operand: Value, element: Value): boolean {
  if (operand instanceof MapValue) return operand.find(element) !== undefined;
  if (!(operand instanceof ListValue)) throw new NoSuchOverload();
  let failure: CelFailure | null = null;
  for (let index = 0; index < operand.size; index++) {
    try {
      if (isEqual(operand.at(index), element)) return true;
    } catch (error) {
      if (!(error instanceof CelFailure)) throw error;
      failure ??= error;
    }
  }
  // What an expression made takes elements that cannot be compared for others. Source: cel-go, common/types/list.go, Contains.
  if (failure !== null && operand instanceof ObjectList) throw failure;
  return false;
}

function contentOf(value: Value): Value | undefined {
  return value instanceof Optional ? value.content : value;
}

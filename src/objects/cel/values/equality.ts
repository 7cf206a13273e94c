/** @file `==` and the order of values. */
import { isDeepStrictEqual } from "node:util";
import { MadeMap } from "./collections.ts";
import { ObjectList, ObjectMap, toValue } from "./object-values.ts";
import {
  CelFailure,
  Duration,
  ListValue,
  MapValue,
  NoSuchOverload,
  Opaque,
  Optional,
  Timestamp,
  TypeName,
  Uint,
} from "./value.ts";
import type { Value } from "./value.ts";

/**
 * Numbers are equal across types; lists of an object are compared as their list type says.
 * Source: cel-go, common/types; k8s.io/apiserver/pkg/cel/common/valuesunstructured.go.
 * @throws CelFailure as the API server's would: a list of an object and a number have no overload.
 */
export function isEqual(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (left === null || right === null) return false;
  switch (typeof left) {
    case "string":
    case "boolean":
      return false;
    case "bigint":
    case "number":
      return isNumber(right) && isSameNumber(left, right);
    default:
      return isEqualObject(left, right);
  }
}

type ObjectValue = Exclude<Value, null | string | boolean | bigint | number>;

function isEqualObject(left: ObjectValue, right: Value): boolean {
  if (left instanceof ListValue) return isEqualList(left, right);
  if (left instanceof MapValue) return isEqualMap(left, right);
  if (left instanceof Uint) return isNumber(right) && isSameNumber(left, right);
  if (left instanceof Uint8Array) return right instanceof Uint8Array && Buffer.compare(left, right) === 0;
  if (left instanceof Duration) return right instanceof Duration && left.nanoseconds === right.nanoseconds;
  if (left instanceof Timestamp) return right instanceof Timestamp && left.nanoseconds === right.nanoseconds;
  if (left instanceof TypeName) return right instanceof TypeName && left.name === right.name;
  if (left instanceof Optional) return right instanceof Optional && isEqualContent(left, right);
  if (right instanceof Opaque && right.typeName === left.typeName) return left.equals(right);
  throw new NoSuchOverload();
}

function isEqualContent(left: Optional, right: Optional): boolean {
  if (left.content === undefined || right.content === undefined) return left.content === right.content;
  return isEqual(left.content, right.content);
}

function isEqualList(left: ListValue, right: Value): boolean {
  if (!(right instanceof ListValue)) {
    if (left instanceof ObjectList) throw new NoSuchOverload();
    return false;
  }
  if (left.size !== right.size) return false;
  if (left instanceof ObjectList && left.listSchema.listType === "set") return isSubset(right, left);
  if (left instanceof ObjectList && left.listSchema.listType === "map") return isEqualMapList(left, right);
  for (let index = 0; index < left.size; index++) {
    if (left instanceof ObjectList) {
      if (!isEqual(left.at(index), right.at(index))) return false;
    } else if (!isEqualOrUnlike(left.at(index), right.at(index))) return false;
  }
  return true;
}

/** Of what an expression made, elements that cannot be compared count as equal. Source: cel-go, common/types/list.go, Equal. */
function isEqualOrUnlike(left: Value, right: Value): boolean {
  try {
    return isEqual(left, right);
  } catch (error) {
    if (error instanceof CelFailure) return true;
    throw error;
  }
}

function isSubset(part: ListValue, whole: ObjectList): boolean {
  const keys = new Set(whole.elements.map(rawKey));
  for (let index = 0; index < part.size; index++) {
    if (!keys.has(rawKey(part.rawAt(index)))) return false;
  }
  return true;
}

function isEqualMapList(left: ObjectList, right: ListValue): boolean {
  const byKey = new Map(left.elements.map((element) => [mapListKey(element, left), element]));
  for (let index = 0; index < right.size; index++) {
    const own = byKey.get(mapListKey(right.rawAt(index), left));
    if (own === undefined || !isEqual(toValue(own, left.itemSchema), right.at(index))) return false;
  }
  return true;
}

function isEqualMap(left: MapValue, right: Value): boolean {
  if (!(right instanceof MapValue)) {
    if (left instanceof MadeMap) return false;
    throw new NoSuchOverload();
  }
  if (left.size !== right.size) return false;
  if (left instanceof ObjectMap) return isEqualObjectMap(left, right);
  return left.keys().every((key) => {
    const own = left.find(key);
    const other = right.find(key);
    return own !== undefined && other !== undefined && isEqualOrUnlike(own, other);
  });
}

function isEqualObjectMap(left: ObjectMap, right: MapValue): boolean {
  return Object.keys(left.raw).every((name) => {
    if (left.memberSchema(name) === null) {
      if (!(right instanceof ObjectMap)) throw new NoSuchOverload();
      return !Object.hasOwn(right.raw, name) || isDeepStrictEqual(left.raw[name], right.raw[name]);
    }
    const own = left.find(name);
    const other = right.find(name);
    if (own === undefined || other === undefined) return own === other;
    return isEqual(own, other);
  });
}

/** Tells elements of a set apart; an integer is the same however it is kept. */
export function rawKey(raw: unknown): string {
  if (raw instanceof Uint) return `u${raw.number}`;
  if (typeof raw === "object" && raw !== null)
    return `o${JSON.stringify(raw, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))}`;
  return `${typeof raw === "bigint" ? "number" : typeof raw}${String(raw)}`;
}

/** The API server looks keys up by their escaped names. Source: valuesunstructured.go, escapeKeyProps. */
export function mapListKey(element: unknown, { escapedKeys }: ObjectList): string {
  const members = element instanceof ObjectMap ? element.raw : element;
  if (typeof members !== "object" || members === null) return rawKey(element);
  const byName: ReadonlyMap<string, unknown> = new Map(Object.entries(members));
  return JSON.stringify(escapedKeys.map((name) => rawKey(byName.get(name))));
}

function isNumber(value: Value): value is bigint | number | Uint {
  return typeof value === "bigint" || typeof value === "number" || value instanceof Uint;
}

function isSameNumber(left: bigint | number | Uint, right: bigint | number | Uint): boolean {
  // JavaScript compares a bigint and a number by what they say, without rounding, as CEL does.
  // eslint-disable-next-line eqeqeq
  return numberOf(left) == numberOf(right);
}

function numberOf(value: bigint | number | Uint): bigint | number {
  return value instanceof Uint ? value.number : value;
}

/** Negative, zero or positive. @throws CelFailure where the two have no order. */
export function compare(left: Value, right: Value): number {
  if (isNumber(left) && isNumber(right)) {
    const [first, second] = [numberOf(left), numberOf(right)];
    if (Number.isNaN(first) || Number.isNaN(second)) throw new CelFailure("NaN values cannot be ordered");
    return first < second ? -1 : first > second ? 1 : 0;
  }
  if (typeof left === "string" && typeof right === "string") return compareTexts(left, right);
  if (typeof left === "boolean" && typeof right === "boolean") return Number(left) - Number(right);
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right);
  if (left instanceof Duration && right instanceof Duration) return sign(left.nanoseconds - right.nanoseconds);
  if (left instanceof Timestamp && right instanceof Timestamp) return sign(left.nanoseconds - right.nanoseconds);
  throw new NoSuchOverload();
}

function sign(difference: bigint): number {
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** By UTF-8 as Go does; JavaScript's own order is by UTF-16, which differs beyond U+FFFF. */
function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** @file `+ - * / %` and the unary minus. Source: cel-go, common/types. */
import { itemsOf, MadeList } from "./collections.ts";
import { mapListKey, rawKey } from "./equality.ts";
import { ObjectList } from "./object-values.ts";
import { CelFailure, Duration, ListValue, NoSuchOverload, Timestamp, Uint, duration, int, timestamp, uint } from "./value.ts";
import type { Value } from "./value.ts";

export function add(left: Value, right: Value): Value {
  if (typeof left === "bigint" && typeof right === "bigint") return int(left + right);
  if (typeof left === "string" && typeof right === "string") return left + right;
  if (typeof left === "number" && typeof right === "number") return left + right;
  if (left instanceof Uint && right instanceof Uint) return uint(left.number + right.number);
  if (left instanceof Uint8Array && right instanceof Uint8Array) return new Uint8Array(Buffer.concat([left, right]));
  if (left instanceof Duration && right instanceof Duration) return duration(left.nanoseconds + right.nanoseconds);
  if (left instanceof Timestamp && right instanceof Duration) return moved(left, right.nanoseconds);
  if (left instanceof Duration && right instanceof Timestamp) return moved(right, left.nanoseconds);
  if (left instanceof ListValue && right instanceof ListValue) return addLists(left, right);
  throw new NoSuchOverload();
}

export function subtract(left: Value, right: Value): Value {
  if (typeof left === "bigint" && typeof right === "bigint") return int(left - right);
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (left instanceof Uint && right instanceof Uint) return uint(left.number - right.number);
  if (left instanceof Duration && right instanceof Duration) return duration(left.nanoseconds - right.nanoseconds);
  if (left instanceof Timestamp && right instanceof Timestamp) return duration(left.nanoseconds - right.nanoseconds);
  if (left instanceof Timestamp && right instanceof Duration) return moved(left, -right.nanoseconds);
  throw new NoSuchOverload();
}

export function multiply(left: Value, right: Value): Value {
  if (typeof left === "bigint" && typeof right === "bigint") return int(left * right);
  if (typeof left === "number" && typeof right === "number") return left * right;
  if (left instanceof Uint && right instanceof Uint) return uint(left.number * right.number);
  throw new NoSuchOverload();
}

export function divide(left: Value, right: Value): Value {
  if (typeof left === "bigint" && typeof right === "bigint") {
    if (right === 0n) throw new CelFailure("division by zero");
    return int(left / right);
  }
  if (typeof left === "number" && typeof right === "number") return left / right;
  if (left instanceof Uint && right instanceof Uint) {
    if (right.number === 0n) throw new CelFailure("division by zero");
    return uint(left.number / right.number);
  }
  throw new NoSuchOverload();
}

export function modulo(left: Value, right: Value): Value {
  if (typeof left === "bigint" && typeof right === "bigint") {
    if (right === 0n) throw new CelFailure("modulus by zero");
    return left % right;
  }
  if (left instanceof Uint && right instanceof Uint) {
    if (right.number === 0n) throw new CelFailure("modulus by zero");
    return uint(left.number % right.number);
  }
  throw new NoSuchOverload();
}

export function negate(value: Value): Value {
  if (typeof value === "bigint") return int(-value);
  if (typeof value === "number") return -value;
  if (value instanceof Duration) return duration(-value.nanoseconds);
  throw new NoSuchOverload();
}

function moved(time: Timestamp, nanoseconds: bigint): Timestamp {
  return timestamp(time.nanoseconds + nanoseconds, time.offsetSeconds);
}

/** Lists of an object stay what they are: a set takes what it has not, a list of type map replaces what has the same keys. */
function addLists(left: ListValue, right: ListValue): ListValue {
  if (!(left instanceof ObjectList)) return new MadeList([...itemsOf(left), ...itemsOf(right)]);
  const elements = [...left.elements];
  const added = Array.from({ length: right.size }, (_, index) => right.rawAt(index));
  switch (left.listSchema.listType) {
    case "set": {
      const keys = new Set(elements.map(rawKey));
      for (const element of added) {
        if (!keys.has(rawKey(element))) elements.push(element);
        keys.add(rawKey(element));
      }
      break;
    }
    case "map": {
      const places = new Map(elements.map((element, index) => [mapListKey(element, left), index]));
      for (const element of added) {
        const place = places.get(mapListKey(element, left));
        if (place === undefined) elements.push(element);
        else elements[place] = element;
      }
      break;
    }
    case "atomic":
    case null:
      elements.push(...added);
  }
  return new ObjectList(elements, left.itemSchema, left.listSchema);
}

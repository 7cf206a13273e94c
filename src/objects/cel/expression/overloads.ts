/** @file Functions as tables of what they take: which one a call means is seen by its values, as types are known to the API server alone. */
import { Duration, ListValue, MapValue, NoSuchOverload, Optional, Timestamp, Uint } from "../values/value.ts";
import type { Opaque, Value } from "../values/value.ts";
import type { Budget } from "./budget.ts";

/** Undefined: not for such values. */
export type Overload = (values: readonly Value[], budget: Budget) => Value | undefined;

/** By name and number of values: `size/1` of a function, `.contains/2` of a method, whose receiver is the first of them. */
export type Library = Readonly<Record<string, readonly Overload[]>>;

export type Kind<T extends Value> = (value: Value | undefined) => value is T;

export const text: Kind<string> = (value) => typeof value === "string";
export const integer: Kind<bigint> = (value) => typeof value === "bigint";
export const double: Kind<number> = (value) => typeof value === "number";
export const boolean: Kind<boolean> = (value) => typeof value === "boolean";
export const bytes: Kind<Uint8Array> = (value) => value instanceof Uint8Array;
export const unsigned: Kind<Uint> = (value) => value instanceof Uint;
export const span: Kind<Duration> = (value) => value instanceof Duration;
export const time: Kind<Timestamp> = (value) => value instanceof Timestamp;
export const list: Kind<ListValue> = (value) => value instanceof ListValue;
export const map: Kind<MapValue> = (value) => value instanceof MapValue;
export const optional: Kind<Optional> = (value) => value instanceof Optional;
export const anything: Kind<Value> = (value): value is Value => value !== undefined;

export function kindOf<T extends Opaque>(type: abstract new (...args: never[]) => T): Kind<T> {
  return (value): value is T => value instanceof type;
}

export function none(run: () => Value): Overload {
  return () => run();
}

export function one<A extends Value>(a: Kind<A>, run: (first: A, budget: Budget) => Value): Overload {
  return ([first], budget) => (a(first) ? run(first, budget) : undefined);
}

export function two<A extends Value, B extends Value>(
  a: Kind<A>,
  b: Kind<B>,
  run: (first: A, second: B, budget: Budget) => Value,
): Overload {
  return ([first, second], budget) => (a(first) && b(second) ? run(first, second, budget) : undefined);
}

export function three<A extends Value, B extends Value, C extends Value>(
  a: Kind<A>,
  b: Kind<B>,
  c: Kind<C>,
  run: (first: A, second: B, third: C, budget: Budget) => Value,
): Overload {
  return ([first, second, third], budget) => (a(first) && b(second) && c(third) ? run(first, second, third, budget) : undefined);
}

export function four<A extends Value, B extends Value, C extends Value, D extends Value>(
  kinds: readonly [Kind<A>, Kind<B>, Kind<C>, Kind<D>],
  run: (values: readonly [A, B, C, D], budget: Budget) => Value,
): Overload {
  const [a, b, c, d] = kinds;
  return ([first, second, third, fourth], budget) =>
    a(first) && b(second) && c(third) && d(fourth) ? run([first, second, third, fourth], budget) : undefined;
}

/** @throws NoSuchOverload where no overload is for such values. */
export function callOverload(overloads: readonly Overload[], values: readonly Value[], budget: Budget): Value {
  for (const overload of overloads) {
    const result = overload(values, budget);
    if (result !== undefined) return result;
  }
  throw new NoSuchOverload();
}

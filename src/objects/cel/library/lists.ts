/** @file Functions on lists and sets. Source: k8s.io/apiserver/pkg/cel/library/lists.go; cel-go, ext/lists.go and ext/sets.go. */
import type { Schema } from "../../../crd/schema/schema.ts";
import { contains } from "../expression/access.ts";
import type { Budget } from "../expression/budget.ts";
import { anything, integer, list, one, three, two } from "../expression/overloads.ts";
import type { Library } from "../expression/overloads.ts";
import { add } from "../values/arithmetic.ts";
import { MadeList, itemsOf } from "../values/collections.ts";
import { compare, isEqual } from "../values/equality.ts";
import { ObjectList } from "../values/object-values.ts";
import { CelFailure, Duration, ListValue, NONE, NotEvaluated, Optional, typeNameOf } from "../values/value.ts";
import type { Value } from "../values/value.ts";

export const LISTS: Library = {
  ".isSorted/1": [
    one(list, (items, budget) =>
      listed(items, budget).every((item, index, all) => index === 0 || compare(all[index - 1] ?? null, item) <= 0),
    ),
  ],
  ".sum/1": [one(list, sum)],
  ".min/1": [one(list, (items, budget) => extreme(items, "min", 1, budget))],
  ".max/1": [one(list, (items, budget) => extreme(items, "max", -1, budget))],
  ".indexOf/2": [
    two(list, anything, (items, value, budget) => BigInt(listed(items, budget).findIndex((item) => isAlike(item, value)))),
  ],
  ".lastIndexOf/2": [
    two(list, anything, (items, value, budget) => BigInt(listed(items, budget).findLastIndex((item) => isAlike(item, value)))),
  ],
  ".slice/3": [three(list, integer, integer, slice)],
  ".flatten/1": [one(list, (items, budget) => new MadeList(flatten(items, 1n, budget)))],
  ".flatten/2": [two(list, integer, (items, depth, budget) => new MadeList(flatten(items, depth, budget)))],
  ".sort/1": [
    one(list, (items, budget) => {
      const values = listed(items, budget);
      const [first] = values;
      if (first === undefined) return items;
      if (values.some((value) => typeNameOf(value) !== typeNameOf(first))) {
        throw new CelFailure("list elements must have the same type");
      }
      return new MadeList(values.toSorted(compare));
    }),
  ],
  ".reverse/1": [one(list, (items, budget) => new MadeList(listed(items, budget).toReversed()))],
  ".distinct/1": [
    one(list, (items, budget) => {
      const values = listed(items, budget);
      budget.spend(values.length ** 2);
      return new MadeList(
        values.filter((value, index) => values.findIndex((other) => other === value || isAlike(value, other)) === index),
      );
    }),
  ],
  ".first/1": [one(list, (items) => (items.size === 0 ? NONE : new Optional(items.at(0))))],
  ".last/1": [one(list, (items) => (items.size === 0 ? NONE : new Optional(items.at(items.size - 1))))],
  "lists.range/1": [
    one(integer, (count, budget) => {
      budget.spend(Math.max(0, Number(count)));
      return new MadeList(Array.from({ length: Math.max(0, Number(count)) }, (_, index) => BigInt(index)));
    }),
  ],
  "sets.contains/2": [two(list, list, isSuperset)],
  "sets.equivalent/2": [
    two(list, list, (left, right, budget) => isSuperset(left, right, budget) && isSuperset(right, left, budget)),
  ],
  "sets.intersects/2": [
    two(list, list, (left, right, budget) => {
      budget.spend(left.size * right.size);
      return itemsOf(left).some((item) => isContained(right, item));
    }),
  ],
};

function listed(items: ListValue, budget: Budget): readonly Value[] {
  budget.spend(items.size);
  return itemsOf(items);
}

/** What cannot be compared is not alike. */
function isAlike(left: Value, right: Value): boolean {
  try {
    return isEqual(left, right);
  } catch (error) {
    if (error instanceof CelFailure) return false;
    throw error;
  }
}

function isContained(items: ListValue, item: Value): boolean {
  try {
    return contains(items, item);
  } catch (error) {
    if (error instanceof CelFailure) return false;
    throw error;
  }
}

function isSuperset(items: ListValue, part: ListValue, budget: Budget): boolean {
  budget.spend(items.size * part.size);
  return itemsOf(part).every((item) => contains(items, item));
}

function sum(items: ListValue, budget: Budget): Value {
  const values = listed(items, budget);
  const [first, ...rest] = values;
  if (first === undefined) return zeroOf(items);
  return rest.reduce((total, value) => add(total, value), first);
}

/** The sum of nothing is of the type that the list is declared with. */
function zeroOf(items: ListValue): Value {
  const schema = items instanceof ObjectList || items instanceof MadeList ? items.itemSchema : null;
  const zero = schema === null ? undefined : ZEROS.get(typeOf(schema));
  if (zero === undefined) throw new NotEvaluated("it sums up an empty list, whose type is not known here");
  return zero;
}

const ZEROS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["integer", 0n],
  ["number", 0],
  ["duration", new Duration(0n)],
]);

function typeOf({ type, format, isIntOrString }: Schema): string {
  if (isIntOrString) return "dyn";
  return type === "string" ? (format ?? "") : (type ?? "");
}

function extreme(items: ListValue, name: string, unwanted: number, budget: Budget): Value {
  const [first, ...rest] = listed(items, budget);
  if (first === undefined) throw new CelFailure(`${name} called on empty list`);
  return rest.reduce((best, value) => (Math.sign(compare(best, value)) === unwanted ? value : best), first);
}

function slice(items: ListValue, start: bigint, end: bigint): ListValue {
  const call = `cannot slice(${start}, ${end})`;
  if (start < 0n || end < 0n) throw new CelFailure(`${call}, negative indexes not supported`);
  if (start > end) throw new CelFailure(`${call}, start index must be less than or equal to end index`);
  if (end > BigInt(items.size)) throw new CelFailure(`${call}, list is length ${items.size}`);
  return new MadeList(itemsOf(items).slice(Number(start), Number(end)));
}

function flatten(items: ListValue, depth: bigint, budget: Budget): readonly Value[] {
  if (depth < 0n) throw new CelFailure("level must be non-negative");
  return listed(items, budget).flatMap((item) =>
    item instanceof ListValue && depth > 0n ? flatten(item, depth - 1n, budget) : [item],
  );
}

/** @file Values that may be missing. Source: cel-go, cel/library.go, OptionalTypes. */
import { anything, list, none, one, optional } from "../expression/overloads.ts";
import type { Library } from "../expression/overloads.ts";
import { MadeList, itemsOf } from "../values/collections.ts";
import { CelFailure, Duration, ListValue, MapValue, NONE, NoSuchOverload, Optional, Uint } from "../values/value.ts";
import type { Value } from "../values/value.ts";

const unwrap = [
  one(
    list,
    (items) =>
      new MadeList(
        itemsOf(items).flatMap((item) => {
          if (!(item instanceof Optional)) throw new NoSuchOverload();
          return item.content === undefined ? [] : [item.content];
        }),
      ),
  ),
];

/** `or` and `orValue` evaluate their argument where it is needed: see expression/compile.ts. */
export const OPTIONALS: Library = {
  "optional.of/1": [one(anything, (value) => new Optional(value))],
  "optional.ofNonZeroValue/1": [one(anything, (value) => (isZero(value) ? NONE : new Optional(value)))],
  "optional.none/0": [none(() => NONE)],
  "optional.unwrap/1": unwrap,
  ".unwrapOpt/1": unwrap,
  ".hasValue/1": [one(optional, ({ content }) => content !== undefined)],
  ".value/1": [
    one(optional, ({ content }) => {
      if (content === undefined) throw new CelFailure("optional.none() dereference");
      return content;
    }),
  ],
};

function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === "") return true;
  if (value instanceof ListValue || value instanceof MapValue) return value.size === 0;
  if (value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Uint) return value.number === 0n;
  if (value instanceof Duration) return value.nanoseconds === 0n;
  return value instanceof Optional && value.content === undefined;
}

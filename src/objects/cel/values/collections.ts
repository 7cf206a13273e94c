/** @file Lists and maps that an expression made. */
import type { Schema } from "../../../crd/schema/schema.ts";
import { ListValue, MapValue, NoSuchOverload, Uint } from "./value.ts";
import type { Value } from "./value.ts";

export class MadeList extends ListValue {
  readonly #items: readonly Value[];
  /** What its elements would be, where that is known. */
  readonly itemSchema: Schema | null;

  constructor(items: readonly Value[], itemSchema: Schema | null = null) {
    super();
    this.#items = items;
    this.itemSchema = itemSchema;
  }

  override get size(): number {
    return this.#items.length;
  }

  override at(index: number): Value {
    const item = this.#items[index];
    if (item === undefined) throw new RangeError(`no item ${index}`);
    return item;
  }

  override rawAt(index: number): Value {
    return this.at(index);
  }
}

export class MadeMap extends MapValue {
  readonly #entries: ReadonlyMap<string, readonly [Value, Value]>;

  constructor(entries: ReadonlyMap<string, readonly [Value, Value]>) {
    super();
    this.#entries = entries;
  }

  override get size(): number {
    return this.#entries.size;
  }

  override find(key: Value): Value | undefined {
    return this.#entries.get(keyText(key))?.[1];
  }

  override keys(): readonly Value[] {
    return [...this.#entries.values()].map(([key]) => key);
  }
}

/** The same for keys that CEL takes for equal: `1`, `1u` and `1.0`. @throws NoSuchOverload for what cannot be a key. */
export function keyText(key: Value): string {
  if (typeof key === "string") return `s${key}`;
  if (typeof key === "boolean") return `b${key}`;
  if (typeof key === "bigint") return `n${key}`;
  if (key instanceof Uint) return `n${key.number}`;
  if (typeof key === "number") return Number.isInteger(key) ? `n${BigInt(key)}` : `d${key}`;
  throw new NoSuchOverload();
}

export function itemsOf(list: ListValue): Value[] {
  return Array.from({ length: list.size }, (_, index) => list.at(index));
}

/** @file Objects of JSON are never changed in place: what is different is a copy that shares the rest. */

export type JsonObject = Readonly<Record<string, unknown>>;

/** A copy to write to. A member named `__proto__` stays a member. */
export function copyOf(object: JsonObject): Record<string, unknown> {
  return { ...object };
}

export function setMember(copy: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") {
    Object.defineProperty(copy, name, { value, writable: true, enumerable: true, configurable: true });
  } else {
    copy[name] = value;
  }
}

/** @returns the same list where nothing is different. */
export function mapItems(items: readonly unknown[], change: (item: unknown, index: number) => unknown): readonly unknown[] {
  let copy: unknown[] | null = null;
  for (let index = 0; index < items.length; index += 1) {
    const changed = change(items[index], index);
    if (changed !== items[index]) {
      copy ??= [...items];
      copy[index] = changed;
    }
  }
  return copy ?? items;
}

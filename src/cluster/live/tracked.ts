/** @file Keeps count of a collection's objects, and takes a new list apart into what is there and what is gone. */
import type { ReflectorHandlers } from "./reflector.ts";

/** Knows which keys are there, so that a new list removes what it lacks. `counts`: by resource, kept current. */
export function tracked<T>(
  counts: Map<string, number>,
  resource: string,
  { put, remove }: { readonly put: (item: T) => void; readonly remove: (key: string) => void },
): ReflectorHandlers<T> {
  let keys = new Set<string>();
  function count(): void {
    counts.set(resource, keys.size);
  }
  return {
    replace(items) {
      for (const key of keys) if (!items.has(key)) remove(key);
      for (const item of items.values()) put(item);
      keys = new Set(items.keys());
      count();
    },
    put(key, item) {
      put(item);
      keys.add(key);
      count();
    },
    remove(key) {
      if (!keys.delete(key)) return;
      remove(key);
      count();
    },
  };
}

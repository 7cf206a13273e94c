/** @file A queue that gives the cheapest first; of equally cheap ones, the one that came first. */
export interface Queue<T> {
  readonly put: (item: T, cost: number) => void;
  readonly take: () => T | null;
}

/** A binary heap. */
export function createQueue<T>(): Queue<T> {
  const heap: Entry<T>[] = [];
  let count = 0;

  function sink(entry: Entry<T>): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) child += 1;
      const smaller = heap[child];
      if (smaller === undefined || !isBefore(smaller, entry)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = entry;
  }

  return {
    put(item, cost) {
      const entry: Entry<T> = { item, cost, order: (count += 1) };
      let at = heap.length;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        const above = heap[parent];
        if (above === undefined || !isBefore(entry, above)) break;
        heap[at] = above;
        at = parent;
      }
      heap[at] = entry;
    },
    take() {
      const [first] = heap;
      const last = heap.pop();
      if (first === undefined || last === undefined) return null;
      if (heap.length > 0) sink(last);
      return first.item;
    },
  };
}

interface Entry<T> {
  readonly item: T;
  readonly cost: number;
  readonly order: number;
}

function isBefore<T>(left: Entry<T>, right: Entry<T>): boolean {
  return left.cost < right.cost || (left.cost === right.cost && left.order < right.order);
}

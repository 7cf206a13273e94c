/** @file So many things at a time, and no more of them in memory. */

/** Ends when none is under way any more; the first error of one ends it. @param isOver asked before each. */
export async function eachAtATime<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
  isOver: () => boolean = () => false,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  try {
    for (const item of items) {
      while (underWay.size >= limit) await Promise.race(underWay);
      if (isOver()) break;
      const own = work(item).finally(() => underWay.delete(own));
      underWay.add(own);
    }
    await Promise.all(underWay);
  } finally {
    await Promise.allSettled(underWay);
  }
}

/** @file How many objects to ask for at a time: as many as fit into memory, however large they are. */
import { isRecord } from "../cluster/live/json.ts";

export interface PageSize {
  /** For the next page. */
  readonly limit: () => number;
  /** What came of the last one. */
  readonly seen: (objects: readonly unknown[]) => void;
}

/**
 * An API server takes a number of objects only, and one of them may be 1.5 MB (etcd's limit for a request), where most are 2 kB.
 * @param first before anything is known of them. @param most of the smallest.
 */
export function createPageSize(first: number, most: number): PageSize {
  let limit = first;
  return {
    limit: () => limit,
    seen(objects) {
      if (objects.length === 0) return;
      const heaviest = Math.max(1, ...objects.map(weightOf));
      limit = Math.max(1, Math.min(most, Math.floor(MOST_WEIGHT / heaviest)));
    },
  };
}

/** Characters of a page; two are held at a time, as text, as objects and as what is made of them. */
const MOST_WEIGHT = 4 * 2 ** 20;

/** Characters of all texts in it, and a few for each other value. */
function weightOf(value: unknown): number {
  if (typeof value === "string") return value.length + OVERHEAD;
  const members = Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [];
  let weight = OVERHEAD;
  for (const member of members) weight += weightOf(member);
  return weight;
}

const OVERHEAD = 8;

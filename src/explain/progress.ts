/** @file What a person reads who waits. */
import { numberOf } from "./text.ts";

/** @param counts of objects read so far, by plural resource name, in the order in which they came. */
export function readingLine(server: string, counts: ReadonlyMap<string, number>): string {
  const parts = [...counts].map(([resource, count]) => `${numberOf(count)} ${resource}`);
  return `reading ${server}: ${parts.join(", ")}`;
}

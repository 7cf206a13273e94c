/** @file How the server's process treats its memory. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Reading a large cluster leaves more garbage than all that is kept, and V8, with memory to spare, would hold on to it for
 * good. One collection, before the first review is answered, gives it back: half of the process's memory in a cluster of
 * 10,000 workloads (`npm run bench`).
 */
export function giveBackMemory(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
}

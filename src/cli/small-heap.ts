/** @file Keeps the memory of a command that works through any number of objects from growing with their number. */
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/**
 * V8 doubles its young generation again and again as long as anything survives, up to 128 MB, most of which is garbage: of
 * 20,000 objects a backup holds 20 MB, and took 230. From an eighth of that on it grows no more; the time that this takes
 * cannot be told from none (`npm run bench:memory`). V8 takes no other limit once it runs, and `npm` and `kubectl` start
 * crdguard without flags.
 */
export function keepHeapSmall(): void {
  const look = setInterval(() => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
    if (young === undefined || young.space_size < ENOUGH_BYTES) return;
    clearInterval(look);
    setFlagsFromString("--semi-space-growth-factor=1");
  }, INTERVAL_MILLISECONDS);
  look.unref();
}

/** Two halves of eight: what is made of a page of objects dies within it, rather than in the old generation. */
const ENOUGH_BYTES = 16 * 2 ** 20;

/** It takes longer for V8 to double it. */
const INTERVAL_MILLISECONDS = 20;

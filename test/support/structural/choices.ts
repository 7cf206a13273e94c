/** @file A row of numbers from which schemas, objects and changes are made. fast-check shrinks the row, and whatever is made of it shrinks along. */
import fc from "fast-check";

/**
 * What is made of choices is valid by construction, whatever they are; 0, which is also what follows the last one, chooses the
 * simplest. So no shape has to be filtered out, and no generator has to know how to make its own values smaller.
 */
export class Choices {
  readonly #row: readonly number[];
  #next = 0;

  constructor(row: readonly number[]) {
    this.#row = row;
  }

  /** Below `count`, which is at least 1. */
  below(count: number): number {
    return this.#draw() % count;
  }

  /** True in `times` of ten; false where nothing is left. */
  often(times: number): boolean {
    return this.#draw() % 10 >= 10 - times;
  }

  /** The first is the simplest. */
  oneOf<T>(first: T, ...others: readonly T[]): T {
    return [first, ...others][this.below(others.length + 1)] ?? first;
  }

  /** @returns undefined of an empty list. */
  pick<T>(from: readonly T[]): T | undefined {
    return from[this.below(Math.max(from.length, 1))];
  }

  /** In their order. */
  some<T>(from: readonly T[], times: number): readonly T[] {
    return from.filter(() => this.often(times));
  }

  /** Further ones, that draw no more from these: a change in what is made first leaves what is made next as it is. */
  split(): Choices {
    const seed = this.#draw() * 65_536 + this.#draw();
    return seed === 0 ? new Choices([]) : new Choices(randomRow(seed, 400));
  }

  #draw(): number {
    const value = this.#row[this.#next] ?? 0;
    this.#next += 1;
    return value;
  }
}

/** @param length of the row. What is split off has a row of its own, so that a level takes some twenty, whatever is below it. */
export function choices(length: number): fc.Arbitrary<Choices> {
  return fc.noBias(fc.array(fc.nat(65_535), { maxLength: length, size: "max" })).map((row) => new Choices(row));
}

/** Mulberry32: the same seed gives the same row. */
export function randomRow(seed: number, length: number): readonly number[] {
  let state = seed | 0;
  return Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % 65_536;
  });
}

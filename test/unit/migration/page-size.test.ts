import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPageSize } from "../../../src/migration/page-size.ts";

const MEGABYTE = 2 ** 20;

function sizeAfter(...pages: readonly (readonly unknown[])[]): number {
  const size = createPageSize(10, 100);
  for (const page of pages) size.seen(page);
  return size.limit();
}

function gear(characters: number): unknown {
  return { spec: { teeth: [{ text: "x".repeat(characters) }] } };
}

describe("the next page", () => {
  it.each<{ title: string; pages: readonly (readonly unknown[])[]; limit: number }>([
    { title: "is small while nothing is known", pages: [], limit: 10 },
    { title: "stays so after an empty one", pages: [[]], limit: 10 },
    { title: "is full of small objects", pages: [[gear(2_000), gear(10)]], limit: 100 },
    { title: "holds three of more than a megabyte", pages: [[gear(10), gear(MEGABYTE)]], limit: 3 },
    { title: "holds one, however large it is", pages: [[gear(8 * MEGABYTE)]], limit: 1 },
    { title: "grows again after large objects", pages: [[gear(MEGABYTE)], [gear(10)]], limit: 100 },
  ])("$title", ({ pages, limit }) => {
    expect(sizeAfter(...pages)).toBe(limit);
  });

  it("never holds more than some megabytes of objects such as those of the last one", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 20 }), fc.nat(100_000), (objects, more) => {
        const page = [...objects, gear(more)];
        const heaviest = Math.max(...page.map((object) => JSON.stringify(object).length));
        expect(sizeAfter(page) * heaviest).toBeLessThanOrEqual(Math.max(8 * MEGABYTE, heaviest));
      }),
    );
  });
});

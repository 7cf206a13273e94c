import { describe, expect, it } from "vitest";
import { createRate, startMigrationProgress } from "../../../src/cli/migration-progress.ts";
import type { MigrationTally } from "../../../src/explain/migration.ts";

function tally(done: number): MigrationTally {
  const none = { proven: 0, rewritten: 0, touched: 0, cleaned: 0, overtaken: 0, gone: 0, refusedCount: 0, refused: [] };
  return { ...none, total: 1_000, done };
}

describe("createRate", () => {
  it("says nothing before half a second", () => {
    const rate = createRate();
    rate.saw(0, 0);
    rate.saw(400, 40);

    expect(rate.perSecond()).toBeNull();
  });

  it("follows the last ten seconds, however often it is told", () => {
    const rate = createRate();
    for (let at = 0; at <= 20_000; at += 10) rate.saw(at, at < 10_000 ? at / 10 : 1_000 + (at - 10_000) / 100);

    expect(rate.perSecond()).toBeGreaterThan(9);
    expect(rate.perSecond()).toBeLessThan(12);
  });

  it("begins anew where the count does", () => {
    const rate = createRate();
    rate.saw(0, 0);
    rate.saw(5_000, 500);
    rate.saw(6_000, 10);
    rate.saw(7_000, 110);

    expect(rate.perSecond()).toBe(100);
  });
});

describe("startMigrationProgress", () => {
  it.each([true, false])("tells every five seconds where there is no terminal; by events: %s", (isEvent) => {
    const lines: string[] = [];
    const events: number[] = [];
    let at = 0;
    const progress = startMigrationProgress({
      crd: "gears.own.dev",
      isTerminal: false,
      now: () => at,
      event: isEvent ? (_, { done }) => events.push(done) : null,
      tell: (line) => lines.push(line),
    });
    for (; at <= 11_000; at += 500) progress.told(1, tally(at / 50));
    progress.end();

    if (isEvent) expect([events, lines]).toEqual([[100, 200], []]);
    else
      expect([events, lines]).toEqual([
        [],
        [
          "gears.own.dev: 100 of 1,000 objects dealt with, 20/s, 45 s left",
          "gears.own.dev: 200 of 1,000 objects dealt with, 20/s, 40 s left",
        ],
      ]);
  });
});

import { describe, expect, it } from "vitest";
import { createAttempts } from "../../../src/operator/attempts.ts";

const SECOND = 1_000;

describe("attempts", () => {
  it("are due at once for what was never tried, and for another content", () => {
    const attempts = createAttempts();
    expect(attempts.dueAt("a", "x")).toBe(-Infinity);

    attempts.made("a", "x", 0);

    expect(attempts.dueAt("a", "y")).toBe(-Infinity);
    expect(attempts.dueAt("b", "x")).toBe(-Infinity);
  });

  it("at the same wait longer each time, up to ten minutes", () => {
    const attempts = createAttempts();
    const pauses: number[] = [];
    let now = 0;
    for (let attempt = 0; attempt < 10; attempt += 1) {
      attempts.made("a", "x", now);
      pauses.push((attempts.dueAt("a", "x") - now) / SECOND);
      now = attempts.dueAt("a", "x");
    }

    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
  });

  it("begin anew after another content, and after a long time without any", () => {
    const attempts = createAttempts();
    attempts.made("a", "x", 0);
    attempts.made("a", "x", 5 * SECOND);
    attempts.made("a", "y", 6 * SECOND);
    expect(attempts.dueAt("a", "y")).toBe(11 * SECOND);

    attempts.made("a", "y", 3_600 * SECOND);
    expect(attempts.dueAt("a", "y")).toBe(3_605 * SECOND);
  });

  it("are forgotten with their object", () => {
    const attempts = createAttempts();
    attempts.made("a", "x", 0);
    attempts.made("b", "x", 0);

    attempts.keepOnly(new Set(["b"]));

    expect([attempts.dueAt("a", "x"), attempts.dueAt("b", "x")]).toEqual([-Infinity, 5 * SECOND]);
  });
});

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { HealthCheck } from "../../../src/health/check.ts";
import { checks } from "../../../src/health/checks/index.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const CHECKS = join(ROOT, "src/health/checks");

const ids = readdirSync(CHECKS)
  .filter((file) => file !== "index.ts")
  .map((file) => file.replace(/\.ts$/, ""))
  .toSorted();

describe("the catalogue of health checks", () => {
  it("names every check, sorted by id", () => {
    expect(checks.map(({ id }) => id)).toEqual(ids);
  });

  it("has no test of a check that is none", () => {
    const tested = readdirSync(join(ROOT, "test/unit/health/checks")).map((file) => file.replace(/\.test\.ts$/, ""));

    expect(tested.filter((id) => !ids.includes(id))).toEqual([]);
  });
});

describe.each(ids)("the check %s", (id) => {
  it("is what its file exports, alone, under its id in camel case", async () => {
    const exported = (await import(join(CHECKS, `${id}.ts`))) as Readonly<Record<string, HealthCheck>>;
    const name = id.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

    expect(Object.entries(exported).map(([key, check]) => [key, check.id])).toEqual([[name, id]]);
  });

  it("says what it is, and where that is known from", () => {
    const text = readFileSync(join(CHECKS, `${id}.ts`), "utf8");

    expect(text).toMatch(/^\/\*\* @file Finds /);
    expect(text).toMatch(/^ \* Source: \S/m);
  });

  it("has a test", () => {
    expect(existsSync(join(ROOT, "test/unit/health/checks", `${id}.test.ts`))).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import { installedElsewhereWords, nextSteps } from "../../../src/explain/installation.ts";

describe("what is next after an installation", () => {
  it.each([
    { program: "crdguard", namespace: "crdguard" },
    { program: "kubectl crdguard", namespace: "a-rather-long-namespace" },
  ])("stands in two columns, for $program in $namespace", ({ program, namespace }) => {
    const steps = nextSteps(program, namespace)
      .split("\n")
      .filter((line) => line.startsWith("  "));
    const columns = steps.map((line) => line.search(/ {2}(?:what|who) /));

    expect(steps).toHaveLength(3);
    expect(new Set(columns.map((column, index) => column + (steps[index]?.slice(column).search(/\S/) ?? 0))).size).toBe(1);
  });
});

describe("an installation in another namespace", () => {
  it.each([
    { what: "install", way: /--namespace there upgrades it; to move it, uninstall it there first$/ },
    { what: "uninstall", way: /--namespace there uninstalls it$/ },
  ] as const)("is told with the way out of $what", ({ what, way }) => {
    const words = installedElsewhereWords("there", "here", what);

    expect(words).toMatch(/^crdguard is in the namespace there, not in here/);
    expect(words).toMatch(way);
  });
});

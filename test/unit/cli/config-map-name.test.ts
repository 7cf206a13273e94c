import { describe, expect, it } from "vitest";
import { parseConfigMapName } from "../../../src/cli/config-map-name.ts";

describe("the name of a ConfigMap", () => {
  it.each([
    { text: "crdguard/crdguard-catalog", namespace: "crdguard", name: "crdguard-catalog" },
    { text: "a/b", namespace: "a", name: "b" },
    { text: "team-1/own.entries.v2", namespace: "team-1", name: "own.entries.v2" },
  ])("is read: $text", ({ text, namespace, name }) => {
    expect(parseConfigMapName(text)).toEqual({ namespace, name });
  });

  it.each([
    "",
    "catalog",
    "/catalog",
    "crdguard/",
    "a/b/c",
    "A/b",
    "a/B",
    "a.b/c",
    "a/-b",
    "a/b-",
    "a /b",
    "a/b\n",
    `${"a".repeat(64)}/b`,
  ])("is refused: %j", (text) => {
    expect(() => parseConfigMapName(text)).toThrow("give NAMESPACE/NAME, for example crdguard/crdguard-catalog.");
  });
});

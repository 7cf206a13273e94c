import { describe, expect, it } from "vitest";
import { nearestWord } from "../../../src/crd/nearest-word.ts";

describe("nearestWord", () => {
  const candidates = ["images", "releases", "when", "traefik", "versionLabel"];

  it.each([
    { word: "imgaes", nearest: "images", title: "two letters swapped" },
    { word: "image", nearest: "images", title: "one left out" },
    { word: "traeffik", nearest: "traefik", title: "one too many" },
    { word: "vrsionlable", nearest: "versionLabel", title: "several slips in a long word, and another case" },
    { word: "whne", nearest: "when", title: "a short word" },
    { word: "wham", nearest: null, title: "a short word that is half another" },
    { word: "colour", nearest: null, title: "another word" },
    { word: "", nearest: null, title: "nothing" },
  ])("takes $word for $nearest: $title", ({ word, nearest }) => {
    expect(nearestWord(word, candidates)).toBe(nearest);
  });

  it("takes the first of several that are as near", () => {
    expect(nearestWord("cat", ["bat", "car"])).toBe("bat");
  });

  it("knows a word among the candidates", () => {
    expect(nearestWord("when", candidates)).toBe("when");
  });
});

/** @file Tells whether two catalogs ask the same of workloads and ConfigMaps. */
import { createHash } from "node:crypto";
import type { Catalog } from "../../requirements/catalog.ts";
import { questionsOf } from "../../requirements/questions.ts";
import { looksLikeCredential } from "./credentials.ts";

/** `sha256:…`; the order of the catalog does not matter, nor what it says beside. */
export function questionsDigest(catalog: Catalog): string {
  const questions = catalog.map((controller) => {
    const { flags, values, words, patterns, variables, keys } = questionsOf([controller]);
    // Others that flags have are told, whatever is asked for.
    const withholdable = [...values].filter(looksLikeCredential);
    const images = controller.images.map(({ path, isOfficial }) => `${String(isOfficial)} ${path}`);
    return JSON.stringify([
      images,
      [...flags],
      [...words],
      ...(withholdable.length > 0 ? [withholdable] : []),
      patterns.map(({ source }) => source),
      [...variables],
      keys.map(({ key, test }) => [key, test.kind, test.kind === "equals" ? test.value : test.pattern.source]),
    ]);
  });
  return `sha256:${createHash("sha256").update(JSON.stringify(questions.toSorted())).digest("hex")}`;
}

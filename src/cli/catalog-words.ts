/** @file Words of flags that stand for something in the catalog: controllers, bundles, releases. */
import { nearestWord } from "../crd/nearest-word.ts";
import type { Catalog, CatalogController } from "../requirements/catalog.ts";
import { CommandError, EXIT } from "./exit-status.ts";

/** By id, or by the beginning of one that no other shares: `cilium` for `cilium-operator`, `istio` for `istiod`. */
export function findController(id: string, catalog: Catalog): CatalogController {
  const exact = catalog.find((controller) => controller.id === id);
  if (exact !== undefined) return exact;
  const startingWith = (text: string): Catalog =>
    id === "" ? [] : catalog.filter((controller) => controller.id.startsWith(text));
  const words = startingWith(`${id}-`);
  const beginning = words.length > 0 ? words : startingWith(id);
  const [only] = beginning;
  if (only !== undefined && beginning.length === 1) return only;
  if (beginning.length > 1) {
    throw new CommandError(
      EXIT.usage,
      "controller-ambiguous",
      `"${id}" may be any of ${beginning.map((controller) => controller.id).join(", ")}`,
    );
  }
  throw unknownWord(
    "controller-unknown",
    id,
    catalog.map((controller) => controller.id),
    "controller in the catalog",
  );
}

type UnknownCode = "bundle-unknown" | "release-unknown" | "channel-unknown" | "controller-unknown";

export function unknownWord(code: UnknownCode, word: string, candidates: readonly string[], what: string): CommandError {
  const meant = nearestWord(word, candidates);
  return new CommandError(
    EXIT.usage,
    code,
    `"${word}" is no ${what}${meant === null ? `; known: ${candidates.join(", ")}` : `; did you mean "${meant}"?`}`,
  );
}

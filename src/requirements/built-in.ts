/** @file Catalog and bundles that come with crdguard: as the build compiled them, or, beside the sources, from their YAML. */
import { readFileSync } from "node:fs";
import type { BundlesResult } from "./bundles.ts";
import type { CatalogFolderResult } from "./catalog-folder.ts";
import { type BuiltIn, readCompiled } from "./compiled-catalog.ts";

/** In `dist/`; there is none in `src/`. */
const COMPILED = new URL("../catalog.jsonl", import.meta.url);

export async function readBuiltInCatalog(): Promise<CatalogFolderResult> {
  const compiled = readBuiltIn();
  if (compiled !== null) return { ok: true, value: compiled.catalog };
  const { readCatalog } = await import("./catalog-folder.ts");
  return readCatalog();
}

export async function readBuiltInBundles(): Promise<BundlesResult> {
  const compiled = readBuiltIn();
  if (compiled !== null) return { ok: true, value: compiled.bundles };
  const { readBundles } = await import("./bundles.ts");
  return readBundles();
}

/** Both are asked for one after the other; undefined before that. */
let builtIn: BuiltIn | null | undefined;

function readBuiltIn(): BuiltIn | null {
  if (builtIn !== undefined) return builtIn;
  try {
    builtIn = readCompiled(readFileSync(COMPILED, "utf8"));
  } catch {
    builtIn = null;
  }
  return builtIn;
}

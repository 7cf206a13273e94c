/** @file Reads the catalog that comes with crdguard. */
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { parse } from "yaml";
import { type Catalog, type CatalogError, type CatalogResult, parseCatalogFile } from "./catalog.ts";

/** `catalog/` at the root of the project or package: two folders above this file, in `src` as in `dist`. */
const BUILT_IN_FOLDER = fileURLToPath(new URL("../../catalog/", import.meta.url));

/** @param folder one YAML file a controller; files of other names are not read. */
export async function readCatalog(folder: string = BUILT_IN_FOLDER): Promise<CatalogResult<Catalog>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".yaml")).toSorted();
  const results = await Promise.all(
    files.map(async (file) => ({ file, result: parseText(await readFile(join(folder, file), "utf8")) })),
  );
  const failed = results.find(({ result }) => !result.ok);
  if (failed !== undefined && !failed.result.ok) {
    const error: CatalogError = { ...failed.result.error, message: `${failed.file}: ${failed.result.error.message}` };
    return { ok: false, error };
  }
  return { ok: true, value: results.flatMap(({ result }) => (result.ok ? [result.value] : [])) };
}

function parseText(text: string): ReturnType<typeof parseCatalogFile> {
  try {
    return parseCatalogFile(parse(text));
  } catch (error) {
    return { ok: false, error: { code: "catalog-malformed", message: error instanceof Error ? error.message : String(error) } };
  }
}

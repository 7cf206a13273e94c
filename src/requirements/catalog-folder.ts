/** @file Reads catalog files: those that come with crdguard, and a user's own. */
import { readdir, readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { parse } from "yaml";
import { type Catalog, type CatalogController, type CatalogError, mergeCatalogs, parseCatalogFile } from "./catalog.ts";
import { yamlProblem } from "./yaml-problem.ts";

/** `catalog/` at the root of the project or package: two folders above this file, in `src` as in `dist`. */
export const BUILT_IN_FOLDER = fileURLToPath(new URL("../../catalog/", import.meta.url));

export type CatalogFolderResult =
  | { readonly ok: true; readonly value: Catalog }
  | { readonly ok: false; readonly error: { readonly code: CatalogFolderErrorCode; readonly message: string } };

export type CatalogFolderErrorCode = CatalogError["code"] | "catalog-unreadable" | "catalog-duplicate";

/** @param folder one YAML file a controller; files of other names, and folders below, are not read. */
export async function readCatalog(folder: string = BUILT_IN_FOLDER): Promise<CatalogFolderResult> {
  let files: readonly string[];
  try {
    files = (await readdir(folder)).filter(isCatalogFileName).toSorted();
  } catch {
    return failed("catalog-unreadable", `${folder}: no folder that can be read`);
  }
  if (files.length === 0) return failed("catalog-unreadable", `${folder}: no .yaml file in this folder`);
  const texts = new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file), "utf8")] as const)),
  );
  return parseCatalogTexts(texts);
}

/**
 * A user's own entries. Of one controller in several paths, the last counts; in one folder, it is an error.
 * @param paths catalog files, and folders of them. Messages name files as they were given.
 */
export async function readOwnCatalogs(paths: readonly string[]): Promise<CatalogFolderResult> {
  let catalog: Catalog = [];
  for (const path of paths) {
    const result = await readOwnCatalog(path);
    if (!result.ok) return result;
    catalog = mergeCatalogs(catalog, result.value);
  }
  return { ok: true, value: catalog };
}

async function readOwnCatalog(path: string): Promise<CatalogFolderResult> {
  let texts: ReadonlyMap<string, string>;
  try {
    const isFolder = (await stat(path)).isDirectory();
    const files = isFolder
      ? (await readdir(path))
          .filter(isCatalogFileName)
          .map((file) => join(path, file))
          .toSorted()
      : [path];
    if (files.length === 0) return failed("catalog-unreadable", `${path}: no .yaml file in this folder`);
    texts = new Map(await Promise.all(files.map(async (file) => [file, await readFile(file, "utf8")] as const)));
  } catch {
    return failed("catalog-unreadable", `${path}: no file or folder that can be read`);
  }
  return parseCatalogTexts(texts);
}

/** Of a file, or of a ConfigMap's key. */
export function isCatalogFileName(name: string): boolean {
  return /\.ya?ml$/.test(name);
}

/** @param texts by the name of the file, or of the ConfigMap's key, that holds one controller. */
export function parseCatalogTexts(texts: ReadonlyMap<string, string>): CatalogFolderResult {
  const controllers = new Map<string, CatalogController>();
  for (const [file, text] of texts) {
    const result = parseCatalogText(text);
    if (!result.ok) {
      const [{ code, path, message }, ...others] = result.errors;
      const more = others.length === 0 ? "" : `, and ${String(others.length)} more (crdguard catalog lint tells all)`;
      return failed(code, `${file}: ${path === "" ? "" : `${path}: `}${message}${more}`);
    }
    if (controllers.has(result.value.id)) {
      return failed("catalog-duplicate", `${file}: controller "${result.value.id}" is in another file too`);
    }
    controllers.set(result.value.id, result.value);
  }
  return { ok: true, value: [...controllers.values()] };
}

/** One file's text. */
function parseCatalogText(text: string): ReturnType<typeof parseCatalogFile> {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    return { ok: false, errors: [{ code: "catalog-malformed", path: "", message: yamlProblem(error) }] };
  }
  return parseCatalogFile(value);
}

function failed(code: CatalogFolderErrorCode, message: string): CatalogFolderResult {
  return { ok: false, error: { code, message } };
}

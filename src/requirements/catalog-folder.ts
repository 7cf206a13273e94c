/** @file Reads catalog files: those that come with crdguard, and a user's own. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { BUILT_IN_FOLDER } from "./built-in-folder.ts";
import { type Catalog, type CatalogController, mergeCatalogs } from "./catalog.ts";
import { type CatalogError, parseCatalogFile } from "./catalog-form.ts";
import { yamlProblem } from "./yaml-problem.ts";

export type CatalogFolderResult =
  | { readonly ok: true; readonly value: Catalog }
  | { readonly ok: false; readonly error: { readonly code: CatalogFolderErrorCode; readonly message: string } };

export type CatalogFolderErrorCode = CatalogError["code"] | "catalog-unreadable" | "catalog-duplicate";

/** @param folder one YAML file a controller; files of other names, and folders below, are not read. */
export async function readCatalog(folder: string = BUILT_IN_FOLDER): Promise<CatalogFolderResult> {
  try {
    return await readFiles(folder, await filesIn(folder));
  } catch {
    return failed("catalog-unreadable", `${folder}: no folder that can be read`);
  }
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
  try {
    const isFolder = (await stat(path)).isDirectory();
    const paths = isFolder ? (await filesIn(path)).map(([, file]) => file) : [path];
    return await readFiles(
      path,
      paths.map((file) => [file, file]),
    );
  } catch {
    return failed("catalog-unreadable", `${path}: no file or folder that can be read`);
  }
}

/** What a file is called in messages, and where it is. */
type NamedFile = readonly [name: string, path: string];

/** In the order of their names. @throws where the folder cannot be read. */
async function filesIn(folder: string): Promise<readonly NamedFile[]> {
  const names = (await readdir(folder)).filter(isCatalogFileName).toSorted();
  return names.map((name) => [name, join(folder, name)]);
}

/** @throws where one cannot be read. */
async function readFiles(path: string, files: readonly NamedFile[]): Promise<CatalogFolderResult> {
  if (files.length === 0) return failed("catalog-unreadable", `${path}: no .yaml file in this folder`);
  const texts = await Promise.all(files.map(async ([name, file]) => [name, await readFile(file, "utf8")] as const));
  return parseCatalogTexts(new Map(texts));
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

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";

const MANIFESTS = fileURLToPath(new URL("../../../manifests", import.meta.url));

/** Each object of a file below manifests/, in its order. YAML 1.1, as kubectl reads it. @throws Error for a mistake in the YAML. */
export async function readManifests(path: string): Promise<readonly unknown[]> {
  const text = await readFile(join(MANIFESTS, path), "utf8");
  const documents = parseAllDocuments(text, { version: "1.1" });
  return [...documents].map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as unknown;
  });
}

/** The files that a kustomization names, of folders what their kustomization names; relative to manifests/. */
export async function readKustomization(folder: string): Promise<readonly string[]> {
  const [kustomization] = (await readManifests(join(folder, "kustomization.yaml"))) as readonly {
    readonly resources: readonly string[];
  }[];
  const files = await Promise.all(
    (kustomization?.resources ?? []).map(async (resource) => {
      const path = join(folder, resource);
      return resource.endsWith(".yaml") ? [path] : readKustomization(path);
    }),
  );
  return files.flat();
}

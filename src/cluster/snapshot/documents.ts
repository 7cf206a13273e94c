/** @file Takes a text of YAML or JSON apart into its documents: by a fast reader where that can, else by one that reads everything. */
import { readPlainJson } from "./plain-json.ts";
import { readPlainYaml } from "./plain-yaml/read.ts";
import type { Documents } from "./text-document.ts";

/** Both ways give the same values; what is wrong with a text is always told by the full reader. */
export async function readDocuments(text: string): Promise<Documents> {
  const plain = readPlainJson(text) ?? readPlainYaml(text);
  if (plain !== null) return { documents: plain, mistake: null };
  const { readFullYaml } = await import("./full-yaml.ts");
  return readFullYaml(text);
}

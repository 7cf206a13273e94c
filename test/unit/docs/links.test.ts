/** Links between documents lead to files that are there. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./sources.ts";

const pages = [
  ...(await readdir(ROOT)).filter((file) => file.endsWith(".md")),
  ...(await readdir(`${ROOT}docs`, { recursive: true })).filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`),
].toSorted();

describe("links", () => {
  it.each(pages)("of %s lead somewhere", async (page) => {
    const text = (await readFile(`${ROOT}${page}`, "utf8")).replaceAll(/```[\s\S]*?```/g, "");
    const targets = [...text.matchAll(/\]\((?<target>[^)\s]+)\)/g)].map(({ groups }) => groups?.["target"] ?? "");
    const local = targets
      .filter((target) => !/^(?:https?:|mailto:|#)/.test(target))
      .map((target) => target.split("#", 1)[0] ?? "");

    expect(local.filter((target) => !existsSync(join(ROOT, dirname(page), target)))).toEqual([]);
  });

  it.each(pages)("of %s lead to headings that are there", async (page) => {
    const text = (await readFile(`${ROOT}${page}`, "utf8")).replaceAll(/```[\s\S]*?```/g, "");
    const targets = [...text.matchAll(/\]\((?<target>[^)\s]+)\)/g)].map(({ groups }) => groups?.["target"] ?? "");
    const missing: string[] = [];
    for (const target of targets) {
      const [file = "", heading] = target.split("#", 2);
      if (heading === undefined || /^(?:https?:|mailto:)/.test(target)) continue;
      const path = file === "" ? page : join(dirname(page), file);
      if (path.endsWith(".md") && !(await headingsOf(path)).has(heading)) missing.push(target);
    }

    expect(missing).toEqual([]);
  });
});

/** As GitHub makes anchors of them: small letters, no punctuation, hyphens for spaces. */
async function headingsOf(page: string): Promise<ReadonlySet<string>> {
  const text = (await readFile(`${ROOT}${page}`, "utf8")).replaceAll(/```[\s\S]*?```/g, "");
  return new Set(
    [...text.matchAll(/^#+ (?<heading>.+)$/gm)].map(({ groups }) =>
      (groups?.["heading"] ?? "")
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

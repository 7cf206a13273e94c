/** @file `npm run build`: writes `dist/`, which the package and the image run. */
import { rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { readBundles } from "../src/requirements/bundles.ts";
import { readCatalog } from "../src/requirements/catalog-folder.ts";
import { compileBuiltIn } from "../src/requirements/compiled-catalog.ts";
import { bundleSources } from "./bundle-sources.ts";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));

await rm(DIST, { recursive: true, force: true });
const licenses = await bundleSources(`${DIST}cli`);
await writeFile(`${DIST}THIRD-PARTY-LICENSES.txt`, licenses);
await writeFile(
  `${DIST}catalog.jsonl`,
  compileBuiltIn({ catalog: valueOf(await readCatalog()), bundles: valueOf(await readBundles()) }),
);

function valueOf<Value>(
  result: { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: { readonly message: string } },
): Value {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

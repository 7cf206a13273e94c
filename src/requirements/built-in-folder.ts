/** @file Where the catalog that comes with crdguard stands. */
import { fileURLToPath } from "node:url";

/** `catalog/` at the root of the project or package: two folders above this file, in `src` as in `dist`. */
export const BUILT_IN_FOLDER = fileURLToPath(new URL("../../catalog/", import.meta.url));

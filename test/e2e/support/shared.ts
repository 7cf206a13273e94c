/** @file Where real CRDs of real incidents lie: third-party files that are no part of the project. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";

/** Folder named by CRDGUARD_SHARED, `../shared` unless told. */
const SHARED = resolve(process.env["CRDGUARD_SHARED"] ?? "../shared");

/** Path of a shared file or folder, or null, with the reason printed, where it is missing. */
export function sharedPath(relative: string): string | null {
  const path = resolve(SHARED, relative);
  if (existsSync(path)) return path;
  process.stderr.write(`skipped: ${relative} is not there; CRDGUARD_SHARED names the folder with the real CRDs\n`);
  return null;
}

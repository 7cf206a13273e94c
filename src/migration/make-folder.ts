/** @file Makes a folder and those above it. */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * `mkdir` of Node with `recursive` never ends below a folder that says of a new one that its parent is not there, as /proc does.
 * @param mode of folders that are new. @throws an error of the system.
 */
export function makeFolder(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "EEXIST" && isFolder(path)) return;
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path || isFolder(parent)) throw error;
    makeFolder(parent, mode);
    makeFolder(path, mode);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

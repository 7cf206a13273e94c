/** @file Files and folders for commands, which wait for them anyway: what Node has at hand, where `node:fs/promises` must be loaded. */
import { type Dirent, readdirSync, readFileSync, type Stats, statSync } from "node:fs";

/* oxlint-disable typescript/require-await -- Each is there under the name that it has in `node:fs/promises`, and fails as that does. */

export async function readFile(path: string, encoding: "utf8"): Promise<string> {
  return readFileSync(path, encoding);
}

export async function readdir(
  path: string,
  options: { readonly recursive: boolean; readonly withFileTypes: true },
): Promise<readonly Dirent[]> {
  return readdirSync(path, options);
}

export async function stat(path: string): Promise<Stats> {
  return statSync(path);
}

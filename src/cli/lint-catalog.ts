/** @file `crdguard catalog lint`: is a catalog file right? */
import { readdir, readFile, stat } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { countOf, quoted, shown } from "../explain/text.ts";
import { BUILT_IN_FOLDER } from "../requirements/built-in-folder.ts";
import { isCatalogFileName } from "../requirements/catalog-folder.ts";
import { type CatalogProblem, type LintedCatalogFile, lintCatalogText } from "../requirements/catalog-lint.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import type { Terminal } from "./terminal.ts";

/** @param paths files, and folders of them; none stands for the catalog that comes with crdguard. */
export async function lintCatalog(paths: readonly string[], terminal: Terminal): Promise<ExitStatus> {
  const linted: LintedFile[] = [];
  for (const path of paths.length === 0 ? [BUILT_IN_FOLDER] : paths) linted.push(...withDuplicates(await lintPath(path)));

  const wrong = linted.filter(({ problems }) => problems.length > 0);
  for (const { file, problems } of wrong) {
    for (const problem of problems) terminal.print(`${problemLine(file, problem)}\n`);
  }
  const files = countOf(linted.length, "file");
  if (wrong.length > 0) {
    const problems = countOf(wrong.flatMap((one) => one.problems).length, "problem");
    terminal.print(`${problems} in ${String(wrong.length)} of ${files}\n`);
    return EXIT.usage;
  }
  const releases = linted.flatMap(({ controller }) => controller?.releases ?? []);
  const needs = releases.flatMap((release) => release.needs);
  terminal.print(`${files}: ${countOf(releases.length, "release range")}, ${countOf(needs.length, "need")}, no problem\n`);
  return EXIT.allowed;
}

interface LintedFile extends LintedCatalogFile {
  readonly file: string;
}

async function lintPath(path: string): Promise<readonly LintedFile[]> {
  let files: readonly string[];
  try {
    const isFolder = (await stat(path)).isDirectory();
    files = isFolder ? (await readdir(path)).filter(isCatalogFileName).toSorted() : [];
    if (isFolder && files.length === 0) throw unreadable(`${path}: no .yaml file in this folder`);
    files = isFolder ? files.map((file) => join(path, file)) : [path];
    return await Promise.all(
      files.map(async (file) => ({ file: nameFromHere(file), ...lintCatalogText(await readFile(file, "utf8")) })),
    );
  } catch (error) {
    throw error instanceof CommandError ? error : unreadable(`${path}: no file or folder that can be read`);
  }
}

function unreadable(message: string): CommandError {
  return new CommandError(EXIT.usage, "catalog-unreadable", message);
}

/** As it would be typed, where that is shorter. */
function nameFromHere(file: string): string {
  const fromHere = relative(process.cwd(), file);
  return isAbsolute(file) && !fromHere.startsWith("..") ? fromHere : file;
}

/** Of one controller in one folder, a file would be left out. */
function withDuplicates(linted: readonly LintedFile[]): readonly LintedFile[] {
  const fileOf = new Map<string, string>();
  return linted.map((one) => {
    const id = one.controller?.id;
    const first = id === undefined ? undefined : fileOf.get(id);
    if (id !== undefined && first === undefined) fileOf.set(id, one.file);
    if (id === undefined || first === undefined) return one;
    const message = `controller ${quoted(id)} is in ${first} too`;
    return { ...one, problems: [{ code: "catalog-duplicate", message, line: 1, column: 1 }, ...one.problems] };
  });
}

function problemLine(file: string, { line, column, message, code }: CatalogProblem): string {
  return shown(`${file}:${String(line)}:${String(column)}: ${message} (${code})`);
}

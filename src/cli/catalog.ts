/** @file `crdguard catalog`: is a catalog file right, and what does the catalog know? */
import { readdir, readFile, stat } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { countOf, listOf, quoted, shown } from "../explain/text.ts";
import type { Catalog, CatalogController, CatalogRelease } from "../requirements/catalog.ts";
import { BUILT_IN_FOLDER, isCatalogFileName } from "../requirements/catalog-folder.ts";
import { type CatalogProblem, type LintedCatalogFile, lintCatalogText } from "../requirements/catalog-lint.ts";
import { isInRange, readTagVersion } from "../requirements/image.ts";
import { nearestWord } from "../requirements/nearest-word.ts";
import { controllerLines, controllerReport, listLines, listReport, spanOf } from "./catalog-report.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { loadCatalog } from "./sources.ts";
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

export interface ShowCatalogOptions {
  readonly output: "text" | "json";
  /** Files and folders of the user's own entries. */
  readonly catalog: readonly string[];
}

/** @param wanted `traefik`, or `traefik@3.7.2` for what that release needs; undefined for the list of controllers. */
export async function showCatalog(
  wanted: string | undefined,
  options: ShowCatalogOptions,
  terminal: Terminal,
): Promise<ExitStatus> {
  const catalog = await loadCatalog(options.catalog);
  const print = (report: unknown, lines: readonly string[]): ExitStatus => {
    terminal.print(options.output === "json" ? `${JSON.stringify(report, null, 2)}\n` : `${lines.join("\n")}\n`);
    return EXIT.allowed;
  };
  if (wanted === undefined) return print(listReport(catalog), listLines(catalog));

  const at = wanted.indexOf("@");
  const controller = findController(catalog, at === -1 ? wanted : wanted.slice(0, at));
  const releases = at === -1 ? controller.releases : [findRelease(controller, wanted.slice(at + 1))];
  const asked = { ...controller, releases };
  return print(controllerReport(asked), controllerLines(asked));
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

function findController(catalog: Catalog, id: string): CatalogController {
  const found = catalog.find((controller) => controller.id === id);
  if (found !== undefined) return found;
  const similar = catalog.map((controller) => controller.id).filter((known) => id !== "" && known.includes(id));
  const nearest = nearestWord(
    id,
    catalog.map((controller) => controller.id),
  );
  const meant = similar.length > 0 ? similar : nearest === null ? [] : [nearest];
  throw new CommandError(
    EXIT.usage,
    "controller-unknown",
    `no controller ${quoted(id)} in the catalog` +
      (meant.length === 0 ? "" : `; did you mean ${listOf(meant.map(quoted), "or")}?`) +
      " (crdguard catalog show lists all)",
  );
}

function findRelease(controller: CatalogController, text: string): CatalogRelease {
  const version = readTagVersion(text, controller.tagPrefixes);
  if (version.kind === "unknown") {
    throw new CommandError(
      EXIT.usage,
      "version-malformed",
      `${quoted(text)} tells no version: give it as the tag of its image does, as in ${controller.id}@1.2.3`,
    );
  }
  const release = controller.releases.find(({ versions }) => isInRange(version, versions));
  if (release !== undefined) return release;
  throw new CommandError(
    EXIT.usage,
    "release-unknown",
    `the catalog does not know ${controller.id} ${shown(text)}: it knows ${spanOf(controller)} (crdguard catalog show ${controller.id})`,
  );
}

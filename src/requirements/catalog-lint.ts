/** @file Finds all that is wrong with the text of a catalog file, and where it stands: more than keeps it from being read. */
import semver from "semver";
import { type Document, type ErrorCode, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { isRecord } from "../crd/is-record.ts";
import type { CatalogController } from "./catalog.ts";
import {
  type CatalogError,
  type CatalogFileResult,
  isTooDeep,
  parseCatalogFile,
  patternProblem,
  rangeProblems,
} from "./catalog-form.ts";
import { compilePattern } from "./condition.ts";
import { yamlProblem } from "./yaml-problem.ts";

export type CatalogProblemCode =
  | CatalogError["code"]
  /** A controller that is in another file of the folder too. */
  | "catalog-duplicate"
  /** An image that no workload's image can be equal to. */
  | "catalog-image-unusable"
  /** A range that no tag can lie in. */
  | "catalog-range-empty"
  /** One API twice in a release, under the same condition. */
  | "catalog-need-repeated"
  /** A need that nothing comes of. */
  | "catalog-need-harmless"
  | "catalog-effect-long";

export interface CatalogProblem {
  readonly code: CatalogProblemCode;
  readonly message: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface LintedCatalogFile {
  /** Null where the file cannot be used. */
  readonly controller: CatalogController | null;
  /** In the order of the text; where it is no YAML, only that is told. */
  readonly problems: readonly CatalogProblem[];
}

export function lintCatalogText(text: string): LintedCatalogFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: "error" });
  const at = (offset: number): Pick<CatalogProblem, "line" | "column"> => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({
      code: "catalog-malformed" as const,
      message: `${yamlProblem(error)}${UNQUOTED.has(error.code) ? "; a text that holds a colon must be quoted" : ""}`,
      ...at(error.pos[0]),
    }));
    return { controller: null, problems };
  }

  let input: unknown;
  try {
    input = document.toJS();
  } catch (error) {
    const message = error instanceof Error ? error.message : "its aliases cannot be followed";
    return { controller: null, problems: [{ code: "catalog-malformed", message, ...at(0) }] };
  }
  const parsed = parseCatalogFile(input);
  const found = [
    ...(parsed.ok ? [] : parsed.errors),
    ...(isTooDeep(input) ? [] : [...(isMalformed(parsed) ? unreadEntries(input) : []), ...doubtfulEntries(input)]),
  ];
  const problems = found.map(({ code, path, message }) => ({ code, message, ...at(offsetOf(document, path)) }));
  return { controller: parsed.ok ? parsed.value : null, problems: withoutRepetition(problems.toSorted(byPlace)) };
}

/** What stands behind an alias is found wrong wherever the alias is. */
function withoutRepetition(problems: readonly CatalogProblem[]): readonly CatalogProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** Then nothing but the form was looked at. */
function isMalformed(parsed: CatalogFileResult): boolean {
  return !parsed.ok && parsed.errors.some(({ code }) => code === "catalog-malformed");
}

/** Ranges and patterns of a file whose form is wrong elsewhere, so that one run tells of everything. */
function unreadEntries(input: unknown): readonly CatalogError[] {
  if (!isRecord(input)) return [];
  const ranges = listOf(input["releases"]).map((release) => (isRecord(release) ? release["versions"] : undefined));
  return [...rangeProblems(ranges), ...invalidPatterns(input, "")];
}

function invalidPatterns(value: unknown, path: string): readonly CatalogError[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([member, inner]) => {
    const place = `${path}/${member}`;
    if (typeof inner !== "string") return invalidPatterns(inner, place);
    const isPattern = member === "argRegex" || member === "matches";
    return isPattern && compilePattern(inner) === null ? [patternProblem(inner, place)] : [];
  });
}

/** What YAML makes of `effect: exits: no matches for kind`. */
const UNQUOTED: ReadonlySet<string> = new Set<ErrorCode>(["BLOCK_AS_IMPLICIT_KEY", "MULTILINE_IMPLICIT_KEY"]);

interface PlacedProblem {
  readonly code: CatalogProblemCode;
  /** JSON pointer. */
  readonly path: string;
  readonly message: string;
}

/** What is well-formed but cannot have been meant. What is not well-formed is passed over here: it is told of already. */
function doubtfulEntries(input: unknown): readonly PlacedProblem[] {
  if (!isRecord(input)) return [];
  const releases = listOf(input["releases"]);
  return [
    ...listOf(input["images"]).flatMap((image, index) => doubtfulImage(image, `/images/${String(index)}`)),
    ...releases.flatMap((release, index) => doubtfulRelease(release, `/releases/${String(index)}`)),
  ];
}

function doubtfulImage(image: unknown, path: string): readonly PlacedProblem[] {
  if (typeof image !== "string") return [];
  const problem = (message: string): readonly PlacedProblem[] => [{ code: "catalog-image-unusable", path, message }];
  if (image.includes("*")) {
    return problem(`"${image}" has a wildcard, which matches nothing: registries are not compared, so that any one will do`);
  }
  if (/[:@][^/]*$/.test(image) && !/^[^/]+$/.test(image)) {
    return problem(`"${image}" has a tag or a digest, which is not compared: leave it out, and give the versions in releases`);
  }
  return /^(?:[A-Za-z0-9.-]+(?::\d+)?\/)?[a-z0-9._-]+(?:\/[a-z0-9._-]+)*$/.test(image)
    ? []
    : problem(`"${image}" is no image: give its repository, as in ghcr.io/example/turner`);
}

function doubtfulRelease(release: unknown, path: string): readonly PlacedProblem[] {
  if (!isRecord(release)) return [];
  const { versions, effect, needs } = release;
  return [
    ...(typeof versions === "string" ? emptyRange(versions, `${path}/versions`) : []),
    ...(typeof effect === "string" ? longEffect(effect, `${path}/effect`) : []),
    ...doubtfulNeeds(listOf(needs), `${path}/needs`),
  ];
}

/** Tags are read without what follows the patch number: `v1.0.0-alpha.3` as 1.0.0. */
function emptyRange(range: string, path: string): readonly PlacedProblem[] {
  const first = semver.validRange(range) === null ? null : semver.minVersion(range);
  if (first === null) return [];
  const released = `${String(first.major)}.${String(first.minor)}.${String(first.patch)}`;
  if (first.prerelease.length === 0 || semver.satisfies(released, range)) return [];
  return [
    {
      code: "catalog-range-empty",
      path,
      message: `"${range}" holds pre-releases alone, and a tag like ${first.version} is read as ${released}`,
    },
  ];
}

/** Such a clause ends a message which has said much already. */
const LONGEST_EFFECT = 200;

function longEffect(effect: string, path: string): readonly PlacedProblem[] {
  if (effect.length <= LONGEST_EFFECT) return [];
  const message = `of ${String(effect.length)} characters, more than the ${String(LONGEST_EFFECT)} that read well in a message: leave to notes what is not for everyone`;
  return [{ code: "catalog-effect-long", path, message }];
}

function doubtfulNeeds(needs: readonly unknown[], path: string): readonly PlacedProblem[] {
  const problems: PlacedProblem[] = [];
  const seen = new Set<string>();
  for (const [index, need] of needs.entries()) {
    if (!isRecord(need)) continue;
    const { resource, outcomes, when } = need;
    if (isHarmless(outcomes)) {
      problems.push({
        code: "catalog-need-harmless",
        path: `${path}/${String(index)}/outcomes`,
        message: "works in every state, which is no need: leave it out, or tell what is lost",
      });
    }
    const names = typeof resource === "string" ? [resource] : listOf(resource);
    for (const [position, name] of names.entries()) {
      if (typeof name !== "string") continue;
      const key = JSON.stringify([name, when ?? null]);
      if (seen.has(key)) {
        problems.push({
          code: "catalog-need-repeated",
          path: `${path}/${String(index)}/resource${typeof resource === "string" ? "" : `/${String(position)}`}`,
          message: `"${name}" is needed above already, under the same condition: versions that will do instead of each other stand in one list`,
        });
      }
      seen.add(key);
    }
  }
  return problems;
}

function isHarmless(outcomes: unknown): boolean {
  if (outcomes === "works") return true;
  return isRecord(outcomes) && ["absent", "unlisted", "unserved"].every((state) => outcomes[state] === "works");
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Where what a JSON pointer names begins: a member with its name. What does not exist is looked for in what holds it. */
function offsetOf(document: Document, pointer: string): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of pointer.split("/").slice(1).map(memberName)) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      offset = startOf(pair?.key) ?? offset;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = startOf(node) ?? offset;
    }
  }
  return offset;
}

function memberName(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function byPlace(left: CatalogProblem, right: CatalogProblem): number {
  return left.line - right.line || left.column - right.column;
}

/** @file How a catalog file becomes what the catalog knows of a controller. */
import semver from "semver";
import type { Requirement } from "../rules/requirement.ts";
import { type CatalogController, minimumVersion, type VersionSetting } from "./catalog.ts";
import {
  type CatalogFile,
  catalogFileProblems,
  type ConditionText,
  type ConfigMapText,
  isCatalogFile,
  type NeedText,
} from "./catalog-schema.ts";
import { compilePattern, type Condition, type ConfigMapKey, type Pattern } from "./condition.ts";
import { parseImage } from "./image.ts";

export interface CatalogError {
  readonly code: "catalog-malformed" | "catalog-range-invalid" | "catalog-ranges-overlap" | "catalog-pattern-invalid";
  /** JSON pointer to what is wrong; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

export type CatalogFileResult =
  | { readonly ok: true; readonly value: CatalogController }
  | { readonly ok: false; readonly errors: readonly [CatalogError, ...CatalogError[]] };

/** @param input one parsed catalog file; its shape is documented in `docs/catalog.md`. All that is wrong is told. */
export function parseCatalogFile(input: unknown): CatalogFileResult {
  if (isTooDeep(input)) return failed([DEPTH_PROBLEM]);
  if (!isCatalogFile(input)) return failed(catalogFileProblems());
  const problems: CatalogError[] = [];
  const readCondition = conditionReader(problems);
  const controller: CatalogController = {
    id: input.controller,
    description: input.description ?? null,
    images: input.images.map(parseImage),
    tagPrefixes: input.tagPrefixes ?? [],
    versionLabel: input.versionLabel ?? null,
    versionSetting: readVersionSetting(input.versionSetting, problems),
    owns: input.owns ?? [],
    when: readCondition(input.when, "/when"),
    releases: input.releases
      .map((release, index) => ({
        versions: release.versions,
        verified: release.verified,
        confidence: release.confidence,
        effect: release.effect ?? null,
        errors: release.errors ?? [],
        sources: release.sources,
        needs: release.needs.flatMap((need, position) => {
          const when = readCondition(need.when, `/releases/${String(index)}/needs/${String(position)}/when`);
          return [need.resource].flat().map((resource) => ({
            requirement: toRequirement(resource, need),
            when,
            note: need.note ?? null,
          }));
        }),
      }))
      .toSorted((left, right) => compareStarts(left.versions, right.versions)),
  };
  problems.push(...rangeProblems(input.releases.map(({ versions }) => versions)));
  return problems.length > 0 ? failed(problems) : { ok: true, value: controller };
}

/** Deeper than any condition that somebody could read. */
const MAX_DEPTH = 100;

const DEPTH_PROBLEM: CatalogError = {
  code: "catalog-malformed",
  path: "",
  message: `is more than ${String(MAX_DEPTH)} levels deep, or holds itself by a YAML alias`,
};

/** So is what holds itself, which would be walked for ever. */
export function isTooDeep(input: unknown): boolean {
  return isDeeperThan(input, MAX_DEPTH);
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(inner, depth - 1));
}

function toRequirement(resource: string, { versions, presence, outcomes }: NeedText): Requirement {
  const dot = resource.indexOf(".");
  return {
    resource: resource.slice(0, dot),
    group: resource.slice(dot + 1),
    versions,
    presence,
    outcomes: typeof outcomes === "string" ? { absent: outcomes, unlisted: outcomes, unserved: outcomes } : outcomes,
  };
}

/** Problems are added to the list; what is returned for such a condition is never used. */
function conditionReader(problems: CatalogError[]): (text: ConditionText | undefined, path: string) => Condition | null {
  const conditions = new Map<ConditionText, Condition>();

  function read(text: ConditionText, path: string): Condition {
    if (text.arg !== undefined) return readArgument(text.arg);
    if (text.argRegex !== undefined) {
      return { kind: "arg-regex", pattern: readPattern(text.argRegex, `${path}/argRegex`, problems) };
    }
    if (text.env !== undefined) {
      const [name = "", value = ""] = Object.entries(text.env)[0] ?? [];
      return { kind: "env", name, value };
    }
    if (text.configMap !== undefined) {
      const { equals, matches } = text.configMap;
      return {
        kind: "config-map",
        key: toKey(text.configMap),
        test:
          equals === undefined
            ? { kind: "matches", pattern: readPattern(matches ?? "", `${path}/configMap/matches`, problems) }
            : { kind: "equals", value: equals },
      };
    }
    if (text.not !== undefined) return { kind: "not", condition: read(text.not, `${path}/not`) };
    if (text.anyOf !== undefined) return { kind: "any-of", conditions: readAll(text.anyOf, `${path}/anyOf`) };
    if (text.allOf !== undefined) return { kind: "all-of", conditions: readAll(text.allOf, `${path}/allOf`) };
    return { kind: "unreadable", text: text.unreadable ?? "" };
  }
  function readAll(list: readonly ConditionText[], path: string): readonly Condition[] {
    return list.map((text, index) => read(text, `${path}/${String(index)}`));
  }
  return (text, path) => {
    if (text === undefined) return null;
    // Of a YAML alias, the object is the same: one condition for many needs is then asked once a workload.
    const known = conditions.get(text);
    if (known !== undefined) return known;
    const made = read(text, path);
    conditions.set(text, made);
    return made;
  };
}

function readArgument(text: string): Condition {
  const equals = text.indexOf("=");
  return equals === -1
    ? { kind: "arg", name: text, value: null }
    : { kind: "arg", name: text.slice(0, equals), value: text.slice(equals + 1) };
}

function readVersionSetting(text: CatalogFile["versionSetting"], problems: CatalogError[]): VersionSetting | null {
  if (text === undefined) return null;
  const pattern = readPattern(text.configMap.matches ?? "", "/versionSetting/configMap/matches", problems);
  return { key: toKey(text.configMap), pattern };
}

function toKey({ namespace, name, key }: ConfigMapText): ConfigMapKey {
  return { namespace: namespace ?? null, name, key };
}

function readPattern(source: string, path: string, problems: CatalogError[]): Pattern {
  const pattern = compilePattern(source);
  if (pattern !== null) return pattern;
  problems.push(patternProblem(source, path));
  return { source, test: () => false, capture: () => null };
}

export function patternProblem(source: string, path: string): CatalogError {
  return { code: "catalog-pattern-invalid", path, message: `"${source}" is no regular expression of RE2` };
}

/** @param ranges of the releases, in their order; what is no text is told of by others. */
export function rangeProblems(ranges: readonly unknown[]): readonly CatalogError[] {
  const problems: CatalogError[] = [];
  // Each is parsed once: a comparison of texts takes twenty times as long, and a server compares them in between answers.
  const parsed = ranges.map((range) =>
    typeof range === "string" && semver.validRange(range) !== null ? { text: range, range: new semver.Range(range) } : null,
  );
  for (const [index, text] of ranges.entries()) {
    const path = `/releases/${String(index)}/versions`;
    if (typeof text !== "string") continue;
    const own = parsed[index] ?? null;
    if (own === null) {
      problems.push({ code: "catalog-range-invalid", path, message: `"${text}" is not a semver range` });
      continue;
    }
    if (semver.minVersion(own.range) === null) {
      problems.push({ code: "catalog-range-invalid", path, message: `"${text}" holds no version` });
    }
    // Each with all that follow, since a range may have several pieces.
    for (const later of parsed.slice(index + 1)) {
      if (later !== null && own.range.intersects(later.range)) {
        problems.push({ code: "catalog-ranges-overlap", path, message: `"${text}" and "${later.text}" overlap` });
      }
    }
  }
  return problems;
}

function compareStarts(left: string, right: string): number {
  // An invalid range is told of later; here it must only not throw.
  if (semver.validRange(left) === null || semver.validRange(right) === null) return 0;
  return semver.compare(minimumVersion({ versions: left }), minimumVersion({ versions: right }));
}

function failed(errors: readonly CatalogError[]): CatalogFileResult {
  const [first = { code: "catalog-malformed", path: "", message: "is malformed" }, ...others] = errors;
  return { ok: false, errors: [first, ...others] };
}

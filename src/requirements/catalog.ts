/** @file What known controllers need, by image and version: the model, and how a catalog file becomes it. */
import { Ajv, type ErrorObject } from "ajv";
import semver from "semver";
import { type Outcome, PRESENCES, type Presence, type Requirement } from "../rules/requirement.ts";
import { compilePattern, type Condition, type ConfigMapKey, configMapKeys, type Pattern } from "./condition.ts";
import { type ImageReference, isSameRepository, knownKeys, lookUpKeys, parseImage } from "./image.ts";
import { nearestWord } from "./nearest-word.ts";

export interface CatalogNeed {
  readonly requirement: Requirement;
  /** Null: it always holds. */
  readonly when: Condition | null;
  /** For a reader of the catalog. */
  readonly note: string | null;
}

export interface CatalogRelease {
  /** Semver range over the version that the image's tag tells. */
  readonly versions: string;
  /** How the entry is known: seen when it was `run`, read in the `source`, and so on. */
  readonly verified: Verification;
  readonly confidence: Confidence;
  /** What becomes of the workload, as a clause that reads after its name; null where the outcomes say it all. */
  readonly effect: string | null;
  /** What its log says then. */
  readonly errors: readonly string[];
  readonly sources: readonly string[];
  readonly needs: readonly CatalogNeed[];
}

export type Verification = "run" | "source" | "issue" | "doc" | "derived";
/** `low`: too little to deny anything by. */
export type Confidence = "high" | "medium" | "low";

/** Where the version of a controller stands that has no image of its own. */
export interface VersionSetting {
  readonly key: ConfigMapKey;
  /** Its first capture group is the version; where it does not match, the controller is not in use. */
  readonly pattern: Pattern;
}

export interface CatalogController {
  readonly id: string;
  readonly description: string | null;
  readonly images: readonly ImageReference[];
  /** Taken off a tag before the version is read. */
  readonly tagPrefixes: readonly string[];
  /** Label of the workload that tells the version where the tag tells none. */
  readonly versionLabel: string | null;
  readonly versionSetting: VersionSetting | null;
  /** API groups whose definitions come with the controller's own chart or manifests. */
  readonly owns: readonly string[];
  /** Null: its needs always hold. */
  readonly when: Condition | null;
  /** Oldest first; ranges do not overlap. */
  readonly releases: readonly CatalogRelease[];
}

/** One controller an id. */
export type Catalog = readonly CatalogController[];

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
  if (!isCatalogFile(input)) return failed((isCatalogFile.errors ?? []).filter(isTelling).map(toCatalogError));
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

/** First version that a release's range holds. */
export function minimumVersion(release: Pick<CatalogRelease, "versions">): string {
  return semver.minVersion(release.versions)?.version ?? "0.0.0";
}

/** Controllers whose image this is; a program may carry another that is catalogued by itself. */
export function controllersOf(catalog: Catalog, image: ImageReference): readonly CatalogController[] {
  let index = INDEXES.get(catalog);
  if (index === undefined) INDEXES.set(catalog, (index = indexByImage(catalog)));
  const found = lookUpKeys(image).flatMap((key) => index.get(key) ?? []);
  return found.length === 0
    ? found
    : [...new Set(found)].filter(({ images }) => images.some((known) => isSameRepository(image, known)));
}

/** Most images of a cluster are in no catalog, and one look must tell: by the last segment of the path. */
const INDEXES = new WeakMap<Catalog, ReadonlyMap<string, readonly CatalogController[]>>();

function indexByImage(catalog: Catalog): ReadonlyMap<string, readonly CatalogController[]> {
  const index = new Map<string, CatalogController[]>();
  for (const controller of catalog) {
    for (const key of controller.images.flatMap(knownKeys)) index.set(key, [...(index.get(key) ?? []), controller]);
  }
  return index;
}

/** Every ConfigMap key that any need of a catalog hangs on. */
export function wantedKeys(catalog: Catalog): readonly ConfigMapKey[] {
  return catalog.flatMap(({ when, versionSetting, releases }) => [
    ...(versionSetting === null ? [] : [versionSetting.key]),
    ...[when, ...releases.flatMap(({ needs }) => needs.map((need) => need.when))].flatMap((condition) =>
      condition === null ? [] : configMapKeys(condition),
    ),
  ]);
}

/** A user's entries beside or in place of the built-in ones, by id. */
export function mergeCatalogs(builtIn: Catalog, own: Catalog): Catalog {
  const ids = new Set(own.map(({ id }) => id));
  return [...builtIn.filter(({ id }) => !ids.has(id)), ...own].toSorted((left, right) => (left.id < right.id ? -1 : 1));
}

interface CatalogFile {
  readonly controller: string;
  readonly description?: string;
  readonly images: readonly string[];
  readonly tagPrefixes?: readonly string[];
  readonly versionLabel?: string;
  readonly versionSetting?: { readonly configMap: ConfigMapText };
  readonly owns?: readonly string[];
  readonly when?: ConditionText;
  readonly releases: readonly {
    readonly versions: string;
    readonly verified: Verification;
    readonly confidence: Confidence;
    readonly effect?: string;
    readonly errors?: readonly string[];
    readonly sources: readonly string[];
    readonly needs: readonly NeedText[];
  }[];
}

interface NeedText {
  /** Several share what is told of them. */
  readonly resource: string | readonly string[];
  readonly versions: readonly string[];
  readonly presence: Presence;
  readonly outcomes: Outcome | Requirement["outcomes"];
  readonly when?: ConditionText;
  readonly note?: string;
}

interface ConfigMapText {
  readonly namespace?: string;
  readonly name: string;
  readonly key: string;
  readonly equals?: string;
  readonly matches?: string;
}

/** Exactly one member is set. */
interface ConditionText {
  readonly arg?: string;
  readonly argRegex?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly configMap?: ConfigMapText;
  readonly not?: ConditionText;
  readonly anyOf?: readonly ConditionText[];
  readonly allOf?: readonly ConditionText[];
  readonly unreadable?: string;
}

const nonEmptyText = { type: "string", minLength: 1 } as const;
const texts = { type: "array", minItems: 1, items: nonEmptyText } as const;
const outcome = { enum: ["works", "loses-feature", "stops-working", "crashes"] } as const;
const condition = { $ref: "#/definitions/condition" } as const;
const configMap = {
  type: "object",
  required: ["name", "key"],
  additionalProperties: false,
  properties: {
    namespace: nonEmptyText,
    name: nonEmptyText,
    key: nonEmptyText,
    equals: { type: "string" },
    matches: nonEmptyText,
  },
} as const;

const crdName = {
  type: "string",
  pattern: "^[a-z0-9-]+(\\.[a-z0-9-]+)+$",
  description: "of the form <plural>.<group>, as the name of a CRD",
} as const;

/** Ten times what the longest file needs. Each is compared with all others, and a user's ConfigMap may be a megabyte. */
const MAX_RELEASES = 100;

const isCatalogFile = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true }).compile<CatalogFile>({
  type: "object",
  required: ["controller", "images", "releases"],
  additionalProperties: false,
  definitions: {
    condition: {
      type: "object",
      minProperties: 1,
      maxProperties: 1,
      additionalProperties: false,
      properties: {
        arg: nonEmptyText,
        argRegex: nonEmptyText,
        env: { type: "object", minProperties: 1, maxProperties: 1, additionalProperties: { type: "string" } },
        configMap: { ...configMap, oneOf: [{ required: ["equals"] }, { required: ["matches"] }] },
        not: condition,
        anyOf: { type: "array", minItems: 1, items: condition },
        allOf: { type: "array", minItems: 1, items: condition },
        unreadable: nonEmptyText,
      },
    },
  },
  properties: {
    controller: {
      type: "string",
      pattern: "^[a-z0-9][a-z0-9-]*$",
      description: "an id of small letters, digits and hyphens",
    },
    description: nonEmptyText,
    images: texts,
    tagPrefixes: texts,
    versionLabel: nonEmptyText,
    versionSetting: {
      type: "object",
      required: ["configMap"],
      additionalProperties: false,
      properties: { configMap: { ...configMap, required: ["name", "key", "matches"] } },
    },
    owns: texts,
    when: condition,
    releases: {
      type: "array",
      minItems: 1,
      maxItems: MAX_RELEASES,
      items: {
        type: "object",
        required: ["versions", "needs", "sources", "verified", "confidence"],
        additionalProperties: false,
        properties: {
          versions: nonEmptyText,
          verified: { enum: ["run", "source", "issue", "doc", "derived"] },
          confidence: { enum: ["high", "medium", "low"] },
          sources: texts,
          effect: nonEmptyText,
          errors: texts,
          needs: {
            type: "array",
            minItems: 1,
            items: {
              type: "object",
              required: ["resource", "versions", "presence", "outcomes"],
              additionalProperties: false,
              properties: {
                resource: { ...crdName, type: ["string", "array"], minItems: 1, uniqueItems: true, items: crdName },
                versions: texts,
                presence: { enum: PRESENCES },
                outcomes: {
                  type: ["string", "object"],
                  required: ["absent", "unlisted", "unserved"],
                  additionalProperties: false,
                  properties: { absent: outcome, unlisted: outcome, unserved: outcome },
                  // No anyOf, which would tell the errors of the form that was not meant too.
                  if: { type: "object" },
                  else: outcome,
                },
                when: condition,
                note: nonEmptyText,
              },
            },
          },
        },
      },
    },
  },
});

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

/** Left out: errors of a whole that only repeat those of its parts, and those of parts of which one would do. */
function isTelling({ keyword, schemaPath }: ErrorObject): boolean {
  return keyword !== "if" && !schemaPath.includes("/oneOf/");
}

function toCatalogError(error: ErrorObject): CatalogError {
  const unknown: unknown = error.params["additionalProperty"];
  const path = typeof unknown === "string" ? `${error.instancePath}/${pointerStep(unknown)}` : error.instancePath;
  return { code: "catalog-malformed", path, message: describeError(error) };
}

/** Source: RFC 6901, section 3. */
function pointerStep(member: string): string {
  return member.replaceAll("~", "~0").replaceAll("/", "~1");
}

function describeError({ keyword, message, params, data, parentSchema }: ErrorObject): string {
  switch (keyword) {
    case "additionalProperties": {
      const unknown = String(params["additionalProperty"]);
      const meant = nearestWord(unknown, Object.keys(Object(parentSchema?.["properties"])));
      return `unknown member "${unknown}"${meant === null ? "" : `; did you mean "${meant}"?`}`;
    }
    case "required":
      return `"${String(params["missingProperty"])}" is missing`;
    case "enum":
      return `${shortened(data)} is none of ${String(params["allowedValues"]).replaceAll(",", ", ")}`;
    case "pattern":
      return `${shortened(data)} is not ${String(parentSchema?.["description"])}`;
    case "oneOf":
      return 'either "equals" or "matches" is needed';
    case "minProperties":
    case "maxProperties":
      return "exactly one member is needed; several conditions go into allOf or anyOf";
    default:
      return `${shortened(data)} ${message ?? "is malformed"}`;
  }
}

function shortened(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? "";
}

function failed(errors: readonly CatalogError[]): CatalogFileResult {
  const [first = { code: "catalog-malformed", path: "", message: "is malformed" }, ...others] = errors;
  return { ok: false, errors: [first, ...others] };
}

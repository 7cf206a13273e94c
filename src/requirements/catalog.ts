/** @file What known controllers need, by image and version: the model, and how it is looked into. */
import type { Requirement } from "../rules/requirement.ts";
import { type Condition, type ConfigMapKey, configMapKeys, type Pattern } from "./condition.ts";
import { loadRanges } from "./lazy-packages.ts";
import { type ImageReference, isSameRepository, knownKeys, lookUpKeys } from "./image.ts";

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

/** First version that a release's range holds. */
export function minimumVersion(release: Pick<CatalogRelease, "versions">): string {
  return loadRanges().minVersion(release.versions)?.version ?? "0.0.0";
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

/** @file What `crdguard catalog show` tells of the catalog: as text for people, and as JSON. */
import semver from "semver";
import { countOf, escaped } from "../explain/text.ts";
import {
  type Catalog,
  type CatalogController,
  type CatalogNeed,
  type CatalogRelease,
  minimumVersion,
} from "../requirements/catalog.ts";
import { type Condition, type ConfigMapKey, describeCondition } from "../requirements/condition.ts";
import { crdNameOf, type Requirement } from "../rules/requirement.ts";

/** The contract of `crdguard catalog show -o json`. Members are added, never changed, within a version. */
export interface CatalogListReport {
  readonly apiVersion: "crdguard.dev/v1alpha1";
  readonly kind: "CatalogList";
  readonly controllers: readonly {
    readonly controller: string;
    readonly description: string | null;
    /** Repositories, without registry. */
    readonly images: readonly string[];
    /** Semver ranges, oldest first. */
    readonly versions: readonly string[];
  }[];
}

/** The contract of `crdguard catalog show CONTROLLER -o json`. */
export interface CatalogControllerReport {
  readonly apiVersion: "crdguard.dev/v1alpha1";
  readonly kind: "CatalogController";
  readonly controller: string;
  readonly description: string | null;
  readonly images: readonly string[];
  readonly owns: readonly string[];
  readonly tagPrefixes: readonly string[];
  readonly versionLabel: string | null;
  readonly versionSetting: { readonly configMap: ConfigMapKey; readonly matches: string } | null;
  /** In words; null: always. */
  readonly when: string | null;
  readonly releases: readonly ReportedRelease[];
}

export interface ReportedRelease extends Pick<
  CatalogRelease,
  "versions" | "verified" | "confidence" | "effect" | "errors" | "sources"
> {
  readonly needs: readonly {
    readonly crd: string;
    readonly versions: readonly string[];
    readonly presence: Requirement["presence"];
    readonly outcomes: Requirement["outcomes"];
    readonly when: string | null;
    readonly note: string | null;
  }[];
}

export function listReport(catalog: Catalog): CatalogListReport {
  return {
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "CatalogList",
    controllers: catalog.map(({ id, description, images, releases }) => ({
      controller: id,
      description,
      images: images.map(({ path }) => path),
      versions: releases.map(({ versions }) => versions),
    })),
  };
}

export function controllerReport(controller: CatalogController): CatalogControllerReport {
  const { id, description, images, owns, tagPrefixes, versionLabel, versionSetting, when, releases } = controller;
  return {
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "CatalogController",
    controller: id,
    description,
    images: images.map(({ path }) => path),
    owns,
    tagPrefixes,
    versionLabel,
    versionSetting: versionSetting === null ? null : { configMap: versionSetting.key, matches: versionSetting.pattern.source },
    when: wordsOf(when),
    releases: releases.map(({ needs, ...release }) => ({ ...release, needs: needs.map(reportNeed) })),
  };
}

function reportNeed({ requirement, when, note }: CatalogNeed): ReportedRelease["needs"][number] {
  const { versions, presence, outcomes } = requirement;
  return {
    crd: crdNameOf(requirement),
    versions,
    presence,
    outcomes,
    when: wordsOf(when),
    note,
  };
}

function wordsOf(when: Condition | null): string | null {
  return when === null ? null : describeCondition(when);
}

export function listLines(catalog: Catalog): readonly string[] {
  const rows = catalog.map((controller) => [
    controller.id,
    spanOf(controller),
    String(new Set(controller.releases.flatMap(({ needs }) => needs.map((need) => crdNameOf(need.requirement)))).size),
    controller.description ?? "",
  ]);
  return [
    ...columns([["CONTROLLER", "VERSIONS", "CRDS", "DESCRIPTION"], ...rows]),
    "",
    `${countOf(catalog.length, "controller")}; crdguard catalog show CONTROLLER[@VERSION] tells what it needs`,
  ];
}

export function controllerLines(controller: CatalogController): readonly string[] {
  const { id, description, images, owns, tagPrefixes, versionLabel, versionSetting, when, releases } = controller;
  const facts: readonly (readonly [string, string])[] = [
    ["images", images.map(({ path }) => path).join(", ")],
    ...(owns.length === 0 ? [] : [["brings", `the definitions of ${owns.join(", ")}`] as const]),
    ...(tagPrefixes.length === 0 ? [] : [["tags", `begin with ${tagPrefixes.join(" or ")}`] as const]),
    ...(versionLabel === null ? [] : [["version", `in label ${versionLabel}, where the tag tells none`] as const]),
    ...(versionSetting === null ? [] : [["version", `in ${placeOf(versionSetting.key)}`] as const]),
    ...(when === null ? [] : [["only where", describeCondition(when)] as const]),
  ];
  return [
    description === null ? id : `${id}: ${description}`,
    ...columns(facts).map((line) => `  ${line}`),
    ...releases.flatMap((release) => ["", ...releaseLines(release)]),
    // A user's own file may hold anything. Nothing is cut: all of it was asked for.
  ].map(escaped);
}

function releaseLines(release: CatalogRelease): readonly string[] {
  return [
    `${release.versions}  (${release.verified}, confidence ${release.confidence})`,
    ...(release.effect === null ? [] : [`  without what it must have, it ${release.effect}`]),
    ...needGroups(release.needs).flatMap(({ when, note, needs }) => [
      ...titleLines("needs", when, note).map((line) => `  ${line}`),
      ...columns(needs.map(needCells)).map((line) => `    ${line}`),
    ]),
    ...listed("its log then says", release.errors),
    ...listed("sources", release.sources),
  ];
}

/** Of several conditions of which one will do, each has its line. */
function titleLines(title: string, when: Condition | null, note: string | null): readonly string[] {
  const ending = note === null ? "" : `  (${note})`;
  if (when === null) return [`${title}${ending}`];
  const alternatives = when.kind === "any-of" ? when.conditions : [when];
  return [
    `${title}, only where${ending}`,
    ...alternatives.map((condition, index) => `    ${index === 0 ? "" : "or "}${describeCondition(condition)}`),
  ];
}

function needCells({ requirement }: CatalogNeed): readonly string[] {
  return [crdNameOf(requirement), requirement.versions.join(" or "), requirement.presence, outcomeText(requirement.outcomes)];
}

/** One word where the three states are alike. */
function outcomeText({ absent, unlisted, unserved }: Requirement["outcomes"]): string {
  return absent === unlisted && unlisted === unserved
    ? absent
    : `absent: ${absent}, unlisted: ${unlisted}, unserved: ${unserved}`;
}

interface NeedGroup {
  readonly when: Condition | null;
  readonly note: string | null;
  readonly needs: CatalogNeed[];
}

/** Neighbours that hold under the same condition, with the same note. */
function needGroups(needs: readonly CatalogNeed[]): readonly NeedGroup[] {
  const groups: NeedGroup[] = [];
  for (const need of needs) {
    const last = groups.at(-1);
    if (last !== undefined && wordsOf(last.when) === wordsOf(need.when) && last.note === need.note) last.needs.push(need);
    else groups.push({ when: need.when, note: need.note, needs: [need] });
  }
  return groups;
}

function listed(title: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [`  ${title}`, ...items.map((item) => `    ${item}`)];
}

function placeOf({ namespace, name, key }: ConfigMapKey): string {
  return `${key} of ConfigMap ${namespace === null ? name : `${namespace}/${name}`}`;
}

/** `1.13.0 and newer`, `1.0.0 to below 1.4.0`. */
export function spanOf({ releases }: CatalogController): string {
  const [first] = releases;
  const last = releases.at(-1);
  if (first === undefined || last === undefined) return "nothing";
  const bounds = new semver.Range(last.versions).set.at(-1) ?? [];
  const below = bounds.find(({ operator }) => operator === "<" || operator === "<=");
  const start = minimumVersion(first);
  if (below === undefined) return `${start} and newer`;
  // A range like 1.5.x ends below a pre-release, which is how semver leaves those of the next release out.
  return `${start} to ${below.operator === "<" ? "below " : ""}${below.semver.version.replace(/-0$/, "")}`;
}

/** Each column as wide as its widest cell, but the last, which nothing follows. */
function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

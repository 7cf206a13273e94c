/** @file What releases of catalogued controllers need, apart from any workload: by default, and under each setting. */
import type { NeededApi } from "../rules/compatibility.ts";
import { crdNameOf } from "../rules/requirement.ts";
import type { CatalogController, CatalogRelease } from "./catalog.ts";
import { type Condition, type ContainerSettings, describeCondition, evaluateCondition } from "./condition.ts";
import { isInRange, readTagVersion } from "./image.ts";

export interface ReleaseNeeds {
  readonly controller: string;
  /** Semver range. */
  readonly versions: string;
  /** What the whole entry is about, and is taken to hold: Cilium's Gateway API support. Null where there is no such thing. */
  readonly premise: string | null;
  /** Null: without any setting, or with those given. Else the setting that these needs come with. */
  readonly setting: string | null;
  readonly needs: readonly NeededApi[];
}

/**
 * One entry by the settings given, and one more for each setting that brings further needs, so that none is lost.
 * @param args of the controller; none is its default configuration.
 * @param isOfInterest by name of the CRD.
 */
export function needsOfRelease(
  controller: CatalogController,
  release: CatalogRelease,
  args: readonly string[],
  isOfInterest: (crdName: string) => boolean,
): readonly ReleaseNeeds[] {
  const settings: ContainerSettings = { namespace: "", args, env: {}, hasForeignEnv: false };
  const bySetting = new Map<string | null, NeededApi[]>();
  for (const { requirement, when } of release.needs) {
    if (!isOfInterest(crdNameOf(requirement))) continue;
    // A ConfigMap of which nothing is known holds no key: the default.
    const holds = when === null || evaluateCondition(when, settings, () => null).kind === "yes";
    const setting = holds ? null : briefly(when);
    bySetting.set(setting, [...(bySetting.get(setting) ?? []), { requirement, effect: release.effect }]);
  }
  const premise = controller.when === null || holdsByDefault(controller.when, settings) ? null : briefly(controller.when);
  return [...bySetting].map(([setting, needs]) => ({
    controller: controller.id,
    versions: release.versions,
    premise,
    setting,
    needs,
  }));
}

/** @param version with or without a leading v. */
export function findRelease({ releases, tagPrefixes }: CatalogController, version: string): CatalogRelease | null {
  const tag = readTagVersion(version, tagPrefixes);
  return tag.kind === "unknown" ? null : (releases.find(({ versions }) => isInRange(tag, versions)) ?? null);
}

function holdsByDefault(condition: Condition, settings: ContainerSettings): boolean {
  return evaluateCondition(condition, settings, () => null).kind === "yes";
}

/** Of several ways to the same setting, the first: it is the usual one. */
function briefly(condition: Condition): string {
  switch (condition.kind) {
    case "any-of":
      return condition.conditions[0] === undefined ? "" : briefly(condition.conditions[0]);
    case "all-of":
      return condition.conditions.map(briefly).join(" and ");
    case "arg":
    case "arg-regex":
    case "env":
    case "config-map":
    case "not":
    case "unreadable":
      return describeCondition(condition);
  }
}

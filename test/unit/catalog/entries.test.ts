/** @file What must be true of every entry of the shipped catalog, whoever wrote it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import semver from "semver";
import { describe, expect, it } from "vitest";
import type { CatalogController, CatalogNeed, CatalogRelease } from "../../../src/requirements/catalog.ts";
import { BUILT_IN_FOLDER } from "../../../src/requirements/built-in-folder.ts";
import { lintCatalogText } from "../../../src/requirements/catalog-lint.ts";
import { minimumVersion } from "../../../src/requirements/catalog.ts";
import type { Certainty } from "../../../src/rules/facts.ts";
import { compareHarm, crdNameOf } from "../../../src/rules/requirement.ts";
import { clusterMeeting, outcomeFor, withoutApi } from "./clusters.ts";
import { settingsFor, together } from "./satisfy.ts";
import { NAMESPACE, needsOf, type Settings, shippedCatalog } from "./workloads.ts";

const catalog = await shippedCatalog();

it("knows the controllers that its files are named after", () => {
  const files = readdirSync(BUILT_IN_FOLDER).filter((file) => file.endsWith(".yaml"));

  expect(files.toSorted()).toEqual(catalog.map(({ id }) => `${id}.yaml`).toSorted());
  expect(catalog.length).toBeGreaterThanOrEqual(43);
});

describe.each(catalog)("$id", (controller) => {
  it("has a file without a problem", () => {
    const text = readFileSync(join(BUILT_IN_FOLDER, `${controller.id}.yaml`), "utf8");

    expect(lintCatalogText(text).problems).toEqual([]);
  });

  it("has ranges that do not overlap, oldest first, each from a version that it holds", () => {
    const { releases } = controller;

    expect(
      releases.flatMap((left, index) =>
        releases.slice(index + 1).filter((right) => semver.intersects(left.versions, right.versions)),
      ),
    ).toEqual([]);
    expect(releases.map(minimumVersion)).toEqual(releases.map(minimumVersion).toSorted(semver.compare));
    expect(releases.filter((release) => !semver.satisfies(minimumVersion(release), release.versions))).toEqual([]);
  });

  it("tells of each release what becomes of it, as a clause, and where that was read", () => {
    const untold = controller.releases.filter(
      ({ effect, sources }) => effect === null || !/^[a-z].*[^.]$/.test(effect) || sources.some((source) => source.length < 10),
    );

    expect(untold).toEqual([]);
  });

  it("has conditions that can be told apart: each holds under some settings, and does not under others", () => {
    const conditions = [controller.when, ...controller.releases.flatMap(({ needs }) => needs.map(({ when }) => when))].filter(
      (condition) => condition !== null,
    );
    const alike = conditions.filter(
      (condition) =>
        settingsFor(condition, false).length === 0 ||
        // Nothing tells crdguard whether a Rollout routes by some mesh, so that it can be ruled out alone.
        (settingsFor(condition, true).length === 0 && controller.id !== "argo-rollouts"),
    );

    expect(alike).toEqual([]);
  });

  it.each(controller.releases)("$versions is met in one cluster, and hurt by each API that goes away", (release) => {
    const crds = clusterMeeting(release.needs.map(({ requirement }) => requirement));
    for (const need of release.needs) {
      const found = settingsUnder(controller, need).map((settings) => ({
        need: find(controller, release, need, settings),
        settings,
      }));

      expect(found).not.toEqual([]);
      expect(found.filter((one) => one.need === undefined)).toEqual([]);
      expect(found.map((one) => one.need?.certainty.kind)).toEqual(found.map(() => certaintyOf(release, need)));
      expect(outcomeFor(need.requirement, crds)).toBe("works");
      const outcomes = Object.values(withoutApi(crds, need.requirement)).map((other) => outcomeFor(need.requirement, other));
      expect(outcomes.some((outcome) => compareHarm(outcome, "works") > 0)).toBe(true);
    }
  });

  it.each(controller.releases)("$versions needs nothing that hangs on a setting which is otherwise", (release) => {
    for (const need of release.needs.filter(({ when }) => when !== null)) {
      const switchedOn = settingsFor(controller.when, true).map((settings) =>
        together(settings, versionSettings(controller, release)),
      );
      for (const settings of switchedOn.flatMap((on) => settingsFor(need.when, false).map((off) => together(on, off)))) {
        expect(find(controller, release, need, settings)).toBeUndefined();
      }
    }
  });
});

/** Every way to switch the controller and the need on; where nothing can tell, the settings that leave it open. */
function settingsUnder(controller: CatalogController, need: CatalogNeed): readonly Settings[] {
  const release = controller.releases.find(({ needs }) => needs.includes(need));
  if (release === undefined) return [];
  const ways = settingsFor(need.when, true);
  return settingsFor(controller.when, true).flatMap((on) =>
    (ways.length === 0 ? [{}] : ways).map((way) => [on, way, versionSettings(controller, release)].reduce(together)),
  );
}

function find(controller: CatalogController, release: CatalogRelease, need: CatalogNeed, settings: Settings) {
  return needsOf(catalog, imageOf(controller, release), settings).find(
    ({ source, requirement }) =>
      source.kind === "catalog" &&
      source.controller === controller.id &&
      source.versionRange === release.versions &&
      crdNameOf(requirement) === crdNameOf(need.requirement),
  );
}

function certaintyOf({ confidence }: CatalogRelease, need: CatalogNeed): Certainty["kind"] {
  if (settingsFor(need.when, true).length === 0) return "conditional";
  return confidence === "low" ? "unconfirmed" : "known";
}

/** The oldest release of a range, tagged as the controller is. */
function imageOf(controller: CatalogController, release: CatalogRelease): string {
  const path = controller.images[0]?.path ?? "";
  if (controller.versionLabel !== null) return `registry.example/${path}@sha256:0a1b`;
  return `registry.example/${path}:${controller.tagPrefixes[0] ?? "v"}${minimumVersion(release)}`;
}

/** Where the tag does not tell the version. */
function versionSettings({ versionLabel, versionSetting }: CatalogController, release: CatalogRelease): Settings {
  if (versionLabel !== null) return { labels: { [versionLabel]: minimumVersion(release) } };
  if (versionSetting === null) return {};
  const { namespace, name, key } = versionSetting.key;
  const location = "https://github.com/argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi/releases/download";
  const value = `- name: argoproj-labs/gatewayAPI\n  location: ${location}/v${minimumVersion(release)}/gatewayapi-plugin-linux-amd64\n`;
  return { configMaps: { [`${namespace ?? NAMESPACE}/${name}/${key}`]: value } };
}

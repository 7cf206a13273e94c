/** @file Finds what one workload needs: by its own declaration, or else by what the catalog knows of its image. */
import type { Certainty, LaterRelease, Need, UnreadableDeclaration } from "../rules/facts.ts";
import { crdNameOf, type Requirement } from "../rules/requirement.ts";
import { parseDeclaration, REQUIRES, USES } from "./annotations.ts";
import { type Catalog, type CatalogController, type CatalogRelease, minimumVersion } from "./catalog.ts";
import { isInRange, isSameRepository, parseImage, readTagVersion } from "./image.ts";
import type { Container, Workload } from "./workload.ts";

export interface WorkloadNeeds {
  readonly needs: readonly Need[];
  readonly unreadable: readonly UnreadableDeclaration[];
}

/**
 * Reads a setting that a catalog entry's `when` asks for. `undefined`: the ConfigMap could not be read, or does not
 * exist; `null`: it exists without the key.
 */
export type ReadSetting = (namespace: string, name: string, key: string) => string | null | undefined;

/**
 * A declaration, even an unreadable one, replaces the catalog's entry, so that an owner can correct the catalog. A
 * workload that does not run needs nothing.
 */
export function findNeeds(workload: Workload, catalog: Catalog, readSetting: ReadSetting): WorkloadNeeds {
  if (!workload.isRunning) return { needs: [], unreadable: [] };
  if ([REQUIRES, USES].some((key) => key in workload.annotations)) return readDeclarations(workload);
  return {
    needs: workload.containers.flatMap((container) => catalogNeeds(workload, container, catalog, readSetting)),
    unreadable: [],
  };
}

function readDeclarations(workload: Workload): WorkloadNeeds {
  const needs: Need[] = [];
  const unreadable: UnreadableDeclaration[] = [];
  for (const key of [REQUIRES, USES] as const) {
    const value = workload.annotations[key];
    if (value === undefined) continue;
    const result = parseDeclaration(key, value);
    if (result.ok) needs.push(...result.value.map((requirement) => declaredNeed(workload, key, requirement)));
    else unreadable.push({ workload: workload.ref, key, value, problem: result.error.message });
  }
  return { needs, unreadable };
}

function declaredNeed(workload: Workload, key: string, requirement: Requirement): Need {
  return {
    workload: workload.ref,
    requirement,
    source: { kind: "annotation", key },
    certainty: { kind: "known" },
    laterReleases: [],
  };
}

function catalogNeeds(workload: Workload, container: Container, catalog: Catalog, readSetting: ReadSetting): readonly Need[] {
  const image = parseImage(container.image);
  const controller = catalog.find((known) => known.images.some((candidate) => isSameRepository(image, candidate)));
  if (controller === undefined) return [];
  const switchedOn = readSwitch(controller, readSetting);
  if (switchedOn === "off") return [];

  const version = readTagVersion(image.tag);
  const release =
    version.kind === "unknown" ? undefined : controller.releases.find((known) => isInRange(version, known.versions));
  const isUnknown = version.kind === "unknown" || (release === undefined && version.kind === "minor");
  const releases = isUnknown ? controller.releases : release === undefined ? [] : [release];
  const certainty: Certainty = isUnknown ? { kind: "unknown-version" } : switchedOn;
  return releases.flatMap((known) =>
    known.requirements.map((requirement) => ({
      workload: workload.ref,
      requirement,
      source: {
        kind: "catalog",
        controller: controller.id,
        versionRange: known.versions,
        image: container.image,
        container: container.name,
      },
      certainty,
      laterReleases: isUnknown ? [] : laterReleases(controller, known, requirement),
    })),
  );
}

function readSwitch(
  controller: CatalogController,
  readSetting: ReadSetting,
): "off" | Exclude<Certainty, { kind: "unknown-version" }> {
  if (controller.when === null) return { kind: "known" };
  const { namespace, name, key, equals } = controller.when.configMap;
  const value = readSetting(namespace, name, key);
  if (value === undefined) return { kind: "assumed", condition: `${key}=${equals} in ConfigMap ${namespace}/${name}` };
  return value === equals ? { kind: "known" } : "off";
}

function laterReleases(
  controller: CatalogController,
  current: CatalogRelease,
  requirement: Requirement,
): readonly LaterRelease[] {
  return controller.releases.slice(controller.releases.indexOf(current) + 1).map((release) => ({
    minimumVersion: minimumVersion(release),
    requirement: release.requirements.find((candidate) => crdNameOf(candidate) === crdNameOf(requirement)) ?? null,
  }));
}

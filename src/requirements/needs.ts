/**
 * @file Finds what one workload needs: by its own declaration, or else by APIRequirements that speak of it, or else by what
 * the catalog knows of its image and OLM of its installation.
 */
import type { Certainty, LaterRelease, Need, NeedSource, UnreadableDeclaration, WorkloadNeeds } from "../rules/facts.ts";
import { crdNameOf, type Requirement } from "../rules/requirement.ts";
import { declaredKeys, parseDeclaration, REQUIRES, USES } from "./annotations.ts";
import { type ApiRequirement, speaksOf } from "./api-requirement.ts";
import { type Catalog, type CatalogController, controllersOf, type CatalogRelease, minimumVersion } from "./catalog.ts";
import { type ClusterServiceVersion, installs } from "./cluster-service-version.ts";
import { type Condition, type ContainerSettings, evaluateCondition, type ReadSetting, type Truth } from "./condition.ts";
import { isInRange, parseImage, readTagVersion, type TagVersion } from "./image.ts";
import type { Container, Workload } from "./workload.ts";

/** Everything beside a workload itself that tells what it needs. */
export interface NeedSources {
  readonly catalog: Catalog;
  readonly readSetting: ReadSetting;
  /** Of the workload's namespace at least; those that speak of others are passed over. */
  readonly apiRequirements: readonly ApiRequirement[];
  readonly clusterServiceVersions: readonly ClusterServiceVersion[];
}

/**
 * A declaration, even an unreadable one, replaces what is known otherwise, so that an owner can correct it. A workload
 * that does not run needs nothing.
 */
export function findNeeds(workload: Workload, sources: NeedSources): WorkloadNeeds {
  if (!workload.isRunning) return NOTHING;
  const { needs, unreadable } = knownNeeds(workload, sources);
  return { needs, unreadable: [...unreadable, ...strayAnnotations(workload)] };
}

/** A key with a slip in it declares nothing, and its owner believes that it does. */
function strayAnnotations({ ref, annotations }: Workload): readonly UnreadableDeclaration[] {
  return Object.entries(annotations)
    .filter(([key]) => key !== REQUIRES && key !== USES)
    .map(([key, value]) => ({
      workload: ref,
      key,
      value,
      problem: `there is no such annotation; ${REQUIRES} and ${USES} are known`,
    }));
}

function knownNeeds(workload: Workload, sources: NeedSources): WorkloadNeeds {
  if (declaredKeys(workload.annotations).length > 0) return readDeclarations(workload);
  const declared = sources.apiRequirements.filter((candidate) => speaksOf(candidate, workload));
  if (declared.length > 0) return { needs: declared.flatMap((own) => declaredNeeds(workload, own)), unreadable: [] };
  const catalogued = workload.containers.flatMap((container) => catalogNeeds(workload, container, sources));
  return { needs: [...catalogued, ...olmNeeds(workload, sources)], unreadable: [] };
}

const NOTHING: WorkloadNeeds = { needs: [], unreadable: [] };

function readDeclarations(workload: Workload): WorkloadNeeds {
  const needs: Need[] = [];
  const unreadable: UnreadableDeclaration[] = [];
  for (const key of declaredKeys(workload.annotations)) {
    const value = workload.annotations[key];
    if (value === undefined) continue;
    const result = parseDeclaration(key, value);
    if (result.ok)
      needs.push(...result.value.map((requirement) => certainNeed(workload, requirement, { kind: "annotation", key })));
    else unreadable.push({ workload: workload.ref, key, value, problem: result.error.message });
  }
  return { needs, unreadable };
}

function declaredNeeds(workload: Workload, { name, requirements }: ApiRequirement): readonly Need[] {
  return requirements.map(({ requirement, reason }) =>
    certainNeed(workload, requirement, { kind: "api-requirement", name, reason }),
  );
}

/**
 * Where the catalog speaks of an API, it knows more than OLM does: how this release looks for it, and under which settings it
 * does not.
 */
function olmNeeds(workload: Workload, sources: NeedSources): readonly Need[] {
  const installers = sources.clusterServiceVersions.filter((version) => installs(version, workload));
  if (installers.length === 0) return [];
  const spokenOf = new Set(
    workload.containers.flatMap((container) =>
      controllersOf(sources.catalog, parseImage(container.image))
        .flatMap((controller) => releasesInUse(controller, workload, container, sources.readSetting).releases)
        .flatMap(({ needs }) => needs.map(({ requirement }) => crdNameOf(requirement))),
    ),
  );
  return installers.flatMap(({ name, requirements }) =>
    requirements
      .filter((requirement) => !spokenOf.has(crdNameOf(requirement)))
      .map((requirement) => certainNeed(workload, requirement, { kind: "cluster-service-version", name })),
  );
}

function certainNeed({ ref }: Workload, requirement: Requirement, source: NeedSource): Need {
  return { workload: ref, requirement, source, certainty: { kind: "known" }, laterReleases: [] };
}

function catalogNeeds(workload: Workload, container: Container, { catalog, readSetting }: NeedSources): readonly Need[] {
  return controllersOf(catalog, parseImage(container.image)).flatMap((controller) =>
    controllerNeeds(controller, workload, container, readSetting),
  );
}

function controllerNeeds(
  controller: CatalogController,
  workload: Workload,
  container: Container,
  readSetting: ReadSetting,
): readonly Need[] {
  const settings: ContainerSettings = { ...container, namespace: workload.ref.namespace };
  const holds = rememberTruths((condition) => evaluateCondition(condition, settings, readSetting));
  const switchedOn = holds(controller.when);
  if (switchedOn.kind === "no") return [];

  const { releases, isVersionKnown } = releasesInUse(controller, workload, container, readSetting);
  return releases.flatMap((known) => {
    const later = isVersionKnown ? laterReleases(controller, known, holds) : [];
    return known.needs.flatMap((need): readonly Need[] => {
      const certainty = certaintyOf([switchedOn, holds(need.when)], known, isVersionKnown);
      if (certainty === null) return [];
      return [
        {
          workload: workload.ref,
          requirement: need.requirement,
          source: {
            kind: "catalog",
            controller: controller.id,
            versionRange: known.versions,
            image: container.image,
            container: container.name,
            effect: known.effect,
            owns: controller.owns,
          },
          certainty,
          laterReleases: later,
        },
      ];
    });
  });
}

/** Many needs share a condition, and an evaluation is the dearest part of a look-up. */
function rememberTruths(evaluate: (condition: Condition) => Truth): (condition: Condition | null) => Truth {
  const truths = new Map<Condition, Truth>();
  return (condition) => {
    if (condition === null) return { kind: "yes" };
    const known = truths.get(condition);
    if (known !== undefined) return known;
    const truth = evaluate(condition);
    truths.set(condition, truth);
    return truth;
  };
}

/** The one of the version that runs; all of them where nothing tells which, and none where the controller is not in use. */
export function releasesInUse(
  controller: CatalogController,
  workload: Workload,
  container: Container,
  readSetting: ReadSetting,
): { readonly releases: readonly CatalogRelease[]; readonly isVersionKnown: boolean } {
  const version = versionOf(controller, workload, container, readSetting);
  if (version === null) return { releases: [], isVersionKnown: false };
  const release =
    version.kind === "unknown" ? undefined : controller.releases.find((known) => isInRange(version, known.versions));
  return release === undefined
    ? { releases: controller.releases, isVersionKnown: false }
    : { releases: [release], isVersionKnown: true };
}

/** @returns null where the controller is not in use. */
function versionOf(
  { tagPrefixes, versionLabel, versionSetting }: CatalogController,
  workload: Workload,
  container: Container,
  readSetting: ReadSetting,
): TagVersion | null {
  if (versionSetting !== null) {
    const { namespace, name, key } = versionSetting.key;
    const captured = versionSetting.pattern.capture(readSetting(namespace ?? workload.ref.namespace, name, key) ?? "");
    return captured === null ? null : readTagVersion(captured);
  }
  const tagged = readTagVersion(parseImage(container.image).tag, tagPrefixes);
  if (tagged.kind !== "unknown" || versionLabel === null) return tagged;
  return readTagVersion(Object.hasOwn(workload.labels, versionLabel) ? (workload.labels[versionLabel] ?? null) : null);
}

/** @returns null for a need that does not hold. What is least sure decides. */
function certaintyOf(conditions: readonly Truth[], { confidence }: CatalogRelease, isVersionKnown: boolean): Certainty | null {
  if (conditions.some(({ kind }) => kind === "no")) return null;
  if (!isVersionKnown) return { kind: "unknown-version" };
  const unknown = conditions.find((truth) => truth.kind === "unknown");
  if (unknown !== undefined) return { kind: "conditional", condition: unknown.condition };
  if (confidence === "low") return { kind: "unconfirmed" };
  const assumed = conditions.find((truth) => truth.kind === "assumed");
  return assumed === undefined ? { kind: "known" } : { kind: "assumed", condition: assumed.condition };
}

function laterReleases(
  controller: CatalogController,
  current: CatalogRelease,
  holds: (condition: Condition | null) => Truth,
): readonly LaterRelease[] {
  return controller.releases.slice(controller.releases.indexOf(current) + 1).map((release) => ({
    minimumVersion: minimumVersion(release),
    requirements: release.needs.filter(({ when }) => holds(when).kind !== "no").map(({ requirement }) => requirement),
  }));
}

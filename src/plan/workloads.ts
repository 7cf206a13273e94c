/** @file Which releases of each workload there are to choose from: as it runs, as the catalog knows later ones, and as it is asked for. */
import type { ClusterPicture } from "../cluster/picture.ts";
import { compareText } from "../crd/compare-text.ts";
import type { Catalog, CatalogController } from "../requirements/catalog.ts";
import { controllersOf, minimumVersion } from "../requirements/catalog.ts";
import { parseImage, readTagVersion } from "../requirements/image.ts";
import { findNeeds, releasesInUse } from "../requirements/needs.ts";
import { findRelease } from "../requirements/releases.ts";
import type { Container, Workload } from "../requirements/workload.ts";
import { compareReleases } from "../rules/bundle.ts";
import type { WorkloadChange } from "../rules/change.ts";
import { type LaterRelease, type Need, workloadKey } from "../rules/facts.ts";
import { crdNameOf, type Requirement } from "../rules/requirement.ts";
import type { HelmRelease, PlannedWorkload } from "./plan.ts";
import type { PlanWorkload, WorkloadRelease, WorkloadTarget } from "./question.ts";

export interface WorkloadSources {
  /** All of the cluster, running or not. */
  readonly workloads: Iterable<Workload>;
  readonly picture: Pick<ClusterPicture, "needs">;
  readonly catalog: Catalog;
  /** At their new manifests, and what these need: `Preview.workloads`, in the same order. */
  readonly manifests: readonly { readonly workload: Workload; readonly change: WorkloadChange }[];
  /** Versions asked for, by id of the controller in the catalog. */
  readonly versions: ReadonlyMap<string, string>;
}

/** In the order of their keys. A workload that needs nothing, and of which nothing is asked, is left out. */
export function planWorkloads(sources: WorkloadSources): readonly PlanWorkload[] {
  const needs = Map.groupBy([...sources.picture.needs.values()].flat(), ({ workload }) => workloadKey(workload));
  const manifests = new Map(sources.manifests.map((manifest) => [workloadKey(manifest.workload.ref), manifest] as const));
  const today = new Map([...sources.workloads].map((workload) => [workloadKey(workload.ref), workload] as const));
  return [...new Set([...today.keys(), ...manifests.keys()])].toSorted(compareText).flatMap((key): readonly PlanWorkload[] => {
    const running = today.get(key);
    const manifest = manifests.get(key);
    const workload = running ?? manifest?.workload;
    if (workload === undefined) return [];
    const planned = planWorkload(workload, running !== undefined, needs.get(key) ?? [], manifest, sources);
    return planned.today.needs.length === 0 && planned.target === null ? [] : [planned];
  });
}

/** The container whose controller the catalog knows, and the release of it that runs. */
interface Catalogued {
  readonly controller: CatalogController;
  readonly container: Container;
  readonly version: string | null;
}

function planWorkload(
  workload: Workload,
  isThere: boolean,
  needs: readonly Need[],
  manifest: WorkloadSources["manifests"][number] | undefined,
  { catalog, versions }: WorkloadSources,
): PlanWorkload {
  const catalogued = findCatalogued(workload, catalog);
  const later = catalogued === null || catalogued.version === null ? [] : laterReleases(needs, catalogued.controller.id);
  const planned: PlannedWorkload = {
    ref: workload.ref,
    controller: catalogued?.controller.id ?? null,
    image: catalogued?.container.image ?? workload.containers[0]?.image ?? null,
    container: catalogued?.container.name ?? workload.containers[0]?.name ?? null,
    helmRelease: workload.helmRelease ?? (isThere ? null : renderedRelease(workload)),
  };
  const today: WorkloadRelease = { version: catalogued?.version ?? null, needs };
  const isRunning = isThere && workload.isRunning;
  const asked = catalogued === null ? undefined : versions.get(catalogued.controller.id);
  const target =
    manifest === undefined
      ? // What is scaled to zero needs nothing, and is not started for a new version.
        asked === undefined || catalogued === null || !isRunning
        ? null
        : versionTarget(asked, workload, catalogued, today, later)
      : manifestTarget(manifest, isThere ? workload : null, catalog);
  return { workload: planned, isRunning, today, later, target };
}

/**
 * What `helm template` has printed carries none of the annotations that Helm leaves in a cluster.
 * Source: Helm, "Chart Best Practices", section "Standard Labels".
 */
function renderedRelease({ ref, labels }: Workload): HelmRelease | null {
  const name = labels["app.kubernetes.io/instance"];
  return name === undefined || labels["app.kubernetes.io/managed-by"] !== "Helm"
    ? null
    : { namespace: ref.namespace, name, isNew: true };
}

/** The first of a catalogued image, of those whose version is known before others. */
function findCatalogued(workload: Workload, catalog: Catalog): Catalogued | null {
  const found = workload.containers.flatMap((container) =>
    controllersOf(catalog, parseImage(container.image)).map((controller): Catalogued => {
      const { isVersionKnown } = releasesInUse(controller, workload, container, () => undefined);
      const tag = readTagVersion(parseImage(container.image).tag, controller.tagPrefixes);
      const version = tag.kind === "exact" ? tag.version : tag.kind === "minor" ? tag.range.replace(/x$/, "0") : null;
      return { controller, container, version: isVersionKnown ? version : null };
    }),
  );
  return found.find(({ version }) => version !== null) ?? found[0] ?? null;
}

function laterReleases(needs: readonly Need[], controller: string): readonly WorkloadRelease[] {
  const own = needs.find(({ source, laterReleases: later }) => isOf(source, controller) && later.length > 0);
  return (own?.laterReleases ?? []).map((release) => ({
    version: release.minimumVersion,
    needs: needsAt(release, own?.laterReleases ?? [], needs, controller),
  }));
}

/** What others in the same pod need stays the same. */
function needsAt(
  release: LaterRelease,
  all: readonly LaterRelease[],
  needs: readonly Need[],
  controller: string,
): readonly Need[] {
  const sample = needs.find(({ source }) => isOf(source, controller));
  if (sample?.source.kind !== "catalog") return needs;
  const { workload, source } = sample;
  const image = retag(source.image, release.minimumVersion);
  return [
    ...needs.filter((need) => !isOf(need.source, controller)),
    ...release.requirements.map((requirement): Need => ({
      workload,
      requirement,
      source: { ...source, versionRange: `>=${release.minimumVersion}`, image },
      certainty: certaintyOf(requirement, needs),
      laterReleases: all.slice(all.indexOf(release) + 1),
    })),
  ];
}

/** What is doubted of today's release, for a setting that nothing tells, is doubted of a later one. */
function certaintyOf(requirement: Requirement, needs: readonly Need[]): Need["certainty"] {
  const same = needs.filter((need) => crdNameOf(need.requirement) === crdNameOf(requirement));
  return same.find(({ certainty }) => certainty.kind === "conditional")?.certainty ?? { kind: "known" };
}

function isOf(source: Need["source"], controller: string): boolean {
  return source.kind === "catalog" && source.controller === controller;
}

function versionTarget(
  asked: string,
  workload: Workload,
  { controller, version }: Catalogued,
  today: WorkloadRelease,
  later: readonly WorkloadRelease[],
): WorkloadTarget | null {
  // Of what runs today nothing is known, so that nothing can be said of the way from it.
  if (version === null) return null;
  const release = findRelease(controller, asked);
  if (release === null) return { kind: "unknown", wanted: asked };
  const plain = asked.replace(/^v/, "");
  if (compareReleases(plain, version) === 0) return { kind: "version", release: today };
  const known = later.find((one) => one.version === minimumVersion(release));
  const needs =
    known?.needs ??
    (findRelease(controller, version) === release ? today.needs : needsOfOlder(workload, controller, plain, today.needs));
  return { kind: "version", release: { version: plain, needs } };
}

/** Settings that stand in ConfigMaps are taken to be as they must be for the need to hold. */
function needsOfOlder(
  workload: Workload,
  controller: CatalogController,
  version: string,
  needs: readonly Need[],
): readonly Need[] {
  const containers = workload.containers.map((container) => ({ ...container, image: retag(container.image, version) }));
  const sources = { catalog: [controller], readSetting: () => undefined, apiRequirements: [], clusterServiceVersions: [] };
  const own = findNeeds({ ...workload, containers, annotations: {} }, sources).needs;
  return [...needs.filter(({ source }) => !isOf(source, controller.id)), ...own];
}

/** Null where it runs as wanted already, as far as images tell. */
function manifestTarget(
  { workload, change }: WorkloadSources["manifests"][number],
  today: Workload | null,
  catalog: Catalog,
): WorkloadTarget | null {
  const images = (one: Workload): string => one.containers.map(({ name, image }) => `${name}=${image}`).join(" ");
  if (today !== null && images(today) === images(workload) && today.isRunning === workload.isRunning) return null;
  const catalogued = findCatalogued(workload, catalog);
  const image = (catalogued?.container ?? workload.containers[0])?.image;
  return {
    kind: "manifest",
    release: { version: catalogued?.version ?? null, needs: change.needs, ...(image === undefined ? {} : { image }) },
    unreadable: change.unreadable,
  };
}

/** `envoyproxy/gateway:v1.0.1` at 1.1.0: `envoyproxy/gateway:v1.1.0`. A digest is left out, since it is that of the old one. */
export function retag(image: string, version: string): string {
  const [reference = ""] = image.split("@", 1);
  const slash = reference.lastIndexOf("/");
  const colon = reference.indexOf(":", slash + 1);
  if (colon === -1) return `${reference}:v${version}`;
  const tag = reference.slice(colon + 1);
  return `${reference.slice(0, colon)}:${tag.replace(/\d+(?:\.\d+){1,2}/, version)}`;
}

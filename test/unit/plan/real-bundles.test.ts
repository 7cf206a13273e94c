/** @file Every pair of real releases of Gateway API, under controllers of the catalog that get on with the first. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderCluster, readFolderCluster } from "../../../src/cluster/snapshot/folder-cluster.ts";
import type { Crd } from "../../../src/crd/crd.ts";
import { findPlan } from "../../../src/plan/find-plan.ts";
import type { PlanQuestion } from "../../../src/plan/question.ts";
import { planWorkloads } from "../../../src/plan/workloads.ts";
import { NO_FLAGS } from "../../../src/policy/combine.ts";
import { readBundles } from "../../../src/requirements/bundles.ts";
import { type Catalog, type CatalogController, minimumVersion } from "../../../src/requirements/catalog.ts";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import type { Bundle } from "../../../src/rules/bundle.ts";
import { isSure } from "../../../src/rules/hurt.ts";
import { fareOf, isHard } from "../../../src/rules/requirement.ts";
import { sharedPath } from "../../e2e/support/shared.ts";
import { evidence, told, walk } from "../../support/plans.ts";

const folder = sharedPath("crds/gateway-api");

interface Release {
  readonly name: string;
  readonly crds: readonly Crd[];
}

interface Known {
  readonly releases: readonly Release[];
  readonly catalog: Catalog;
  readonly bundles: readonly Bundle[];
}

describe.skipIf(folder === null)("plans between all real releases of Gateway API", () => {
  it(
    "hold no step that would be denied and end in what is wanted, or name what is in the way",
    { timeout: 120_000 },
    async () => {
      const known = await readKnown(folder ?? "");
      const outcomes = { plan: 0, impossible: 0, undecided: 0 };
      let turn = 0;
      for (const from of known.releases) {
        const fitting = fittingImages(from, known);
        expect(fitting.length).toBeGreaterThan(5);
        for (const to of known.releases.filter((other) => other !== from)) {
          for (const images of setsOf(fitting, (turn += 1))) {
            const asked = ask(from, to, images, known);
            const planned = findPlan(asked);
            outcomes[planned.kind] += 1;
            const context = `${from.name} → ${to.name} under ${images.join(", ")}`;
            if (planned.kind !== "plan") {
              expect([context, planned.kind]).toEqual([context, "impossible"]);
              continue;
            }
            const { denials, missing } = walk(asked, planned.steps);
            const steps = told(planned.steps);
            expect({ context, steps, denials, missing }).toEqual({ context, steps, denials: [], missing: [] });
          }
        }
      }
      expect(outcomes.undecided).toBe(0);
      expect(outcomes.plan).toBeGreaterThan(outcomes.impossible);
    },
  );
});

async function readKnown(path: string): Promise<Known> {
  const [catalog, bundles] = await Promise.all([readCatalog(), readBundles()]);
  if (!catalog.ok || !bundles.ok) throw new Error("catalog and bundles can be read");
  const releases: Release[] = [];
  for (const version of readdirSync(path).toSorted()) {
    for (const channel of ["standard", "experimental"]) {
      const cluster = await readFolderCluster(join(path, version, channel), catalog.value);
      if (!cluster.ok) throw new Error(cluster.error.message);
      const crds = [...(cluster.value.picture()?.crds.values() ?? [])];
      releases.push({
        name: `${version} ${channel}`,
        crds: crds.map((crd) => ({ ...crd, stored: { ...crd.stored, source: "status" } })),
      });
    }
  }
  return { releases, catalog: catalog.value, bundles: bundles.value };
}

/** Of each controller that needs something of it, the oldest release and the newest that run with it. */
function fittingImages(release: Release, { catalog }: Known): readonly string[] {
  const crds = new Map(release.crds.map((crd) => [crd.name, crd]));
  return catalog.flatMap((controller) => {
    const images = controller.releases
      .map((own) => imageOf(controller, minimumVersion(own)))
      .filter((image) => {
        const needs = needsOf([image], catalog).filter(
          ({ requirement, source }) => !(source.kind === "catalog" && source.owns.includes(requirement.group)),
        );
        const isAtHome = needs.some(({ requirement }) => requirement.group === "gateway.networking.k8s.io");
        return isAtHome && needs.every((need) => isSure(need) && !isHard(fareOf(need.requirement, crds).outcome));
      });
    return [...new Set([...images.slice(0, 1), ...images.slice(-1)])];
  });
}

/** Three by themselves, a pair and a handful; others with each turn, so that all have theirs. */
function setsOf(images: readonly string[], turn: number): readonly (readonly string[])[] {
  const at = (index: number): string => images[(turn * 3 + index) % images.length] ?? "";
  return [[], [at(0)], [at(1)], [at(2)], [at(0), at(4)], Array.from({ length: 6 }, (_, index) => at(index * 3))].map((set) => [
    ...new Set(set),
  ]);
}

function ask(from: Release, to: Release, images: readonly string[], { catalog, bundles }: Known): PlanQuestion {
  const crds = new Map(from.crds.map((crd) => [crd.name, crd]));
  const { workloads, picture } = clusterOf(images, catalog);
  const whole = { ...picture, crds, bundles };
  return {
    picture: whole,
    wanted: { crds: to.crds, deletions: [] },
    workloads: planWorkloads({ workloads, picture: whole, catalog, manifests: [], versions: new Map() }),
    evidence: new Map(from.crds.map(({ name }) => [name, evidence(2)])),
    flags: NO_FLAGS,
    nowMilliseconds: 0,
  };
}

function needsOf(images: readonly string[], catalog: Catalog) {
  return [...clusterOf(images, catalog).picture.needs.values()].flat();
}

function clusterOf(images: readonly string[], catalog: Catalog) {
  const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cilium-config", namespace: "kube-system" } };
  const objects = [
    { ...settings, data: { "enable-gateway-api": "true" } },
    ...images.map((image, index) => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: `controller-${String(index)}`, namespace: "mill" },
      spec: { replicas: 1, template: { spec: { containers: [{ name: "main", image }] } } },
    })),
  ];
  const cluster = folderCluster(
    "test",
    objects.map((object) => ({ file: "test", line: 1, object })),
    catalog,
  );
  if (!cluster.ok) throw new Error(cluster.error.message);
  const picture = cluster.value.picture();
  if (picture === null) throw new Error("a folder has a picture");
  return { picture, workloads: cluster.value.workloads };
}

function imageOf({ images, tagPrefixes }: CatalogController, version: string): string {
  const [prefix = "v"] = tagPrefixes;
  return `${images[0]?.path ?? ""}:${prefix}${version}`;
}

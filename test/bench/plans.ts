/** @file What a plan costs over all of Gateway API, under many controllers of the catalog. */
import { folderCluster } from "../../src/cluster/snapshot/folder-cluster.ts";
import { findPlan } from "../../src/plan/find-plan.ts";
import type { PlanQuestion } from "../../src/plan/question.ts";
import { planWorkloads } from "../../src/plan/workloads.ts";
import { NO_FLAGS } from "../../src/policy/combine.ts";
import { readBundles } from "../../src/requirements/bundles.ts";
import { type Catalog, minimumVersion } from "../../src/requirements/catalog.ts";
import { readCatalog } from "../../src/requirements/catalog-folder.ts";
import type { Bundle } from "../../src/rules/bundle.ts";
import { isSure } from "../../src/rules/hurt.ts";
import { fareOf, isHard } from "../../src/rules/requirement.ts";
import { evidence } from "../support/plans.ts";

export interface PlanRow {
  readonly from: string;
  readonly to: string;
  readonly controllers: number;
  readonly result: string;
  readonly milliseconds: number;
}

const CONTROLLERS = 10;

/** The median of five, since what is remembered of one question is not kept for the next. */
export async function measurePlans(): Promise<readonly PlanRow[]> {
  const [catalog, bundles] = await Promise.all([readCatalog(), readBundles()]);
  if (!catalog.ok || !bundles.ok) throw new Error("catalog and bundles can be read");
  const find = (version: string, channel: string): Bundle => {
    const bundle = bundles.value.find((one) => one.version === version && one.channel === channel);
    if (bundle === undefined) throw new Error(`there is no ${version} ${channel}`);
    return bundle;
  };
  return [
    [find("1.0.0", "experimental"), find("1.1.0", "standard")] as const,
    [find("1.0.0", "experimental"), find("1.2.1", "standard")] as const,
    [find("1.1.0", "experimental"), find("1.5.1", "standard")] as const,
    [find("0.5.1", "experimental"), find("1.5.1", "standard")] as const,
    [find("0.7.1", "experimental"), find("1.5.1", "standard")] as const,
  ].map(([from, to]) => {
    const asked = ask(from, to, catalog.value, bundles.value);
    const runs = Array.from({ length: 5 }, () => {
      const startedAt = performance.now();
      const planned = findPlan(asked);
      return { planned, milliseconds: performance.now() - startedAt };
    }).toSorted((left, right) => left.milliseconds - right.milliseconds);
    const median = runs[2];
    if (median === undefined) throw new Error("there are five");
    const { planned, milliseconds } = median;
    return {
      from: `${from.version} ${from.channel}`,
      to: `${to.version} ${to.channel}`,
      controllers: asked.workloads.length,
      result: planned.kind === "plan" ? `${String(planned.steps.length)} steps` : planned.kind,
      milliseconds,
    };
  });
}

/** Ten controllers, at the oldest and at the newest release that run with what is installed. */
function ask(from: Bundle, to: Bundle, catalog: Catalog, bundles: readonly Bundle[]): PlanQuestion {
  const crds = new Map(
    [...from.crds].map(([name, crd]) => [name, { ...crd, stored: { ...crd.stored, source: "status" } }] as const),
  );
  const images = catalog
    .flatMap(({ images: [image], tagPrefixes: [prefix = "v"], releases, owns }) => {
      const running = releases.filter(({ needs }) => {
        const foreign = needs.filter(({ requirement, when }) => when === null && !owns.includes(requirement.group));
        const isAtHome = foreign.some(({ requirement }) => requirement.group === "gateway.networking.k8s.io");
        return isAtHome && foreign.every(({ requirement }) => !isHard(fareOf(requirement, crds).outcome));
      });
      const ends = new Set([...running.slice(0, 1), ...running.slice(-1)]);
      return image === undefined ? [] : [...ends].map((release) => `${image.path}:${prefix}${minimumVersion(release)}`);
    })
    .slice(0, CONTROLLERS);
  // Where fewer fit, some run twice.
  const running = Array.from({ length: CONTROLLERS }, (_, index) => images[index % images.length]);
  const objects = running.map((image, index) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: `controller-${String(index)}`, namespace: "mill" },
    spec: { template: { spec: { containers: [{ name: "main", image }] } } },
  }));
  const cluster = folderCluster(
    "bench",
    objects.map((object) => ({ file: "bench", line: 1, object })),
    catalog,
  );
  if (!cluster.ok) throw new Error(cluster.error.message);
  const picture = cluster.value.picture();
  if (picture === null || ![...picture.needs.values()].flat().some(isSure)) throw new Error("controllers need something");
  const whole = { ...picture, crds, bundles };
  const { workloads } = cluster.value;
  return {
    picture: whole,
    wanted: { crds: [...to.crds.values()], deletions: [] },
    workloads: planWorkloads({ workloads, picture: whole, catalog, manifests: [], versions: new Map() }),
    evidence: new Map([...crds.keys()].map((name) => [name, evidence(2)])),
    flags: NO_FLAGS,
    nowMilliseconds: 0,
  };
}

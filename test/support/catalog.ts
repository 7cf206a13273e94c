/** @file Short ways to write catalog entries and workloads in tests; every default is the plainest. */
import type { CatalogController, CatalogNeed, CatalogRelease } from "../../src/requirements/catalog.ts";
import { parseImage } from "../../src/requirements/image.ts";
import type { Container, Workload } from "../../src/requirements/workload.ts";
import type { Requirement } from "../../src/rules/requirement.ts";

export function controller(shape: Partial<CatalogController> & Pick<CatalogController, "releases">): CatalogController {
  return {
    id: "turner",
    description: null,
    images: [parseImage("own.dev/mill/turner")],
    tagPrefixes: [],
    versionLabel: null,
    versionSetting: null,
    owns: [],
    when: null,
    ...shape,
  };
}

/** Of the needs given as requirements, all hold always. */
export function release(
  versions: string,
  needs: readonly (Requirement | CatalogNeed)[],
  shape: Partial<CatalogRelease> = {},
): CatalogRelease {
  return {
    versions,
    verified: "source",
    confidence: "high",
    effect: null,
    errors: [],
    sources: ["own.dev/turner"],
    needs: needs.map((need) => ("requirement" in need ? need : { requirement: need, when: null, note: null })),
    ...shape,
  };
}

export function container(shape: Partial<Container> = {}): Container {
  return { name: "main", image: "own.dev/mill/turner:v1.0.3", args: [], env: {}, hasForeignEnv: false, ...shape };
}

/** A running Deployment mill/turner with one container, which the last three members speak of. */
export function workload(shape: Partial<Workload> & Partial<Pick<Container, "image" | "args" | "env">> = {}): Workload {
  const { image, args, env, ...rest } = shape;
  return {
    ref: { kind: "Deployment", namespace: "mill", name: "turner" },
    isRunning: true,
    containers: [container({ ...(image === undefined ? {} : { image }), ...(args && { args }), ...(env && { env }) })],
    labels: {},
    annotations: {},
    ...rest,
  };
}

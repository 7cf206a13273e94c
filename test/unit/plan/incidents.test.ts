/** @file The way out of incidents that happened, with the definitions and the releases of controllers that were there. */
import { describe, expect, it } from "vitest";
import { folderCluster, readFolderCluster } from "../../../src/cluster/snapshot/folder-cluster.ts";
import type { Crd } from "../../../src/crd/crd.ts";
import { findPlan } from "../../../src/plan/find-plan.ts";
import type { PlanQuestion } from "../../../src/plan/question.ts";
import { planWorkloads } from "../../../src/plan/workloads.ts";
import { NO_FLAGS } from "../../../src/policy/combine.ts";
import { readBundles } from "../../../src/requirements/bundles.ts";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import { sharedPath } from "../../e2e/support/shared.ts";
import { evidence, walk } from "../../support/plans.ts";

const ENVOY_GATEWAY = "docker.io/envoyproxy/gateway:v1.0.1";
const CILIUM = "quay.io/cilium/operator-generic:v1.15.4";
const BACKEND_TLS_POLICIES = "backendtlspolicies.gateway.networking.k8s.io";
const GRPC_ROUTES = "grpcroutes.gateway.networking.k8s.io";

interface Incident {
  readonly title: string;
  /** Folders below `crds` of the shared folder. */
  readonly from: string;
  /** Definitions of another folder that are there too. */
  readonly left?: { readonly folder: string; readonly crds: readonly string[] };
  readonly to: string | null;
  readonly images?: readonly string[];
  readonly args?: readonly string[];
  /** `status.storedVersions`, by name of the CRD. */
  readonly stored?: Readonly<Record<string, readonly string[]>>;
  /** By name of the CRD; none unless told. */
  readonly objects?: Readonly<Record<string, number>>;
  /** Group of the CRDs to delete. */
  readonly deletes?: string;
  /** Versions asked for, by controller. */
  readonly versions?: Readonly<Record<string, string>>;
  readonly steps: readonly string[];
}

const INCIDENTS: readonly Incident[] = [
  {
    title: "Gateway API v1.1.0 standard breaks Envoy Gateway and Cilium, which need GRPCRoute v1alpha2 (gateway-api#3075)",
    from: "gateway-api/v1.0.0/experimental",
    to: "gateway-api/v1.1.0/standard",
    images: [ENVOY_GATEWAY, CILIUM],
    steps: [
      "apply/gateway-api-1.1.0-experimental/grpcroutes.gateway.networking.k8s.io",
      "upgrade/Deployment/mill/gateway@1.2.0",
      "upgrade/Deployment/mill/operator-generic@1.16.0",
      "apply/wanted",
    ],
  },
  {
    title: "BackendTLSPolicy v1alpha2 has no successor in v1.1.0 experimental, with an object (gateway-api#3086)",
    from: "gateway-api/v1.0.0/experimental",
    to: "gateway-api/v1.1.0/experimental",
    images: [ENVOY_GATEWAY],
    objects: { [BACKEND_TLS_POLICIES]: 1 },
    steps: [
      "upgrade/Deployment/mill/gateway@1.2.0",
      "back-up/backendtlspolicies.gateway.networking.k8s.io",
      "delete-objects/backendtlspolicies.gateway.networking.k8s.io",
      "delete-definition/backendtlspolicies.gateway.networking.k8s.io",
      "apply/wanted",
      "restore/backendtlspolicies.gateway.networking.k8s.io",
    ],
  },
  {
    title: "BackendTLSPolicy v1alpha2 has no successor in v1.1.0 experimental, without objects (gateway-api#3086)",
    from: "gateway-api/v1.0.0/experimental",
    to: "gateway-api/v1.1.0/experimental",
    images: [ENVOY_GATEWAY],
    steps: [
      "upgrade/Deployment/mill/gateway@1.2.0",
      "delete-definition/backendtlspolicies.gateway.networking.k8s.io",
      "apply/wanted",
    ],
  },
  {
    title: "GRPCRoutes stored in v1alpha2 once block v1.2.1 standard (gateway-api#3509)",
    from: "gateway-api/v1.1.0/experimental",
    to: "gateway-api/v1.2.1/standard",
    stored: { [GRPC_ROUTES]: ["v1alpha2", "v1"] },
    objects: { [GRPC_ROUTES]: 3 },
    steps: ["migrate/grpcroutes.gateway.networking.k8s.io", "apply/wanted"],
  },
  {
    title:
      "Envoy Gateway 1.1.0 needs BackendTLSPolicy of the experimental channel, where 1.0.1 fails already (envoyproxy/gateway#3387)",
    from: "gateway-api/v1.1.0/standard",
    to: null,
    images: [ENVOY_GATEWAY],
    versions: { "envoy-gateway": "1.1.0" },
    steps: ["apply/gateway-api-1.1.0-experimental", "upgrade/Deployment/mill/gateway@1.1.0"],
  },
  {
    title: "Envoy Gateway 1.1.0 that fails for want of BackendTLSPolicy is asked for as it runs (envoyproxy/gateway#3387)",
    from: "gateway-api/v1.1.0/standard",
    to: null,
    images: ["docker.io/envoyproxy/gateway:v1.1.0"],
    versions: { "envoy-gateway": "1.1.0" },
    steps: ["apply/gateway-api-1.1.0-experimental"],
  },
  {
    title: "Envoy Gateway 1.1.0 has no use for a BackendTLSPolicy v1alpha2 that was left behind (envoyproxy/gateway#3387)",
    from: "gateway-api/v1.1.0/standard",
    left: { folder: "gateway-api/v1.0.0/experimental", crds: [BACKEND_TLS_POLICIES] },
    to: null,
    images: [ENVOY_GATEWAY],
    versions: { "envoy-gateway": "1.1.0" },
    steps: [
      "stop/Deployment/mill/gateway",
      "delete-definition/backendtlspolicies.gateway.networking.k8s.io",
      "apply/gateway-api-1.1.0-experimental",
      "upgrade/Deployment/mill/gateway@1.1.0",
      "start/Deployment/mill/gateway",
    ],
  },
  {
    title: "Envoy Gateway 1.1.0 comes with the standard channel and the one definition that it lacks (envoyproxy/gateway#3387)",
    from: "gateway-api/v1.0.0/experimental",
    to: "gateway-api/v1.1.0/standard",
    images: [ENVOY_GATEWAY],
    versions: { "envoy-gateway": "1.1.0" },
    steps: [
      "stop/Deployment/mill/gateway",
      "apply/wanted",
      "delete-definition/backendtlspolicies.gateway.networking.k8s.io",
      "apply/gateway-api-1.1.0-experimental/backendtlspolicies.gateway.networking.k8s.io",
      "upgrade/Deployment/mill/gateway@1.1.0",
      "start/Deployment/mill/gateway",
    ],
  },
  {
    title: "Traefik 2.11 loads nothing without the CRDs of traefik.containo.us (traefik-helm-chart#995)",
    from: "traefik/v2.11.0",
    to: null,
    images: ["docker.io/library/traefik:v2.11.0"],
    args: ["--providers.kubernetescrd"],
    deletes: "traefik.containo.us",
    steps: [
      "upgrade/Deployment/mill/traefik@3.0.0",
      "delete-definition/ingressroutes.traefik.containo.us",
      "delete-definition/ingressroutetcps.traefik.containo.us",
      "delete-definition/ingressrouteudps.traefik.containo.us",
      "delete-definition/middlewares.traefik.containo.us",
      "delete-definition/middlewaretcps.traefik.containo.us",
      "delete-definition/serverstransports.traefik.containo.us",
      "delete-definition/tlsoptions.traefik.containo.us",
      "delete-definition/tlsstores.traefik.containo.us",
      "delete-definition/traefikservices.traefik.containo.us",
    ],
  },
  {
    title: "Traefik 3.0 needs none of traefik.containo.us",
    from: "traefik/v2.11.0",
    to: null,
    images: ["docker.io/library/traefik:v3.0.0"],
    args: ["--providers.kubernetescrd"],
    deletes: "traefik.containo.us",
    steps: [
      "delete-definition/ingressroutes.traefik.containo.us",
      "delete-definition/ingressroutetcps.traefik.containo.us",
      "delete-definition/ingressrouteudps.traefik.containo.us",
      "delete-definition/middlewares.traefik.containo.us",
      "delete-definition/middlewaretcps.traefik.containo.us",
      "delete-definition/serverstransports.traefik.containo.us",
      "delete-definition/tlsoptions.traefik.containo.us",
      "delete-definition/tlsstores.traefik.containo.us",
      "delete-definition/traefikservices.traefik.containo.us",
    ],
  },
  {
    title: "ExternalSecrets stored in v1alpha1 once block v0.16 (external-secrets#4662)",
    from: "external-secrets/v0.15.0",
    to: "external-secrets/v0.16.0",
    stored: { "externalsecrets.external-secrets.io": ["v1alpha1", "v1beta1"] },
    objects: { "externalsecrets.external-secrets.io": 3 },
    steps: ["migrate/externalsecrets.external-secrets.io", "apply/wanted"],
  },
];

describe.skipIf(sharedPath("crds") === null)("the way out", () => {
  it.each(INCIDENTS)("$title", async (incident) => {
    const asked = await ask(incident);

    const planned = findPlan(asked);

    expect(planned.kind === "plan" ? planned.steps.map(({ id }) => id) : planned).toEqual(incident.steps);
    const { denials, missing } = walk(asked, planned.kind === "plan" ? planned.steps : []);
    expect({ denials, missing }).toEqual({ denials: [], missing: [] });
  });
});

async function ask(incident: Incident): Promise<PlanQuestion> {
  const { from, left, to, images = [], args = [], stored = {}, objects = {}, deletes, versions = {} } = incident;
  const [catalog, bundles] = await Promise.all([readCatalog(), readBundles()]);
  if (!catalog.ok || !bundles.ok) throw new Error("catalog and bundles can be read");
  const leftBehind = left === undefined ? [] : (await definitionsIn(left.folder)).filter(({ name }) => left.crds.includes(name));
  const crds = new Map(
    [...(await definitionsIn(from)), ...leftBehind].map((crd) => [
      crd.name,
      { ...crd, stored: { names: stored[crd.name] ?? crd.stored.names, source: "status" as const } },
    ]),
  );
  const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cilium-config", namespace: "kube-system" } };
  const manifests = [
    { ...settings, data: { "enable-gateway-api": "true" } },
    ...images.map((image, index) => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: /([^/]+):/.exec(image)?.[1] ?? String(index), namespace: "mill" },
      spec: { replicas: 1, template: { spec: { containers: [{ name: "main", image, args }] } } },
    })),
  ];
  const cluster = folderCluster(
    "test",
    manifests.map((object) => ({ file: "test", line: 1, object })),
    catalog.value,
  );
  if (!cluster.ok) throw new Error(cluster.error.message);
  const found = cluster.value.picture();
  if (found === null) throw new Error("a folder has a picture");
  const picture = { ...found, crds, bundles: bundles.value };
  return {
    picture,
    wanted: {
      crds: to === null ? [] : await definitionsIn(to),
      deletions: [...crds.values()].filter(({ group }) => group === deletes).map(({ name }) => ({ crd: name, isLeftover: true })),
    },
    workloads: planWorkloads({
      workloads: cluster.value.workloads,
      picture,
      catalog: catalog.value,
      manifests: [],
      versions: new Map(Object.entries(versions)),
    }),
    evidence: new Map([...crds.keys()].map((name) => [name, evidence(objects[name] ?? 0)])),
    flags: NO_FLAGS,
    nowMilliseconds: 0,
  };
}

async function definitionsIn(folder: string): Promise<readonly Crd[]> {
  const path = sharedPath(`crds/${folder}`);
  if (path === null) throw new Error(`${folder} is not there`);
  const catalog = await readCatalog();
  if (!catalog.ok) throw new Error("the catalog can be read");
  const cluster = await readFolderCluster(path, catalog.value);
  if (!cluster.ok) throw new Error(cluster.error.message);
  return [...(cluster.value.picture()?.crds.values() ?? [])];
}

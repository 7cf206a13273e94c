/** @file Clusters at random, as manifests, and snapshots of them. */
import fc from "fast-check";
import type { Manifest } from "../../../../src/cluster/snapshot/manifests.ts";
import { snapshotOfFolder } from "../../../../src/cluster/snapshot/snapshot-of-folder.ts";
import type { JsonRecord, Snapshot } from "../../../../src/cluster/snapshot/snapshot.ts";
import type { Strictness } from "../../../../src/cluster/snapshot/withhold.ts";
import type { Catalog } from "../../../../src/requirements/catalog.ts";

export const TAKEN_AT = "2026-05-01T10:00:00.000Z";

export function manifestsOf(objects: readonly JsonRecord[]): readonly Manifest[] {
  return objects.map((object, index) => ({ file: "cluster.yaml", line: index + 1, object }));
}

export async function snapshotOf(
  objects: readonly JsonRecord[],
  catalog: Catalog,
  strictness: Strictness = "lenient",
  withObjects = false,
): Promise<Snapshot> {
  const taken = await snapshotOfFolder("cluster", manifestsOf(objects), {
    catalog,
    strictness,
    withObjects,
    crdguard: "0.1.0",
    now: () => new Date(TAKEN_AT),
  });
  if (!taken.ok) throw new Error(taken.error.message);
  return taken.value;
}

export function definition(name: string, versions: readonly JsonRecord[], more: JsonRecord = {}): JsonRecord {
  const [plural = "", ...group] = name.split(".");
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name },
    spec: { group: group.join("."), names: { kind: plural.replace(/s$/, ""), plural }, scope: "Namespaced", versions },
    ...more,
  };
}

export function deployment(name: string, container: JsonRecord, more: { readonly metadata?: JsonRecord } = {}): JsonRecord {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "mill", name, ...more.metadata },
    spec: { replicas: 1, template: { spec: { containers: [{ name: "main", ...container }] } } },
  };
}

/** Arguments and variables as controllers have them, with some that the catalog asks for. */
const WORDS = [
  "--enable-gateway-api",
  "--enable-gateway-api=false",
  "--feature-gates=ExperimentalGatewayAPISupport=true,ListenerSets=false",
  "--feature-gates=ALBGatewayAPI=true",
  "--source=gateway-httproute",
  "--source",
  "gateway-grpcroute",
  "service",
  "--config-path=/config/contour.yaml",
  "--providers.kubernetesGateway",
  "--providers.kubernetescrd.allowCrossNamespace=true",
  "--disable-feature=tlsroutes",
  "--traefik-api-group",
  "serve",
  "core",
  "webhook",
  "inject-connect",
  "argocd-application-controller",
  "--leader-election-namespace=mill",
  "--zap-log-level=5",
  "--source=$(SOURCE)",
  "-v",
  "4",
  "sh",
  "-c",
  "exec /manager --enable-gateway-api \\\n --source=gateway-httproute",
];

const IMAGES = [
  "docker.io/envoyproxy/gateway:v1.0.1",
  "registry.own.dev:5000/mirror/envoyproxy/gateway:v1.2.4",
  "quay.io/cilium/operator-generic:v1.15.4",
  "quay.io/jetstack/cert-manager-controller:v1.14.2",
  "registry.k8s.io/external-dns/external-dns:v0.14.0",
  "ghcr.io/projectcontour/contour:v1.29.0",
  "docker.io/traefik:v3.1.2",
  "docker.io/istio/pilot:latest",
  "quay.io/argoproj/argocd:v2.11.0",
  "registry.own.dev/mill/turner:2026-04-01",
];

const VARIABLES = ["EXTERNAL_DNS_SOURCE", "PILOT_ENABLE_ALPHA_GATEWAY_API", "CONTROLLER_FEATURE_GATES", "SOURCE", "LOG_LEVEL"];
const VALUES = ["gateway-httproute", "true", "false", "GatewayAlpha=true", "debug", "$(SOURCE)", ""];

export const anyContainer: fc.Arbitrary<JsonRecord> = fc.record(
  {
    image: fc.constantFrom(...IMAGES),
    command: fc.array(fc.constantFrom(...WORDS), { maxLength: 2 }),
    args: fc.array(fc.constantFrom(...WORDS), { maxLength: 5 }),
    env: fc.array(
      fc.oneof(
        fc.record({ name: fc.constantFrom(...VARIABLES), value: fc.constantFrom(...VALUES) }),
        fc.record({ name: fc.constantFrom(...VARIABLES), valueFrom: fc.constant({ secretKeyRef: { name: "s", key: "k" } }) }),
      ),
      { maxLength: 3 },
    ),
    envFrom: fc.array(fc.constant({ configMapRef: { name: "variables" } }), { maxLength: 1 }),
  },
  { requiredKeys: ["image"] },
);

const NAMES = ["gateways.gateway.networking.k8s.io", "grpcroutes.gateway.networking.k8s.io", "gears.own.dev", "axles.own.dev"];
const NAMESPACES = ["mill", "shop", "kube-system"];

const anyDefinition = fc
  .record({
    name: fc.constantFrom(...NAMES),
    versions: fc.uniqueArray(fc.constantFrom("v1", "v1beta1", "v1alpha2"), { minLength: 1 }),
    served: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    isTerminating: fc.boolean(),
    team: fc.constantFrom("mill", "shop"),
  })
  .map(({ name, versions, served, isTerminating, team }) =>
    definition(
      name,
      versions.map((version, index) => ({
        name: version,
        served: served[index] ?? true,
        storage: index === 0,
        schema: { openAPIV3Schema: { type: "object" } },
      })),
      {
        metadata: {
          name,
          labels: { "shop.dev/team": team },
          annotations: { "gateway.networking.k8s.io/bundle-version": "v1.0.0", "gateway.networking.k8s.io/channel": "standard" },
          managedFields: [{ manager: "helm", time: "2026-04-01T08:00:00Z", fieldsV1: { "f:spec": {} } }],
          ...(isTerminating ? { deletionTimestamp: "2026-04-02T08:00:00Z" } : {}),
        },
        status: { storedVersions: versions.slice(0, 1), conditions: [] },
      },
    ),
  );

const anyWorkload = fc
  .record({
    kind: fc.constantFrom("Deployment", "StatefulSet", "DaemonSet"),
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom("turner", "miller", "smith"),
    replicas: fc.constantFrom(0, 1, 3),
    requires: fc.option(fc.constantFrom("gears.own.dev/v1", "gears.own.dev/v1|v1beta1", "not a declaration", "")),
    containers: fc.array(anyContainer, { minLength: 1, maxLength: 2 }),
    sidecar: fc.option(anyContainer),
  })
  .map(({ kind, namespace, name, replicas, requires, containers, sidecar }) => ({
    apiVersion: "apps/v1",
    kind,
    metadata: {
      namespace,
      name,
      labels: { app: name },
      ...(requires === null ? {} : { annotations: { "crdguard.dev/requires": requires } }),
    },
    spec: {
      replicas,
      template: {
        spec: {
          containers: containers.map((own, index) => ({ name: `c${String(index)}`, ...own })),
          ...(sidecar === null
            ? {}
            : {
                initContainers: [
                  { name: "side", restartPolicy: "Always", ...sidecar },
                  { name: "init", ...sidecar },
                ],
              }),
        },
      },
    },
  }));

const anyApiRequirement = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom("r1", "r2"),
    app: fc.constantFrom("turner", "smith"),
  })
  .map(({ namespace, name, app }) => ({
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "APIRequirement",
    metadata: { namespace, name },
    spec: {
      selector: { matchExpressions: [{ key: "app", operator: "In", values: [app] }] },
      requirements: [{ group: "own.dev", resource: "axles", versions: ["v1"], reason: "it turns them" }],
    },
  }));

const anyGuardPolicy = fc
  .record({
    name: fc.constantFrom("default", "p1", "p2"),
    priority: fc.option(fc.constantFrom(0, 200, "high")),
    crds: fc.option(
      fc.constantFrom(
        { names: ["*.own.dev"] },
        { labels: { matchLabels: { "shop.dev/team": "mill" } } },
        { labels: { matchExpressions: [{ key: "shop.dev/team", operator: "NotIn", values: ["mill"] }] } },
        { name: "a slip" },
      ),
    ),
    enforcement: fc.constantFrom("deny", "warn", "audit", "off", false),
    expires: fc.constantFrom("2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "never"),
  })
  .map(({ name, priority, crds, enforcement, expires }) => ({
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "GuardPolicy",
    metadata: { name, generation: 2 },
    spec: {
      ...(priority === null ? {} : { priority }),
      ...(crds === null ? {} : { crds }),
      rules: [{ id: "objects-deleted", enforcement }],
      exceptions: [{ rule: "required-resource-deleted", crd: "gears.own.dev", reason: "the shop moves", owner: "shop", expires }],
    },
    status: { lapsedCount: 0 },
  }));

const anyInstallation = fc.constantFrom(...NAMESPACES).map((namespace) => ({
  apiVersion: "operators.coreos.com/v1alpha1",
  kind: "ClusterServiceVersion",
  metadata: { namespace, name: "miller.v1" },
  spec: {
    install: { spec: { deployments: [{ name: "miller", spec: {} }] } },
    customresourcedefinitions: { required: [{ name: "axles.own.dev", version: "v1", kind: "Axle" }] },
  },
}));

const anyConfigMap = fc
  .record({
    place: fc.constantFrom("kube-system/cilium-config", "mill/contour", "shop/contour", "mill/envoy-gateway-config"),
    data: fc.dictionary(
      fc.constantFrom("enable-gateway-api", "contour.yaml", "envoy-gateway.yaml", "other"),
      fc.constantFrom("true", "false", "gateway:\n  name: x\n", "runtimeFlags:\n  enabled: [XListenerSet]\n"),
    ),
  })
  .map(({ place, data }) => {
    const [namespace = "", name = ""] = place.split("/");
    return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name }, data };
  });

const anyObject = fc
  .record({
    version: fc.constantFrom("v1", "v1beta1"),
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom("a", "b", "c"),
  })
  .map(({ version, namespace, name }) => ({
    apiVersion: `own.dev/${version}`,
    kind: "gear",
    metadata: {
      namespace,
      name,
      managedFields: [{ manager: "helm", apiVersion: `own.dev/${version}`, time: "2026-04-01T08:00:00Z" }],
    },
    spec: { teeth: 12 },
  }));

function nameOf(object: JsonRecord): string {
  return JSON.stringify([object["kind"], object["metadata"]], (key: string, value: unknown) =>
    key === "" || key === "0" || key === "1" || key === "name" || key === "namespace" ? value : undefined,
  );
}

/** No two objects of one kind, namespace and name, as in a cluster. */
export const anyCluster: fc.Arbitrary<readonly JsonRecord[]> = fc.uniqueArray<JsonRecord, string>(
  fc.oneof(
    { weight: 2, arbitrary: anyDefinition },
    { weight: 3, arbitrary: anyWorkload },
    anyApiRequirement,
    anyGuardPolicy,
    anyInstallation,
    anyConfigMap,
    anyObject,
  ),
  { minLength: 1, maxLength: 14, selector: nameOf },
);

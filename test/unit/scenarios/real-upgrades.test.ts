/** @file Upgrades that broke real clusters, with the real CRDs of them, asked about by `crdguard check`. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { sharedPath } from "../../e2e/support/shared.ts";
import { ask, configMap, type Contents, workload, type WorkloadShape } from "./support.ts";

const GATEWAY_API = "crds/gateway-api";
const V1_0 = `${GATEWAY_API}/v1.0.0/experimental`;
const V1_1_STANDARD = `${GATEWAY_API}/v1.1.0/standard`;
const V1_1_EXPERIMENTAL = `${GATEWAY_API}/v1.1.0/experimental`;
const GRPC_ROUTES = "grpcroutes.gateway.networking.k8s.io";

const envoyGateway = (shape: Partial<WorkloadShape> = {}): object =>
  workload({ name: "envoy-gateway-system/envoy-gateway", image: "docker.io/envoyproxy/gateway:v1.0.1", ...shape });
const ciliumOperator = (shape: Partial<WorkloadShape> = {}): object =>
  workload({ name: "kube-system/cilium-operator", image: "quay.io/cilium/operator-generic:v1.15.4", ...shape });
const istiod = (): object =>
  workload({ name: "istio-system/istiod", image: "docker.io/istio/pilot:1.21.2", args: ["discovery"] });
const ciliumConfig = (enabled: string): object => configMap("kube-system/cilium-config", { "enable-gateway-api": enabled });

interface Row {
  readonly title: string;
  readonly cluster: Contents;
  readonly apply?: Contents;
  readonly delete?: readonly string[];
  /** As `Answer.findings`. */
  readonly findings: readonly string[];
  readonly names?: readonly string[];
  readonly doesNotName?: readonly string[];
}

/** Exit status and report follow from the findings: one denial denies. */
async function expectAnswer({ cluster, apply, delete: deleted, findings, names = [], doesNotName = [] }: Row): Promise<void> {
  const answer = await ask({
    cluster,
    ...(apply === undefined ? {} : { apply }),
    ...(deleted === undefined ? {} : { delete: deleted }),
  });

  // What schemas take less, and releases that go back, are warned of besides; tests of their own have them.
  expect(answer.findings.filter((finding) => !BESIDES.test(finding))).toEqual(findings);
  const isDenied = findings.some((finding) => finding.includes("=deny"));
  expect([answer.status, answer.report.verdict]).toEqual(isDenied ? [1, "deny"] : [0, "allow"]);
  for (const name of names) expect(answer.said).toContain(name);
  for (const name of doesNotName) expect(answer.said).not.toContain(name);
}

const BESIDES = /^(?:bundle-downgraded|schema-narrowed)=warn /;

const hasRealCrds = sharedPath("crds") !== null;

describe.skipIf(!hasRealCrds)("Gateway API v1.0.0 experimental → v1.1.0 standard (kubernetes-sigs/gateway-api#3075)", () => {
  const denied = [`required-version-unserved=deny ${GRPC_ROUTES}`];
  // Old releases, too, needed a version that goes away.
  const doubted = [GRPC_ROUTES, "referencegrants.gateway.networking.k8s.io"].map(
    (name) => `required-version-unserved=warn ${name}`,
  );
  it.each<Row>([
    {
      title: "denies under Envoy Gateway 1.0 and Cilium 1.15, and names both, not Istio",
      cluster: [V1_0, envoyGateway(), ciliumOperator(), ciliumConfig("true"), istiod()],
      findings: denied,
      names: [
        "Deployment envoy-gateway-system/envoy-gateway",
        "Deployment kube-system/cilium-operator",
        '\\"v1alpha2\\" would no longer be served',
      ],
      doesNotName: ["istiod"],
    },
    { title: "allows under Istio 1.21 alone, which looks for the CRD's name", cluster: [V1_0, istiod()], findings: [] },
    { title: "allows where nobody runs", cluster: [V1_0], findings: [] },
    {
      title: "allows once both are scaled to zero",
      cluster: [V1_0, envoyGateway({ replicas: 0 }), ciliumOperator({ replicas: 0 }), ciliumConfig("true")],
      findings: [],
    },
    {
      title: "allows where an owner declares that nothing is needed",
      cluster: [V1_0, envoyGateway({ annotations: { "crdguard.dev/requires": "" } })],
      findings: [],
    },
    {
      title: "believes an owner who declares another version than the catalog knows",
      cluster: [V1_0, envoyGateway({ annotations: { "crdguard.dev/requires": `${GRPC_ROUTES}/v1alpha2|v1` } })],
      findings: [],
    },
    {
      title: "denies by an owner's declaration where the catalog knows nothing",
      cluster: [
        V1_0,
        workload({
          name: "own/router",
          image: "registry.own.dev/router:v1",
          annotations: { "crdguard.dev/requires": `${GRPC_ROUTES}/v1alpha2` },
        }),
      ],
      findings: denied,
      names: ["Deployment own/router", "annotation crdguard.dev/requires"],
    },
    {
      title: "denies by an APIRequirement, over the catalog",
      cluster: [
        V1_0,
        envoyGateway({ image: "docker.io/envoyproxy/gateway:v1.2.0" }),
        {
          apiVersion: "crdguard.dev/v1alpha1",
          kind: "APIRequirement",
          metadata: { namespace: "envoy-gateway-system", name: "our-plugin" },
          spec: {
            workload: { kind: "Deployment", name: "envoy-gateway" },
            requirements: [
              {
                group: "gateway.networking.k8s.io",
                resource: "grpcroutes",
                versions: ["v1alpha2"],
                reason: "our plugin reads it",
              },
            ],
          },
        },
      ],
      findings: denied,
      names: ["APIRequirement our-plugin (our plugin reads it)"],
    },
    {
      title: "warns, naming the workload, where the tag tells no version",
      cluster: [V1_0, envoyGateway({ image: "docker.io/envoyproxy/gateway-dev:latest" })],
      findings: doubted,
      names: ["Deployment envoy-gateway-system/envoy-gateway", "names no version"],
    },
    {
      title: "warns of an image that is named by its digest alone",
      cluster: [V1_0, envoyGateway({ image: `mirror.own.dev:5000/hub/envoyproxy/gateway@sha256:${"a".repeat(64)}` })],
      findings: doubted,
      names: ["Deployment envoy-gateway-system/envoy-gateway"],
    },
    {
      title: "denies for an image on a mirror, with tag and digest",
      cluster: [V1_0, envoyGateway({ image: `mirror.own.dev:5000/hub/envoyproxy/gateway:v1.0.2@sha256:${"a".repeat(64)}` })],
      findings: denied,
    },
    {
      title: "allows under Cilium with its Gateway API support switched off",
      cluster: [V1_0, ciliumOperator(), ciliumConfig("false")],
      findings: [],
    },
    {
      title: "takes the support for granted, and says so, where the setting is not to be seen",
      cluster: [V1_0, ciliumOperator()],
      findings: denied,
      names: ["taking enable-gateway-api=true in ConfigMap kube-system/cilium-config for granted"],
    },
    {
      title: "allows under the releases that followed",
      cluster: [
        V1_0,
        V1_1_STANDARD,
        envoyGateway({ image: "docker.io/envoyproxy/gateway:v1.2.0" }),
        ciliumOperator({ image: "quay.io/cilium/operator-generic:v1.17.0" }),
        ciliumConfig("true"),
      ],
      findings: [],
    },
  ])("$title", async (row) => {
    await expectAnswer({ apply: [V1_1_STANDARD], ...row });
  });
});

describe.skipIf(!hasRealCrds)("BackendTLSPolicy v1alpha2 → v1alpha3 (kubernetes-sigs/gateway-api#3086)", () => {
  const NAME = "backendtlspolicies.gateway.networking.k8s.io";
  it.each<Row>([
    {
      title: "denies for the stored version and for Envoy Gateway 1.0, in one answer",
      cluster: [V1_0, envoyGateway()],
      findings: [`required-version-unserved=deny ${NAME}`, `stored-version-removed=deny ${NAME}`],
      names: ["Deployment envoy-gateway-system/envoy-gateway", "kubectl delete customresourcedefinition"],
    },
    {
      title: "denies for the stored version where the controller is stopped",
      cluster: [V1_0, envoyGateway({ replicas: 0 })],
      findings: [`stored-version-removed=deny ${NAME}`],
      doesNotName: ["Deployment envoy-gateway-system/envoy-gateway"],
    },
    {
      title: "tells to back up, replace and restore where an object exists",
      cluster: [
        V1_0,
        {
          apiVersion: "gateway.networking.k8s.io/v1alpha2",
          kind: "BackendTLSPolicy",
          metadata: { namespace: "shop", name: "tls" },
        },
      ],
      findings: [`stored-version-removed=deny ${NAME}`, `version-in-use-unserved=warn ${NAME}`],
      names: ["1 object of it exists", "back the objects up"],
    },
  ])("$title", async (row) => {
    await expectAnswer({ apply: [V1_1_EXPERIMENTAL], ...row });
  });
});

describe.skipIf(!hasRealCrds)("GRPCRoute v1alpha2 left in storedVersions → v1.2.1 (kubernetes-sigs/gateway-api#3509)", () => {
  const storedBoth = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: GRPC_ROUTES },
    spec: {
      group: "gateway.networking.k8s.io",
      names: { kind: "GRPCRoute", plural: "grpcroutes" },
      scope: "Namespaced",
      versions: [
        { name: "v1", served: true, storage: true },
        { name: "v1alpha2", served: true, storage: false },
      ],
    },
    status: { storedVersions: ["v1alpha2", "v1"] },
  };
  const route = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "GRPCRoute",
    metadata: { namespace: "shop", name: "orders" },
  };
  it.each<Row>([
    {
      title: "denies, and says that nothing is lost by forgetting the version where no object exists",
      cluster: [storedBoth],
      findings: [`stored-version-removed=deny ${GRPC_ROUTES}`],
      names: ["--subresource=status", "nothing is lost by forgetting it first"],
    },
    {
      title: "denies, and tells to migrate first where objects exist",
      cluster: [storedBoth, route],
      findings: [`stored-version-removed=deny ${GRPC_ROUTES}`],
      names: ["1 object of it exists, and must be rewritten into the storage version first"],
    },
    {
      title: "allows once the version is forgotten",
      cluster: [{ ...storedBoth, status: { storedVersions: ["v1"] } }, route],
      findings: [],
    },
  ])("$title", async (row) => {
    await expectAnswer({ apply: [`${GATEWAY_API}/v1.2.1/standard/gateway.networking.k8s.io_grpcroutes.yaml`], ...row });
  });
});

describe.skipIf(!hasRealCrds)("Gateway API, from one release or channel to another", () => {
  const marked = async (cluster: string, apply: string): Promise<readonly string[]> =>
    (await ask({ cluster: [cluster], apply: [apply] })).findings.filter((finding) => finding.startsWith("bundle-downgraded="));

  it("warns of each definition that leaves the experimental channel or goes back, and of none that goes on", async () => {
    const left = await marked(V1_0, V1_1_STANDARD);

    expect(left).toContain(`bundle-downgraded=warn ${GRPC_ROUTES}`);
    expect(left).toHaveLength(5);
    expect(await marked(V1_1_EXPERIMENTAL, V1_0)).not.toEqual([]);
    expect(await marked(V1_0, V1_1_EXPERIMENTAL)).toEqual([]);
    expect(await marked(V1_1_STANDARD, V1_1_EXPERIMENTAL)).toEqual([]);
  });
});

const EXTERNAL_SECRETS = "crds/external-secrets";
const EXTERNAL_SECRETS_CRD = "external-secrets.io_externalsecrets.yaml";
const OLD_EXTERNAL_SECRETS = sharedPath(`${EXTERNAL_SECRETS}/v0.15.0/${EXTERNAL_SECRETS_CRD}`);

describe.skipIf(OLD_EXTERNAL_SECRETS === null)("External Secrets v0.15 → v0.16 (external-secrets/external-secrets#4662)", () => {
  const storing = (...storedVersions: readonly string[]): object => ({
    ...(parseYaml(readFileSync(String(OLD_EXTERNAL_SECRETS), "utf8")) as object),
    status: { storedVersions },
  });
  const secret = {
    apiVersion: "external-secrets.io/v1beta1",
    kind: "ExternalSecret",
    metadata: { namespace: "shop", name: "database" },
  };
  const DENIED = "stored-version-removed=deny externalsecrets.external-secrets.io";
  it.each<Row>([
    {
      title: "denies while v1alpha1 is a stored version, and tells to migrate first",
      cluster: [storing("v1alpha1", "v1beta1"), secret],
      findings: [DENIED],
      names: ["would be dropped while status.storedVersions names it", "must be rewritten into the storage version first"],
    },
    {
      title: "denies without objects, of which nothing can be lost",
      cluster: [storing("v1alpha1", "v1beta1")],
      findings: [DENIED],
      names: ["nothing is lost by forgetting it first"],
    },
    { title: "allows once all is stored in v1beta1", cluster: [storing("v1beta1"), secret], findings: [] },
  ])("$title", async (row) => {
    await expectAnswer({ apply: [`${EXTERNAL_SECRETS}/v0.16.0/${EXTERNAL_SECRETS_CRD}`], ...row });
  });
});

describe.skipIf(!hasRealCrds)("GatewayClass from v1.1.0 to v1.2.1 under Cilium (cilium/cilium#35562)", () => {
  it.each<Row>([
    {
      title: "has no finding by its versions: what changed is the type of a field within one",
      cluster: [
        V1_1_EXPERIMENTAL,
        ciliumOperator({ image: "quay.io/cilium/operator-generic:v1.16.3" }),
        ciliumConfig("true"),
        { apiVersion: "gateway.networking.k8s.io/v1", kind: "GatewayClass", metadata: { name: "cilium" } },
      ],
      apply: [`${GATEWAY_API}/v1.2.1/experimental`],
      findings: [],
    },
  ])("$title", expectAnswer);
});

describe.skipIf(!hasRealCrds)("a workload that is installed, upgraded or rolled back", () => {
  const ENVOY = "Deployment envoy-gateway-system/envoy-gateway";
  const CILIUM = "Deployment kube-system/cilium-operator";
  const envoyGateway11 = envoyGateway({ image: "docker.io/envoyproxy/gateway:v1.1.0" });
  const v11WithTlsRoutes = [V1_1_STANDARD, `${V1_1_EXPERIMENTAL}/gateway.networking.k8s.io_tlsroutes.yaml`];
  const cilium116 = ciliumOperator({ image: "quay.io/cilium/operator-generic:v1.16.3" });
  const cilium115 = ciliumOperator({ image: "quay.io/cilium/operator-generic:v1.15.8" });
  const unmet = (enforcement: string, name: string): string => `workload-requirement-unmet=${enforcement} ${name}`;
  it.each<Row>([
    {
      title: "denies Envoy Gateway 1.1 on the standard channel (envoyproxy/gateway#3387)",
      cluster: [V1_1_STANDARD],
      apply: [envoyGateway11],
      findings: [unmet("deny", ENVOY), unmet("warn", ENVOY)],
      names: ["backendtlspolicies.gateway.networking.k8s.io", "v1alpha3", "v1.1.0, experimental channel"],
    },
    {
      title: "allows it on the experimental channel, and says that its own definitions are not there yet",
      cluster: [V1_1_EXPERIMENTAL],
      apply: [envoyGateway11],
      findings: [unmet("warn", ENVOY)],
      names: ["helm template"],
    },
    {
      title: "judges it against the CRDs that come along with it",
      cluster: [V1_1_STANDARD],
      apply: [V1_1_EXPERIMENTAL, envoyGateway11],
      findings: [unmet("warn", ENVOY)],
    },
    {
      title: "does not claim that a tag without version is safe (envoyproxy/gateway#3340)",
      cluster: [V1_0],
      apply: [envoyGateway({ image: "docker.io/envoyproxy/gateway-dev:latest" })],
      findings: [unmet("warn", ENVOY)],
      names: [ENVOY, "names no version"],
    },
    {
      title: "denies rolling Cilium back to 1.15 under v1.1.0 standard (cilium/cilium#34835)",
      cluster: [...v11WithTlsRoutes, cilium116, ciliumConfig("true")],
      apply: [cilium115],
      findings: [unmet("deny", CILIUM)],
      names: ["stay on the version of cilium-operator that runs today"],
    },
    {
      title: "allows the rollback with the Gateway API support switched off",
      cluster: [...v11WithTlsRoutes, cilium116, ciliumConfig("false")],
      apply: [cilium115],
      findings: [],
    },
    {
      title: "believes the ConfigMap that comes along with the workload",
      cluster: [...v11WithTlsRoutes, cilium116, ciliumConfig("true")],
      apply: [cilium115, ciliumConfig("false")],
      findings: [],
    },
    {
      title: "allows what is scaled to zero",
      cluster: [...v11WithTlsRoutes],
      apply: [ciliumOperator({ image: "quay.io/cilium/operator-generic:v1.15.8", replicas: 0 }), ciliumConfig("true")],
      findings: [],
    },
    {
      title: "warns only, where it runs already and is no better off",
      cluster: [...v11WithTlsRoutes, cilium115, ciliumConfig("true")],
      apply: [cilium115],
      findings: [unmet("warn", CILIUM)],
      names: ["today as after this change"],
    },
    {
      title: "believes the owner of the new version",
      cluster: [V1_1_STANDARD],
      apply: [envoyGateway({ image: "docker.io/envoyproxy/gateway:v1.1.0", annotations: { "crdguard.dev/requires": "" } })],
      findings: [],
    },
    {
      title: "judges CRDs by a ConfigMap that comes along, under a workload that stays",
      cluster: [V1_0, ciliumOperator(), ciliumConfig("false")],
      apply: [V1_1_STANDARD, ciliumConfig("true")],
      findings: [`required-version-unserved=deny ${GRPC_ROUTES}`],
    },
    {
      title: "judges CRDs by an APIRequirement that comes along, under a workload that stays",
      cluster: [V1_0, envoyGateway()],
      apply: [
        V1_1_STANDARD,
        {
          apiVersion: "crdguard.dev/v1alpha1",
          kind: "APIRequirement",
          metadata: { namespace: "envoy-gateway-system", name: "patched" },
          spec: {
            workload: { name: "envoy-gateway" },
            requirements: [{ group: "gateway.networking.k8s.io", resource: "grpcroutes", versions: ["v1", "v1alpha2"] }],
          },
        },
      ],
      findings: [],
    },
    {
      title: "judges CRDs by the version that the same bundle brings, and warns of the one that runs until then",
      cluster: [V1_0, envoyGateway()],
      apply: [V1_1_STANDARD, envoyGateway({ image: "docker.io/envoyproxy/gateway:v1.2.0" })],
      findings: [`required-version-unserved=warn ${GRPC_ROUTES}`, unmet("warn", ENVOY)],
      names: ["until it is replaced"],
    },
  ])("$title", expectAnswer);
});

describe.skipIf(!hasRealCrds)("deleting the traefik.containo.us CRDs (traefik/traefik-helm-chart#995)", () => {
  const CRDS = "crds/traefik/v2.11.0";
  const NAME = "ingressroutes.traefik.containo.us";
  const traefik = (tag: string, args: readonly string[], shape: Partial<WorkloadShape> = {}): object =>
    workload({ name: "traefik/traefik", image: `docker.io/library/traefik:${tag}`, args, ...shape });
  const KUBERNETES_CRD = ["--entrypoints.web.address=:80", "--providers.kubernetescrd"];
  const denied = [`required-resource-deleted=deny ${NAME}`];
  it.each<Row>([
    {
      title: "denies under Traefik 2.11, and says that it would load no route",
      cluster: [CRDS, traefik("v2.11.0", KUBERNETES_CRD)],
      findings: denied,
      names: ["Deployment traefik/traefik", "loads no route at all"],
    },
    {
      title: "denies under Traefik 2.10 as a DaemonSet, with the flag in another spelling",
      cluster: [CRDS, traefik("2.10", ["--providers.kubernetesCRD=true"], { kind: "DaemonSet" })],
      findings: denied,
    },
    { title: "allows under Traefik 3", cluster: [CRDS, traefik("v3.0.0", KUBERNETES_CRD)], findings: [] },
    { title: "allows without the provider", cluster: [CRDS, traefik("v2.11.0", ["--providers.docker"])], findings: [] },
    {
      title: "allows with the provider switched off",
      cluster: [CRDS, traefik("v2.11.0", ["--providers.kubernetescrd=false"])],
      findings: [],
    },
    {
      title: "allows once it is scaled to zero",
      cluster: [CRDS, traefik("v2.11.0", KUBERNETES_CRD, { replicas: 0 })],
      findings: [],
    },
    {
      title: "believes the owner",
      cluster: [
        CRDS,
        traefik("v2.11.0", KUBERNETES_CRD, { annotations: { "crdguard.dev/requires": "ingressroutes.traefik.io/v1alpha1" } }),
      ],
      findings: [],
    },
    {
      title: "warns where the tag tells no version",
      cluster: [CRDS, traefik("latest", KUBERNETES_CRD)],
      findings: [`required-resource-deleted=warn ${NAME}`],
      names: ["Deployment traefik/traefik"],
    },
  ])("$title", async (row) => {
    await expectAnswer({ delete: [NAME], ...row });
  });
});

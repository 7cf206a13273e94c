/** @file Incidents that happened, with the workloads and CRDs of those who told of them: does the catalog see who is hurt? */
import { describe, expect, it } from "vitest";
import { compareHarm, crdNameOf } from "../../../src/rules/requirement.ts";
import { crdsOf, outcomeFor } from "./clusters.ts";
import { needsOf, type Settings, shippedCatalog } from "./workloads.ts";

const catalog = await shippedCatalog();

/** Versions by CRD, in brackets what is listed but not served. */
type Bundle = Readonly<Record<string, string>>;

/** Gateway API's CRDs, by plural. */
function gatewayApi(short: Bundle): Bundle {
  return Object.fromEntries(Object.entries(short).map(([plural, versions]) => [`${plural}.gateway.networking.k8s.io`, versions]));
}

function group(name: string, version: string, plurals: string): Bundle {
  return Object.fromEntries(plurals.split(" ").map((plural) => [`${plural}.${name}`, version]));
}

/** As released; source: config/crd of kubernetes-sigs/gateway-api at each tag. */
const CORE_BETA = { gatewayclasses: "v1 v1beta1", gateways: "v1 v1beta1", httproutes: "v1 v1beta1" };
const V0_4 = gatewayApi({
  gatewayclasses: "v1alpha2",
  gateways: "v1alpha2",
  httproutes: "v1alpha2",
  tcproutes: "v1alpha2",
  tlsroutes: "v1alpha2",
});
const EXPERIMENTAL_V1_0 = gatewayApi({
  ...CORE_BETA,
  referencegrants: "v1beta1 v1alpha2",
  grpcroutes: "v1alpha2",
  tlsroutes: "v1alpha2",
  tcproutes: "v1alpha2",
  udproutes: "v1alpha2",
  backendtlspolicies: "v1alpha2",
});
const STANDARD_V1_1 = gatewayApi({ ...CORE_BETA, referencegrants: "v1beta1 (v1alpha2)", grpcroutes: "v1 (v1alpha2)" });
const STANDARD_V1_3 = gatewayApi({ ...CORE_BETA, referencegrants: "v1beta1", grpcroutes: "v1" });
const EXPERIMENTAL_V1_3 = {
  ...STANDARD_V1_3,
  ...gatewayApi({ tlsroutes: "v1alpha2", tcproutes: "v1alpha2", udproutes: "v1alpha2", backendtlspolicies: "v1alpha3" }),
};
const STANDARD_V1_4 = { ...STANDARD_V1_3, ...gatewayApi({ backendtlspolicies: "v1 (v1alpha3)" }) };
const EXPERIMENTAL_V1_4 = {
  ...STANDARD_V1_3,
  ...gatewayApi({
    tlsroutes: "v1alpha3 v1alpha2",
    tcproutes: "v1alpha2",
    udproutes: "v1alpha2",
    backendtlspolicies: "v1 v1alpha3",
  }),
};
const STANDARD_V1_5 = {
  ...STANDARD_V1_4,
  ...gatewayApi({ referencegrants: "v1 v1beta1", tlsroutes: "v1 (v1alpha2 v1alpha3)", listenersets: "v1" }),
};
const EXPERIMENTAL_V1_5 = {
  ...STANDARD_V1_5,
  ...gatewayApi({
    tlsroutes: "v1 v1alpha2 v1alpha3",
    tcproutes: "v1alpha2",
    udproutes: "v1alpha2",
    backendtlspolicies: "v1 v1alpha3",
  }),
};
const STANDARD_V1_6 = { ...STANDARD_V1_5, ...gatewayApi({ tcproutes: "v1 (v1alpha2)", udproutes: "v1 (v1alpha2)" }) };
/** Experimental CRDs that stay behind under the standard channel, since applying a bundle deletes nothing. */
const STANDARD_V1_1_OVER_V1_0 = { ...EXPERIMENTAL_V1_0, ...STANDARD_V1_1 };
const STANDARD_V1_5_OVER_V1_4 = { ...EXPERIMENTAL_V1_4, ...STANDARD_V1_5 };
const STANDARD_V1_6_OVER_V1_5 = { ...EXPERIMENTAL_V1_5, ...STANDARD_V1_6 };

const ENVOY_GATEWAY_OWN = group(
  "gateway.envoyproxy.io",
  "v1alpha1",
  "envoyproxies clienttrafficpolicies backendtrafficpolicies securitypolicies envoyextensionpolicies",
);
const TRAEFIK_KINDS =
  "ingressroutes ingressroutetcps middlewares tlsoptions traefikservices ingressrouteudps tlsstores serverstransports middlewaretcps";
const EXTERNAL_SECRETS = "externalsecrets secretstores clustersecretstores clusterexternalsecrets";
const SNAPSHOTS = group("snapshot.storage.k8s.io", "v1", "volumesnapshots volumesnapshotcontents volumesnapshotclasses");
const GROUP_SNAPSHOTS = "volumegroupsnapshots volumegroupsnapshotcontents volumegroupsnapshotclasses";
const CILIUM_ON: Settings = { configMaps: { "kube-system/cilium-config/enable-gateway-api": "true" } };
const ALPHA: Settings = { env: { PILOT_ENABLE_ALPHA_GATEWAY_API: "true" } };

interface Row {
  readonly title: string;
  readonly image: string;
  readonly settings?: Settings;
  readonly before: Bundle;
  readonly after: Bundle;
  /** Outcome by plural, and by CRD where two have the same; all that gets worse. */
  readonly hurt: Readonly<Record<string, string>>;
}

describe("a change of CRDs under running controllers", () => {
  const rows: readonly Row[] = [
    {
      title: "gateway-api#3075: v1.1.0 standard over v1.0.0 keeps Envoy Gateway 1.0 from starting",
      image: "docker.io/envoyproxy/gateway:v1.0.1",
      before: { ...EXPERIMENTAL_V1_0, ...ENVOY_GATEWAY_OWN },
      after: { ...STANDARD_V1_1_OVER_V1_0, ...ENVOY_GATEWAY_OWN },
      hurt: { grpcroutes: "crashes" },
    },
    {
      title: "gateway-api#3075: and Cilium 1.15, which does not ask whether a version is served",
      image: "quay.io/cilium/operator-generic:v1.15.4",
      settings: CILIUM_ON,
      before: EXPERIMENTAL_V1_0,
      after: STANDARD_V1_1_OVER_V1_0,
      hurt: { grpcroutes: "crashes" },
    },
    {
      title: "gateway-api#3075: but not Cilium whose Gateway API support is off",
      image: "quay.io/cilium/operator-generic:v1.15.4",
      settings: { configMaps: { "kube-system/cilium-config/enable-gateway-api": "false" } },
      before: EXPERIMENTAL_V1_0,
      after: STANDARD_V1_1_OVER_V1_0,
      hurt: {},
    },
    {
      title: "gateway-api#3075: and not istiod",
      image: "docker.io/istio/pilot:1.21.2",
      before: EXPERIMENTAL_V1_0,
      after: STANDARD_V1_1_OVER_V1_0,
      hurt: {},
    },
    {
      title: "gateway-api#3086: v1.1.0 experimental has BackendTLSPolicy v1alpha3 alone",
      image: "docker.io/envoyproxy/gateway:v1.0.1",
      before: { ...EXPERIMENTAL_V1_0, ...ENVOY_GATEWAY_OWN },
      after: { ...EXPERIMENTAL_V1_0, ...ENVOY_GATEWAY_OWN, ...gatewayApi({ backendtlspolicies: "v1alpha3" }) },
      hurt: { backendtlspolicies: "crashes" },
    },
    {
      title: "cilium#44920: v1.5.0 standard creates TLSRoute, with v1alpha2 listed but not served",
      image: "quay.io/cilium/operator-generic:v1.19.3",
      settings: CILIUM_ON,
      before: STANDARD_V1_4,
      after: STANDARD_V1_5,
      hurt: { tlsroutes: "crashes" },
    },
    {
      title: "istio#59443: istiod with the alpha APIs waits for TLSRoute v1alpha2 for ever",
      image: "docker.io/istio/pilot:1.29.1",
      settings: ALPHA,
      before: EXPERIMENTAL_V1_4,
      after: STANDARD_V1_5_OVER_V1_4,
      hurt: { tlsroutes: "crashes" },
    },
    {
      title: "istio#59443: without them it does not",
      image: "docker.io/istio/pilot:1.29.1",
      before: EXPERIMENTAL_V1_4,
      after: STANDARD_V1_5_OVER_V1_4,
      hurt: {},
    },
    {
      title: "istio#59443: since 1.29.2 it ignores what is too new for it",
      image: "docker.io/istio/pilot:1.29.3",
      settings: ALPHA,
      before: EXPERIMENTAL_V1_4,
      after: STANDARD_V1_5_OVER_V1_4,
      hurt: { tlsroutes: "loses-feature" },
    },
    {
      title: "agentgateway#2370: v1.6.0 standard creates TCPRoute without v1alpha2",
      image: "cr.agentgateway.dev/controller:v1.3.1",
      settings: { env: { AGW_PROXY_IMAGE_REPOSITORY: "agentgateway" } },
      before: STANDARD_V1_5,
      after: STANDARD_V1_6,
      hurt: { tcproutes: "crashes" },
    },
    {
      title: "gateway#8326: Envoy Gateway 1.7 skips TLSRoute where it is v1 alone",
      image: "docker.io/envoyproxy/gateway:v1.7.0",
      before: { ...EXPERIMENTAL_V1_4, ...ENVOY_GATEWAY_OWN },
      after: { ...STANDARD_V1_5_OVER_V1_4, ...ENVOY_GATEWAY_OWN },
      hurt: { tlsroutes: "loses-feature" },
    },
    {
      title: "a newer version served beside the one needed switches BackendTLSPolicy off for Envoy Gateway 1.5.0 (derived)",
      image: "docker.io/envoyproxy/gateway:v1.5.0",
      before: { ...EXPERIMENTAL_V1_3, ...ENVOY_GATEWAY_OWN },
      after: { ...EXPERIMENTAL_V1_4, ...ENVOY_GATEWAY_OWN },
      hurt: { backendtlspolicies: "loses-feature", tlsroutes: "loses-feature" },
    },
    {
      title: "traefik#13622: v1.6.0 standard under a Traefik of the experimental channel stops HTTPRoutes too",
      image: "docker.io/library/traefik:v3.7.2",
      settings: { args: ["--providers.kubernetesgateway.experimentalchannel"] },
      before: EXPERIMENTAL_V1_5,
      after: STANDARD_V1_6_OVER_V1_5,
      hurt: { tcproutes: "stops-working" },
    },
    {
      title: "traefik#13622: a Traefik of the standard channel does not mind",
      image: "docker.io/library/traefik:v3.7.2",
      settings: { args: ["--providers.kubernetesgateway", "--providers.kubernetesgateway.experimentalchannel=false"] },
      before: EXPERIMENTAL_V1_5,
      after: STANDARD_V1_6_OVER_V1_5,
      hurt: {},
    },
    {
      title: "traefik-helm-chart#995: deleting the old group's CRDs stops Traefik 2.11, which watches both",
      image: "docker.io/library/traefik:v2.11.0",
      settings: { args: ["--providers.kubernetescrd"] },
      before: { ...group("traefik.containo.us", "v1alpha1", TRAEFIK_KINDS), ...group("traefik.io", "v1alpha1", TRAEFIK_KINDS) },
      after: group("traefik.io", "v1alpha1", TRAEFIK_KINDS),
      hurt: Object.fromEntries(TRAEFIK_KINDS.split(" ").map((plural) => [`${plural}.traefik.containo.us`, "stops-working"])),
    },
    {
      title: "traefik-helm-chart#995: once it is Traefik 3, they may go",
      image: "docker.io/library/traefik:v3.1.0",
      settings: { args: ["--providers.kubernetescrd"] },
      before: { ...group("traefik.containo.us", "v1alpha1", TRAEFIK_KINDS), ...group("traefik.io", "v1alpha1", TRAEFIK_KINDS) },
      after: group("traefik.io", "v1alpha1", TRAEFIK_KINDS),
      hurt: {},
    },
    {
      title: "external-dns#6520: one source that cannot be read takes all down",
      image: "registry.k8s.io/external-dns/external-dns:v0.21.0",
      settings: { args: ["--source=service", "--source=gateway-tlsroute"] },
      before: EXPERIMENTAL_V1_4,
      after: STANDARD_V1_5_OVER_V1_4,
      hurt: { tlsroutes: "crashes" },
    },
    {
      title: "external-dns#6520: with other sources alone, it goes on",
      image: "registry.k8s.io/external-dns/external-dns:v0.21.0",
      settings: { args: ["--source=service", "--source=gateway-httproute"] },
      before: EXPERIMENTAL_V1_4,
      after: STANDARD_V1_5_OVER_V1_4,
      hurt: {},
    },
    {
      title: "external-secrets#4784: the CRDs of 0.17.0 serve v1beta1 no more",
      image: "ghcr.io/external-secrets/external-secrets:v0.15.1",
      settings: { args: ["--concurrent=1"] },
      before: {
        ...group("external-secrets.io", "v1 v1beta1", EXTERNAL_SECRETS),
        ...group("external-secrets.io", "v1alpha1", "pushsecrets clusterpushsecrets"),
        ...group("generators.external-secrets.io", "v1alpha1", "generatorstates"),
      },
      after: {
        ...group("external-secrets.io", "v1 (v1beta1)", EXTERNAL_SECRETS),
        ...group("external-secrets.io", "v1alpha1", "pushsecrets clusterpushsecrets"),
        ...group("generators.external-secrets.io", "v1alpha1", "generatorstates"),
      },
      hurt: Object.fromEntries(EXTERNAL_SECRETS.split(" ").map((plural) => [plural, "crashes"])),
    },
    {
      title: "external-secrets#4784: under 0.16.0 they may come",
      image: "ghcr.io/external-secrets/external-secrets:v0.16.0",
      before: group("external-secrets.io", "v1 v1beta1", EXTERNAL_SECRETS),
      after: group("external-secrets.io", "v1 (v1beta1)", EXTERNAL_SECRETS),
      hurt: {},
    },
    {
      title: "Karpenter 0.37.0 sees CRDs of 1.1.0, which have v1 alone",
      image: "public.ecr.aws/karpenter/controller:0.37.0",
      before: {
        ...group("karpenter.sh", "v1beta1", "nodepools nodeclaims"),
        ...group("karpenter.k8s.aws", "v1beta1", "ec2nodeclasses"),
      },
      after: { ...group("karpenter.sh", "v1", "nodepools nodeclaims"), ...group("karpenter.k8s.aws", "v1", "ec2nodeclasses") },
      hurt: { nodepools: "crashes", nodeclaims: "crashes", ec2nodeclasses: "crashes" },
    },
    {
      title: "external-snapshotter#718: the CRDs of 6.0.0 drop v1beta1, which snapshot-controller 3 reads",
      image: "registry.k8s.io/sig-storage/snapshot-controller:v3.0.3",
      before: group("snapshot.storage.k8s.io", "v1 v1beta1", "volumesnapshots volumesnapshotcontents volumesnapshotclasses"),
      after: SNAPSHOTS,
      hurt: { volumesnapshots: "crashes", volumesnapshotcontents: "crashes", volumesnapshotclasses: "crashes" },
    },
    {
      title: "rke2-charts#729: group snapshots go from v1alpha1 to v1beta1 under csi-snapshotter 8.1 with the gate on",
      image: "registry.k8s.io/sig-storage/csi-snapshotter:v8.1.0",
      settings: { args: ["--enable-volume-group-snapshots=true"] },
      before: { ...SNAPSHOTS, ...group("groupsnapshot.storage.k8s.io", "v1alpha1", GROUP_SNAPSHOTS) },
      after: { ...SNAPSHOTS, ...group("groupsnapshot.storage.k8s.io", "v1beta1", GROUP_SNAPSHOTS) },
      hurt: Object.fromEntries(GROUP_SNAPSHOTS.split(" ").map((plural) => [plural, "stops-working"])),
    },
    {
      title: "linkerd2#12232: linkerd install --crds takes HTTPRoute v1 from Envoy Gateway",
      image: "docker.io/envoyproxy/gateway:v1.0.0",
      before: { ...EXPERIMENTAL_V1_0, ...ENVOY_GATEWAY_OWN },
      after: { ...EXPERIMENTAL_V1_0, ...ENVOY_GATEWAY_OWN, ...gatewayApi({ httproutes: "v1beta1 v1alpha2" }) },
      hurt: { httproutes: "crashes" },
    },
    {
      title: "aws-application-networking-k8s#944: v1.5.0 standard under the AWS Gateway API controller",
      image: "public.ecr.aws/aws-application-networking-k8s/aws-gateway-controller:v1.1.4",
      before: EXPERIMENTAL_V1_4,
      after: STANDARD_V1_5_OVER_V1_4,
      hurt: { tlsroutes: "crashes" },
    },
  ];

  it.each(rows)("$title", ({ image, settings = {}, before, after, hurt }) => {
    const [previous, next] = [crdsOf(before), crdsOf(after)];
    const worse = needsOf(catalog, image, settings).flatMap(({ requirement }) => {
      const outcome = outcomeFor(requirement, next);
      return compareHarm(outcome, outcomeFor(requirement, previous)) > 0 ? [{ requirement, outcome }] : [];
    });

    expect(named(worse, after)).toEqual(hurt);
  });
});

describe("a controller brought to CRDs that are too old for it", () => {
  const rows: readonly (Omit<Row, "before" | "after"> & { readonly crds: Bundle })[] = [
    {
      title: "gateway#3387: Envoy Gateway 1.1 needs the experimental channel",
      image: "docker.io/envoyproxy/gateway:v1.1.0",
      crds: { ...STANDARD_V1_1_OVER_V1_0, ...ENVOY_GATEWAY_OWN },
      hurt: { backendtlspolicies: "crashes" },
    },
    {
      title: "cilium#34835: Cilium rolled back to 1.15 does not find GRPCRoute v1alpha2 served",
      image: "quay.io/cilium/operator-generic:v1.15.8",
      settings: CILIUM_ON,
      crds: { ...STANDARD_V1_1, ...gatewayApi({ tlsroutes: "v1alpha2" }) },
      hurt: { grpcroutes: "crashes" },
    },
    {
      title: "home-ops#3790: Cilium 1.20 stays up and does nothing",
      image: "quay.io/cilium/operator-generic:v1.20.1",
      settings: CILIUM_ON,
      crds: EXPERIMENTAL_V1_3,
      hurt: {
        tlsroutes: "stops-working",
        referencegrants: "stops-working",
        backendtlspolicies: "stops-working",
        tcproutes: "loses-feature",
        udproutes: "loses-feature",
      },
    },
    {
      title: "istio.io#17394: istiod 1.30 ignores TLSRoute of an older bundle",
      image: "docker.io/istio/pilot:1.30.0",
      crds: EXPERIMENTAL_V1_4,
      hurt: { listenersets: "loses-feature", tlsroutes: "loses-feature" },
    },
    {
      title: "istio#41551: istiod 1.17 never becomes ready with the CRDs of v0.4",
      image: "docker.io/istio/pilot:1.17.1",
      crds: V0_4,
      hurt: { gatewayclasses: "crashes", gateways: "crashes", httproutes: "crashes", referencegrants: "loses-feature" },
    },
    {
      title: "rke2#10999: Envoy Gateway 1.8 needs Gateway API v1.5",
      image: "docker.io/envoyproxy/gateway:v1.8.1",
      crds: { ...EXPERIMENTAL_V1_4, ...ENVOY_GATEWAY_OWN },
      hurt: { listenersets: "crashes", tlsroutes: "crashes" },
    },
    {
      title: "gateway#7709: Envoy Gateway 1.6.0 ignores BackendTLSPolicy v1alpha3",
      image: "docker.io/envoyproxy/gateway:v1.6.0",
      crds: { ...EXPERIMENTAL_V1_3, ...ENVOY_GATEWAY_OWN },
      hurt: { backendtlspolicies: "loses-feature", tlsroutes: "loses-feature" },
    },
    {
      title: "traefik#12321: Traefik 3.6 serves no route without BackendTLSPolicy v1",
      image: "docker.io/library/traefik:v3.6.1",
      settings: { args: ["--providers.kubernetesgateway"] },
      crds: STANDARD_V1_3,
      hurt: { backendtlspolicies: "stops-working" },
    },
    {
      title: "superphenix#42: Traefik 3.7 serves none without TLSRoute v1",
      image: "docker.io/library/traefik:v3.7.5",
      settings: { args: ["--providers.kubernetesgateway=true"] },
      crds: EXPERIMENTAL_V1_4,
      hurt: { tlsroutes: "stops-working" },
    },
    {
      title: "traefik-helm-chart#359: Traefik 2.4 watches ServersTransport, which the CRDs of 2.2 lack",
      image: "docker.io/library/traefik:v2.4.2",
      settings: { args: ["--providers.kubernetescrd"] },
      crds: group("traefik.containo.us", "v1alpha1", TRAEFIK_KINDS.replace(" serverstransports middlewaretcps", "")),
      hurt: { serverstransports: "stops-working" },
    },
    {
      title: "external-secrets#4665: External Secrets 0.16.0 needs v1",
      image: "ghcr.io/external-secrets/external-secrets:v0.16.0",
      crds: {
        ...group("external-secrets.io", "v1beta1 v1alpha1", EXTERNAL_SECRETS),
        ...group("external-secrets.io", "v1alpha1", "pushsecrets clusterpushsecrets"),
        ...group("generators.external-secrets.io", "v1alpha1", "generatorstates"),
      },
      hurt: Object.fromEntries(EXTERNAL_SECRETS.split(" ").map((plural) => [plural, "crashes"])),
    },
    {
      title: "external-snapshotter#1385: csi-snapshotter 8.5 with group snapshots stops taking single ones too",
      image: "registry.k8s.io/sig-storage/csi-snapshotter:v8.5.0",
      settings: { args: ["--v=5", "--feature-gates=CSIVolumeGroupSnapshot=true"] },
      crds: { ...SNAPSHOTS, ...group("groupsnapshot.storage.k8s.io", "v1beta1", GROUP_SNAPSHOTS) },
      hurt: Object.fromEntries(GROUP_SNAPSHOTS.split(" ").map((plural) => [plural, "stops-working"])),
    },
    {
      title: "external-snapshotter#1385: without the feature gate it does not look at them",
      image: "registry.k8s.io/sig-storage/csi-snapshotter:v8.5.0",
      settings: { args: ["--v=5"] },
      crds: { ...SNAPSHOTS, ...group("groupsnapshot.storage.k8s.io", "v1beta1", GROUP_SNAPSHOTS) },
      hurt: {},
    },
    {
      title: "strimzi#9498: Strimzi 0.39 does not start without KafkaNodePool",
      image: "quay.io/strimzi/operator:0.39.0",
      settings: { args: ["/opt/strimzi/bin/cluster_operator_run.sh"] },
      crds: {
        ...group("kafka.strimzi.io", "v1beta2", "kafkas kafkaconnects kafkabridges kafkamirrormaker2s kafkarebalances"),
        ...group("core.strimzi.io", "v1beta2", "strimzipodsets"),
      },
      hurt: { kafkanodepools: "crashes" },
    },
  ];

  it.each(rows)("$title", ({ image, settings = {}, crds, hurt }) => {
    const cluster = crdsOf(crds);
    const unmet = needsOf(catalog, image, settings)
      .map(({ requirement }) => ({ requirement, outcome: outcomeFor(requirement, cluster) }))
      .filter(({ outcome }) => outcome !== "works");

    expect(named(unmet, crds)).toEqual(hurt);
  });
});

describe("what is not sure", () => {
  it.each([
    {
      title: "a tag without a version is never denied by",
      image: "docker.io/envoyproxy/gateway-dev:latest",
      settings: {},
      certainty: "unknown-version",
    },
    {
      title: "an entry from a pull request alone is only warned of",
      image: "public.ecr.aws/aws-application-networking-k8s/aws-gateway-controller:v1.1.4",
      settings: {},
      certainty: "unconfirmed",
    },
    {
      title: "a Traefik that is configured by a file may need anything",
      image: "docker.io/library/traefik:v3.1.0",
      settings: { args: ["--configfile=/etc/traefik/traefik.yaml"] },
      certainty: "conditional",
    },
    {
      title: "Cilium's ConfigMap that cannot be read is taken to switch it on",
      image: "quay.io/cilium/operator-generic:v1.16.0",
      settings: {},
      certainty: "assumed",
    },
  ])("$title: $certainty", ({ image, settings, certainty }) => {
    const needs = needsOf(catalog, image, settings);

    expect(needs.length).toBeGreaterThan(0);
    expect(new Set(needs.map((need) => need.certainty.kind))).toEqual(new Set([certainty]));
  });
});

/** Outcomes by plural, where no other group of the row has the same. */
function named(
  unmet: readonly { readonly requirement: { readonly resource: string; readonly group: string }; readonly outcome: string }[],
  bundle: Bundle,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    unmet.map(({ requirement, outcome }) => {
      const name = crdNameOf(requirement);
      const isShared = Object.keys(bundle).some((other) => other !== name && other.startsWith(`${requirement.resource}.`));
      return [isShared ? name : requirement.resource, outcome];
    }),
  );
}

/** @file Which controllers an image is taken for, however it is named. */
import { describe, expect, it } from "vitest";
import { controllersOf } from "../../../src/requirements/catalog.ts";
import { parseImage } from "../../../src/requirements/image.ts";
import { settingsFor, truthUnder } from "./satisfy.ts";
import { needsOf, type Settings, shippedCatalog } from "./workloads.ts";

const catalog = await shippedCatalog();

/** Of controllers that share an image's name, those that speak under these settings. */
function controllersUnder(image: string, settings: Settings): readonly string[] {
  return controllersOf(catalog, parseImage(image))
    .filter(({ when }) => when === null || truthUnder(when, settings) !== "no")
    .map(({ id }) => id)
    .toSorted();
}

/** The plugin is part of Argo Rollouts' own process. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  "argo-rollouts": ["argo-rollouts", "argo-rollouts-gatewayapi-plugin"],
  "argo-rollouts-gatewayapi-plugin": ["argo-rollouts", "argo-rollouts-gatewayapi-plugin"],
};

/** Of a name of one word, nobody can tell below a prefix whose it is. */
function mirrors(path: string): readonly { readonly title: string; readonly image: string }[] {
  return [
    { title: "below a mirror's prefix", image: `registry.example/mirror/quay.io/${path}:v1.2.3` },
    { title: "as Rancher mirrors it", image: `rancher/mirrored-${path.replaceAll("/", "-")}:v1.2.3` },
  ];
}

describe.each(
  catalog.flatMap((controller) => controller.images.map(({ path, isOfficial }) => ({ controller, path, isOfficial }))),
)("$path", ({ controller, path, isOfficial }) => {
  const ids = SHARED[controller.id] ?? [controller.id];
  const [settings = {}] = settingsFor(controller.when, true);

  it.each([
    { title: "with a tag", image: `${path}:v1.2.3` },
    { title: "on a registry", image: `registry.example/${path}:1.2.3` },
    { title: "on a registry with a port", image: `registry.example:5000/${path}:1.2.3` },
    { title: "with a digest", image: `registry.example/${path}:v1.2.3@sha256:0a1b` },
    { title: "by digest alone", image: `registry.example/${path}@sha256:0a1b` },
    { title: "on a distroless base, by its name", image: `registry.example/${path}-distroless:v1.2.3` },
    { title: "on a distroless base, by its tag", image: `registry.example/${path}:1.2.3-distroless` },
    ...(isOfficial || path.includes("/") ? mirrors(path) : []),
  ])(`$title is ${ids.join(" and ")}`, ({ image }) => {
    expect(controllersUnder(image, settings)).toEqual(ids);
  });

  it("is not another image of a similar name", () => {
    expect(controllersUnder(`registry.example/${path}-not:v1.2.3`, settings)).toEqual([]);
    expect(controllersUnder(`registry.example/${path}/tools:v1.2.3`, settings)).toEqual([]);
  });
});

describe("images that only look like one", () => {
  it.each([
    {
      title: "ingress-nginx, whose image is named controller too",
      image: "registry.k8s.io/ingress-nginx/controller:v1.1.1",
      settings: { args: ["/nginx-ingress-controller"] },
    },
    { title: "MetalLB's controller", image: "quay.io/metallb/controller:v1.2.0", settings: { args: ["--port=7472"] } },
    { title: "a controller without arguments", image: "gcr.io/knative-releases/knative.dev/serving/cmd/controller:v1.2.0" },
    { title: "what kubebuilder calls a controller", image: "controller:latest" },
    {
      title: "the data plane of NGINX Gateway Fabric",
      image: "private-registry.nginx.com/nginx-gateway-fabric/nginx-plus:1.4.0",
    },
    { title: "the other data plane of NGINX Gateway Fabric", image: "ghcr.io/nginx/nginx-gateway-fabric/nginx:1.4.0" },
    {
      title: "Contour beside Envoy, as shutdown manager",
      image: "ghcr.io/projectcontour/contour:v1.30.0",
      settings: { args: ["envoy", "shutdown-manager"] },
    },
    {
      title: "External Secrets as webhook",
      image: "ghcr.io/external-secrets/external-secrets:v0.15.1",
      settings: { args: ["webhook", "--port=10250"] },
    },
    {
      title: "External Secrets as certificate controller",
      image: "ghcr.io/external-secrets/external-secrets:v0.15.1",
      settings: { args: ["certcontroller"] },
    },
    {
      title: "Crossplane's RBAC manager",
      image: "xpkg.crossplane.io/crossplane/crossplane:v1.20.0",
      settings: { args: ["rbac", "start"] },
    },
    {
      title: "Velero's node agent",
      image: "docker.io/velero/velero:v1.14.0",
      settings: { args: ["/velero", "node-agent", "server"] },
    },
    {
      title: "Rook's discovery daemon",
      image: "docker.io/rook/ceph:v1.15.0",
      settings: { args: ["discover", "--discover-interval", "60m"] },
    },
    {
      title: "Strimzi's user operator",
      image: "quay.io/strimzi/operator:0.48.0",
      settings: { args: ["/opt/strimzi/bin/user_operator_run.sh"] },
    },
    {
      title: "Argo CD's repo server",
      image: "quay.io/argoproj/argocd:v2.9.0",
      settings: { args: ["/usr/local/bin/argocd-repo-server"] },
    },
    {
      title: "Consul's catalog sync",
      image: "docker.io/hashicorp/consul-k8s-control-plane:1.4.0",
      settings: { args: ["/bin/sh", "-ec", "consul-k8s-control-plane sync-catalog \\\n -to-consul=true"] },
    },
  ] satisfies readonly { readonly title: string; readonly image: string; readonly settings?: Settings }[])(
    "$title needs nothing",
    ({ image, settings = {} }: { readonly image: string; readonly settings?: Settings }) => {
      expect(needsOf(catalog, image, settings)).toEqual([]);
    },
  );
});

describe("versions that a tag tells in its own way", () => {
  it.each([
    { image: "docker.io/istio/pilot:1.21.2-distroless", range: ">=1.18.0 <1.22.0" },
    { image: "quay.io/cilium/operator-generic:v1.15.4@sha256:0a1b", range: ">=1.15.0 <1.16.0" },
    {
      image: "docker.io/bitnami/contour:1.28.0-debian-11-r2",
      range: ">=1.28.0 <1.29.0",
      settings: { args: ["serve", "--config-path=/config/contour.yaml"] },
    },
    { image: "cr.l5d.io/linkerd/policy-controller:stable-2.14.10", range: ">=2.14.0 <2.16.0" },
    { image: "ghcr.io/buoyantio/policy-controller:enterprise-2.17.1", range: ">=2.17.0 <2.18.0" },
    { image: "docker.io/library/traefik:v3.6", range: ">=3.6.0 <3.7.0", settings: { args: ["--providers.kubernetescrd"] } },
    {
      image: "gcr.io/knative-releases/knative.dev/net-gateway-api/cmd/controller@sha256:0a1b",
      range: ">=1.9.0 <1.13.0",
      settings: { labels: { "app.kubernetes.io/version": "1.11.2" } },
    },
  ] satisfies readonly { readonly image: string; readonly range: string; readonly settings?: Settings }[])(
    "$image is of $range",
    ({ image, range, settings = {} }: { readonly image: string; readonly range: string; readonly settings?: Settings }) => {
      const needs = needsOf(catalog, image, settings);

      expect(new Set(needs.map(({ source }) => (source.kind === "catalog" ? source.versionRange : "")))).toEqual(
        new Set([range]),
      );
      expect(needs.filter(({ certainty }) => certainty.kind === "unknown-version")).toEqual([]);
    },
  );

  it.each([
    { title: "an edge release of Linkerd", image: "cr.l5d.io/linkerd/policy-controller:edge-25.4.4" },
    { title: "a development build", image: "docker.io/envoyproxy/gateway-dev:latest" },
    { title: "a release newer than the catalog", image: "ghcr.io/nginx/nginx-gateway-fabric:2.7.0" },
  ])("$title is not known, and never certain", ({ image }) => {
    const needs = needsOf(catalog, image);

    expect(new Set(needs.map(({ certainty }) => certainty.kind))).toEqual(new Set(["unknown-version"]));
  });
});

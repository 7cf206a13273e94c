import { describe, expect, it } from "vitest";
import { parseCrd, readWebhookTarget } from "../../../src/crd/parse.ts";
import { readAppliers, readDefiners, readOwners } from "../../../src/crd/owners.ts";

describe("who the versions of a CRD belong to", () => {
  const entry = (manager: string, operation: string, fields: object, subresource?: string): object => ({
    manager,
    operation,
    fieldsType: "FieldsV1",
    fieldsV1: fields,
    ...(subresource === undefined ? {} : { subresource }),
  });
  const versions = { "f:spec": { "f:versions": {} } };

  it.each([
    { title: "whoever applies them", fields: [entry("team-a", "Apply", versions)], expected: [["team-a", true]] },
    { title: "whoever updates them", fields: [entry("helm", "Update", versions)], expected: [["helm", false]] },
    {
      title: "two that apply the same",
      fields: [entry("team-a", "Apply", versions), entry("team-b", "Apply", versions)],
      expected: [
        ["team-a", true],
        ["team-b", true],
      ],
    },
    {
      title: "not who writes the caBundle of a webhook",
      fields: [entry("cainjector", "Update", { "f:spec": { "f:conversion": { "f:webhook": { "f:clientConfig": {} } } } })],
      expected: [],
    },
    { title: "not who writes a label", fields: [entry("kubectl-label", "Update", { "f:metadata": {} })], expected: [] },
    { title: "not who writes the status", fields: [entry("kube-apiserver", "Update", versions, "status")], expected: [] },
    { title: "nobody who is told of without fields, as in a snapshot", fields: [{ manager: "helm" }], expected: [] },
    { title: "nobody in a manifest", fields: undefined, expected: [] },
    { title: "nobody in nonsense", fields: [null, 3, { fieldsV1: versions }], expected: [] },
  ])("is $title", ({ fields, expected }) => {
    expect(readDefiners(fields).map(({ manager, isApplied }) => [manager, isApplied])).toEqual(expected);
  });
});

describe("owners of a CRD", () => {
  it.each([
    {
      title: "a Helm release",
      metadata: { annotations: { "meta.helm.sh/release-name": "gears", "meta.helm.sh/release-namespace": "mill" } },
      expected: [{ kind: "helm-release", namespace: "mill", name: "gears", isKept: false }],
    },
    {
      title: "a Helm release that keeps it",
      metadata: {
        annotations: {
          "meta.helm.sh/release-name": "gears",
          "meta.helm.sh/release-namespace": "mill",
          "helm.sh/resource-policy": "keep",
        },
      },
      expected: [{ kind: "helm-release", namespace: "mill", name: "gears", isKept: true }],
    },
    {
      title: "an Argo CD application",
      metadata: {
        annotations: { "argocd.argoproj.io/tracking-id": "platform:apiextensions.k8s.io/CustomResourceDefinition:x/y" },
      },
      expected: [{ kind: "argo-application", namespace: null, name: "platform" }],
    },
    {
      title: "an Argo CD application of another namespace",
      metadata: {
        annotations: { "argocd.argoproj.io/tracking-id": "team-a_platform:apiextensions.k8s.io/CustomResourceDefinition:x/y" },
      },
      expected: [{ kind: "argo-application", namespace: "team-a", name: "platform" }],
    },
    {
      title: "Flux' HelmRelease and Kustomization",
      metadata: {
        labels: {
          "helm.toolkit.fluxcd.io/name": "gears",
          "helm.toolkit.fluxcd.io/namespace": "mill",
          "kustomize.toolkit.fluxcd.io/name": "platform",
          "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
        },
      },
      expected: [
        { kind: "flux-kustomization", namespace: "flux-system", name: "platform" },
        { kind: "flux-helm-release", namespace: "mill", name: "gears" },
      ],
    },
    {
      title: "the provider's addon manager",
      metadata: { labels: { "addonmanager.kubernetes.io/mode": "Reconcile" } },
      expected: [{ kind: "addon-manager" }],
    },
    { title: "OLM", metadata: { labels: { "olm.managed": "true" } }, expected: [{ kind: "olm" }] },
    {
      title: "nobody by the label that every chart sets",
      metadata: { labels: { "app.kubernetes.io/instance": "gears", "app.kubernetes.io/managed-by": "Helm" } },
      expected: [],
    },
    { title: "nobody by half of a mark", metadata: { annotations: { "meta.helm.sh/release-name": "gears" } }, expected: [] },
    {
      title: "nobody by marks of another type",
      metadata: { annotations: { "meta.helm.sh/release-name": 1 }, labels: [] },
      expected: [],
    },
  ])("are $title", ({ metadata, expected }) => {
    expect(readOwners(metadata)).toEqual(expected);
  });

  it("are joined by who applies it server-side, each once, without writers of its status", () => {
    const managedFields = [
      { manager: "argocd-controller", operation: "Apply" },
      { manager: "argocd-controller", operation: "Apply" },
      { manager: "kubectl", operation: "Update" },
      { manager: "status-writer", operation: "Apply", subresource: "status" },
      null,
    ];

    expect(readAppliers(managedFields)).toEqual(["argocd-controller"]);
    expect(readAppliers(undefined)).toEqual([]);
  });
});

describe("what doctor reads of a CRD", () => {
  const manifest = (changes: { readonly spec?: object; readonly metadata?: object; readonly status?: object }) => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "gears.own.dev", ...changes.metadata },
    spec: {
      group: "own.dev",
      names: { plural: "gears", kind: "Gear" },
      versions: [{ name: "v1", served: true, storage: true }],
      ...changes.spec,
    },
    status: changes.status,
  });

  it("is its conversion webhook, its finalizers, since when it goes, and the conditions that tell of an illness", () => {
    const service = { namespace: "mill", name: "converter", path: "/convert" };
    const conversion = { strategy: "Webhook", webhook: { clientConfig: { service, caBundle: "Q0E=" } } };
    const refused = { type: "NamesAccepted", status: "False", reason: "KindConflict", message: "taken" };
    const parsed = parseCrd(
      manifest({
        spec: { conversion },
        metadata: { deletionTimestamp: "2026-06-15T12:00:00Z", finalizers: ["own.dev/keep", 1] },
        status: { conditions: [refused, { type: "Established", status: "True" }] },
      }),
    );

    expect(parsed).toMatchObject({
      ok: true,
      value: {
        conversion: {
          kind: "webhook",
          target: { kind: "service", namespace: "mill", name: "converter", port: 443 },
          caBundle: "Q0E=",
        },
        finalizers: ["own.dev/keep"],
        isTerminating: true,
        terminatingSince: "2026-06-15T12:00:00Z",
        conditions: [refused],
      },
    });
  });

  it.each([
    { title: "no conversion", conversion: undefined },
    { title: "the strategy None", conversion: { strategy: "None" } },
    { title: "a webhook without an address", conversion: { strategy: "Webhook", webhook: {} } },
  ])("is no conversion webhook of $title", ({ conversion }) => {
    expect(parseCrd(manifest({ spec: { conversion } }))).toMatchObject({ ok: true, value: { conversion: { kind: "none" } } });
  });

  it.each([
    { clientConfig: { url: "https://own.dev" }, expected: { kind: "url", url: "https://own.dev" } },
    {
      clientConfig: { service: { namespace: "a", name: "b", port: 8443 } },
      expected: { kind: "service", namespace: "a", name: "b", port: 8443 },
    },
    { clientConfig: { service: { name: "b" } }, expected: null },
    { clientConfig: null, expected: null },
  ])("is the address $expected", ({ clientConfig, expected }) => {
    expect(readWebhookTarget(clientConfig)).toEqual(expected);
  });
});

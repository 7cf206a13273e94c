import { describe, expect, it } from "vitest";
import { createPseudonyms, redactImage } from "../../../../src/cluster/snapshot/pseudonyms.ts";
import { redactSnapshot } from "../../../../src/cluster/snapshot/redact.ts";
import type { JsonRecord, Snapshot } from "../../../../src/cluster/snapshot/snapshot.ts";
import type { MigrationEvidence } from "../../../../src/rules/facts.ts";
import { shippedCatalog } from "../../catalog/workloads.ts";
import { definition, deployment, snapshotOf } from "./clusters.ts";

const catalog = await shippedCatalog();
const readable = (kind: string, name: string): string => (name === "" ? "" : `<${kind} ${name}>`);

describe("pseudonyms", () => {
  it("are the same for the same name, and others under another salt", () => {
    const first = createPseudonyms(Buffer.from("a"));
    const second = createPseudonyms(Buffer.from("b"));

    expect(first("namespace", "mill")).toMatch(/^namespace-[0-9a-f]{4}$/);
    expect(first("namespace", "mill")).toBe(first("namespace", "mill"));
    expect(first("namespace", "mill")).not.toBe(second("namespace", "mill"));
    expect(first("namespace", "")).toBe("");
  });

  it("tell apart as many names as a large cluster has", () => {
    const pseudonyms = createPseudonyms();

    expect(new Set(Array.from({ length: 20_000 }, (_, index) => pseudonyms("workload", `w${String(index)}`))).size).toBe(20_000);
  });
});

describe("images under pseudonyms", () => {
  it.each([
    { image: "docker.io/envoyproxy/gateway:v1.0.1", told: "envoyproxy/gateway:v1.0.1" },
    { image: "registry.own.dev:5000/mirror/envoyproxy/gateway:v1.0.1-shop.4@sha256:abc", told: "envoyproxy/gateway:v1.0.1" },
    { image: "rancher/mirrored-cilium-operator-generic:v1.15.4", told: "cilium/operator-generic:v1.15.4" },
    { image: "traefik:v3.1", told: "library/traefik:v3.1" },
    { image: "docker.io/istio/pilot:shop-branch", told: "istio/pilot:<tag shop-branch>" },
    { image: "registry.own.dev/shop/till:v3", told: "<image shop/till>" },
  ])("$image is told as $told", ({ image, told }) => {
    expect(redactImage(image, catalog, readable)).toBe(told);
  });
});

describe("a redacted snapshot", () => {
  it("tells what is judged, and nothing of whom it belongs to", async () => {
    const objects: readonly JsonRecord[] = [
      definition("gears.own.dev", [{ name: "v1", served: true, storage: true }], {
        metadata: {
          name: "gears.own.dev",
          labels: { "app.kubernetes.io/managed-by": "Helm", "shop.dev/team": "shop" },
          annotations: {
            "meta.helm.sh/release-name": "shop-gears",
            "meta.helm.sh/release-namespace": "shop",
            "argocd.argoproj.io/tracking-id": "shop-app:apiextensions.k8s.io/CustomResourceDefinition:/gears.own.dev",
            "gateway.networking.k8s.io/channel": "standard",
          },
          finalizers: ["customresourcecleanup.apiextensions.k8s.io", "shop.dev/wait"],
          managedFields: [
            { manager: "helm", operation: "Update" },
            { manager: "shop-operator", operation: "Update" },
          ],
        },
        status: { storedVersions: ["v1"], conditions: [{ type: "Established", status: "True", message: "in shop" }] },
      }),
      deployment(
        "till",
        { image: "shop/till:1" },
        {
          metadata: {
            namespace: "shop",
            labels: { app: "till" },
            annotations: { "crdguard.dev/requires": "gears.own.dev/v1", "crdguard.dev/slip": "shop" },
          },
        },
      ),
      {
        apiVersion: "crdguard.dev/v1alpha1",
        kind: "APIRequirement",
        metadata: { namespace: "shop", name: "shop-needs" },
        spec: {
          selector: { matchLabels: { app: "till" }, matchExpressions: [{ key: "shop.dev/team", operator: "Exists" }] },
          requirements: [{ group: "own.dev", resource: "gears", versions: ["v1"], reason: "the shop" }],
        },
      },
      {
        apiVersion: "crdguard.dev/v1alpha1",
        kind: "GuardPolicy",
        metadata: { name: "shop-policy", generation: 2, labels: { app: "shop" } },
        spec: {
          priority: 200,
          crds: { names: ["*.own.dev"], labels: { matchLabels: { "shop.dev/team": "shop" } } },
          rules: [{ id: "objects-deleted", enforcement: "warn" }],
          onInternalError: "allow",
          exceptions: [
            {
              rule: "objects-deleted",
              crd: "gears.own.dev",
              reason: "the shop moves",
              owner: "shop@own.dev",
              expires: "2027-01-01T00:00:00Z",
            },
          ],
        },
        status: { lapsedCount: 0 },
      },
      { apiVersion: "crdguard.dev/v1alpha1", kind: "GuardPolicy", metadata: { name: "default" }, spec: { priority: 0 } },
      { apiVersion: "own.dev/v1", kind: "gear", metadata: { namespace: "shop", name: "big" } },
    ];
    const taken = await snapshotOf(objects, [], "strict");

    const redacted: Snapshot = redactSnapshot(
      { ...taken, health: { server: "shop" }, unread: [{ resource: "clusterserviceversions", reason: "shop may not" }] },
      [],
      readable,
    );

    expect({ objects: redacted.objects, unread: redacted.unread, health: redacted.health, cluster: redacted.cluster }).toEqual({
      objects: [
        {
          apiVersion: "apiextensions.k8s.io/v1",
          kind: "CustomResourceDefinition",
          metadata: {
            name: "gears.own.dev",
            labels: { "app.kubernetes.io/managed-by": "Helm", "<label shop.dev/team>": "<value shop>" },
            annotations: {
              "meta.helm.sh/release-name": "<release shop-gears>",
              "meta.helm.sh/release-namespace": "<namespace shop>",
              "argocd.argoproj.io/tracking-id": "<release shop-app>",
              "gateway.networking.k8s.io/channel": "standard",
            },
            finalizers: ["customresourcecleanup.apiextensions.k8s.io", "<finalizer shop.dev/wait>"],
            managedFields: [
              { manager: "helm", operation: "Update" },
              { manager: "<manager shop-operator>", operation: "Update" },
            ],
          },
          spec: {
            group: "own.dev",
            names: { kind: "gear", plural: "gears" },
            scope: "Namespaced",
            versions: [{ name: "v1", served: true, storage: true }],
          },
          status: { storedVersions: ["v1"], conditions: [{ type: "Established", status: "True" }] },
        },
        {
          apiVersion: "apps/v1",
          kind: "Deployment",
          metadata: {
            name: "<workload till>",
            namespace: "<namespace shop>",
            labels: { app: "<value till>" },
            annotations: { "crdguard.dev/requires": "gears.own.dev/v1", "crdguard.dev/slip": "<release shop>" },
          },
          spec: {
            replicas: 1,
            template: { metadata: {}, spec: { containers: [{ name: "<container main>", image: "<image shop/till>" }] } },
          },
        },
        {
          apiVersion: "crdguard.dev/v1alpha1",
          kind: "APIRequirement",
          metadata: { name: "<apirequirement shop-needs>", namespace: "<namespace shop>" },
          spec: {
            selector: {
              matchLabels: { app: "<value till>" },
              matchExpressions: [{ key: "<label shop.dev/team>", operator: "Exists" }],
            },
            requirements: [{ group: "own.dev", resource: "gears", versions: ["v1"] }],
          },
        },
        {
          apiVersion: "crdguard.dev/v1alpha1",
          kind: "GuardPolicy",
          metadata: { name: "<guardpolicy shop-policy>", generation: 2 },
          spec: {
            priority: 200,
            crds: { names: ["*.own.dev"], labels: { matchLabels: { "<label shop.dev/team>": "<value shop>" } } },
            rules: [{ id: "objects-deleted", enforcement: "warn" }],
            onInternalError: "allow",
            exceptions: [
              {
                rule: "objects-deleted",
                crd: "gears.own.dev",
                reason: "the reason is withheld",
                owner: "<owner shop@own.dev>",
                expires: "2027-01-01T00:00:00Z",
              },
            ],
          },
        },
        {
          apiVersion: "crdguard.dev/v1alpha1",
          kind: "GuardPolicy",
          metadata: { name: "default" },
          spec: { priority: 0 },
        },
      ],
      unread: [{ resource: "clusterserviceversions", reason: "the reason is withheld" }],
      health: undefined,
      cluster: { kubernetesVersion: null, server: null },
    });
    expect(redacted.evidence.get("gears.own.dev")).toMatchObject({
      objects: {
        byNamespace: new Map([["<namespace shop>", 1]]),
        examples: [{ namespace: "<namespace shop>", name: "<object big>" }],
      },
      writers: { writers: [{ kind: "file", name: "<file cluster.yaml>" }] },
    });
  });

  it("tells how many objects of a migration are not proven, and not which", async () => {
    const taken = await snapshotOf([definition("gears.own.dev", [{ name: "v1", served: true, storage: true }])], [], "strict");
    const unproven: MigrationEvidence = {
      kind: "unproven",
      by: "StorageVersionRecord gears.own.dev",
      unprovenCount: 2,
      objectCount: 7,
      isComplete: true,
      examples: [
        { namespace: "shop", name: "big" },
        { namespace: "default", name: "small" },
      ],
    };
    const evidence = taken.evidence.get("gears.own.dev");
    if (evidence === undefined) throw new Error("the snapshot holds no evidence of gears.own.dev");

    const redacted = redactSnapshot(
      { ...taken, evidence: new Map([["gears.own.dev", { ...evidence, migration: unproven }]]) },
      [],
      readable,
    );

    expect(redacted.evidence.get("gears.own.dev")?.migration).toEqual({
      ...unproven,
      examples: [
        { namespace: "<namespace shop>", name: "<object big>" },
        { namespace: "default", name: "<object small>" },
      ],
    });
  });
});

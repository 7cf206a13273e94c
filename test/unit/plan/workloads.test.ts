import { describe, expect, it } from "vitest";
import { folderCluster } from "../../../src/cluster/snapshot/folder-cluster.ts";
import type { PlanWorkload } from "../../../src/plan/question.ts";
import { planWorkloads, retag } from "../../../src/plan/workloads.ts";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import { crdNameOf } from "../../../src/rules/requirement.ts";

describe("the releases that a workload may run", () => {
  it.each([
    {
      title: "are that of today and all later ones",
      image: "docker.io/envoyproxy/gateway:v1.0.2",
      version: undefined,
      target: null,
    },
    {
      title: "end with the one that is asked for, under the settings of today",
      image: "docker.io/envoyproxy/gateway:v1.0.2",
      version: "v1.1.3",
      target: { kind: "version", version: "1.1.3", backendTls: ["v1alpha3"] },
    },
    {
      title: "may be older",
      image: "docker.io/envoyproxy/gateway:v1.1.3",
      version: "1.0.2",
      target: { kind: "version", version: "1.0.2", backendTls: ["v1alpha2"] },
    },
    {
      title: "hold that of today as the target where it runs already",
      image: "docker.io/envoyproxy/gateway:v1.0.2",
      version: "1.0.2",
      target: { kind: "version", version: "1.0.2", backendTls: ["v1alpha2"] },
    },
    {
      title: "are not known of a version that the catalog does not have",
      image: "docker.io/envoyproxy/gateway:v1.0.2",
      version: "0.0.1",
      target: { kind: "unknown", version: "0.0.1", backendTls: null },
    },
    {
      title: "are nobody's choice where the tag tells nothing",
      image: "docker.io/envoyproxy/gateway:latest",
      version: "1.1.3",
      target: null,
    },
  ])("$title", async ({ image, version, target }) => {
    const [own] = await workloadsOf(image, version);

    expect(own === undefined ? null : tell(own)).toEqual(target);
    expect(own?.later.map((release) => release.version).slice(0, 2)).toEqual(
      image.endsWith("latest") ? [] : image.endsWith("v1.1.3") ? ["1.2.0", "1.5.8"] : ["1.1.0", "1.2.0"],
    );
  });

  it.each([
    { image: "envoyproxy/gateway:v1.0.1", version: "1.1.0", expected: "envoyproxy/gateway:v1.1.0" },
    { image: "localhost:5000/gateway:1.0.1-distroless", version: "1.1.0", expected: "localhost:5000/gateway:1.1.0-distroless" },
    { image: "localhost:5000/gateway", version: "1.1.0", expected: "localhost:5000/gateway:v1.1.0" },
    { image: "gateway:v1.0.1@sha256:00", version: "1.1.0", expected: "gateway:v1.1.0" },
  ])("are told by the tag: $image at $version", ({ image, version, expected }) => {
    expect(retag(image, version)).toBe(expected);
  });
});

async function workloadsOf(image: string, version: string | undefined): Promise<readonly PlanWorkload[]> {
  const catalog = await readCatalog();
  if (!catalog.ok) throw new Error(catalog.error.message);
  const object = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "envoy-gateway", namespace: "mill" },
    spec: { template: { spec: { containers: [{ name: "main", image }] } } },
  };
  const cluster = folderCluster("test", [{ file: "test", line: 1, object }], catalog.value);
  const picture = cluster.ok ? cluster.value.picture() : null;
  if (!cluster.ok || picture === null) throw new Error("a folder is a cluster");
  const versions = new Map(version === undefined ? [] : [["envoy-gateway", version]]);
  return planWorkloads({ workloads: cluster.value.workloads, picture, catalog: catalog.value, manifests: [], versions });
}

function tell({ target }: PlanWorkload) {
  if (target === null) return null;
  if (target.kind === "unknown") return { kind: target.kind, version: target.wanted, backendTls: null };
  const need = target.release.needs.find(
    ({ requirement }) => crdNameOf(requirement) === "backendtlspolicies.gateway.networking.k8s.io",
  );
  return { kind: target.kind, version: target.release.version, backendTls: need?.requirement.versions };
}

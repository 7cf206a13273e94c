import { describe, expect, it } from "vitest";
import { readContents } from "../../../../src/cluster/snapshot/contents.ts";
import { folderCluster } from "../../../../src/cluster/snapshot/folder-cluster.ts";
import { type Manifest, parseManifests } from "../../../../src/cluster/snapshot/manifests.ts";

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: { name: turner, namespace: mill }
spec: { template: { spec: { containers: [{ name: main, image: "own.dev/mill/turner:v1" }] } } }`;
const API_REQUIREMENT = `apiVersion: crdguard.dev/v1alpha1
kind: APIRequirement
metadata: { name: turner, namespace: mill }
spec: { workload: { name: turner }, requirements: [{ group: own.dev, resource: gears, versions: [v1], reason: it turns them }] }`;
const CLUSTER_SERVICE_VERSION = `apiVersion: operators.coreos.com/v1alpha1
kind: ClusterServiceVersion
metadata: { name: turner.v1, namespace: mill }
spec:
  install: { spec: { deployments: [{ name: turner }] } }
  customresourcedefinitions: { owned: [{ name: cogs.own.dev, version: v1 }], required: [{ name: gears.own.dev, version: v1 }] }`;

describe("declarations in a folder", () => {
  it.each([
    {
      title: "an APIRequirement counts for its workload",
      documents: [API_REQUIREMENT, DEPLOYMENT],
      sources: { "gears.own.dev": { kind: "api-requirement", name: "turner", reason: "it turns them" } },
    },
    {
      title: "a ClusterServiceVersion counts for what it installs, by what it requires and what it owns",
      documents: [DEPLOYMENT, CLUSTER_SERVICE_VERSION],
      sources: {
        "cogs.own.dev": { kind: "cluster-service-version", name: "turner.v1" },
        "gears.own.dev": { kind: "cluster-service-version", name: "turner.v1" },
      },
    },
    {
      title: "an APIRequirement comes before a ClusterServiceVersion",
      documents: [CLUSTER_SERVICE_VERSION, API_REQUIREMENT, DEPLOYMENT],
      sources: { "gears.own.dev": { kind: "api-requirement", name: "turner", reason: "it turns them" } },
    },
    {
      title: "neither counts in another namespace",
      documents: [
        API_REQUIREMENT.replace("namespace: mill", "namespace: shop"),
        CLUSTER_SERVICE_VERSION.replace("namespace: mill", "namespace: shop"),
        DEPLOYMENT,
      ],
      sources: {},
    },
    {
      title: "neither counts where the workload declares itself",
      documents: [
        API_REQUIREMENT,
        CLUSTER_SERVICE_VERSION,
        DEPLOYMENT.replace("namespace: mill", 'namespace: mill, annotations: { crdguard.dev/uses: "" }'),
      ],
      sources: {},
    },
  ])("$title", async ({ documents, sources }) => {
    const cluster = folderCluster("cluster", await parsed(documents), []);
    const needs = cluster.ok ? cluster.value.picture()?.needs : undefined;

    expect(Object.fromEntries([...(needs ?? [])].map(([name, [need]]) => [name, need?.source]))).toEqual(sources);
  });

  it.each([
    {
      title: "an APIRequirement that asks for nothing",
      document: API_REQUIREMENT.replace(/requirements: .*/, "requirements: [] }"),
      problem: "spec.requirements: must NOT have fewer than 1 items",
    },
    {
      title: "an APIRequirement with a mistyped member",
      document: API_REQUIREMENT.replace("versions:", "version:"),
      problem: 'spec.requirements[0]: "versions" is missing',
    },
    {
      title: "an APIRequirement with a member too many",
      document: API_REQUIREMENT.replace("reason:", "reasons:"),
      problem: 'spec.requirements[0]: unknown member "reasons"',
    },
    {
      title: "an APIRequirement of another version",
      document: API_REQUIREMENT.replace("v1alpha1", "v1"),
      problem: "apiVersion: expected crdguard.dev/v1alpha1",
    },
  ])("$title is refused, by file and line", async ({ document, problem }) => {
    expect(readContents(await parsed([DEPLOYMENT, document]))).toEqual({
      ok: false,
      error: { code: "manifest-malformed", message: `cluster.yaml:6:1: ${problem}` },
    });
  });
});

describe("the namespace of what names none", () => {
  it.each([
    { title: "it is left out", metadata: "{ name: turner }", namespace: "edge" },
    { title: "it is empty", metadata: '{ name: turner, namespace: "" }', namespace: "edge" },
    { title: "but not where it is named", metadata: "{ name: turner, namespace: mill }", namespace: "mill" },
  ])("is the one given: $title", async ({ metadata, namespace }) => {
    const contents = readContents(await parsed([DEPLOYMENT.replace("{ name: turner, namespace: mill }", metadata)]), "edge");

    expect(contents.ok ? contents.value.workloads.map(({ ref }) => ref) : contents.error).toEqual([
      { kind: "Deployment", namespace, name: "turner" },
    ]);
  });
});

async function parsed(documents: readonly string[]): Promise<readonly Manifest[]> {
  const manifests = await parseManifests("cluster.yaml", documents.join("\n---\n"));
  if (!manifests.ok) throw new Error(manifests.error.message);
  return manifests.value;
}

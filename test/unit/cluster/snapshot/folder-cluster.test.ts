import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Cluster } from "../../../../src/cluster/cluster.ts";
import { folderCluster, readFolderCluster } from "../../../../src/cluster/snapshot/folder-cluster.ts";
import { parseManifests } from "../../../../src/cluster/snapshot/manifests.ts";
import type { Catalog } from "../../../../src/requirements/catalog.ts";
import { parseCatalogFile } from "../../../../src/requirements/catalog-form.ts";
import { converter } from "../../../support/builders.ts";

const turnerFile = parseCatalogFile({
  controller: "turner",
  images: ["own.dev/mill/turner"],
  when: { configMap: { namespace: "mill", name: "config", key: "gears", equals: "on" } },
  releases: [
    {
      versions: ">=1.0.0",
      verified: "run",
      confidence: "high",
      sources: ["own.dev/mill"],
      needs: [{ resource: "gears.own.dev", versions: ["v1"], presence: "unconditional", outcomes: "crashes" }],
    },
  ],
});
const catalog: Catalog = turnerFile.ok ? [turnerFile.value] : [];

function definition(shape: { readonly scope?: string; readonly status?: string } = {}): string {
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gears.own.dev }
spec:
  group: own.dev
  names: { kind: Gear, plural: gears }
  scope: ${shape.scope ?? "Namespaced"}
  versions: [{ name: v1, served: true, storage: true }, { name: v1beta1, served: true, storage: false }]
${shape.status ?? ""}`;
}

const turner = `apiVersion: apps/v1
kind: Deployment
metadata: { name: turner, namespace: mill }
spec: { template: { spec: { containers: [{ name: main, image: "own.dev/mill/turner:v1.0.0" }] } } }`;

async function open(...documents: readonly string[]): Promise<Cluster> {
  const manifests = await parseManifests("cluster.yaml", documents.join("\n---\n"));
  if (!manifests.ok) throw new Error(manifests.error.message);
  const cluster = folderCluster("cluster", manifests.value, catalog);
  if (!cluster.ok) throw new Error(cluster.error.message);
  return cluster.value;
}

async function count(cluster: Cluster): Promise<unknown> {
  const crd = cluster.picture()?.crds.get("gears.own.dev");
  if (crd === undefined) throw new Error("no gears");
  return cluster.countObjects(crd, AbortSignal.timeout(1_000));
}

async function writers(cluster: Cluster): Promise<unknown> {
  const crd = cluster.picture()?.crds.get("gears.own.dev");
  if (crd === undefined) throw new Error("no gears");
  return cluster.sampleWriters(crd, AbortSignal.timeout(1_000));
}

function gear(name: string, { namespace = "", version = "v1", group = "own.dev", kind = "Gear" } = {}): string {
  return `apiVersion: ${group}/${version}\nkind: ${kind}\nmetadata: { name: ${name}${namespace === "" ? "" : `, namespace: ${namespace}`} }`;
}

describe("the conversion webhook of a change, by a folder", () => {
  const service = "apiVersion: v1\nkind: Service\nmetadata: { name: converter, namespace: mill }";

  it.each([
    { title: "answers where its service is in there", documents: [service], target: converter().target, kind: "answers" },
    { title: "is not known without it", documents: [], target: converter().target, kind: "unknown" },
    { title: "is not known by a service elsewhere", documents: [service], target: converter("other").target, kind: "unknown" },
    {
      title: "is not known at a URL",
      documents: [service],
      target: { kind: "url", url: "https://mill.example" } as const,
      kind: "unknown",
    },
  ])("$title", async ({ documents, target, kind }) => {
    const cluster = await open(definition(), ...documents);

    expect(await cluster.lookAtWebhook({ ...converter(), target }, AbortSignal.timeout(1_000))).toMatchObject({ kind });
  });
});

describe("folderCluster", () => {
  it("counts objects of a definition by namespace, in whatever version, and names the first few", async () => {
    const cluster = await open(
      definition(),
      ...["g6", "g5", "g4"].map((name) => gear(name, { namespace: "shop" })),
      ...["g3", "g2"].map((name) => gear(name, { namespace: "mill", version: "v1beta1" })),
      gear("g1"),
      gear("other-kind", { kind: "Cog" }),
      gear("other-group", { group: "own.dev.example" }),
    );

    expect(await count(cluster)).toEqual({
      kind: "counted",
      total: 6,
      isComplete: true,
      byNamespace: new Map([
        ["default", 1],
        ["mill", 2],
        ["shop", 3],
      ]),
      examples: [
        { namespace: "default", name: "g1" },
        { namespace: "mill", name: "g2" },
        { namespace: "mill", name: "g3" },
        { namespace: "shop", name: "g4" },
        { namespace: "shop", name: "g5" },
      ],
      source: { kind: "folder", path: "cluster" },
    });
  });

  it("counts cluster-scoped objects without a namespace, whatever their manifests say", async () => {
    expect(
      await count(await open(definition({ scope: "Cluster" }), gear("g1", { namespace: "mill" }), gear("g2"))),
    ).toMatchObject({
      total: 2,
      byNamespace: new Map([["", 2]]),
      examples: [
        { namespace: "", name: "g1" },
        { namespace: "", name: "g2" },
      ],
    });
  });

  it("knows that what is not there does not exist, and nothing of migrations or of rights", async () => {
    const cluster = await open(definition());
    const crd = cluster.picture()?.crds.get("gears.own.dev");
    if (crd === undefined) throw new Error("no gears");
    const requester = { username: "jane", uid: "", groups: [], extra: {} };
    const signal = AbortSignal.timeout(1_000);

    expect(await count(cluster)).toMatchObject({ kind: "counted", total: 0, isComplete: true, byNamespace: new Map() });
    expect(await cluster.findMigration(crd, signal)).toEqual({ kind: "none" });
    expect(await cluster.mayList(requester, { group: "own.dev", resource: "gears", namespace: "" }, signal)).toBe(true);
  });

  it("takes the file for the writer of a manifest, in the version that it names", async () => {
    const cluster = await open(
      definition(),
      gear("g1"),
      gear("g2", { version: "v1beta1" }),
      gear("g3", { version: "v1beta1" }),
      gear("other-kind", { kind: "Cog", version: "v1beta1" }),
    );

    expect(await writers(cluster)).toEqual({
      kind: "sampled",
      objectCount: 3,
      isComplete: true,
      writers: [
        { kind: "file", name: "cluster.yaml", version: "v1beta1", objectCount: 2, isSubresourceOnly: false, lastWrittenAt: null },
        { kind: "file", name: "cluster.yaml", version: "v1", objectCount: 1, isSubresourceOnly: false, lastWrittenAt: null },
      ],
    });
  });

  it("goes by what is recorded in an object that was saved from a cluster, not by the version that it was saved in", async () => {
    const managedFields = `[{ manager: helm, apiVersion: own.dev/v1beta1, time: "2026-05-01T10:00:00Z" }]`;
    const saved = `apiVersion: own.dev/v1\nkind: Gear\nmetadata: { name: g1, managedFields: ${managedFields} }`;

    expect(await writers(await open(definition(), saved))).toEqual({
      kind: "sampled",
      objectCount: 1,
      isComplete: true,
      writers: [
        {
          kind: "field-manager",
          name: "helm",
          version: "v1beta1",
          objectCount: 1,
          isSubresourceOnly: false,
          lastWrittenAt: "2026-05-01T10:00:00Z",
        },
      ],
    });
  });

  it.each([
    {
      title: "a status",
      status: "status: { storedVersions: [v1beta1, v1] }",
      stored: { names: ["v1beta1", "v1"], source: "status" },
    },
    { title: "no status, taking the storage version for stored", status: "", stored: { names: ["v1"], source: "assumed" } },
  ])("reads a definition with $title", async ({ status, stored }) => {
    expect((await open(definition({ status }))).picture()?.crds.get("gears.own.dev")?.stored).toEqual(stored);
  });

  it.each([
    { title: "switched on", settings: 'data: { gears: "on" }', certainties: ["known"] },
    { title: "switched off", settings: 'data: { gears: "off" }', certainties: [] },
    { title: "not set", settings: "data: {}", certainties: [] },
    { title: "without data", settings: "", certainties: [] },
    { title: "a boolean, which no ConfigMap holds", settings: "data: { gears: on }", certainties: [] },
  ])("reads settings from ConfigMaps: $title", async ({ settings, certainties }) => {
    const config = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: config, namespace: mill }\n${settings}`;

    expect(
      ((await open(config, turner)).picture()?.needs.get("gears.own.dev") ?? []).map(({ certainty }) => certainty.kind),
    ).toEqual(certainties);
  });

  it("takes a setting for granted whose ConfigMap is not in the folder", async () => {
    expect(((await open(turner)).picture()?.needs.get("gears.own.dev") ?? []).map(({ certainty }) => certainty)).toEqual([
      { kind: "assumed", condition: "gears=on in ConfigMap mill/config" },
    ]);
  });

  it.each([
    {
      title: "a malformed definition",
      text: `${gear("g1")}\n---\n${definition().replace("served: true", "served: 1")}`,
      message: "cluster.yaml:5:1: spec.versions[0].served: expected true or false",
    },
    {
      title: "half a workload",
      text: "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: { name: a }",
      message: "cluster.yaml:1:1: a StatefulSet needs metadata.name and spec.template",
    },
  ])("refuses $title, by file and line", async ({ text, message }) => {
    const manifests = await parseManifests("cluster.yaml", text);

    expect(folderCluster("cluster", manifests.ok ? manifests.value : [], catalog)).toEqual({
      ok: false,
      error: { code: "manifest-malformed", message },
    });
  });

  it("reads the demo's cluster from its folder", async () => {
    const cluster = await readFolderCluster("demo/cluster", catalog);

    const names = cluster.ok ? [...(cluster.value.picture()?.crds.keys() ?? [])].toSorted() : [];
    expect(names.filter((name) => name.endsWith(".gateway.networking.k8s.io"))).toEqual(
      [
        "backendtlspolicies",
        "gatewayclasses",
        "gateways",
        "grpcroutes",
        "httproutes",
        "referencegrants",
        "tcproutes",
        "tlsroutes",
        "udproutes",
      ].map((plural) => `${plural}.gateway.networking.k8s.io`),
    );
    expect(names).toHaveLength(13);
  });

  it.each(["", "# Nothing was found.\n---\n", "apiVersion: v1\nkind: List\nitems: []\n"])(
    "refuses a file that holds no object, since an empty cluster would allow everything: %j",
    async (text) => {
      const file = join(await mkdtemp(join(tmpdir(), "crdguard-cluster-")), "all.yaml");
      await writeFile(file, text);

      expect(await readFolderCluster(file, catalog)).toEqual({
        ok: false,
        error: { code: "no-manifests", message: `${file}: no Kubernetes object in there, to judge by` },
      });
    },
  );

  it("refuses a folder that is not there", async () => {
    expect(await readFolderCluster("demo/absent", catalog)).toEqual({
      ok: false,
      error: { code: "file-unreadable", message: "demo/absent: no such file or folder" },
    });
  });
});

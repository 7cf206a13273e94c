import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Cluster } from "../../../../src/cluster/cluster.ts";
import type { ClusterPicture } from "../../../../src/cluster/picture.ts";
import { folderCluster } from "../../../../src/cluster/snapshot/folder-cluster.ts";
import { redactSnapshot } from "../../../../src/cluster/snapshot/redact.ts";
import { snapshotCluster } from "../../../../src/cluster/snapshot/snapshot-cluster.ts";
import { packSnapshot, unpackSnapshot } from "../../../../src/cluster/snapshot/snapshot-file.ts";
import type { JsonRecord, Snapshot } from "../../../../src/cluster/snapshot/snapshot.ts";
import type { Crd } from "../../../../src/crd/crd.ts";
import { parseCrd } from "../../../../src/crd/parse.ts";
import { readSchema } from "../../../../src/crd/schema/read-schema.ts";
import type { Catalog } from "../../../../src/requirements/catalog.ts";
import type { EvidenceSource, FitEvidence, Need } from "../../../../src/rules/facts.ts";
import { shippedCatalog } from "../../catalog/workloads.ts";
import { anyCluster, definition, deployment, manifestsOf, snapshotOf, TAKEN_AT } from "./clusters.ts";

const catalog = await shippedCatalog();
const SOURCE: EvidenceSource = { kind: "snapshot", takenAt: TAKEN_AT };

function reopened(snapshot: Snapshot, reading: Catalog = catalog): Cluster {
  const read = unpackSnapshot("cluster.crdguard.json.gz", packSnapshot(snapshot), "0.1.0");
  if (!read.ok) throw new Error(read.error?.message ?? "no snapshot");
  return snapshotCluster(read.value, reading);
}

function folder(objects: readonly JsonRecord[]): Cluster {
  const cluster = folderCluster("cluster", manifestsOf(objects), catalog);
  if (!cluster.ok) throw new Error(cluster.error.message);
  return cluster.value;
}

/** All that a review may ask, with the source of a snapshot. */
async function answers(cluster: Cluster): Promise<unknown> {
  const picture = cluster.picture();
  const signal = new AbortController().signal;
  return Promise.all(
    [...(picture?.crds.values() ?? [])].map(async (crd) => {
      const objects = await cluster.countObjects(crd, signal);
      return [
        crd.name,
        objects.kind === "counted" ? { ...objects, source: SOURCE } : objects,
        await cluster.findMigration(crd, signal),
        await cluster.sampleWriters(crd, signal),
      ];
    }),
  );
}

/** Needs without names. */
function gist(cluster: Cluster): readonly string[] {
  const told = ({ requirement, certainty, source }: Need): string =>
    JSON.stringify([requirement, certainty, source.kind === "catalog" ? [source.controller, source.versionRange] : source.kind]);
  return [...(cluster.picture()?.needs.values() ?? [])].flat().map(told).toSorted();
}

function withoutForms(picture: ClusterPicture | null): ClusterPicture | null {
  if (picture === null) return null;
  const bare = (crd: Crd): Crd => ({
    ...crd,
    versions: crd.versions.map(({ name, isServed, isStorage }) => ({ name, isServed, isStorage })),
  });
  return { ...picture, crds: new Map([...picture.crds].map(([name, crd]) => [name, bare(crd)])) };
}

/** However the schemas are written. */
function withReadForms(picture: ClusterPicture | null): ClusterPicture | null {
  if (picture === null) return null;
  const read = (crd: Crd): unknown => ({
    ...crd,
    versions: crd.versions.map(({ form, ...version }) => ({
      ...version,
      form: form && { ...form, schema: readSchema(form.schema) },
    })),
  });
  return { ...picture, crds: new Map([...picture.crds].map(([name, crd]) => [name, read(crd) as Crd])) };
}

describe("a snapshot in place of a cluster", () => {
  it("gives the same picture, the same evidence and the same preview", async () => {
    await fc.assert(
      fc.asyncProperty(anyCluster, async (objects) => {
        const original = folder(objects);
        const loaded = reopened(await snapshotOf(objects, catalog));

        // A snapshot keeps no schemas, as the picture of a live cluster does not.
        expect(loaded.picture()).toEqual(withoutForms(original.picture()));
        expect(await answers(loaded)).toEqual(await answers(original));
        const applied = {
          crds: [],
          workloads: [],
          apiRequirements: [],
          configMaps: new Map([["mill/contour", new Map()]]),
          guardPolicies: [],
        };
        const signal = new AbortController().signal;
        const [told, expected] = [await loaded.preview(applied, signal), await original.preview(applied, signal)];
        expect(told).toEqual(expected && { ...expected, picture: withoutForms(expected.picture) });
      }),
      { numRuns: 150 },
    );
  });

  it("gives the same picture with its forms where the schemas are kept", async () => {
    await fc.assert(
      fc.asyncProperty(anyCluster, async (objects) => {
        const loaded = reopened(await snapshotOf(objects, catalog, "lenient", true));

        expect(withReadForms(loaded.picture())).toEqual(withReadForms(folder(objects).picture()));
      }),
      { numRuns: 50 },
    );
  });

  it("needs the same under pseudonyms", async () => {
    await fc.assert(
      fc.asyncProperty(anyCluster, async (objects) => {
        const redacted = redactSnapshot(await snapshotOf(objects, catalog, "strict"), catalog);

        expect(gist(reopened(redacted))).toEqual(gist(folder(objects)));
      }),
      { numRuns: 150 },
    );
  });

  it("says that objects were counted by the snapshot, and when", async () => {
    const cluster = reopened(await snapshotOf([definition("gears.own.dev", [V1])], catalog));

    expect(cluster.source).toEqual(SOURCE);
    expect(await countGears(cluster)).toEqual({
      kind: "counted",
      total: 0,
      isComplete: true,
      byNamespace: new Map(),
      examples: [],
      source: SOURCE,
    });
  });

  it("does not know the objects of a CRD that it has no evidence of", async () => {
    const taken = await snapshotOf([definition("gears.own.dev", [V1])], catalog);

    const cluster = reopened({ ...taken, evidence: new Map() });

    expect(await countGears(cluster)).toEqual({ kind: "uncountable", reason: "the snapshot tells nothing of them" });
  });

  it("leaves out what it cannot read, as of a cluster whose objects are newer than this program", async () => {
    const taken = await snapshotOf([definition("gears.own.dev", [V1])], catalog);

    const cluster = reopened({
      ...taken,
      objects: [...taken.objects, { apiVersion: "apps/v1", kind: "Deployment" }, { kind: "X" }],
    });

    expect([...(cluster.picture()?.crds.keys() ?? [])]).toEqual(["gears.own.dev"]);
  });
});

describe("objects in a snapshot", () => {
  const schemaOf = (spec: JsonRecord): JsonRecord => ({ type: "object", properties: { spec: { type: "object", ...spec } } });
  const gears = (spec: JsonRecord): JsonRecord =>
    definition("gears.own.dev", [{ ...V1, schema: { openAPIV3Schema: schemaOf(spec) } }]);
  const gearOf = (name: string, spec: JsonRecord): JsonRecord => ({
    apiVersion: "own.dev/v1",
    kind: "gear",
    metadata: { namespace: "mill", name },
    spec,
  });
  const INTEGER = { type: "integer" };
  const TODAY = gears({ properties: { teeth: INTEGER, labels: { type: "object", additionalProperties: INTEGER } } });
  const OBJECTS = [TODAY, gearOf("g1", { teeth: 1, labels: { a: 1 } }), gearOf("g2", { teeth: 2 }), gearOf("g3", {})];

  async function fitOf(snapshot: Snapshot, next: JsonRecord): Promise<FitEvidence> {
    const cluster = reopened(snapshot);
    const previous = cluster.picture()?.crds.get("gears.own.dev");
    const parsed = parseCrd(next);
    if (previous === undefined || !parsed.ok) throw new Error("no gears");
    return cluster.lookAtObjects(previous, parsed.value, new AbortController().signal);
  }

  it.each<{ title: string; next: JsonRecord; told: unknown }>([
    {
      title: "tell which of their fields would be lost, by count and without names",
      next: gears({ properties: { labels: { type: "object", additionalProperties: INTEGER } } }),
      told: {
        kind: "looked",
        objectCount: 3,
        isComplete: true,
        rejections: [],
        losses: [{ version: "v1", role: "stored", path: "spec.teeth", objectCount: 2, examples: [] }],
        outline: { isInDoubt: false },
        source: SOURCE,
      },
    },
    {
      title: "leave in doubt what the new schema would refuse",
      next: gears({
        properties: { teeth: { ...INTEGER, maximum: 1 }, labels: { type: "object", additionalProperties: INTEGER } },
      }),
      told: { kind: "looked", losses: [], outline: { isInDoubt: true } },
    },
    {
      title: "leave in doubt which keys of a map the new schema knows",
      next: gears({ properties: { teeth: INTEGER, labels: { type: "object", properties: { a: INTEGER } } } }),
      told: { kind: "looked", losses: [], outline: { isInDoubt: true } },
    },
    {
      title: "are not asked where the schema stays",
      next: TODAY,
      told: { kind: "not-looked" },
    },
  ])("$title", async ({ next, told }) => {
    expect(await fitOf(await snapshotOf(OBJECTS, catalog, "lenient", true), next)).toMatchObject(told as object);
  });

  it("are not known without statistics, unless there are none", async () => {
    const next = gears({ properties: {} });

    expect(await fitOf(await snapshotOf(OBJECTS, catalog), next)).toEqual({
      kind: "unreadable",
      reason: "the snapshot holds no statistics of objects; take it with --objects",
    });
    expect(await fitOf(await snapshotOf([TODAY], catalog), next)).toMatchObject({
      kind: "looked",
      objectCount: 0,
      isComplete: true,
    });
  });

  it("are the same under pseudonyms", async () => {
    const taken = await snapshotOf(OBJECTS, catalog, "strict", true);
    const next = gears({ properties: {} });

    expect(await fitOf(redactSnapshot(taken, catalog), next)).toEqual(await fitOf(taken, next));
  });
});

describe("settings in a snapshot", () => {
  const cilium = deployment("cilium-operator", { image: "quay.io/cilium/operator-generic:v1.15.4" });
  const config = (data: JsonRecord): JsonRecord => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "kube-system", name: "cilium-config" },
    data,
  });
  const certainties = (cluster: Cluster): readonly string[] => [
    ...new Set([...(cluster.picture()?.needs.values() ?? [])].flat().map(({ certainty }) => certainty.kind)),
  ];

  it.each([
    { title: "counts a key that is set", objects: [cilium, config({ "enable-gateway-api": "true" })], certainty: ["known"] },
    {
      title: "counts a key that is set to something else",
      objects: [cilium, config({ "enable-gateway-api": "false" })],
      certainty: [],
    },
    { title: "counts a key that is not there", objects: [cilium, config({ other: "true" })], certainty: [] },
    {
      title: "takes a ConfigMap that was not there for granted, as of a live cluster",
      objects: [cilium],
      certainty: ["assumed"],
    },
  ])("$title", async ({ objects, certainty }) => {
    expect(certainties(reopened(await snapshotOf(objects, catalog)))).toEqual(certainty);
  });

  it("takes a key that nobody looked at for granted", async () => {
    const withoutCilium = catalog.filter(({ id }) => id !== "cilium-operator");
    const taken = await snapshotOf([cilium, config({ "enable-gateway-api": "false" })], withoutCilium);

    expect(JSON.stringify(taken)).not.toContain("enable-gateway-api");
    expect(certainties(reopened(taken))).toEqual(["assumed"]);
  });

  it("does not trust what was left out for pseudonyms under another catalog", async () => {
    const contour = deployment("contour", {
      image: "ghcr.io/projectcontour/contour:v1.29.0",
      args: ["serve", "--name", "x", "--config-path=/c"],
    });
    const map = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace: "mill", name: "contour" },
      data: { "contour.yaml": "listener: mill\ngateway:\n  name: x" },
    };
    const redacted = redactSnapshot(await snapshotOf([contour, map], catalog, "strict"), catalog);

    expect(certainties(reopened(redacted))).toEqual(["known"]);
    expect(certainties(reopened(redacted, catalog.slice(0, -1)))).toEqual(["conditional"]);
  });
});

describe("a workload of which the catalog knew nothing", () => {
  it("is doubted under a catalog that knows it, unless it has neither arguments nor variables", async () => {
    const withoutContour = catalog.filter(({ id }) => id !== "contour");
    const image = "ghcr.io/projectcontour/contour:v1.29.0";
    const certaintiesOf = async (container: JsonRecord): Promise<readonly string[]> => {
      const cluster = reopened(await snapshotOf([deployment("contour", { image, ...container })], withoutContour));
      return [...new Set([...(cluster.picture()?.needs.values() ?? [])].flat().map(({ certainty }) => certainty.kind))];
    };

    expect(await certaintiesOf({ args: ["serve"] })).toEqual(["conditional"]);
    expect(await certaintiesOf({})).toEqual([]);
  });
});

const V1 = { name: "v1", served: true, storage: true };

function countGears(cluster: Cluster): Promise<unknown> {
  const gears = cluster.picture()?.crds.get("gears.own.dev");
  if (gears === undefined) throw new Error("no gears");
  return cluster.countObjects(gears, new AbortController().signal);
}

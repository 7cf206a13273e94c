import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectLiveCluster, type LiveCluster } from "../../../../src/cluster/live/live-cluster.ts";
import type { OwnCatalogOutcome } from "../../../../src/cluster/live/own-catalog.ts";
import { parseCatalogTexts } from "../../../../src/requirements/catalog-folder.ts";
import { type StandIn, type StandInCollection, type StandInObject, startStandIn, status } from "./stand-in-api-server.ts";

const CONFIG_MAPS = "/api/v1/namespaces/guarding/configmaps";
const NEEDED = "gears.own.dev";

let server: StandIn;
let configMaps: StandInCollection;
let cluster: LiveCluster;
let told: string[];

beforeEach(async () => {
  server = await startStandIn();
  server.collection("/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
  const deployments = server.collection("/apis/apps/v1/deployments");
  server.collection("/apis/apps/v1/statefulsets");
  server.collection("/apis/apps/v1/daemonsets");
  configMaps = server.collection(CONFIG_MAPS);
  for (const name of ["turner", "lathe"]) deployments.put(deployment(name, `example/${name}:1.2.3`));
  told = [];
});

afterEach(async () => {
  cluster.stop();
  await server.close();
});

describe("own catalog entries in a ConfigMap", () => {
  it("need not be there: the catalog that came with the server counts alone", async () => {
    await started();

    expect(needs()).toEqual(["turner v1"]);
    expect(told).toEqual(["absent"]);
  });

  it("replace and add, from the first picture on", async () => {
    configMaps.put(
      configMap({ "turner.yaml": entry("turner", "v2"), "lathe.yml": entry("lathe", "v1"), "notes.txt": "not read" }),
    );
    await started();

    expect(needs()).toEqual(["lathe v1", "turner v2"]);
    expect(told).toEqual(["taken lathe,turner"]);
    expect(server.requests.find(({ path }) => path === CONFIG_MAPS)?.query["fieldSelector"]).toBe("metadata.name=own");
  });

  it("are followed as they come, change and go", async () => {
    await started();
    for (const [data, expected] of [
      [{ "turner.yaml": entry("turner", "v2") }, ["turner v2"]],
      [{ "lathe.yaml": entry("lathe", "v1") }, ["lathe v1", "turner v1"]],
      [{}, ["turner v1"]],
      [{ "turner.yaml": entry("turner", "v3") }, ["turner v3"]],
      [null, ["turner v1"]],
    ] as const) {
      if (data === null) configMaps.delete(configMap({}));
      else configMaps.put(configMap(data));
      await vi.waitFor(() => {
        expect(needs()).toEqual(expected);
      });
    }
    expect(told).toEqual(["absent", "taken turner", "taken lathe", "taken ", "taken turner", "absent"]);
  });

  it.each([
    {
      title: "a file of the wrong form",
      data: { "turner.yaml": entry("turner", "v3"), "lathe.yaml": "controller: lathe" },
      problem: /^unusable catalog-malformed ConfigMap guarding\/own: lathe\.yaml: /,
    },
    {
      title: "a range that is none",
      data: { "turner.yaml": entry("turner", "v3").replace(">=1.0.0", "all of them") },
      problem: /^unusable catalog-range-invalid ConfigMap guarding\/own: turner\.yaml: \/releases\/0\/versions: "all of them" /,
    },
    {
      title: "no YAML",
      data: { "turner.yaml": "a: [" },
      problem: /^unusable catalog-malformed ConfigMap guarding\/own: turner\.yaml: /,
    },
    {
      title: "one controller twice",
      data: { "a.yaml": entry("turner", "v3"), "b.yaml": entry("turner", "v3") },
      problem: /^unusable catalog-duplicate ConfigMap guarding\/own: b\.yaml: /,
    },
    {
      title: "keys of other names alone",
      data: { turner: entry("turner", "v3") },
      problem: /^unusable catalog-unreadable ConfigMap guarding\/own: no key that ends in \.yaml$/,
    },
  ])("stay as they were over a mistake, until it is corrected: $title", async ({ data, problem }) => {
    configMaps.put(configMap({ "turner.yaml": entry("turner", "v2") }));
    await started();
    configMaps.put(configMap(data));
    await vi.waitFor(() => {
      expect(told).toHaveLength(2);
    });

    expect(told[1]).toMatch(problem);
    expect(needs()).toEqual(["turner v2"]);

    configMaps.put(configMap({ "turner.yaml": entry("turner", "v4") }));
    await vi.waitFor(() => {
      expect(needs()).toEqual(["turner v4"]);
    });
    expect(told.slice(2)).toEqual(["taken turner"]);
  });

  it("with a mistake from the beginning leave the catalog as it came, and hold nothing back", async () => {
    configMaps.put(configMap({ "turner.yaml": "a: [" }));
    await started();

    expect(needs()).toEqual(["turner v1"]);
    expect(told).toEqual([expect.stringMatching(/^unusable catalog-malformed /)]);
  });

  it("that may not be read are told of, hold nothing back, and count once they may", async () => {
    const allow = server.answer(({ path }) => path === CONFIG_MAPS, { status: 403, body: status(403, "no") });
    configMaps.put(configMap({ "turner.yaml": entry("turner", "v2") }));
    await started();

    expect(needs()).toEqual(["turner v1"]);
    expect(new Set(told)).toEqual(new Set(["unreadable forbidden"]));
    allow();
    await vi.waitFor(() => {
      expect(needs()).toEqual(["turner v2"]);
    });
  });

  it("are told of once, however often they are listed", async () => {
    configMaps.put(configMap({ "turner.yaml": entry("turner", "v2") }));
    await started();
    await vi.waitFor(() => {
      expect(configMaps.openWatches).toBe(1);
    });
    configMaps.mute();
    configMaps.bookmark();
    configMaps.compact();
    configMaps.end();
    await vi.waitFor(() => {
      expect(server.requests.filter(({ path, query }) => path === CONFIG_MAPS && query["watch"] === undefined)).toHaveLength(2);
    });
    configMaps.put(configMap({ "turner.yaml": entry("turner", "v3") }));
    await vi.waitFor(() => {
      expect(needs()).toEqual(["turner v3"]);
    });

    expect(told).toEqual(["taken turner", "taken turner"]);
  });

  it("may hang on a setting, which is then read before the first picture", async () => {
    server
      .collection("/api/v1/namespaces/ns/configmaps")
      .put({ metadata: { name: "settings", namespace: "ns" }, data: { on: "no" } });
    const when = `when: { configMap: { name: settings, key: "on", equals: "yes" } }`;
    configMaps.put(configMap({ "turner.yaml": `${entry("turner", "v2")}\n${when}\n` }));
    await started();

    expect(needs()).toEqual([]);
  });
});

const BASE = parseCatalogTexts(new Map([["turner.yaml", entry("turner", "v1")]]));

async function started(): Promise<void> {
  if (!BASE.ok) throw new Error(BASE.error.message);
  cluster = connectLiveCluster({
    client: server.client,
    catalog: BASE.value,
    ownCatalog: { namespace: "guarding", name: "own", told: (outcome) => told.push(sentence(outcome)) },
    timing: { now: () => performance.now(), random: () => 0, sleep: () => new Promise((resolve) => setTimeout(resolve, 2)) },
    observer: {
      listed: () => undefined,
      watchRestarted: () => undefined,
      failed: () => undefined,
      unreadable: () => undefined,
      doneWithout: () => undefined,
    },
  });
  cluster.start();
  await cluster.synced;
}

function sentence(outcome: OwnCatalogOutcome): string {
  switch (outcome.kind) {
    case "taken":
      return `taken ${outcome.controllers.join()}`;
    case "absent":
      return "absent";
    case "unusable":
      return `unusable ${outcome.error.code} ${outcome.error.message}`;
    case "unreadable":
      return `unreadable ${outcome.error.code}`;
  }
}

function needs(): readonly string[] {
  return (cluster.picture()?.needs.get(NEEDED) ?? []).map(
    ({ workload, requirement }) => `${workload.name} ${requirement.versions.join("|")}`,
  );
}

function entry(controller: string, version: string): string {
  return `controller: ${controller}
images: [example/${controller}]
releases:
  - versions: ">=1.0.0"
    verified: doc
    confidence: high
    sources: [its manual]
    needs: [{ resource: ${NEEDED}, versions: [${version}], presence: unconditional, outcomes: crashes }]
`;
}

function configMap(data: Readonly<Record<string, string>>): StandInObject {
  return { metadata: { name: "own", namespace: "guarding" }, data };
}

function deployment(name: string, image: string): StandInObject {
  return {
    metadata: { name, namespace: "ns" },
    spec: { replicas: 1, template: { spec: { containers: [{ name: "main", image }] } } },
  };
}

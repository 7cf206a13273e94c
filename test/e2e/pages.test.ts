/** docs/backup.md and docs/migration.md show what is really printed. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { gearsOn } from "./support/gears.ts";
import { beginStory, type Story } from "./support/story.ts";

let api: ApiServer;
let story: Story;

beforeAll(async () => {
  api = await startApiServer();
});

afterAll(async () => {
  await api.stop();
});

describe("the page of backups", () => {
  const GEARS = "/apis/own.dev/v1alpha2/namespaces/mill/gears";

  beforeAll(async () => {
    story = await beginStory(api, "backup");
    await api.request("POST", "/api/v1/namespaces", { body: { metadata: { name: "mill" } } });
    await apply("old-definition.yaml", "v1alpha2", "size");
    for (const name of ["left", "right"]) {
      const { status } = await api.request("POST", GEARS, {
        body: { apiVersion: "own.dev/v1alpha2", kind: "Gear", metadata: { name }, spec: { size: 3 } },
      });
      if (status !== 201) throw new Error(`${name}: ${String(status)}`);
    }
  });

  it("shows what is printed", async () => {
    expect(await story.run("crdguard backup gears.own.dev -o gears")).toMatchObject({ status: 0 });
    await api.request("DELETE", GEARS);
    expect(await story.run("crdguard restore gears")).toMatchObject({ status: 0 });

    await story.runQuietly("kubectl delete crd gears.own.dev");
    await apply("new-definition.yaml", "v1alpha3", "width");
    expect(await story.run("crdguard restore gears")).toMatchObject({ status: 1 });
    const objects = join(story.folder, "gears/gears.own.dev/objects/mill");
    for (const file of await readdir(objects)) {
      const text = await readFile(join(objects, file), "utf8");
      await writeFile(join(objects, file), text.replace("  size:", "  width:"));
    }
    expect(await story.run("crdguard restore gears --version v1alpha3 --edited")).toMatchObject({ status: 0 });

    expect(await story.differencesFrom("../backup.md")).toEqual([]);
  });

  async function apply(file: string, version: string, field: string): Promise<void> {
    const properties = { spec: { type: "object", properties: { [field]: { type: "integer" } } } };
    const crd = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "gears.own.dev" },
      spec: {
        group: "own.dev",
        scope: "Namespaced",
        names: { plural: "gears", singular: "gear", kind: "Gear", listKind: "GearList" },
        versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: { type: "object", properties } } }],
      },
    };
    await story.write(file, JSON.stringify(crd));
    await story.runQuietly(`kubectl apply --server-side -f ${file}`);
    const path = `/apis/own.dev/${version}/gears`;
    await eventually(`${path} is served`, async () => (await api.request("GET", path)).status === 200);
  }
});

describe("the page of migrations", () => {
  /** With one API server, whose storage version the test has seen, there is nothing to wait for. */
  const SETTLED = " --settle-seconds 0";
  const RECORDS = join(import.meta.dirname, "../../manifests/crds/storageversionrecords.yaml");
  const POLICY = "/apis/admissionregistration.k8s.io/v1";

  it("shows what is printed", async () => {
    story = await beginStory(api, "migration");
    const gears = gearsOn(api);
    await story.runQuietly(`kubectl apply --server-side -f '${RECORDS}'`);
    await eventually("records can be written", async () => {
      return (await api.request("GET", "/apis/crdguard.dev/v1alpha1/storageversionrecords")).status === 200;
    });
    await gears.due("cogs", 31);
    await gears.due("rods", 12);
    await refuseOddRods();

    expect(await story.run("crdguard migrate cogs.own.dev", SETTLED)).toMatchObject({ status: 0 });
    expect(await story.run("crdguard migrate rods.own.dev", SETTLED)).toMatchObject({ status: 1 });
    expect(await story.differencesFrom("../migration.md")).toEqual([]);
  });

  async function refuseOddRods(): Promise<void> {
    const policy = {
      metadata: { name: "no-odd-rods" },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: ["own.dev"], apiVersions: ["*"], operations: ["UPDATE"], resources: ["rods"] }],
        },
        validations: [{ expression: "!(object.metadata.name in ['g00001', 'g00003'])", message: "odd rods stay as they are" }],
      },
    };
    const binding = { metadata: { name: "no-odd-rods" }, spec: { policyName: "no-odd-rods", validationActions: ["Deny"] } };
    for (const [plural, body] of [
      ["validatingadmissionpolicies", policy],
      ["validatingadmissionpolicybindings", binding],
    ] as const) {
      expect((await api.request("POST", `${POLICY}/${plural}`, { body })).status).toBe(201);
    }
    await eventually("the policy refuses", async () => {
      const answer = await api.request("PATCH", `/apis/own.dev/v1/namespaces/default/rods/g00001?dryRun=All`, {
        body: { metadata: { labels: { seen: "yes" } } },
        contentType: "application/merge-patch+json",
      });
      return answer.status >= 400;
    });
  }
});

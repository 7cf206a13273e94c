/** Which objects are known to be stored in the storage version, held against what etcd really holds. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDevelopmentPair } from "../../src/certificates/development-pair.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import type { CommandOutcome } from "./support/child-processes.ts";
import { eventually } from "./support/eventually.ts";
import { freePorts } from "./support/free-ports.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, objectManifest } from "./support/manifests.ts";

const ROOT = join(import.meta.dirname, "../..");
const SERVER = "system:serviceaccount:crdguard:crdguard";
const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const RECORDS = "/apis/crdguard.dev/v1alpha1/storageversionrecords";
const MERGE = "application/merge-patch+json";
/** Longer than any of these tests: no record is taken any more. */
const NEVER = "600";

const KINDS = { gears: "Gear", cogs: "Cog", belts: "Belt", axles: "Axle", shafts: "Shaft" } as const;
type Plural = keyof typeof KINDS;

interface RecordObject {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly ownerReferences: readonly { readonly uid: string }[];
  };
  readonly spec: {
    readonly definition: { readonly uid: string; readonly generation: number };
    readonly storageVersion: string;
    readonly writtenSince: string;
    readonly recordedBy: string;
  };
}

interface CrdObject {
  readonly metadata: { readonly uid: string; readonly generation: number };
  readonly status: { readonly storedVersions: readonly string[] };
}

let api: ApiServer;
let guard: GuardProcess;

beforeAll(async () => {
  api = await startApiServer({ users: [{ name: SERVER }] });
  for (const path of ["manifests/crds", "manifests/server/namespace.yaml", "manifests/server/rbac.yaml"]) {
    await done("apply", path.endsWith(".yaml") ? "-f" : "-k", join(ROOT, path));
  }
  // What aggregation makes of roles with the label, where a controller manager runs; axles are left out.
  await succeeded(
    apply(
      JSON.stringify({
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: { name: "counting" },
        rules: [{ apiGroups: ["own.dev"], resources: ["gears", "cogs", "belts"], verbs: ["list"] }],
      }),
    ),
  );
  await done("create", "clusterrolebinding", "counting", "--clusterrole=counting", `--user=${SERVER}`);
  for (const plural of ["gears", "cogs", "belts", "axles"] as const) {
    await define(plural, "v1alpha1");
    for (const name of ["one", "two"]) await made("v1alpha1", plural, name);
    await define(plural, "v1");
  }
  // After the flip, and before anybody has seen it.
  await eventually("a gear is stored in v1", async () => {
    await remove("gears", "three");
    await made("v1", "gears", "three");
    return (await stored("gears")).includes("three v1");
  });
  guard = await startGuardProcess(api, { keeping: { user: SERVER }, args: ["--storage-settle-seconds", "1"] });
  await eventually("changes are refused that cannot be judged", failsClosed, { timeoutMs: 40_000 });
});

afterAll(async () => {
  await guard.process.stop(10_000);
  await api.stop();
});

describe("a server that sees a storage version that is not the only stored one", () => {
  it("records since when objects are stored in it, for the definition as it is", async () => {
    const { spec, metadata } = await recorded("gears");
    const crd = await definition("gears");

    expect(spec).toMatchObject({
      definition: { uid: crd.metadata.uid, generation: crd.metadata.generation },
      storageVersion: "v1",
    });
    expect(metadata.ownerReferences).toMatchObject([{ uid: crd.metadata.uid }]);
    expect(await sinceRecord("gears", spec.writtenSince)).toEqual([]);
    expect(await guard.log()).toContain('"storage version recorded"');
  });

  it("denies a trim while objects are stored in the old version, and tells how many", async () => {
    expect(await stored("gears")).toEqual(["one v1alpha1", "three v1", "two v1alpha1"]);

    const { stderr } = await trim("gears");

    expect(stderr).toContain("stored-version-forgotten");
    expect(stderr).toContain(
      "3 of 3 objects were last written before the storage version is known to have been in force (StorageVersionRecord gears.own.dev)",
    );
    expect(stderr).toContain("default/one, default/three, default/two");
  });

  it("goes on to deny it for an object that is stored in the new version, and was not written since the record", async () => {
    for (const name of ["one", "two"]) await rewrite("gears", name);
    expect(await stored("gears")).toEqual(["one v1", "three v1", "two v1"]);
    const { spec } = await recorded("gears");
    expect(await sinceRecord("gears", spec.writtenSince)).toEqual(["one", "two"]);

    const { stderr } = await trim("gears");

    expect(stderr).toContain("1 of 3 objects was last written before");
    expect(stderr).toMatch(/^ +default\/three$/m);
  });

  it("lets the trim through once every object was written since, when none is stored in the old version", async () => {
    // Nothing would change, so that nothing is written.
    await rewrite("gears", "three");
    expect((await trim("gears")).exitCode).toBe(1);
    await touch("gears", "three");

    expect(await trim("gears")).toMatchObject({ exitCode: 0 });
    expect((await definition("gears")).status.storedVersions).toEqual(["v1"]);
    expect(await stored("gears")).toEqual(["one v1", "three v1", "two v1"]);
    await eventually("the record is gone", async () => (await api.request("GET", `${RECORDS}/gears.own.dev`)).status === 404);
  });

  it("says so where it may not list the objects, and takes no record", async () => {
    await eventually("it was tried", async () =>
      (await guard.log()).includes("storage version cannot be recorded, so no migration is proven"),
    );

    const { stderr } = await trim("axles");

    expect(stderr).toContain("stored-version-forgotten");
    expect(stderr).toContain("crdguard may not list axles.own.dev");
    expect(stderr).toContain("kubectl create clusterrole crdguard-count-");
    expect((await api.request("GET", `${RECORDS}/axles.own.dev`)).status).toBe(404);
  });
});

describe("a record", () => {
  it("survives a restart of the server", async () => {
    const before = await recorded("cogs");
    await recorded("belts");
    for (const name of ["one", "two"]) await rewrite("cogs", name);
    await restartedWithoutRecording();

    const after = await recorded("cogs");
    expect(after.metadata).toMatchObject({ uid: before.metadata.uid, resourceVersion: before.metadata.resourceVersion });
    expect(await stored("cogs")).toEqual(["one v1", "two v1"]);
    expect(await trim("cogs")).toMatchObject({ exitCode: 0 });
  });

  it("counts on where the definition has changed once, and the storage version has not", async () => {
    const before = await definition("belts");
    await done("patch", "crd", "belts.own.dev", "--type=merge", '-p={"spec":{"names":{"shortNames":["bt"]}}}');
    expect((await definition("belts")).metadata.generation).toBe(before.metadata.generation + 1);
    for (const name of ["one", "two"]) await rewrite("belts", name);

    expect(await trim("belts", "--dry-run=server")).toMatchObject({ exitCode: 0 });
  });

  it("counts no more once the storage version has gone away and come back, in which time objects were stored in the old one", async () => {
    await define("belts", "v1alpha1");
    await eventually("an object is stored in the old version", async () => {
      await touch("belts", "one");
      return (await stored("belts")).includes("one v1alpha1");
    });
    await define("belts", "v1");
    const { spec } = await recorded("belts");
    expect(await sinceRecord("belts", spec.writtenSince)).toEqual(["one", "two"]);

    const { stderr } = await trim("belts");

    expect(stderr).toContain("stored-version-forgotten");
    expect(stderr).toMatch(
      /StorageVersionRecord belts\.own\.dev is too old to count \(it is of generation \d+ of the definition, which is now at \d+\)/,
    );
  });

  it.each([
    {
      title: "of a definition that was deleted since",
      definition: (crd: CrdObject) => ({ ...crd.metadata, uid: "gone" }),
      reason: "it is of a definition of this name that was deleted since",
    },
    {
      title: "of another storage version",
      definition: (crd: CrdObject) => crd.metadata,
      storageVersion: "v1alpha1",
      reason: "it is of storage version v1alpha1, which is now v1",
    },
  ])("does not count if it is $title", async ({ definition: of, storageVersion = "v1", reason }) => {
    const { uid, generation } = of(await definition("belts"));
    const spec = { definition: { uid, generation }, storageVersion, writtenSince: "1" };
    await done("patch", "storageversionrecord", "belts.own.dev", "--type=merge", `-p=${JSON.stringify({ spec })}`);

    expect((await trim("belts")).stderr).toContain(reason);
  });

  it("does not count as an annotation, which whoever may change the definition can write", async () => {
    await done("delete", "storageversionrecord", "belts.own.dev");
    const { uid, generation } = (await definition("belts")).metadata;
    const spec = {
      definition: { uid, generation },
      storageVersion: "v1",
      writtenSince: "1",
      recordedAt: "2026-05-06T08:00:00Z",
      recordedBy: "bob",
    };
    await done("annotate", "crd", "belts.own.dev", `crdguard.dev/storage-version-record=${JSON.stringify(spec)}`);

    expect((await trim("belts")).stderr).toContain("2 objects of it exist, and no migration of them is recorded");
  });
});

describe("the wait before a record", () => {
  it("is for writes that were begun before: they are stored in the version that they began with", async () => {
    await define("shafts", "v1alpha1");
    await made("v1alpha1", "shafts", "early");
    const webhook = await startHoldingWebhook();
    await holdWrites(webhook);
    const held = {
      ...(JSON.parse(objectManifest("own.dev/v1alpha1", "Shaft", "held")) as object),
      metadata: { name: "held", labels: HELD },
    };
    const writing = api.request("POST", "/apis/own.dev/v1alpha1/namespaces/default/shafts", { body: held });
    await webhook.called;

    await define("shafts", "v1");
    await eventually("what is written now is stored in v1", async () => {
      await touch("shafts", "early");
      return (await stored("shafts")).includes("early v1");
    });
    const { body } = await api.request("GET", "/apis/own.dev/v1/shafts?limit=1");
    const { resourceVersion } = (body as { readonly metadata: { readonly resourceVersion: string } }).metadata;
    webhook.release();

    expect((await writing).status).toBe(201);
    expect(await stored("shafts")).toEqual(["early v1", "held v1alpha1"]);
    expect(await sinceRecord("shafts", resourceVersion)).toEqual(["held"]);
    webhook.close();
  });
});

const HELD = { held: "yes" } as const;

interface HoldingWebhook {
  readonly url: string;
  /** PEM. */
  readonly authority: string;
  /** Resolves with the first review that is no dry run. */
  readonly called: Promise<void>;
  /** Answers it, and all that come. */
  release(): void;
  close(): void;
}

async function startHoldingWebhook(): Promise<HoldingWebhook> {
  const pair = await createDevelopmentPair({ hosts: ["127.0.0.1"] });
  if (!pair.ok) throw new Error(pair.error.message);
  const called = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const review = JSON.parse(await readText(request)) as {
      readonly request: { readonly uid: string; readonly dryRun?: boolean };
    };
    if (review.request.dryRun !== true) called.resolve();
    await released.promise;
    response.setHeader("content-type", "application/json");
    const { uid } = review.request;
    response.end(
      JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid, allowed: true } }),
    );
  }
  const server = createServer(
    { cert: pair.value.cert, key: pair.value.key },
    (request, response) => void answer(request, response),
  );
  const [port = 0] = await freePorts(1);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${String(port)}/`,
    authority: pair.value.cert,
    called: called.promise,
    release() {
      released.resolve();
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Of objects with the label; in force once one is held. */
async function holdWrites({ url, authority }: HoldingWebhook): Promise<void> {
  const configuration = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: "holding" },
    webhooks: [
      {
        name: "holding.own.dev",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        timeoutSeconds: 30,
        failurePolicy: "Fail",
        clientConfig: { url, caBundle: Buffer.from(authority).toString("base64") },
        rules: [{ apiGroups: ["own.dev"], apiVersions: ["*"], operations: ["CREATE"], resources: ["shafts"], scope: "*" }],
        objectSelector: { matchLabels: HELD },
      },
    ],
  };
  await succeeded(apply(JSON.stringify(configuration)));
  // A dry run is held as well, and then times out.
  await eventually("it is in force", async () => {
    const probe = { apiVersion: "own.dev/v1alpha1", kind: "Shaft", metadata: { name: "probe", labels: HELD } };
    const path = "/apis/own.dev/v1alpha1/namespaces/default/shafts?dryRun=All&timeout=1s";
    return (await api.request("POST", path, { body: probe })).status !== 201;
  });
}

async function failsClosed(): Promise<boolean> {
  const { body } = await api.request("GET", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/crdguard");
  return JSON.stringify(body).includes('"failurePolicy":"Fail"');
}

async function restartedWithoutRecording(): Promise<void> {
  if (guard.process.isRunning()) await guard.process.stop(10_000);
  // By the same address, as behind a Service.
  const port = Number(new URL(guard.url).port);
  guard = await startGuardProcess(api, { keeping: { user: SERVER }, args: ["--storage-settle-seconds", NEVER], port });
}

async function recorded(plural: Plural): Promise<RecordObject> {
  return eventually(
    `there is a record of ${plural}`,
    async () => {
      const { status, body } = await api.request("GET", `${RECORDS}/${plural}.own.dev`);
      return status === 200 && (body as RecordObject);
    },
    { timeoutMs: 30_000 },
  );
}

async function definition(plural: Plural): Promise<CrdObject> {
  return (await api.request("GET", `${CRDS}/${plural}.own.dev`)).body as CrdObject;
}

/** Name and version of each object, from etcd. */
async function stored(plural: Plural): Promise<readonly string[]> {
  const entries = await api.storedEntries(`/registry/own.dev/${plural}`);
  return entries.map(({ key, apiVersion }) => `${key.split("/").at(-1) ?? ""} ${apiVersion.replace("own.dev/", "")}`);
}

/** Names of objects whose newest write in etcd is newer than that. */
async function sinceRecord(plural: Plural, writtenSince: string): Promise<readonly string[]> {
  const entries = await api.storedEntries(`/registry/own.dev/${plural}`);
  return entries.flatMap(({ key, resourceVersion }) =>
    Number(resourceVersion) > Number(writtenSince) ? [key.split("/").at(-1) ?? ""] : [],
  );
}

async function define(plural: Plural, storage: string): Promise<void> {
  const versions = [{ name: "v1alpha1" }, { name: "v1" }];
  await succeeded(apply(crdManifest({ plural, kind: KINDS[plural], versions, storage })));
}

async function made(version: string, plural: Plural, name: string): Promise<void> {
  await eventually(
    "an object is created",
    async () => (await apply(objectManifest(`own.dev/${version}`, KINDS[plural], name))).exitCode === 0,
  );
}

async function remove(plural: Plural, name: string): Promise<void> {
  await done("delete", `${plural}.own.dev`, name, "--ignore-not-found");
}

function pathOf(plural: Plural, name: string): string {
  return `/apis/own.dev/v1/namespaces/default/${plural}/${name}`;
}

async function rewrite(plural: Plural, name: string): Promise<void> {
  expect(await api.request("PATCH", pathOf(plural, name), { body: {}, contentType: MERGE })).toMatchObject({ status: 200 });
}

/** There and back, so that it is written, and is as before. */
async function touch(plural: Plural, name: string): Promise<void> {
  for (const value of ["1", null]) {
    const body = { metadata: { annotations: { touched: value } } };
    expect(await api.request("PATCH", pathOf(plural, name), { body, contentType: MERGE })).toMatchObject({ status: 200 });
  }
}

async function trim(plural: Plural, ...args: readonly string[]): Promise<CommandOutcome> {
  const patch = JSON.stringify({ status: { storedVersions: ["v1"] } });
  return api.kubectl(["patch", "crd", `${plural}.own.dev`, "--subresource=status", "--type=merge", "-p", patch, ...args]);
}

async function apply(manifest: string): Promise<CommandOutcome> {
  return api.kubectl(["apply", "-f", "-"], { stdin: manifest });
}

async function done(...args: readonly string[]): Promise<void> {
  await succeeded(api.kubectl(args));
}

async function succeeded(outcome: Promise<CommandOutcome>): Promise<void> {
  expect(await outcome).toMatchObject({ exitCode: 0 });
}

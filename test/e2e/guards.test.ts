/** What goes back, at the real API server: conversion, releases of bundles, storage versions, owners. */
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseHosts } from "../../src/certificates/hosts.ts";
import { issueAuthority, issueServingCertificate } from "../../src/certificates/issue.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { type CommandOutcome, runCommand } from "./support/child-processes.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { BUILD_TIMEOUT_MS, buildHelm } from "./support/helm-binary.ts";
import { crdManifest, objectManifest } from "./support/manifests.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const BUNDLE = "gateway.networking.k8s.io/bundle-version";
const CHANNEL = "gateway.networking.k8s.io/channel";

let api: ApiServer;
let guard: GuardProcess;
let helm: string;

beforeAll(async () => {
  helm = await buildHelm(3);
  api = await startApiServer();
  guard = await startGuardProcess(api);
  await done(["create", "namespace", "mill"]);
}, BUILD_TIMEOUT_MS);

afterAll(async () => {
  await guard.process.stop(10_000);
  await api.stop();
});

interface Shape {
  readonly plural?: string;
  readonly versions?: readonly string[];
  readonly storage?: string;
  /** None: the manifest says nothing of it. */
  readonly conversion?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of texts, in the spec of each version; whatever it likes, unless told. */
  readonly fields?: readonly string[];
}

/** As JSON, which kubectl and Helm read as YAML. */
function manifest({ plural = "gears", versions = ["v1"], storage = "v1", conversion, annotations, fields }: Shape): string {
  const kind = plural.charAt(0).toUpperCase() + plural.slice(1, -1);
  const crd = JSON.parse(crdManifest({ plural, kind, versions: versions.map((name) => ({ name })), storage })) as {
    readonly metadata: object;
    readonly spec: { readonly versions: readonly object[] };
  };
  const own = fields === undefined ? {} : { schema: { openAPIV3Schema: specOf(fields) } };
  const specVersions = crd.spec.versions.map((version) => ({ ...version, ...own }));
  return JSON.stringify({
    ...crd,
    metadata: { ...crd.metadata, ...(annotations === undefined ? {} : { annotations }) },
    spec: { ...crd.spec, versions: specVersions, ...(conversion === undefined ? {} : { conversion }) },
  });
}

function specOf(fields: readonly string[]): object {
  const properties = Object.fromEntries(fields.map((name) => [name, { type: "string" }]));
  return { type: "object", properties: { spec: { type: "object", properties } } };
}

function webhook(clientConfig: object): object {
  return { strategy: "Webhook", webhook: { conversionReviewVersions: ["v1"], clientConfig } };
}

const BY_SERVICE = webhook({ service: { namespace: "mill", name: "converter" } });

async function done(args: readonly string[], stdin = ""): Promise<CommandOutcome> {
  const outcome = await api.kubectl(args, { stdin });
  expect(outcome).toMatchObject({ exitCode: 0 });
  return outcome;
}

function apply(shape: Shape, ...args: readonly string[]): Promise<CommandOutcome> {
  return api.kubectl(["apply", "-f", "-", ...args], { stdin: manifest(shape) });
}

async function applied(shape: Shape, ...args: readonly string[]): Promise<void> {
  expect(await apply(shape, ...args)).toMatchObject({ exitCode: 0 });
}

/** Of these rules, as kubectl and Helm print them. */
function warningsIn({ stderr }: CommandOutcome): readonly string[] {
  return (
    stderr
      .split("\n")
      .filter((line) => /(?:conversion-lost|bundle-downgraded|storage-version-downgraded|owner-changed): /.test(line))
      .map((line) => line.slice(line.search(/[a-z]+(?:-[a-z]+)+: /)))
      // Helm quotes the whole line.
      .map((line) => line.replaceAll(String.raw`\"`, '"'))
  );
}

describe("a conversion webhook", () => {
  const TWO = { versions: ["v1", "v1beta1"], conversion: BY_SERVICE } as const;

  it("need not be there when the definition is created", async () => {
    const outcome = await apply({ conversion: BY_SERVICE });

    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(warningsIn(outcome)).toEqual([]);
    await eventually("gears are served", async () => (await api.kubectl(["get", "gears.v1.own.dev"])).exitCode === 0);
  });

  it("is only warned of while no object exists", async () => {
    const outcome = await apply(TWO, "--dry-run=server");

    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(warningsIn(outcome)).toEqual([
      'conversion-lost: "v1" and "v1beta1" are to be converted by service mill/converter:443, and there is no such service: ob…',
    ]);
  });

  it("is missed when a version comes that it is to convert, by apply and by check alike", async () => {
    await done(["apply", "-f", "-"], objectManifest("own.dev/v1", "Gear", "g1"));
    const { exitCode, stderr } = await apply(TWO);

    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(
      'The CustomResourceDefinition "gears.own.dev" is invalid: spec.conversion.webhook: conversion-lost: ',
    );
    expect(stderr).toContain(
      '"v1" and "v1beta1" are to be converted by service mill/converter:443, and there is no such service',
    );
    expect(stderr).toContain("1 object of it exists:\n    default/g1");
    expect(stderr).toContain("kubectl -n mill get service converter -o wide &&");

    const checked = await check(manifest(TWO));
    expect(checked.exitCode).toBe(1);
    expect(checked.stdout).toContain("deny spec.conversion.webhook: conversion-lost: ");
  });

  it("is missed while no pod of its service is ready", async () => {
    await done(["-n", "mill", "create", "service", "clusterip", "converter", "--tcp=443:9443"]);
    const { exitCode, stderr } = await apply(TWO);

    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("by service mill/converter:443, and no pod of it is ready");
  });

  it("lets the version come once a pod is ready; what answers for nobody was right to be denied", async () => {
    await done(["apply", "-f", "-"], READY_SLICE);
    const outcome = await apply(TWO);
    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(warningsIn(outcome)).toEqual([]);

    // Nothing listens there in truth.
    const read = await eventually("v1beta1 is served", async () => {
      const attempt = await api.kubectl(["get", "gears.v1beta1.own.dev", "g1"]);
      return attempt.stderr.includes("conversion webhook for") ? attempt : false;
    });
    expect(read.stderr).toContain("conversion webhook for own.dev/v1, Kind=Gear failed");
  });

  it("may not go while two versions are served, and may where it is dead already", async () => {
    const none = { versions: ["v1", "v1beta1"], conversion: { strategy: "None" } };
    const denied = await apply(none);

    expect(denied.exitCode).not.toBe(0);
    expect(denied.stderr).toContain(
      'spec.conversion.strategy: conversion-lost: objects would no longer be converted between "v1" and "v1beta1"',
    );
    expect(denied.stderr).toContain("crdguard migrate gears.own.dev");

    await done(["-n", "mill", "delete", "service", "converter"]);
    const outcome = await apply(none);
    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(warningsIn(outcome)).toEqual([
      'conversion-lost: objects would no longer be converted between "v1" and "v1beta1", as service mill/converter:443 does to…',
    ]);
  });

  it("goes without a word with the second version", async () => {
    await applied({ plural: "levers", versions: ["v1", "v1beta1"], conversion: BY_SERVICE });
    const outcome = await apply({ plural: "levers", versions: ["v1"], conversion: { strategy: "None" } });

    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(warningsIn(outcome)).toEqual([]);
  });

  describe("at a URL", () => {
    let server: Server;
    let url: string;
    let authority: string;

    beforeAll(async () => {
      const now = new Date();
      const pairs = await Promise.all(["mill", "another"].map((name) => issueAuthority(name, { days: 10, now })));
      const [own, another] = pairs;
      const hosts = parseHosts(["127.0.0.1"]);
      if (own === undefined || another === undefined || !hosts.ok) throw new Error("no certificates");
      const { cert, key } = await issueServingCertificate(hosts.value, { days: 10, now }, own);
      server = createServer({ cert, key }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      url = `https://127.0.0.1:${String(typeof address === "object" && address !== null ? address.port : 0)}/convert`;
      authority = own.cert;
      await applied({ plural: "wheels", versions: ["v1", "v1beta1"], conversion: { strategy: "None" } });
      await eventually("wheels are served", async () => (await api.kubectl(["get", "wheels.v1.own.dev"])).exitCode === 0);
      await done(["apply", "-f", "-"], objectManifest("own.dev/v1", "Wheel", "w1"));
    });

    afterAll(() => {
      server.close();
    });

    function converted(caBundle: string): Shape {
      const clientConfig = { url, caBundle: Buffer.from(caBundle).toString("base64") };
      return { plural: "wheels", versions: ["v1", "v1beta1"], conversion: webhook(clientConfig) };
    }

    it("is denied where the caBundle does not vouch for its certificate, and allowed where it does", async () => {
      const stranger = await issueAuthority("stranger", { days: 10, now: new Date() });
      const denied = await apply(converted(stranger.cert), "--dry-run=server");

      expect(denied.exitCode).not.toBe(0);
      expect(denied.stderr).toContain("conversion-lost: ");
      expect(denied.stderr).toContain(
        "the caBundle does not vouch for it (the caBundle does not hold the authority that signed its certificate)",
      );

      const outcome = await apply(converted(authority));
      expect(outcome).toMatchObject({ exitCode: 0 });
      expect(warningsIn(outcome)).toEqual([]);
    });

    it("is warned of where the caBundle alone changes, which whoever renews certificates does", async () => {
      const stranger = await issueAuthority("stranger", { days: 10, now: new Date() });
      const outcome = await apply(converted(stranger.cert), "--dry-run=server");

      expect(outcome).toMatchObject({ exitCode: 0 });
      expect(warningsIn(outcome)).toHaveLength(1);
    });
  });
});

describe("a release that goes back", () => {
  const release = (version: string, channel: string, shape: Shape = {}): Shape => ({
    plural: "routes",
    annotations: { [BUNDLE]: version, [CHANNEL]: channel },
    ...shape,
  });

  it("is warned of, with what goes; one that takes nothing away is not", async () => {
    const versions = ["v1", "v1alpha2"];
    const fields = ["size", "teeth"];
    await applied(release("v1.2.0", "experimental", { versions, fields }));
    const older = await apply(release("v1.1.0", "standard", { fields }), "--dry-run=server");
    const channel = await apply(release("v1.2.1", "standard", { versions, fields: ["size"] }), "--dry-run=server");
    const same = await apply(release("v1.2.0", "standard", { versions, fields }), "--dry-run=server");
    const newer = await apply(release("v1.3.0", "experimental", { versions, fields: ["size"] }), "--dry-run=server");

    expect(warningsIn(older)).toEqual([
      'bundle-downgraded: "v1.2.0" (experimental) would be replaced by the older "v1.1.0" (standard): "v1alpha2" would be gone',
    ]);
    expect(warningsIn(channel)).toEqual([
      'bundle-downgraded: "v1.2.0" (experimental) would be replaced by "v1.2.1" (standard): spec.teeth would be dropped from o…',
    ]);
    expect([warningsIn(same), warningsIn(newer)]).toEqual([[], []]);
    expect([older, channel, same, newer].map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
  });

  it("is warned of where a less stable version stores again", async () => {
    await applied({ plural: "cogs", versions: ["v1beta1", "v1"], storage: "v1" });
    const back = await apply({ plural: "cogs", versions: ["v1beta1", "v1"], storage: "v1beta1" }, "--dry-run=server");

    expect(back).toMatchObject({ exitCode: 0 });
    expect(warningsIn(back)).toEqual([
      'storage-version-downgraded: new objects would be stored in "v1beta1" and no longer in "v1", the more stable one: fields…',
    ]);
  });
});

describe("a definition that Helm keeps", () => {
  const one: Shape = { plural: "nuts", versions: ["v1"] };
  const two: Shape = { plural: "nuts", versions: ["v1", "v2"] };
  const three: Shape = { plural: "nuts", versions: ["v1", "v2", "v3"] };

  async function chart(name: string, shape: Shape): Promise<string> {
    const folder = join(api.workDir, `chart-${name}`);
    await mkdir(join(folder, "templates"), { recursive: true });
    await writeFile(join(folder, "Chart.yaml"), `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`);
    await writeFile(join(folder, "templates/crd.yaml"), manifest(shape));
    return folder;
  }

  async function upgrade(release: string, shape: Shape, ...args: readonly string[]): Promise<CommandOutcome> {
    const folder = await chart(release, shape);
    const command = ["upgrade", "--install", release, folder, "-n", "mill", "--kubeconfig", api.kubeconfigPath, ...args];
    return runCommand(helm, command, { timeoutMs: 60_000 });
  }

  it("is upgraded by its own release without a word", async () => {
    for (const shape of [one, two, one, two]) {
      const outcome = await upgrade("mill", shape);
      expect(outcome).toMatchObject({ exitCode: 0 });
      expect(warningsIn(outcome)).toEqual([]);
    }
  });

  it("is told to whoever applies it by kubectl, client-side and server-side", async () => {
    const told =
      'owner-changed: it is kept by Helm release "mill" in namespace "mill", and would be written by field manager "kubectl';
    const clientSide = warningsIn(await apply(three, "--dry-run=server"));
    const serverSide = warningsIn(await apply(three, "--server-side", "--force-conflicts", "--dry-run=server"));

    expect(clientSide.map((line) => line.startsWith(told))).toEqual([true]);
    expect(serverSide.map((line) => line.startsWith(told))).toEqual([true]);
  });

  it("may be labelled, annotated and repaired by kubectl", async () => {
    const repair = '[{"op":"replace","path":"/spec/versions/1/served","value":false}]';
    const outcomes = [
      await done(["label", "crd", "nuts.own.dev", "team=mill"]),
      await done(["annotate", "crd", "nuts.own.dev", "meta.helm.sh/release-name=other", "--overwrite", "--dry-run=server"]),
      await done(["patch", "crd", "nuts.own.dev", "--type=json", "-p", repair, "--dry-run=server"]),
    ];

    expect(outcomes.flatMap(warningsIn)).toEqual([]);
  });

  it("is told to Argo CD, and by check, which knows no managers", async () => {
    const tracked = {
      ...three,
      annotations: { "argocd.argoproj.io/tracking-id": "shop:apiextensions.k8s.io/CustomResourceDefinition:mill/nuts.own.dev" },
    };
    const told = 'it is kept by Helm release "mill" in namespace "mill", and would belong to Argo CD application "shop" too';
    const args = ["--server-side", "--force-conflicts", "--field-manager=argocd-controller", "--dry-run=server"];
    const [line = ""] = warningsIn(await apply(tracked, ...args));
    const { stdout } = await check(manifest(tracked), "-o", "json");

    expect(`owner-changed: ${told}`.startsWith(line.replace("…", ""))).toBe(true);
    expect(stdout).toContain(JSON.stringify(told).slice(1, -1));
    expect((await check(manifest(three), "-o", "json")).stdout).not.toContain("owner-changed");
  });

  it("is told to another release that takes it over, and then to nobody while that one keeps it", async () => {
    const taken = await upgrade("other", three, "--take-ownership");
    const [line = ""] = warningsIn(taken);

    expect(taken).toMatchObject({ exitCode: 0 });
    expect(line).toMatch(
      /^owner-changed: it is kept by Helm release "mill" in namespace "mill", and would belong to Helm release "other"/,
    );
    expect(warningsIn(await upgrade("other", two))).toEqual([]);
  });
});

function check(stdin: string, ...args: readonly string[]): Promise<CommandOutcome> {
  const common = ["check", "-f", "-", "--against", "live", "--kubeconfig", api.kubeconfigPath];
  return runCommand(process.execPath, [MAIN, ...common, ...args], { stdin });
}

const READY_SLICE = JSON.stringify({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { namespace: "mill", name: "converter-1", labels: { "kubernetes.io/service-name": "converter" } },
  addressType: "IPv4",
  endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: true } }],
  ports: [{ port: 9443, protocol: "TCP" }],
});

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { type CommandOutcome, runCommand } from "./support/child-processes.ts";
import { eventually } from "./support/eventually.ts";
import { crdManifest, deploymentManifest, objectManifest } from "./support/manifests.ts";

const ROOT = join(import.meta.dirname, "../..");
const MAIN = join(ROOT, "src/cli/main.ts");
const GEARS = "gears.own.dev";

const BEFORE = [{ name: "v1" }, { name: "v1beta1" }, { name: "v1alpha1" }];

function gears(versions: readonly { readonly name: string; readonly served?: boolean }[]): string {
  return crdManifest({ plural: "gears", kind: "Gear", versions, storage: "v1" });
}

/** The same changes are judged against the API server and against a snapshot of it. */
describe("a snapshot of a real cluster", () => {
  let api: ApiServer;
  let folder: string;
  let snapshot: string;
  let taken: CommandOutcome;

  beforeAll(async () => {
    api = await startApiServer();
    folder = await mkdtemp(join(tmpdir(), "crdguard-snapshot-"));
    snapshot = join(folder, "cluster.crdguard.json.gz");
    await done(["apply", "-f", join(ROOT, "manifests/crds/apirequirements.yaml")]);
    await done(["create", "namespace", "mill"]);
    // Stored in v1alpha1 first, so that both are stored versions.
    await applied(crdManifest({ plural: "gears", kind: "Gear", versions: BEFORE, storage: "v1alpha1" }));
    await applied(crdManifest({ plural: "axles", kind: "Axle", versions: [{ name: "v1" }, { name: "v2" }], storage: "v1" }));
    for (const [plural, version] of [
      ["gears", "v1alpha1"],
      ["axles", "v1"],
    ] as const) {
      await eventually(
        `${plural} are served`,
        async () => (await api.kubectl(["get", `${plural}.${version}.own.dev`])).exitCode === 0,
      );
    }
    await applied(objectManifest("own.dev/v1alpha1", "Gear", "old", "mill"));
    await done(
      ["apply", "--server-side", "--field-manager=argocd-controller", "-f", "-"],
      objectManifest("own.dev/v1beta1", "Gear", "new"),
    );
    await applied(gears(BEFORE));
    const secret = { "own.dev/token": "hunter2" };
    await applied(
      deploymentManifest({
        name: "turner",
        namespace: "mill",
        args: ["--password=hunter2"],
        annotations: { "crdguard.dev/requires": "gears.own.dev/v1beta1", ...secret },
      }),
    );
    await applied(deploymentManifest({ name: "slip", annotations: { "crdguard.dev/requires": "gears" } }));
    await applied(deploymentManifest({ name: "driller" }));
    await applied(
      deploymentManifest({ name: "cilium-operator", namespace: "kube-system", image: "quay.io/cilium/operator-generic:v1.15.4" }),
    );
    await done([
      "-n",
      "kube-system",
      "create",
      "configmap",
      "cilium-config",
      "--from-literal=enable-gateway-api=true",
      "--from-literal=other=hunter2",
    ]);
    await done(["-n", "mill", "create", "secret", "generic", "credentials", "--from-literal=a=hunter2"]);
    await eventually("APIRequirements are served", async () => (await api.kubectl(["get", "apirequirements"])).exitCode === 0);
    await applied(
      JSON.stringify({
        apiVersion: "crdguard.dev/v1alpha1",
        kind: "APIRequirement",
        metadata: { namespace: "default", name: "drilling" },
        spec: {
          workload: { name: "driller" },
          requirements: [{ group: "own.dev", resource: "axles", versions: ["v1"], reason: "it drills" }],
        },
      }),
    );
    taken = await crdguard(["snapshot", "--objects", "-o", snapshot]);
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
    await api.stop();
  });

  async function done(args: readonly string[], stdin = ""): Promise<void> {
    expect(await api.kubectl(args, { stdin })).toMatchObject({ exitCode: 0 });
  }

  function applied(manifest: string): Promise<void> {
    return done(["apply", "-f", "-"], manifest);
  }

  function crdguard(args: readonly string[], kubeconfig = api.kubeconfigPath): Promise<CommandOutcome> {
    return runCommand(process.execPath, [MAIN, ...args], { env: { KUBECONFIG: kubeconfig } });
  }

  /** @returns the report of both, which is the same but for the words on where it is known from. */
  async function judgedBoth(manifest: string, more: readonly string[] = []): Promise<string> {
    const file = join(folder, "change.json");
    await writeFile(file, manifest);
    const args = ["check", ...(manifest === "" ? [] : ["-f", file]), ...more, "-o", "json"];
    const live = await crdguard([...args, "--against", "live"]);
    const saved = await crdguard([...args, "--against", snapshot], "/nowhere");
    const words = (outcome: CommandOutcome): CommandOutcome => ({
      ...outcome,
      stdout: outcome.stdout.replaceAll("existed when the snapshot was taken", "exists"),
    });

    expect(words(saved)).toEqual(live);
    return live.stdout;
  }

  it("is taken in silence, but for what it holds", () => {
    expect({ exitCode: taken.exitCode, stdout: taken.stdout }).toEqual({ exitCode: 0, stdout: "" });
    expect(taken.stderr).toMatch(/^[^\n]*cluster\.crdguard\.json\.gz: 3 CRDs, 4 workloads, \d[^\n]*\n$/);
  });

  it.each<{ title: string; manifest?: string; flags?: readonly string[]; says: readonly string[] }>([
    {
      title: "a version that is served no more",
      manifest: gears([{ name: "v1" }, { name: "v1beta1", served: false }, { name: "v1alpha1" }]),
      says: ["required-version-unserved", "Deployment mill/turner", "version-in-use-unserved", "argocd-controller"],
    },
    {
      title: "a stored version that is dropped",
      manifest: gears([{ name: "v1" }, { name: "v1beta1" }]),
      says: ["stored-version-removed", "2 objects of it exist", "mill/old"],
    },
    {
      title: "the deletion of a CRD with objects",
      flags: ["--delete", GEARS],
      says: ["objects-deleted", "2 objects would be deleted"],
    },
    {
      title: "the deletion of one without, which an APIRequirement speaks of",
      flags: ["--delete", "axles.own.dev"],
      says: ["required-resource-deleted", "APIRequirement drilling (it drills)"],
    },
    {
      title: "a definition that a catalogued controller cannot live with",
      manifest: crdManifest({
        plural: "tlsroutes",
        kind: "TLSRoute",
        group: "gateway.networking.k8s.io",
        versions: [{ name: "v1" }, { name: "v1alpha2", served: false }],
        storage: "v1",
      }),
      says: ["Deployment kube-system/cilium-operator", "crashes"],
    },
    {
      title: "a workload at a new version",
      manifest: deploymentManifest({ name: "eg", image: "docker.io/envoyproxy/gateway:v1.2.1" }),
      says: ["workload-requirement-unmet"],
    },
    { title: "no change", manifest: gears(BEFORE), says: ['"verdict": "allow"'] },
  ])("judges $title as the cluster itself", async ({ manifest = "", flags = [], says }) => {
    const report = await judgedBoth(manifest, flags);

    for (const words of says) expect(report).toContain(words);
  });

  it("lists the same requirements", async () => {
    const live = await crdguard(["requirements", "--against", "live"]);

    expect(live.stdout).toContain("axles.own.dev");
    expect(await crdguard(["requirements", "--against", snapshot], "/nowhere")).toEqual(live);
  });

  it("holds schemas where it is asked for objects, and else none", async () => {
    const plain = join(folder, "plain.crdguard.json.gz");
    expect(await crdguard(["snapshot", "-o", plain])).toMatchObject({ exitCode: 0 });

    expect(gunzipSync(await readFile(plain)).toString()).not.toContain("openAPIV3Schema");
    expect(gunzipSync(await readFile(snapshot)).toString()).toContain("openAPIV3Schema");
  });

  it("holds no secret", async () => {
    const text = gunzipSync(await readFile(snapshot)).toString();

    expect(text).not.toContain("hunter2");
    expect(text).not.toContain("fieldsV1");
    expect(JSON.parse(text)).toMatchObject({
      cluster: { kubernetesVersion: expect.stringMatching(/^v1\./) as string, server: api.url },
    });
  });

  it("says what its taker could not read, in the same words as a live look", async () => {
    const read = "--resource=customresourcedefinitions.apiextensions.k8s.io,deployments.apps,statefulsets.apps,daemonsets.apps";
    await done(["create", "clusterrole", "reader", "--verb=list,watch", read]);
    await done(["create", "clusterrolebinding", "reader", "--clusterrole=reader", "--user=alice"]);
    const alice = await api.kubeconfigFor("alice");
    const file = join(folder, "alice.crdguard.json.gz");

    const byAlice = await crdguard(["snapshot", "-o", file], alice);
    const live = await crdguard(["check", "--delete", GEARS, "--against", "live"], alice);
    const saved = await crdguard(["check", "--delete", GEARS, "--against", file], "/nowhere");

    expect(byAlice.exitCode).toBe(0);
    expect(byAlice.stderr).toContain(
      "objects of apirequirements.crdguard.dev, axles.own.dev and gears.own.dev were not counted: crdguard may not list them\n",
    );
    expect(byAlice.stderr).toContain("apirequirements cannot be read, so that what they declare is not known: ");
    expect(live.stdout).toContain("crdguard may not list gears.own.dev");
    expect(saved).toEqual(live);
  });

  it("is not taken by somebody who may not list CRDs, or workloads", async () => {
    const file = join(folder, "bob.crdguard.json.gz");
    const { exitCode, stdout, stderr } = await crdguard(["snapshot", "-o", file], await api.kubeconfigFor("bob"));

    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toMatch(
      /^crdguard: error \(cluster-forbidden\): customresourcedefinitions cannot be read from https:[^\n]*\n$/,
    );
    await expect(readFile(file)).rejects.toThrow("ENOENT");
  });

  it("brings the cluster's own catalog entries along", async () => {
    const entry =
      "controller: app\nimages: [own.dev/app]\nreleases:\n  - versions: '>=1.0.0'\n    verified: run\n    confidence: high\n    sources: [own.dev]\n" +
      "    needs: [{ resource: axles.own.dev, versions: [v2], presence: unconditional, outcomes: crashes }]\n";
    await applied(deploymentManifest({ name: "catalogued" }));
    await done(["-n", "kube-system", "create", "configmap", "own-catalog", `--from-literal=app.yaml=${entry}`]);
    const file = join(folder, "own.crdguard.json.gz");
    const own = ["--catalog-config-map", "kube-system/own-catalog"];
    expect(await crdguard(["snapshot", "-o", file, ...own])).toMatchObject({ exitCode: 0 });
    const asked = ["requirements", "--crd", "axles.own.dev"];

    const live = await crdguard([...asked, "--against", "live", ...own]);

    expect(live.stdout).toContain("known from catalog: app >=1.0.0");
    expect(await crdguard([...asked, "--against", file], "/nowhere")).toEqual(live);
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, type LoggedReview, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, deploymentManifest } from "./support/manifests.ts";
import { sharedPath } from "./support/shared.ts";

const RULE = "Warning: workload-requirement-unmet:";
const REQUIRES = "crdguard.dev/requires";
const standard = sharedPath("crds/gateway-api/v1.1.0/standard");
const experimental = sharedPath("crds/gateway-api/v1.1.0/experimental");

describe("workloads on a real API server, with --warn-workloads", () => {
  let api: ApiServer;
  let guard: GuardProcess;

  beforeAll(async () => {
    api = await startApiServer();
    guard = await startGuardProcess(api, { args: ["--warn-workloads"] });
    await apply(crdManifest({ plural: "gears", kind: "Gear", versions: [{ name: "v1" }], storage: "v1" }));
    // The API server reads the registration by a watch of its own, and the guard the CRD.
    await eventually("the registration of workloads is in force, and the guard knows the CRD", async () => {
      const probe = deploymentManifest({ name: "probe", annotations: { [REQUIRES]: "gears.own.dev/v1, cogs.own.dev/v1" } });
      const { stderr } = await apply(probe, "--dry-run=server");
      return stderr.includes("cogs.own.dev/v1") && !stderr.includes("gears.own.dev/v1");
    });
  });

  afterAll(async () => {
    await guard.process.stop(10_000);
    await api.stop();
  });

  async function apply(manifest: string, ...flags: readonly string[]) {
    return api.kubectl(["apply", "-f", "-", ...flags], { stdin: manifest });
  }

  /** What was sent of one workload; the log is written within a quarter of a second. */
  async function reviewsOf(workload: string, count: number): Promise<readonly LoggedReview[]> {
    return eventually(`${String(count)} reviews of ${workload} are logged`, async () => {
      const own = (await guard.reviews()).filter((review) => review.workload === workload);
      return own.length >= count && own;
    });
  }

  it.each([
    { title: "apply", args: ["apply", "-f", "-"], printed: "created" },
    { title: "apply --dry-run=server", args: ["apply", "--dry-run=server", "-f", "-"], printed: "created (server dry run)" },
    { title: "apply --server-side", args: ["apply", "--server-side", "-f", "-"], printed: "serverside-applied" },
    { title: "create", args: ["create", "-f", "-"], printed: "created" },
  ])("$title succeeds, and prints one warning for each API that it will lack", async ({ title, args, printed }) => {
    const name = `turner-${title.replaceAll(/[^a-z]+/g, "-")}`;
    const manifest = deploymentManifest({ name, annotations: { [REQUIRES]: "gears.own.dev/v2, cogs.own.dev/v1|v1beta1" } });

    expect(await api.kubectl(args, { stdin: manifest })).toMatchObject({
      exitCode: 0,
      stdout: `deployment.apps/${name} ${printed}\n`,
      stderr: [
        `${RULE} ${name} crashes without gears.own.dev/v2 (not listed)\n`,
        `${RULE} ${name} crashes without cogs.own.dev/v1|v1beta1 (not defined)\n`,
      ].join(""),
    });
  });

  it.each(["StatefulSet", "DaemonSet"])("warns of a %s too", async (kind) => {
    const name = kind.toLowerCase();
    const { spec, ...rest } = JSON.parse(deploymentManifest({ name, annotations: { [REQUIRES]: "gears.own.dev/v2" } })) as Record<
      string,
      Record<string, unknown>
    >;
    const { replicas, ...common } = spec ?? {};
    const manifest = { ...rest, kind, spec: kind === "DaemonSet" ? common : { ...common, replicas, serviceName: name } };

    expect(await apply(JSON.stringify(manifest))).toMatchObject({
      exitCode: 0,
      stderr: `${RULE} ${name} crashes without gears.own.dev/v2 (not listed)\n`,
    });
  });

  it("prints nothing for a workload that needs nothing, nor for one that is served what it needs", async () => {
    for (const manifest of [
      deploymentManifest({ name: "web", image: "docker.io/library/nginx:1.27.0" }),
      deploymentManifest({ name: "served", annotations: { [REQUIRES]: "gears.own.dev/v1" } }),
    ]) {
      expect(await apply(manifest)).toMatchObject({ exitCode: 0, stderr: "" });
    }
  });

  it("prints nothing for a workload that comes after its CRD in the same manifest", async () => {
    const items = [
      crdManifest({ plural: "wheels", kind: "Wheel", versions: [{ name: "v1" }], storage: "v1" }),
      deploymentManifest({ name: "web-2" }),
      deploymentManifest({ name: "cart", annotations: { [REQUIRES]: "wheels.own.dev/v1" } }),
    ].map((item): unknown => JSON.parse(item));

    const outcome = await apply(JSON.stringify({ apiVersion: "v1", kind: "List", items }));

    expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("names the tag that tells no version", async () => {
    const manifest = deploymentManifest({ name: "envoy-gateway-edge", image: "docker.io/envoyproxy/gateway:latest" });

    expect(await apply(manifest)).toMatchObject({
      exitCode: 0,
      stderr: `${RULE} what envoy-gateway-edge needs is unknown: the catalog knows no version "latest"\n`,
    });
  });

  it("is sent creates and changes of the spec, and neither labels, nor scaling, nor the status", async () => {
    const deployment = ["deployment/lathe", "--namespace=default"];
    await apply(deploymentManifest({ name: "lathe" }));
    for (const args of [
      ["label", ...deployment, "tier=heavy"],
      ["scale", ...deployment, "--replicas=3"],
      ["patch", ...deployment, "--subresource=status", "--type=merge", "-p", '{"status":{"observedGeneration":2}}'],
      ["annotate", ...deployment, "owner=mill"],
      ["set", "image", ...deployment, "lathe=own.dev/app:v1.1.0"],
      ["delete", ...deployment, "--wait=false"],
    ]) {
      expect(await api.kubectl(args), args.join(" ")).toMatchObject({ exitCode: 0, stderr: "" });
    }
    await apply(deploymentManifest({ name: "lathe" }));

    expect((await reviewsOf("default/lathe", 4)).map(({ operation, decision }) => `${operation} ${decision}`)).toEqual([
      "CREATE allow",
      // The API server counts a Deployment's generation up for annotations too.
      "UPDATE allow",
      "UPDATE allow",
      "CREATE allow",
    ]);
  });

  describe.skipIf(standard === null || experimental === null)("Envoy Gateway 1.1.0", () => {
    const manifest = deploymentManifest({
      name: "envoy-gateway",
      namespace: "envoy-gateway-system",
      image: "docker.io/envoyproxy/gateway:v1.1.0",
    });
    const lacks = (resource: string, version: string, state = " (not defined)"): string =>
      `${RULE} envoy-gateway crashes without ${resource}.gateway.networking.k8s.io/${version}${state}\n`;
    const ownDefinitions = `${RULE} envoy-gateway crashes until its own definitions of gateway.envoyproxy.io are applied\n`;

    beforeAll(async () => {
      await api.kubectl(["create", "namespace", "envoy-gateway-system"]);
    });

    async function applyCrds(folder: string | null): Promise<void> {
      const outcome = await api.kubectl(["apply", "--server-side", "--force-conflicts", "-f", String(folder)]);
      expect(outcome).toMatchObject({ exitCode: 0 });
    }

    it("is created over the standard channel of Gateway API v1.1.0, and kubectl prints what it will lack", async () => {
      await applyCrds(standard);
      await eventually("the guard knows the CRDs", async () => {
        const { stderr } = await apply(manifest, "--dry-run=server");
        return !stderr.includes("grpcroutes");
      });

      expect(await apply(manifest)).toMatchObject({
        exitCode: 0,
        stdout: "deployment.apps/envoy-gateway created\n",
        stderr: [
          lacks("tlsroutes", "v1alpha2"),
          lacks("tcproutes", "v1alpha2"),
          lacks("udproutes", "v1alpha2"),
          lacks("backendtlspolicies", "v1alpha3", ""),
          `${RULE} install Gateway API v1.1.0, experimental channel, to have them served\n`,
          ownDefinitions,
        ].join(""),
      });
    });

    it("lacks nothing but its own definitions once the release is installed that the warning names", async () => {
      await api.kubectl(["delete", "deployment", "envoy-gateway", "--namespace=envoy-gateway-system"]);
      await applyCrds(experimental);

      const { exitCode, stderr } = await eventually("the guard knows the CRDs", async () => {
        const outcome = await apply(manifest, "--dry-run=server");
        return !outcome.stderr.includes("networking.k8s.io") && outcome;
      });

      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: ownDefinitions });
    });
  });

  describe("once the guard is gone", () => {
    it("lets applies go on while it is registered and does not answer", async () => {
      await guard.process.kill9();

      expect(await apply(deploymentManifest({ name: "late", annotations: { [REQUIRES]: "gears.own.dev/v2" } }))).toMatchObject({
        exitCode: 0,
        stdout: "deployment.apps/late created\n",
        stderr: "",
      });
    });

    it("takes its registration away when it ends in order", async () => {
      guard = await startGuardProcess(api, { args: ["--warn-workloads"], port: Number(new URL(guard.url).port) });
      const registered = async (): Promise<string> => {
        const kinds = "validatingwebhookconfigurations,mutatingwebhookconfigurations";
        return (await api.kubectl(["get", kinds, "-o", "jsonpath={.items[*].metadata.name}"])).stdout;
      };
      expect((await registered()).split(" ").toSorted()).toEqual([
        "crdguard-dev",
        "crdguard-explainer-dev",
        "crdguard-workloads-dev",
      ]);

      await guard.process.stop(10_000);

      expect(await registered()).toBe("");
    });
  });
});

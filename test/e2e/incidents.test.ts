import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { BACKEND_TLS_POLICY, NEW_BACKEND_TLS_POLICY, workloadsWith } from "./support/gateway-api-objects.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { deploymentManifest } from "./support/manifests.ts";
import { commandsOf, paste } from "./support/remedies.ts";
import { sharedPath } from "./support/shared.ts";

const bundle = (release: string, channel: string) => sharedPath(`crds/gateway-api/${release}/${channel}`);
const GRPC_ROUTES = "gateway.networking.k8s.io_grpcroutes.yaml";
const BACKEND_TLS_POLICIES = "gateway.networking.k8s.io_backendtlspolicies.yaml";

/** What each change from the experimental channel to the standard one is told of, whoever runs. */
const OF_THE_CHANNEL = ["bundle-downgraded", "schema-narrowed"];

const before = bundle("v1.0.0", "experimental");
const standard = bundle("v1.1.0", "standard");
const experimental = bundle("v1.1.0", "experimental");
const next = bundle("v1.2.1", "standard");

const ENVOY_GATEWAY = ["-n", "envoy-gateway-system", "deployment/envoy-gateway"];
const CILIUM_OPERATOR = ["-n", "kube-system", "deployment/cilium-operator"];
const WORKLOADS = workloadsWith(
  deploymentManifest({ name: "istiod", namespace: "istio-system", image: "docker.io/istio/pilot:1.21.2" }),
);
const NO_NEEDS = "crdguard.dev/requires=";
const WITHOUT_GATEWAY_API = [
  ..."-n kube-system patch configmap cilium-config --type=merge -p".split(" "),
  '{"data":{"enable-gateway-api":"false"}}',
];

/** One cluster after another release: what a test leaves behind is what the next section begins with. */
describe.skipIf(before === null || standard === null || experimental === null || next === null)(
  "real upgrades of Gateway API, on a real API server",
  () => {
    let api: ApiServer;
    let guard: GuardProcess;

    beforeAll(async () => {
      api = await startApiServer();
      await applyCrds(String(before));
      await done(["apply", "-f", join(import.meta.dirname, "../../manifests/crds/apirequirements.yaml")]);
      for (const namespace of ["envoy-gateway-system", "istio-system"]) await done(["create", "namespace", namespace]);
      await done(["create", "-f", "-"], WORKLOADS);
      guard = await startGuardProcess(api);
    });

    afterAll(async () => {
      await guard.process.stop(10_000);
      await api.stop();
    });

    describe("v1.1.0 standard: GRPCRoute v1alpha2 stays listed, but is not served", () => {
      const file = join(String(standard), GRPC_ROUTES);

      beforeEach(async () => {
        await done(["delete", "apirequirements", "--all", "-n", "envoy-gateway-system"]);
        // Annotations and images of the test before go with it, which an apply would keep.
        await done(["replace", "-f", "-"], WORKLOADS);
        await denial(file, (stderr) => stderr.includes("2 running workloads"));
      });

      it.each([
        { title: "as a dry run", flags: ["--dry-run=server"], printed: "serverside-applied (server dry run)" },
        { title: "in earnest", flags: [], printed: "serverside-applied" },
      ])("is denied $title under Envoy Gateway and Cilium, in one denial for both", async ({ flags, printed }) => {
        const { stdout, stderr, exitCode } = await apply(String(standard), ...flags);

        expect(exitCode).toBe(1);
        expect(stderr).toContain(
          'The CustomResourceDefinition "grpcroutes.gateway.networking.k8s.io" is invalid: spec.versions[v1alpha2].served: required-version-unserved: "v1alpha2" would no longer be served, and 2 running workloads need it to start:',
        );
        expect(stderr).toContain(
          "Deployment envoy-gateway-system/envoy-gateway (image docker.io/envoyproxy/gateway:v1.0.1; catalog: envoy-gateway >=1.0.0 <1.1.0): crashes at its next restart; it exits at start",
        );
        expect(stderr).toContain(
          "Deployment kube-system/cilium-operator (image quay.io/cilium/operator-generic:v1.15.4; catalog: cilium-operator >=1.15.0 <1.16.0): crashes at its next restart; it reconciles no Gateway any more",
        );
        // 1.1 would not start on this channel.
        expect(stderr).toContain("upgrade envoy-gateway to 1.2.0 or newer first");
        expect(stderr).toContain("stop cilium-operator, apply your change, then install 1.16.0 or newer of it");
        expect(stderr).toContain("stay on the release you have: v1.0.0, experimental channel");
        expect(stderr).not.toContain("istiod");
        expect(stderr.match(/is invalid/g)).toHaveLength(1);
        // The way back to the standard channel is told, and nothing else.
        expect(new Set([...stderr.matchAll(/^Warning: ([a-z-]+)/gm)].map(([, rule]) => rule))).toEqual(new Set(OF_THE_CHANNEL));
        // The rest of the bundle hurts nobody.
        const others = readdirSync(String(standard)).filter((name) => name !== GRPC_ROUTES);
        expect(stdout.trim().split("\n").toSorted()).toEqual(
          others.map((name) => `customresourcedefinition.apiextensions.k8s.io/${crdName(name)} ${printed}`).toSorted(),
        );
        expect(await servedVersions("grpcroutes")).toBe("v1alpha2");
      });

      it("is allowed once the printed commands are pasted", async () => {
        const stderr = await denial(file, () => true);
        const [upgradeEnvoyGateway = "", stopCilium = ""] = commandsOf(stderr);

        expect(await paste(api, upgradeEnvoyGateway).exited).toBe(0);
        const rest = await denial(file, (text) => text.includes("1 running workload "));
        expect(rest).toContain("Deployment kube-system/cilium-operator");
        expect(rest).not.toContain("envoy-gateway");
        expect(await paste(api, stopCilium).exited).toBe(0);

        expect(await allowed(file)).toBe("");
      });

      it("is allowed once the owners have said that nothing is needed", async () => {
        await done(["annotate", ...ENVOY_GATEWAY, NO_NEEDS]);
        expect(await denial(file, (text) => text.includes("1 running workload "))).not.toContain("envoy-gateway");
        await done(["annotate", ...CILIUM_OPERATOR, NO_NEEDS]);

        expect(await allowed(file)).toBe("");
      });

      it.each([
        { title: "a tag that names no version", image: "docker.io/envoyproxy/gateway:latest" },
        { title: "a digest alone", image: `docker.io/envoyproxy/gateway@sha256:${"a".repeat(64)}` },
      ])("is allowed over $title, with a warning that names the workload", async ({ image }) => {
        await done(WITHOUT_GATEWAY_API);
        await done(["set", "image", ...ENVOY_GATEWAY, `envoy-gateway=${image}`]);

        expect(await allowed(file)).toBe(
          "Warning: required-version-unserved: Deployment envoy-gateway-system/envoy-gateway may need grpcroutes v1alpha2: version unknown\n",
        );
      });

      it("is denied by an APIRequirement, which counts in place of the catalog, and named", async () => {
        await done(WITHOUT_GATEWAY_API);
        await done(["set", "image", ...ENVOY_GATEWAY, "envoy-gateway=docker.io/envoyproxy/gateway:v1.2.0"]);
        expect(await allowed(file)).toBe("");

        await done(["create", "-f", "-"], apiRequirement("our-plugin", ["v1alpha2"], "our plugin reads it"));

        const stderr = await denial(file, () => true);
        expect(stderr).toContain(
          `required-version-unserved: "v1alpha2" would no longer be served, and 1 running workload needs it to start:
    Deployment envoy-gateway-system/envoy-gateway (APIRequirement our-plugin (our plugin reads it)): crashes at its next restart
`,
        );
        expect(stderr).not.toContain("catalog");
        await done(["-n", "envoy-gateway-system", "delete", "apirequirement", "our-plugin"]);
        expect(await allowed(file)).toBe("");
      });

      it("is allowed where an APIRequirement says that v1 will do, whatever the catalog says", async () => {
        await done(WITHOUT_GATEWAY_API);
        await denial(file, (text) => text.includes("1 running workload "));

        await done(["create", "-f", "-"], apiRequirement("our-fork", ["v1alpha2", "v1"], "our fork reads both"));

        expect(await allowed(file)).toBe("");
      });

      it("is allowed once Cilium's Gateway API support is off and Envoy Gateway stopped, while Istio runs", async () => {
        expect(await apply(String(standard))).toMatchObject({ exitCode: 1 });

        await done(WITHOUT_GATEWAY_API);
        expect(await denial(file, (text) => text.includes("1 running workload "))).not.toContain("cilium");
        await done(["scale", ...ENVOY_GATEWAY, "--replicas=0"]);

        await eventually("the same command succeeds", async () => (await apply(String(standard))).exitCode === 0);
        expect(await servedVersions("grpcroutes")).toBe("v1");
      });
    });

    describe("v1.1.0 experimental: BackendTLSPolicy changes its only version", () => {
      const file = join(String(experimental), BACKEND_TLS_POLICIES);

      beforeEach(async () => {
        await done(["scale", ...ENVOY_GATEWAY, "--replicas=0"]);
        await eventually("nobody needs the definition", async () => {
          const outcome = await api.kubectl(["delete", "crd", crdName(BACKEND_TLS_POLICIES), "--ignore-not-found"]);
          return outcome.exitCode === 0;
        });
        await applyCrds(join(String(before), BACKEND_TLS_POLICIES));
        await done(["replace", "-f", "-"], WORKLOADS);
      });

      /** By both rules in one denial. */
      async function doubleDenial(): Promise<string> {
        const stderr = await denial(file, (text) => text.includes("required-version-unserved"));
        expect(stderr).toContain(
          `The CustomResourceDefinition "${crdName(BACKEND_TLS_POLICIES)}" is invalid: \n* spec.versions[v1alpha2]: required-version-unserved: "v1alpha2" would be gone, and 1 running workload needs it to start:\n    Deployment envoy-gateway-system/envoy-gateway (`,
        );
        expect(stderr).toContain(
          '\n* spec.versions[v1alpha2]: stored-version-removed: "v1alpha2" would be dropped while status.storedVersions names it; ',
        );
        expect(stderr.match(/is invalid/g)).toHaveLength(1);
        return stderr;
      }

      const ofStoredVersionAlone = (stderr: string): boolean =>
        stderr.includes("stored-version-removed") && !stderr.includes("required-version-unserved");

      it("is denied for two reasons, for one once Envoy Gateway is stopped; without objects, the printed way out works", async () => {
        expect(await doubleDenial()).toContain("no object of it exists, so nothing is lost by forgetting it first");

        await done(["scale", ...ENVOY_GATEWAY, "--replicas=0"]);
        const stored = await denial(file, ofStoredVersionAlone);
        expect(stored).not.toContain("envoy-gateway");
        expect(commandsOf(stored)).toHaveLength(1);
        expect(await paste(api, commandsOf(stored)[0] ?? "").exited).toBe(0);

        await applyCrds(file);
        expect(await servedVersions("backendtlspolicies")).toBe("v1alpha3");
      });

      it("is denied for two reasons, for one once Envoy Gateway is upgraded; with objects, the printed way out works", async () => {
        await eventually(
          "the policy is created",
          async () => (await api.kubectl(["create", "-f", "-"], { stdin: BACKEND_TLS_POLICY })).exitCode === 0,
        );
        expect(await doubleDenial()).toContain(
          "1 object of it exists, and no version survives that could hold them: they must be backed up, deleted and created anew",
        );

        await done(["set", "image", ...ENVOY_GATEWAY, "envoy-gateway=docker.io/envoyproxy/gateway:v1.1.0"]);
        const stored = await denial(file, ofStoredVersionAlone);
        const pasted = paste(api, commandsOf(stored)[0] ?? "");
        // Whoever is faster than the block asks leaves kubectl waiting for the end of a definition that is there again.
        await eventually(
          "the block asks for the change",
          () => pasted.printed().includes("apply your change in another terminal"),
          PATIENCE,
        );
        // v1alpha3 renamed fields, which the block asks to look for.
        const name = crdName(BACKEND_TLS_POLICIES);
        const saved = join(api.workDir, `${name}.backup`, name, "objects/default/payments.yaml");
        expect(await readFile(saved, "utf8")).toContain("targetRef:");
        await writeFile(saved, NEW_BACKEND_TLS_POLICY);
        await applyCrds(file);
        expect(await pasted.exited).toBe(0);

        const path = "jsonpath={.apiVersion} {.spec.validation.hostname}";
        const resource = "backendtlspolicies.v1alpha3.gateway.networking.k8s.io";
        const { stdout } = await api.kubectl(["get", resource, "payments", "-o", path]);
        expect(stdout).toBe("gateway.networking.k8s.io/v1alpha3 payments.example.com");
      });
    });

    describe("v1.2.1 standard: GRPCRoute v1alpha2 is gone, while storedVersions names it", () => {
      it("is denied; without objects, the printed way out works", async () => {
        await done(["delete", "-f", "-"], WORKLOADS);
        await applyCrds(join(String(experimental), GRPC_ROUTES));
        const file = join(String(next), GRPC_ROUTES);

        const stderr = await denial(file, (text) => !text.includes("required-version-unserved"));
        expect(stderr).toContain(
          'spec.versions[v1alpha2]: stored-version-removed: "v1alpha2" would be dropped while status.storedVersions names it; no object of it exists',
        );
        expect(await paste(api, commandsOf(stderr)[0] ?? "").exited).toBe(0);

        await applyCrds(file);
      });
    });

    async function apply(path: string, ...flags: readonly string[]) {
      return api.kubectl(["apply", "--server-side", "--force-conflicts", "-f", path, ...flags]);
    }

    async function applyCrds(path: string): Promise<void> {
      expect(await apply(path)).toMatchObject({ exitCode: 0 });
    }

    async function done(args: readonly string[], stdin = ""): Promise<void> {
      expect(await api.kubectl(args, { stdin }), args.join(" ")).toMatchObject({ exitCode: 0 });
    }

    /** What kubectl prints when the dry run is denied as expected: what was just applied reaches the guard by a watch. */
    async function denial(path: string, isExpected: (stderr: string) => boolean): Promise<string> {
      return eventually(
        "the change is denied as expected",
        async () => {
          const { exitCode, stderr } = await apply(path, "--dry-run=server");
          if (exitCode === 1 && isExpected(stderr)) return stderr;
          throw new Error(`status ${String(exitCode)}: ${stderr}`);
        },
        PATIENCE,
      );
    }

    /** All that kubectl prints to standard error when the dry run is allowed, in time. */
    /** Resolves with what it warns of, beside the channel. */
    async function allowed(path: string): Promise<string> {
      return eventually(
        "the change is allowed",
        async () => {
          const { exitCode, stderr } = await apply(path, "--dry-run=server");
          expect(exitCode, stderr).toBe(0);
          return stderr.replaceAll(new RegExp(`^Warning: (?:${OF_THE_CHANNEL.join("|")}): .*\\n`, "gm"), "");
        },
        PATIENCE,
      );
    }

    async function servedVersions(plural: string): Promise<string> {
      const path = "jsonpath={.spec.versions[?(@.served==true)].name}";
      return (await api.kubectl(["get", "crd", `${plural}.gateway.networking.k8s.io`, "-o", path])).stdout;
    }
  },
);

/** The watch takes a moment, and a machine that is busy with other things much longer. */
const PATIENCE = { timeoutMs: 30_000 };

/** `<group>_<plural>.yaml`, as Gateway API names its files, to the name of the CRD. */
function crdName(file: string): string {
  const [group = "", plural = ""] = file.replace(/\.yaml$/, "").split("_");
  return `${plural}.${group}`;
}

function apiRequirement(name: string, versions: readonly string[], reason: string): string {
  return JSON.stringify({
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "APIRequirement",
    metadata: { namespace: "envoy-gateway-system", name },
    spec: {
      workload: { name: "envoy-gateway" },
      requirements: [{ group: "gateway.networking.k8s.io", resource: "grpcroutes", versions, reason }],
    },
  });
}

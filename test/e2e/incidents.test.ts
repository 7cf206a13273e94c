import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { deploymentManifest } from "./support/manifests.ts";
import { sharedPath } from "./support/shared.ts";

const bundle = (release: string, channel: string) => sharedPath(`crds/gateway-api/${release}/${channel}`);
const GRPC_ROUTES = "gateway.networking.k8s.io_grpcroutes.yaml";
const BACKEND_TLS_POLICIES = "gateway.networking.k8s.io_backendtlspolicies.yaml";

const before = bundle("v1.0.0", "experimental");
const standard = bundle("v1.1.0", "standard");
const experimental = bundle("v1.1.0", "experimental");
const next = bundle("v1.2.1", "standard");

describe.skipIf(before === null || standard === null || experimental === null || next === null)(
  "real upgrades of Gateway API, on a real API server",
  () => {
    let api: ApiServer;
    let guard: GuardProcess;

    beforeEach(async () => {
      api = await startApiServer();
      await apply("CRDs of v1.0.0 experimental", ["-f", String(before)]);
      guard = await startGuardProcess(api);
    });

    afterEach(async () => {
      await guard.process.stop(10_000);
      await api.stop();
    });

    async function apply(what: string, args: readonly string[]): Promise<void> {
      const outcome = await api.kubectl(["apply", "--server-side", "--force-conflicts", ...args]);
      expect(outcome, what).toMatchObject({ exitCode: 0 });
    }

    async function run(name: string, namespace: string, image: string): Promise<void> {
      await api.kubectl(["create", "namespace", namespace]);
      const outcome = await api.kubectl(["apply", "-f", "-"], { stdin: deploymentManifest({ name, namespace, image }) });
      expect(outcome).toMatchObject({ exitCode: 0 });
    }

    /** Denied, in time for the guard's watch to bring what was just applied; the words of the denial. */
    async function denial(args: readonly string[]): Promise<string> {
      return eventually("the change is denied", async () => {
        const outcome = await api.kubectl(["apply", "--server-side", "--force-conflicts", ...args, "--dry-run=server"]);
        return outcome.exitCode === 1 ? outcome.stderr : false;
      });
    }

    /** Runs the command of a denial as a person pastes it. @returns its exit status. */
    function pasteInBackground(command: string, cwd: string): Promise<number | null> {
      const shell = spawn("sh", ["-c", command], {
        cwd,
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, KUBECONFIG: api.kubeconfigPath },
      });
      return new Promise((resolve) => shell.once("exit", resolve));
    }

    it("denies v1.1.0 standard: GRPCRoute v1alpha2 stays listed, and Envoy Gateway and the Cilium operator would crash", async () => {
      await run("envoy-gateway", "envoy-gateway-system", "docker.io/envoyproxy/gateway:v1.0.1");
      await run("cilium-operator", "kube-system", "quay.io/cilium/operator-generic:v1.15.4");
      await run("istiod", "istio-system", "docker.io/istio/pilot:1.21.2");
      await eventually("the guard knows both controllers", async () =>
        (await denial(["-f", join(String(standard), GRPC_ROUTES)])).includes("2 running workloads"),
      );

      const { stdout, stderr, exitCode } = await api.kubectl([
        "apply",
        "--server-side",
        "--force-conflicts",
        "-f",
        String(standard),
      ]);

      expect(exitCode).toBe(1);
      expect(stderr).toContain(
        'The CustomResourceDefinition "grpcroutes.gateway.networking.k8s.io" is invalid: spec.versions[v1alpha2].served: required-version-unserved: "v1alpha2" would no longer be served, and 2 running workloads need it to start:',
      );
      expect(stderr).toContain(
        "Deployment envoy-gateway-system/envoy-gateway (image docker.io/envoyproxy/gateway:v1.0.1; catalog: envoy-gateway >=1.0.0 <1.1.0)",
      );
      expect(stderr).toContain(
        "Deployment kube-system/cilium-operator (image quay.io/cilium/operator-generic:v1.15.4; catalog: cilium-operator >=1.15.0 <1.16.0",
      );
      // 1.1 needs BackendTLSPolicy v1alpha3 besides, which neither the cluster nor this channel has.
      expect(stderr).toContain("upgrade envoy-gateway to 1.2.0 or newer first");
      expect(stderr).toContain("stop cilium-operator, apply your change, then install 1.16.0 or newer of it");
      expect(stderr).not.toContain("istiod");
      expect(stderr.match(/is invalid/g)).toHaveLength(1);
      // The rest of the bundle hurts nobody.
      for (const file of readdirSync(String(standard)).filter((name) => name !== GRPC_ROUTES)) {
        expect(stdout).toContain(`${file.replace(/^.*_|\.yaml$/g, "")}.gateway.networking.k8s.io serverside-applied`);
      }
    });

    it("allows v1.1.0 standard while only Istio runs", async () => {
      await run("istiod", "istio-system", "docker.io/istio/pilot:1.21.2");

      const outcome = await api.kubectl(["apply", "--server-side", "--force-conflicts", "-f", String(standard)]);

      expect(outcome).toMatchObject({ exitCode: 0 });
    });

    it("denies v1.1.0 experimental: BackendTLSPolicy changes its only version; with objects, the printed way out works", async () => {
      await run("envoy-gateway", "envoy-gateway-system", "docker.io/envoyproxy/gateway:v1.0.1");
      const policy = {
        apiVersion: "gateway.networking.k8s.io/v1alpha2",
        kind: "BackendTLSPolicy",
        metadata: { name: "payments", namespace: "default" },
        spec: {
          targetRef: { group: "", kind: "Service", name: "payments" },
          tls: { hostname: "payments.example.com", wellKnownCACerts: "System" },
        },
      };
      await eventually(
        "the policy is created",
        async () => (await api.kubectl(["create", "-f", "-"], { stdin: JSON.stringify(policy) })).exitCode === 0,
      );
      const file = join(String(experimental), BACKEND_TLS_POLICIES);

      const both = await eventually("the guard knows Envoy Gateway", async () => {
        const stderr = await denial(["-f", file]);
        return stderr.includes("required-version-unserved") ? stderr : false;
      });
      expect(both).toContain("* spec.versions[v1alpha2]: required-version-unserved:");
      expect(both).toContain("* spec.versions[v1alpha2]: stored-version-removed:");
      expect(both).toContain("no version survives that could hold them");

      // As a person does it: upgrade the controller, then paste the block of the other denial.
      await api.kubectl([
        "-n",
        "envoy-gateway-system",
        "set",
        "image",
        "deployment/envoy-gateway",
        "envoy-gateway=docker.io/envoyproxy/gateway:v1.1.0",
      ]);
      const stored = await eventually("the controller no longer minds", async () => {
        const stderr = await denial(["-f", file]);
        return stderr.includes("required-version-unserved") ? false : stderr;
      });
      const pasted = pasteInBackground(commandOf(stored), api.workDir);
      await eventually("the old definition is gone", async () => {
        const { stderr } = await api.kubectl(["get", "crd", "backendtlspolicies.gateway.networking.k8s.io"]);
        return stderr.includes("NotFound");
      });
      // v1alpha3 renamed fields, which the block asks to look for.
      const edits = [
        "s/targetRef:/targetRefs:/",
        's/^    \\(  \\)group: ""/    - group: ""/',
        "s/tls:$/validation:/",
        "s/wellKnownCACerts/wellKnownCACertificates/",
      ];
      const backup = "backendtlspolicies.gateway.networking.k8s.io.backup.yaml";
      expect(spawnSync("sed", ["-i", ...edits.flatMap((edit) => ["-e", edit]), backup], { cwd: api.workDir }).status).toBe(0);
      await apply("BackendTLSPolicy of v1.1.0", ["-f", file]);
      expect(await pasted).toBe(0);

      const { stdout } = await api.kubectl([
        "get",
        "backendtlspolicies.v1alpha3.gateway.networking.k8s.io",
        "payments",
        "-o",
        "jsonpath={.apiVersion} {.spec.validation.hostname}",
      ]);
      expect(stdout).toBe("gateway.networking.k8s.io/v1alpha3 payments.example.com");
    });

    it("denies v1.2.1 while storedVersions names v1alpha2; without objects, the printed way out works", async () => {
      await apply("GRPCRoute of v1.1.0", ["-f", join(String(experimental), GRPC_ROUTES)]);
      const file = join(String(next), GRPC_ROUTES);

      const stderr = await denial(["-f", file]);
      expect(stderr).toContain(
        'spec.versions[v1alpha2]: stored-version-removed: "v1alpha2" would be dropped while status.storedVersions names it; no object of it exists',
      );
      expect(await pasteInBackground(commandOf(stderr), api.workDir)).toBe(0);

      await apply("GRPCRoute of v1.2.1", ["-f", file]);
    });
  },
);

/** The first command of a denial: the lines that stand deeper than all else, up to the next remedy. */
function commandOf(stderr: string): string {
  const lines = stderr.split("\n");
  const start = lines.findIndex((line) => line.startsWith("        "));
  const length = lines.slice(start).findIndex((line) => !line.startsWith("        "));
  return lines
    .slice(start, start + length)
    .map((line) => line.trim())
    .join("\n");
}

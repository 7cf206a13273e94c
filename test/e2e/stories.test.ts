/**
 * Incidents from the denial to the end, on a real API server, following nothing but what crdguard prints. The guides in docs/guides
 * show the same commands with the same output; UPDATE_DOCS=1 writes it there.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { readStoredEntries } from "./support/etcd.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";

import { sharedPath } from "./support/shared.ts";
import { beginStory, type Story, type Told } from "./support/story.ts";

const GATEWAY_API = "/registry/gateway.networking.k8s.io";
const PATIENCE = { timeoutMs: 30_000, intervalMs: 250 };

const before = sharedPath("crds/gateway-api/v1.0.0/experimental");
const standard = sharedPath("crds/gateway-api/v1.1.0/standard");
const experimental = sharedPath("crds/gateway-api/v1.1.0/experimental");
const next = sharedPath("crds/gateway-api/v1.2.1/standard");
const traefik = sharedPath("crds/traefik/v2.11.0");

describe.skipIf(before === null || standard === null || experimental === null || next === null || traefik === null)(
  "an incident, from the denial to the end",
  () => {
    let api: ApiServer;
    let guard: GuardProcess;
    let story: Story;

    beforeEach(async () => {
      api = await startApiServer();
      story = await beginStory(api);
      await story.link("gateway-api-v1.0.0-experimental", String(before));
      await story.link("gateway-api-v1.1.0-standard", String(standard));
      await story.link("gateway-api-v1.1.0-experimental", String(experimental));
      await story.link("gateway-api-v1.2.1", String(next));
      await story.link("traefik-v2.11.0", String(traefik));
    });

    afterEach(async () => {
      await guard.process.stop(10_000);
      await api.stop();
    });

    async function quietly(...commands: readonly string[]): Promise<void> {
      for (const command of commands) {
        const { status, output } = await story.runQuietly(command);
        if (status !== 0) throw new Error(`${command}: ${output}`);
      }
    }

    /** Until the guard knows of what came last. */
    async function denied(command: string, by: string): Promise<void> {
      await eventually(
        `denied by ${by}`,
        async () => {
          const { output } = await story.runQuietly(`${command} --dry-run=server`);
          if (!output.includes(by)) throw new Error(output);
        },
        PATIENCE,
      );
    }

    async function done(command: string): Promise<string> {
      const { status, output } = await story.run(command);
      expect({ command, status }, output).toEqual({ command, status: 0 });
      return output;
    }

    async function refused(command: string): Promise<Told> {
      const told = await story.run(command);
      expect({ command, status: told.status }, told.output).toEqual({ command, status: 1 });
      return told;
    }

    it("GRPCRoute: the way from storedVersions [v1alpha2, v1] to Gateway API v1.2", async () => {
      const old = "gateway-api-v1.0.0-experimental/gateway.networking.k8s.io_grpcroutes.yaml";
      await quietly(`kubectl apply --server-side -f ${old}`);
      await story.write("old-route.yaml", grpcRoute("checkout", "v1alpha2"));
      await story.write("new-route.yaml", grpcRoute("search", "v1"));
      await quietly(
        "kubectl wait --for=condition=Established crd/grpcroutes.gateway.networking.k8s.io",
        "kubectl apply -f old-route.yaml",
        "kubectl apply --server-side -f gateway-api-v1.1.0-standard/",
        "kubectl apply -f new-route.yaml",
      );
      expect(await storedIn("grpcroutes")).toEqual(["v1alpha2", "v1"]);
      guard = await startGuardProcess(api);

      const { output } = await refused("kubectl apply --server-side -f gateway-api-v1.2.1/");
      expect(output).toContain('stored-version-removed: "v1alpha2" would be dropped while status.storedVersions names it');
      expect(output).toContain("        crdguard migrate grpcroutes.gateway.networking.k8s.io\n");
      // What people are told everywhere, and what makes the objects unreadable.
      const trim = await story.run(
        `kubectl patch crd grpcroutes.gateway.networking.k8s.io --subresource=status --type=merge -p '{"status":{"storedVersions":["v1"]}}'`,
      );
      expect(trim.output).toContain("stored-version-forgotten");

      await done("crdguard migrate grpcroutes.gateway.networking.k8s.io");
      expect(await storedIn("grpcroutes")).toEqual(["v1", "v1"]);
      await done("kubectl apply --server-side -f gateway-api-v1.2.1/");
      expect(await done("kubectl get grpcroutes.gateway.networking.k8s.io --all-namespaces -o name")).toContain("checkout");
      expect(await story.differencesFrom("grpcroute-stored-versions.md")).toEqual([]);
    });

    /** The versions in which the objects are stored, each as it is found, in the order of their names. */
    async function storedIn(plural: string): Promise<readonly string[]> {
      const entries = await readStoredEntries(api.etcdUrl, `${GATEWAY_API}/${plural}`);
      return entries.map(({ apiVersion }) => apiVersion.replace(/^.*\//, ""));
    }
  },
);

function grpcRoute(name: string, version: string): string {
  return JSON.stringify({
    apiVersion: `gateway.networking.k8s.io/${version}`,
    kind: "GRPCRoute",
    metadata: { name, namespace: "default" },
    spec: { rules: [{ backendRefs: [{ name, port: 50_051 }] }] },
  });
}

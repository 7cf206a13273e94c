/**
 * Incidents from the denial to the end, on a real API server, following nothing but what crdguard prints. The guides in docs/guides
 * show the same commands with the same output; UPDATE_DOCS=1 writes it there.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { readStoredEntries } from "./support/etcd.ts";
import { BACKEND_TLS_POLICY, NEW_BACKEND_TLS_POLICY, workloadsWith } from "./support/gateway-api-objects.ts";
import { buildHelm } from "./support/helm-binary.ts";
import { eventually } from "./support/eventually.ts";
import { crdManifest, deploymentManifest } from "./support/manifests.ts";
import { prepareNamespace, type Replica, startReplica } from "./support/replicas.ts";
import { type Rollouts, startRollouts } from "./support/rollouts.ts";
import { type ServiceStandIn, startServiceStandIn } from "./support/service-stand-in.ts";
import { sharedPath } from "./support/shared.ts";
import { beginStory, type Story, type Told } from "./support/story.ts";

const GATEWAY_API = "/registry/gateway.networking.k8s.io";
const PATIENCE = { timeoutMs: 30_000, intervalMs: 250 };

const before = sharedPath("crds/gateway-api/v1.0.0/experimental");
const standard = sharedPath("crds/gateway-api/v1.1.0/standard");
const experimental = sharedPath("crds/gateway-api/v1.1.0/experimental");
const next = sharedPath("crds/gateway-api/v1.2.1/standard");
const traefik2 = sharedPath("crds/traefik/v2.11.0");
const traefik3 = sharedPath("crds/traefik/v3.0.0");

describe.skipIf([before, standard, experimental, next, traefik2, traefik3].includes(null))(
  "an incident, from the denial to the end",
  () => {
    let api: ApiServer;
    let service: ServiceStandIn;
    let guard: Replica | null = null;
    let story: Story;
    let rollouts: Rollouts | null = null;

    beforeEach(async () => {
      api = await startApiServer();
      service = await startServiceStandIn();
      story = await beginStory(api);
      await story.link("gateway-api-v1.0.0-experimental", String(before));
      await story.link("gateway-api-v1.1.0-standard", String(standard));
      await story.link("gateway-api-v1.1.0-experimental", String(experimental));
      await story.link("gateway-api-v1.2.1", String(next));
      await story.link("traefik-v2.11.0", String(traefik2));
      await story.link("traefik-v3.0.0", String(traefik3));
    });

    afterEach(async () => {
      await guard?.process.stop(10_000);
      guard = null;
      await rollouts?.stop();
      rollouts = null;
      await service.close();
      await api.stop();
    });

    /** As they run in many clusters, with what they read. */
    async function controllers(): Promise<void> {
      rollouts = startRollouts(api);
      await story.write("workloads.json", workloadsWith());
      await quietly("kubectl create namespace envoy-gateway-system", "kubectl apply -f workloads.json");
    }

    async function quietly(...commands: readonly string[]): Promise<void> {
      for (const command of commands) {
        const { status, output } = await story.runQuietly(command);
        if (status !== 0) throw new Error(`${command}: ${output}`);
      }
    }

    /**
     * Installs the guard, and waits until it denies this by that rule. What was stored before it came settles for a second; a real
     * guard waits longer, and was there long before.
     */
    async function guarded(command: string, rule: string): Promise<void> {
      await prepareNamespace(api);
      guard = await startReplica(api, service, { name: "r1", args: ["--storage-settle-seconds", "1"] });
      await eventually(
        `${command} is denied by ${rule}`,
        async () => {
          const { output } = await story.runQuietly(`${command} --dry-run=server`);
          if (!output.includes(rule)) throw new Error(output);
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
      const upgrade = "kubectl apply --server-side -f gateway-api-v1.2.1/";
      await guarded(upgrade, "stored-version-removed");
      await eventually(
        "the guard has seen since when objects are stored in v1",
        async () => (await story.runQuietly("kubectl get storageversionrecords -o name")).output.includes("grpcroutes"),
        PATIENCE,
      );

      const { output } = await refused(upgrade);
      expect(output).toContain('stored-version-removed: "v1alpha2" would be dropped while status.storedVersions names it');
      expect(output).toContain("        crdguard migrate grpcroutes.gateway.networking.k8s.io\n");
      // What people are told everywhere, and what makes the objects unreadable.
      const trim = await story.run(
        `kubectl patch crd grpcroutes.gateway.networking.k8s.io --subresource=status --type=merge -p '{"status":{"storedVersions":["v1"]}}'`,
      );
      expect(trim.output).toContain("stored-version-forgotten");

      await done("crdguard migrate grpcroutes.gateway.networking.k8s.io");
      expect(await storedIn("grpcroutes")).toEqual(["v1", "v1"]);
      await done(upgrade);
      expect(await done("kubectl get grpcroutes.gateway.networking.k8s.io --all-namespaces -o name")).toContain("checkout");
      expect(await story.differencesFrom("grpcroute-stored-versions.md")).toEqual([]);
    });

    it("Gateway API v1.1 standard under Envoy Gateway 1.0 and Cilium 1.15", async () => {
      await controllers();
      await quietly("kubectl apply --server-side -f gateway-api-v1.0.0-experimental/");
      const upgrade = "kubectl apply --server-side -f gateway-api-v1.1.0-standard/";
      await guarded(upgrade, "2 running workloads");

      const { output } = await refused(upgrade);
      expect(output).toContain("required-version-unserved");
      expect(output).toContain("All steps: crdguard plan -f <what you apply>");
      const laidOut = await done("crdguard plan -f gateway-api-v1.1.0-standard/");
      expect(laidOut).toContain("upgrade Deployment envoy-gateway-system/envoy-gateway from 1.0.1 to 1.2.0");
      const file = /into\s+(?<file>crdguard-plan\/\S+grpcroutes\S+\.yaml)/.exec(laidOut)?.groups?.["file"] ?? "";
      // Here, no step can fetch what it takes of a release.
      await done(`mkdir crdguard-plan && cp gateway-api-v1.1.0-experimental/gateway.networking.k8s.io_grpcroutes.yaml ${file}`);

      await done("crdguard plan -f gateway-api-v1.1.0-standard/ --run --yes");
      expect(
        await done(
          "kubectl get crd grpcroutes.gateway.networking.k8s.io -o jsonpath='{.spec.versions[*].name} {.spec.versions[*].served}'",
        ),
      ).toBe("v1 v1alpha2 true false");
      expect(await done(upgrade)).not.toContain("invalid");
      expect(await story.differencesFrom("gateway-api-v1-1.md")).toEqual([]);
    });

    it("BackendTLSPolicy: from v1alpha2 to v1alpha3, which have nothing in common", async () => {
      await controllers();
      await story.write("policy.json", BACKEND_TLS_POLICY);
      await quietly(
        "kubectl apply --server-side -f gateway-api-v1.0.0-experimental/",
        "kubectl wait --for=condition=Established crd/backendtlspolicies.gateway.networking.k8s.io",
        "kubectl apply -f policy.json",
      );
      const upgrade = "kubectl apply --server-side -f gateway-api-v1.1.0-experimental/";
      await guarded(upgrade, "stored-version-removed");

      const { output } = await refused(upgrade);
      expect(output).toContain("no version survives that could hold them");
      await done("crdguard plan -f gateway-api-v1.1.0-experimental/");
      const walk = "crdguard plan -f gateway-api-v1.1.0-experimental/ --run --yes --yes-destructive";
      const stop = await story.run(walk);
      expect(stop.output).toContain("needs a hand");
      expect(await storedIn("backendtlspolicies")).toEqual([]);
      const tryOut =
        /crdguard restore\s+\S+\s+--version v1alpha3 --edited\s+--dry-run/.exec(stop.output)?.[0].replaceAll(/\s+/g, " ") ?? "";
      const { output: fields } = await refused(tryOut);
      expect(fields).toContain("spec.targetRef");
      expect(fields).toContain("spec.tls");
      const folder = tryOut.split(" ")[2] ?? "";
      const file = (await done(`find ${folder} -name 'payments*'`)).trim();
      await story.write(file, NEW_BACKEND_TLS_POLICY);
      await done(tryOut);
      await done(walk);
      expect(await storedIn("backendtlspolicies")).toEqual(["v1alpha3"]);
      expect(await done("kubectl get backendtlspolicy payments -o jsonpath='{.spec.validation.hostname}'")).toBe(
        "payments.example.com",
      );
      expect(await story.differencesFrom("backendtlspolicy.md")).toEqual([]);
    });

    it("Traefik: definitions of traefik.containo.us that Traefik 3 left behind", async () => {
      await story.write("traefik.json", TRAEFIK);
      await story.write("old-route.json", INGRESS_ROUTE);
      await quietly(
        "kubectl apply --server-side -f traefik-v2.11.0/",
        "kubectl apply --server-side -f traefik-v3.0.0/",
        "kubectl wait --for=condition=Established crd/ingressroutes.traefik.containo.us",
        "kubectl create namespace traefik",
        "kubectl apply -f traefik.json -f old-route.json",
      );
      await guarded("kubectl delete crd ingressroutes.traefik.containo.us", "objects-deleted");

      const look = "crdguard doctor --fail-on warning --check stored-in-alpha=off";
      const { output } = await refused(look);
      expect(output).toContain(
        "crd-owner-gone: traefik, with which they came, runs in a release that does not need them any more",
      );
      const commands = await commandsIn(`${look} -o json`);
      const ask = commands.find((command) => command.startsWith("crdguard check --delete")) ?? "";
      const remove = commands.find((command) => command.includes("crdguard backup")) ?? "";
      expect(ask).toMatch(/^crdguard check --delete \S+\.traefik\.containo\.us /);
      // It tells that an object is there, which is what the next command is for.
      expect((await refused(ask)).output).toContain("objects-deleted");
      await done(remove);
      const left = await done("kubectl get crd -o name");
      expect(left).not.toContain("traefik.containo.us");
      expect(left).toContain("ingressroutes.traefik.io");
      expect(await done(look)).not.toContain("traefik.containo.us");
      expect(await done("find ingressroutes.traefik.containo.us.backup -name '*shop*'")).toContain("shop");
      expect(await story.differencesFrom("traefik-leftovers.md")).toEqual([]);
    });

    it("a chart that ships the standard definitions beside its own", async () => {
      rollouts = startRollouts(api);
      await story.link("bin/helm", await buildHelm(3));
      await story.write("edge/Chart.yaml", "apiVersion: v2\nname: edge\nversion: 1.0.0\n");
      // Helm tells of links, and where they lead.
      const grpcRoutes = join(String(standard), "gateway.networking.k8s.io_grpcroutes.yaml");
      await story.write("edge/crds/grpcroutes.yaml", await readFile(grpcRoutes, "utf8"));
      await story.write(
        "edge/crds/edges.yaml",
        crdManifest({ plural: "edges", kind: "Edge", group: "edge.dev", versions: [{ name: "v1" }], storage: "v1" }),
      );
      await story.write("edge/templates/deployment.yaml", EDGE);
      await quietly("kubectl apply --server-side -f gateway-api-v1.1.0-standard/", "kubectl create namespace edge");

      await done("helm template edge edge/ --namespace edge --include-crds > edge.yaml");
      const together = "crdguard plan -f gateway-api-v1.2.1/ -f edge.yaml";
      const conflict = await story.run(together);
      expect(conflict).toMatchObject({ status: 2 });
      expect(conflict.output).toContain("--on-conflict");
      await done(`${together} --on-conflict keep-newer`);
      const walk = `${together} --on-conflict keep-newer --run --yes`;
      expect((await story.run(walk)).output).toContain("--skip-crds");
      await done("helm install edge edge/ --namespace edge --skip-crds");
      await done(walk);
      const versions = await done(
        "kubectl get crd grpcroutes.gateway.networking.k8s.io edges.edge.dev -o custom-columns=NAME:.metadata.name,VERSIONS:.spec.versions[*].name",
      );
      expect(versions).toMatch(/grpcroutes\S+ +v1\n/);
      expect(await story.differencesFrom("charts-with-definitions.md")).toEqual([]);
    });

    /** Of all findings, in their order, as they are told in JSON: text breaks lines. */
    async function commandsIn(command: string): Promise<readonly string[]> {
      const { output } = await story.runQuietly(command);
      const { findings } = JSON.parse(output) as { findings: { remedies: { command?: string }[] }[] };
      return findings.flatMap(({ remedies }) => remedies.flatMap((remedy) => remedy.command ?? []));
    }

    /** The versions in which the objects are stored, each as it is found, in the order of their names. */
    async function storedIn(plural: string): Promise<readonly string[]> {
      const entries = await readStoredEntries(api.etcdUrl, `${GATEWAY_API}/${plural}`);
      return entries.map(({ apiVersion }) => apiVersion.replace(/^.*\//, ""));
    }
  },
);

/** With the labels that charts have, as `helm create` makes them. */
const EDGE = deploymentManifest({
  name: "edge",
  namespace: "edge",
  image: "own.dev/edge:v1.0.0",
  annotations: { "crdguard.dev/requires": "edges.edge.dev/v1, grpcroutes.gateway.networking.k8s.io/v1" },
}).replace(
  '"metadata":{',
  '"metadata":{"labels":{"app.kubernetes.io/managed-by":"{{ .Release.Service }}","app.kubernetes.io/instance":"{{ .Release.Name }}"},',
);

const TRAEFIK = deploymentManifest({
  name: "traefik",
  namespace: "traefik",
  image: "docker.io/library/traefik:v3.0.0",
  args: ["--providers.kubernetescrd"],
});

const INGRESS_ROUTE = JSON.stringify({
  apiVersion: "traefik.containo.us/v1alpha1",
  kind: "IngressRoute",
  metadata: { name: "shop", namespace: "default" },
  spec: { routes: [{ kind: "Rule", match: "Host(`shop.example`)", services: [{ name: "shop", port: 80 }] }] },
});

function grpcRoute(name: string, version: string): string {
  return JSON.stringify({
    apiVersion: `gateway.networking.k8s.io/${version}`,
    kind: "GRPCRoute",
    metadata: { name, namespace: "default" },
    spec: { rules: [{ backendRefs: [{ name, port: 50_051 }] }] },
  });
}

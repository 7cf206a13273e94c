import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseApiRequirement } from "../../src/requirements/api-requirement.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, deploymentManifest, type DeploymentShape } from "./support/manifests.ts";

const MANIFESTS = join(import.meta.dirname, "../../manifests");
const NAMESPACE = "mill";
const gears = { group: "own.dev", resource: "gears", versions: ["v1alpha1"] };

/** The guard runs by the account and the rights that the manifests give it. */
describe("what is declared of workloads", () => {
  let api: ApiServer;
  let guard: GuardProcess;
  let kubeconfig: string;

  beforeAll(async () => {
    api = await startApiServer();
    for (const path of [
      "crds/apirequirements.yaml",
      "server/namespace.yaml",
      "server/rbac.yaml",
      "components/count-all-objects/rbac.yaml",
    ]) {
      await applied(await readFile(join(MANIFESTS, path), "utf8"));
    }
    await done(["create", "namespace", NAMESPACE]);
    // Registering itself, as from a laptop, is more than a server in the cluster needs.
    const webhooks = "--resource=validatingwebhookconfigurations,mutatingwebhookconfigurations";
    await done(["create", "clusterrole", "registrar", "--verb=get,create,patch,delete", webhooks]);
    await done(["create", "clusterrolebinding", "registrar", "--clusterrole=registrar", "--serviceaccount=crdguard:crdguard"]);
    kubeconfig = await serviceAccountKubeconfig();
    guard = await startGuardProcess(api, { args: ["--kubeconfig", kubeconfig] });
    await applied(serving("v1alpha1"));
  });

  afterAll(async () => {
    await guard.process.stop(10_000);
    await api.stop();
  });

  describe("the CRD of APIRequirements", () => {
    it("explains itself", async () => {
      // The API server publishes a CRD's schema some seconds after the CRD.
      const { stdout: top } = await eventually(
        "kubectl explain knows the CRD",
        async () => {
          const outcome = await api.kubectl(["explain", "apireq"]);
          return outcome.stdout.includes("FIELDS:") ? outcome : false;
        },
        { timeoutMs: 60_000 },
      );
      const { stdout: spec } = await api.kubectl(["explain", "apireq.spec"]);
      const { stdout: level } = await api.kubectl(["explain", "apireq.spec.requirements.level"]);

      expect(top).toContain(`DESCRIPTION:
    APIRequirement says which APIs a workload of its own namespace needs, for a
    workload that does not say so itself. crdguard then denies changes of
    CustomResourceDefinitions (CRDs) that would break the workload while it
    runs.
`);
      expect(spec).toContain(`  workload	<Object>
    One workload of this namespace. It need not exist yet.
`);
      expect(level).toContain(`FIELD: level <string>
ENUM:
    Hard
    Soft

DESCRIPTION:
    What becomes of the workload without the API.
    
    Hard: it does not start, crashes, or no longer does its main work. Changes
    that take the API away are denied.
    Soft: it goes on without a feature. Changes that take the API away are
    warned of.
`);
    });

    it("is listed by its short name and its category, and fills in what is left out", async () => {
      await applied(apiRequirement("defaults", { workload: { name: "none" }, requirements: [gears] }));
      const { stdout: stored } = await api.kubectl(["-n", NAMESPACE, "get", "apireq", "defaults", "-o", "jsonpath={.spec}"]);
      const { stdout: named } = await api.kubectl(["-n", NAMESPACE, "get", "crdguard", "-o", "name"]);
      await done(["-n", NAMESPACE, "delete", "apireq", "defaults"]);

      expect(JSON.parse(stored)).toEqual({
        workload: { kind: "Deployment", name: "none" },
        requirements: [{ ...gears, level: "Hard", presence: "Unconditional" }],
      });
      expect(named).toBe("apirequirement.crdguard.dev/defaults\n");
    });

    const turner = { workload: { name: "turner" } };
    it.each([
      {
        title: "neither workload nor selector",
        spec: { requirements: [gears] },
        lines: ["spec: Invalid value: give either workload or selector, and not both"],
      },
      {
        title: "both workload and selector",
        spec: { ...turner, selector: { matchLabels: { app: "turner" } }, requirements: [gears] },
        lines: ["spec: Invalid value: give either workload or selector, and not both"],
      },
      {
        title: "one resource twice",
        spec: { ...turner, requirements: [gears, { ...gears, versions: ["v2"] }] },
        lines: [
          'spec.requirements[1]: Duplicate value: {"group":"own.dev","resource":"gears"}',
          "spec.requirements: Invalid value: a resource may stand here only once, with all versions of it that are enough",
        ],
      },
      {
        title: "what is no name of a group, a resource or a version",
        spec: { ...turner, requirements: [{ group: "own.dev/v1", resource: "Gear", versions: ["v1", "1.2"] }] },
        lines: [
          'spec.requirements[0].group: Invalid value: "own.dev/v1": an API group of CRDs is a domain, as in gateway.networking.k8s.io, without a version',
          'spec.requirements[0].resource: Invalid value: "Gear": a resource is named in the plural and in small letters, as in httproutes, without its group',
          'spec.requirements[0].versions[1]: Invalid value: "1.2": an API version is named as in a CRD, for example v1, v1beta1 or v2alpha3, without its group',
        ],
      },
      {
        title: "one version twice",
        spec: { ...turner, requirements: [{ ...gears, versions: ["v1", "v1"] }] },
        lines: ['spec.requirements[0].versions[1]: Duplicate value: "v1"'],
      },
      {
        title: "a selector that does not hold together",
        spec: { selector: { matchExpressions: [{ key: "app", operator: "In" }] }, requirements: [gears] },
        lines: ["spec.selector.matchExpressions[0]: Invalid value: In and NotIn need values; Exists and DoesNotExist take none"],
      },
    ])("refuses $title in words that help, and so does the parser", async ({ spec, lines }) => {
      const object = apiRequirement("refused", spec);

      const { exitCode, stderr } = await apply(object);

      expect(exitCode).toBe(1);
      // The API server goes through members in no certain order.
      const [head, ...told] = stderr.trimEnd().split(/: ?\n\* |: (?=spec)|\n\* /);
      expect(head).toBe('The APIRequirement "refused" is invalid');
      expect(told.toSorted()).toEqual(lines.toSorted());
      expect(parseApiRequirement(JSON.parse(object))).toMatchObject({ ok: false });
    });

    it.each([
      { title: "an empty selector", spec: { selector: {}, requirements: [gears] } },
      { title: "null for what is left out", spec: { ...turner, selector: null, requirements: [{ ...gears, level: null }] } },
      { title: "versions of Azure's operators", spec: { ...turner, requirements: [{ ...gears, versions: ["v1api20230101"] }] } },
      {
        title: "as much as there is room for",
        spec: {
          selector: { matchLabels: Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`l${String(index)}`, "v"])) },
          requirements: Array.from({ length: 64 }, (_, index) => ({
            group: `${"g".repeat(63)}.${"h".repeat(63)}.dev`,
            resource: `r${String(index)}${"s".repeat(60)}`,
            versions: Array.from({ length: 16 }, (__, version) => `v${String(version)}${"x".repeat(60)}`),
            reason: "r".repeat(256),
          })),
        },
      },
    ])("takes $title, and so does the parser", async ({ spec }) => {
      const object = apiRequirement("taken", spec);

      expect(await apply(object, "--dry-run=server")).toMatchObject({ exitCode: 0, stderr: "" });
      expect(parseApiRequirement(JSON.parse(object))).toMatchObject({ ok: true });
    });
  });

  describe("an APIRequirement", () => {
    beforeAll(async () => {
      await applied(deployment("turner"));
      // So that the guard's picture holds the workload, and what follows is down to the object alone.
      await applied(
        apiRequirement("turner", { workload: { name: "turner" }, requirements: [{ ...gears, reason: "it turns them" }] }),
      );
      await condition("turner", "Accepted", "True", "WorkloadFound");
    });

    it("makes the guard deny a change that its workload would not survive, naming both", async () => {
      const { exitCode, stderr } = await apply(serving("v1"), "--dry-run=server");

      expect(exitCode).toBe(1);
      expect(stderr).toContain(
        `spec.versions[v1alpha1].served: required-version-unserved: "v1alpha1" would no longer be served, and 1 running workload needs it to start:
    Deployment mill/turner (APIRequirement turner (it turns them)): crashes at its next restart`,
      );
    });

    it("tells in its status that it counts and is met", async () => {
      expect(await condition("turner", "Satisfied", "True", "AllMet")).toMatchObject({
        observedGeneration: 1,
        message: "The cluster serves all that is required.",
        lastTransitionTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as unknown,
      });
      await done(["-n", NAMESPACE, "wait", "--for=condition=Accepted", "apireq/turner", "--timeout=5s"]);
      expect(await listed("turner")).toBe("turner True WorkloadFound 1 True 0");

      const written = await field("turner", "{.metadata.resourceVersion}");
      await settled();
      expect(await field("turner", "{.metadata.resourceVersion}")).toBe(written);
    });

    it("tells what is not met, and of whom", async () => {
      await applied(
        apiRequirement("wanting", {
          selector: { matchLabels: { app: "turner" } },
          requirements: [
            { ...gears, versions: ["v1"], level: "Soft" },
            { ...gears, resource: "cogs" },
          ],
        }),
      );

      const { message } = await condition("wanting", "Satisfied", "False", "HardRequirementUnmet");

      expect(message).toBe(
        'There is no CRD cogs.own.dev: Deployment "turner" crashes at its next start; status.unmet has 1 more.',
      );
      expect(await listed("wanting")).toBe("wanting True WorkloadFound 1 False 2");
      expect(await field("wanting", "{.status.unmet}")).toEqual([
        {
          workload: { kind: "Deployment", name: "turner" },
          ...gears,
          versions: ["v1"],
          state: "Unserved",
          outcome: "LosesFeature",
        },
        { workload: { kind: "Deployment", name: "turner" }, ...gears, resource: "cogs", state: "Absent", outcome: "Crashes" },
      ]);

      await applied(crdManifest({ plural: "cogs", kind: "Cog", versions: [{ name: "v1alpha1" }], storage: "v1alpha1" }));
      await condition("wanting", "Satisfied", "False", "SoftRequirementUnmet");
      await done(["-n", NAMESPACE, "delete", "apireq", "wanting"]);
    });

    it("says so where it speaks of a workload that is not there, until it is", async () => {
      await applied(apiRequirement("ghost", { workload: { name: "ghost" }, requirements: [gears] }));

      const { message } = await condition("ghost", "Accepted", "False", "WorkloadNotFound");
      expect(message).toBe('No Deployment "ghost" in namespace "mill": nothing is protected by this object.');
      expect(await listed("ghost")).toBe("ghost False WorkloadNotFound 0 Unknown 0");

      await applied(deployment("ghost", { replicas: 0 }));
      const { message: stopped } = await condition("ghost", "Accepted", "True", "WorkloadNotRunning");
      expect(stopped).toBe('Deployment "ghost" is scaled to zero, and needs nothing while that is so.');
      await done(["-n", NAMESPACE, "delete", "deployment/ghost", "apireq/ghost"]);
    });

    it("gives way to the workload's own annotation, and says so", async () => {
      await done(["-n", NAMESPACE, "annotate", "deployment", "turner", "crdguard.dev/requires="]);

      const { message } = await condition("turner", "Accepted", "False", "Overridden");
      expect(message).toBe(
        'Deployment "turner" declares its needs by the annotation crdguard.dev/requires, which comes first: remove the annotation or this object.',
      );
      expect(await apply(serving("v1"), "--dry-run=server")).toMatchObject({ exitCode: 0 });

      await done(["-n", NAMESPACE, "annotate", "deployment", "turner", "crdguard.dev/requires-"]);
      await condition("turner", "Accepted", "True", "WorkloadFound");
      expect(await apply(serving("v1"), "--dry-run=server")).toMatchObject({ exitCode: 1 });
    });

    it("gets its status back where somebody overwrites it", async () => {
      const patch = '{"status":{"workloads":99,"conditions":[]}}';
      await done(["-n", NAMESPACE, "patch", "apireq", "turner", "--subresource=status", "--type=merge", "-p", patch]);

      await condition("turner", "Accepted", "True", "WorkloadFound");
      expect(await listed("turner")).toBe("turner True WorkloadFound 1 True 0");
    });

    it("is answered once by two replicas, which leave each other's answer alone", async () => {
      const second = await startGuardProcess(api, { args: ["--kubeconfig", kubeconfig], isRegistered: false });
      try {
        for (const name of ["pair-1", "pair-2", "pair-3"]) {
          await applied(apiRequirement(name, { workload: { name: "turner" }, requirements: [gears] }));
          await condition(name, "Satisfied", "True", "AllMet");
        }
        const names = ["turner", "pair-1", "pair-2", "pair-3"];
        const written = await Promise.all(names.map((name) => field(name, "{.metadata.resourceVersion}")));
        await settled();

        expect(await Promise.all(names.map((name) => field(name, "{.metadata.resourceVersion}")))).toEqual(written);
        expect(`${await guard.log()}${await second.log()}`).not.toContain("reports cannot be written");
      } finally {
        await second.process.stop(10_000);
        await done(["-n", NAMESPACE, "delete", "apireq", "pair-1", "pair-2", "pair-3"]);
      }
    });

    it("keeps its own CRD from being deleted with it, and guards no more once both are gone", async () => {
      const denied = await api.kubectl(["delete", "crd", "apirequirements.crdguard.dev", "--wait=false"]);
      expect(denied.stderr).toContain("metadata.name: objects-deleted: 1 object would be deleted with the definition");

      await done(["-n", NAMESPACE, "delete", "apireq", "--all"]);
      await done(["delete", "crd", "apirequirements.crdguard.dev"]);

      await eventually("nobody needs gears", async () => (await apply(serving("v1"), "--dry-run=server")).exitCode === 0);
      expect((await fetch(`${guard.healthUrl}/readyz`)).status).toBe(200);
    });

    it("counts again when its CRD is back", async () => {
      await applied(await readFile(join(MANIFESTS, "crds/apirequirements.yaml"), "utf8"));
      await eventually("the object is taken", async () => {
        const object = apiRequirement("turner", { workload: { name: "turner" }, requirements: [gears] });
        return (await apply(object)).exitCode === 0;
      });

      await condition("turner", "Accepted", "True", "WorkloadFound");
      expect(await apply(serving("v1"), "--dry-run=server")).toMatchObject({ exitCode: 1 });
      await done(["-n", NAMESPACE, "delete", "apireq/turner", "deployment/turner"]);
    });
  });

  describe("an annotation that cannot be read", () => {
    const annotations = { "crdguard.dev/requires": "gears.own.dev" };

    it("is told by one Event of its workload, which kubectl describe shows, and by a line of the log", async () => {
      await applied(deployment("miller", { annotations }));

      const described = await eventually("the Event is there", async () => {
        const { stdout } = await api.kubectl(["-n", NAMESPACE, "describe", "deployment", "miller"]);
        return stdout.includes("RequirementMalformed") ? stdout : false;
      });
      // A further change of the workload is no news.
      await done(["-n", NAMESPACE, "scale", "deployment/miller", "--replicas=2"]);
      await settled();
      const { stdout: events } = await api.kubectl(["-n", NAMESPACE, "get", "events", "-o", "name"]);
      const lines = (await guard.log()).split("\n").filter((line) => line.includes('"annotation cannot be read"'));

      expect(described).toMatch(
        /Warning +RequirementMalformed +\d+s +crdguard\.dev\/crdguard +The annotation crdguard\.dev\/requires cannot be read: "gears\.own\.dev" is not of the form <plural>\.<group>\/<version>\[\|<version>\]\. Until it is corrected, crdguard does not know what this Deployment needs\. Right is, for example: grpcroutes\.gateway\.networking\.k8s\.io\/v1, gateways/,
      );
      expect(events).toMatch(/^event\/miller\.[0-9a-f]{16}\n$/);
      expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
        { level: "warn", code: "declaration-malformed", names: ["Deployment mill/miller"] },
      ]);
    });

    it("makes the guard warn of a change that it may concern", async () => {
      const { exitCode, stderr } = await apply(serving("v1"), "--dry-run=server");

      expect(exitCode).toBe(0);
      expect(stderr).toMatch(/^Warning: .*miller/m);
      await done(["-n", NAMESPACE, "delete", "deployment/miller"]);
    });
  });

  describe("a ClusterServiceVersion of OLM", () => {
    const csvs = crdManifest({
      group: "operators.coreos.com",
      plural: "clusterserviceversions",
      kind: "ClusterServiceVersion",
      versions: [{ name: "v1alpha1" }],
      storage: "v1alpha1",
    });
    const csv = JSON.stringify({
      apiVersion: "operators.coreos.com/v1alpha1",
      kind: "ClusterServiceVersion",
      metadata: { name: "carver.v1.2.3", namespace: NAMESPACE },
      spec: {
        displayName: "Carver",
        install: { strategy: "deployment", spec: { deployments: [{ name: "carver", spec: {} }] } },
        customresourcedefinitions: { required: [{ name: "gears.own.dev", kind: "Gear", version: "v1alpha1" }] },
      },
    });

    it("makes the guard deny a change that the operator would not survive", async () => {
      await applied(csvs);
      await applied(deployment("carver"));
      await eventually("the ClusterServiceVersion is taken", async () => (await apply(csv)).exitCode === 0);

      const { stderr } = await eventually("the guard knows it", async () => {
        const outcome = await apply(serving("v1"), "--dry-run=server");
        return outcome.exitCode === 1 ? outcome : false;
      });

      expect(stderr).toContain("Deployment mill/carver (ClusterServiceVersion carver.v1.2.3): crashes at its next restart");
    });

    it("no longer counts when it is gone, nor does the guard mind when its CRD goes", async () => {
      await done(["-n", NAMESPACE, "delete", "clusterserviceversion", "carver.v1.2.3"]);
      await eventually("nobody needs gears", async () => (await apply(serving("v1"), "--dry-run=server")).exitCode === 0);
      await done(["delete", "crd", "clusterserviceversions.operators.coreos.com"]);

      expect((await fetch(`${guard.healthUrl}/readyz`)).status).toBe(200);
    });
  });

  it("the rights of the manifests were enough for all of this", async () => {
    expect((await guard.log()).split("\n").filter((line) => line.includes("forbidden"))).toEqual([]);
  });

  /** Gears, of which just one version is served. */
  function serving(served: "v1" | "v1alpha1"): string {
    const versions = ["v1", "v1alpha1"].map((name) => ({ name, served: name === served }));
    return crdManifest({ plural: "gears", kind: "Gear", versions, storage: "v1" });
  }

  function deployment(name: string, shape: Partial<DeploymentShape> = {}): string {
    const manifest = JSON.parse(deploymentManifest({ name, namespace: NAMESPACE, ...shape })) as { metadata: object };
    return JSON.stringify({ ...manifest, metadata: { ...manifest.metadata, labels: { app: name } } });
  }

  function apiRequirement(name: string, spec: unknown): string {
    const metadata = { name, namespace: NAMESPACE };
    return JSON.stringify({ apiVersion: "crdguard.dev/v1alpha1", kind: "APIRequirement", metadata, spec });
  }

  async function apply(manifest: string, ...flags: readonly string[]) {
    return api.kubectl(["apply", "-f", "-", ...flags], { stdin: manifest });
  }

  async function applied(manifest: string): Promise<void> {
    expect(await apply(manifest)).toMatchObject({ exitCode: 0 });
  }

  async function done(args: readonly string[]): Promise<void> {
    expect(await api.kubectl(args)).toMatchObject({ exitCode: 0 });
  }

  /** The condition, once it is as told. */
  async function condition(
    name: string,
    type: string,
    status: string,
    reason: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    return eventually(`${type} of ${name} is ${status}, ${reason}`, async () => {
      const found = await field(name, `{.status.conditions[?(@.type=="${type}")]}`);
      expect(found).toMatchObject({ status, reason });
      return found as Readonly<Record<string, unknown>>;
    });
  }

  async function field(name: string, path: string): Promise<unknown> {
    const { stdout } = await api.kubectl(["-n", NAMESPACE, "get", "apireq", name, "-o", `jsonpath=${path}`]);
    return JSON.parse(stdout);
  }

  /** The columns of `kubectl get`, without the last, the age. */
  async function listed(name: string): Promise<string> {
    const { stdout } = await api.kubectl(["-n", NAMESPACE, "get", "apireq", name, "--no-headers"]);
    return stdout.trim().split(/ +/).slice(0, -1).join(" ");
  }

  /** Longer than the guard takes from one round of reports to the next. */
  async function settled(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 2_500));
  }

  async function serviceAccountKubeconfig(): Promise<string> {
    const { stdout: token } = await api.kubectl(["-n", "crdguard", "create", "token", "crdguard"]);
    const admin = JSON.parse(await readFile(api.kubeconfigPath, "utf8")) as { users: readonly { name: string }[] };
    const path = join(api.workDir, "kubeconfig-crdguard.json");
    const users = admin.users.map(({ name }) => ({ name, user: { token: token.trim() } }));
    await writeFile(path, JSON.stringify({ ...admin, users }), { mode: 0o600 });
    return path;
  }
});

/** Every way of installing, against a real API server: what is printed is accepted without a warning, guards, and goes without a trace. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { type BackgroundProcess, type CommandOutcome, runCommand, startInBackground } from "./support/child-processes.ts";
import { eventually } from "./support/eventually.ts";
import { freePorts } from "./support/free-ports.ts";
import { BUILD_TIMEOUT_MS, buildHelm, type HelmMajor } from "./support/helm-binary.ts";
import { crdManifest } from "./support/manifests.ts";
import { byName, nameOf, type PrintedObject, readObjects } from "./support/objects.ts";

const ROOT = join(import.meta.dirname, "../..");
const CHART = join(ROOT, "charts/crdguard");
const SERVER = "system:serviceaccount:crdguard:crdguard";
const HOOK = "system:serviceaccount:crdguard:crdguard-uninstall";
const OVERLAYS = ["ha", "cert-manager", "fail-open", "health-reports", "count-all-objects"] as const;
const OWN_CRDS = readObjectsOfFolder("manifests/crds");

let api: ApiServer;
const helms = new Map<HelmMajor, string>();

beforeAll(async () => {
  for (const major of [3, 4] as const) helms.set(major, await buildHelm(major));
  api = await startApiServer({ users: [{ name: SERVER }, { name: HOOK }, { name: "nobody" }] });
  await plantForeignDefinitions();
}, BUILD_TIMEOUT_MS);

afterAll(async () => {
  await api.stop();
});

describe("crdguard render", () => {
  it.each([
    { folder: "manifests/server", flags: [] },
    ...OVERLAYS.map((overlay) => ({
      folder: `manifests/overlays/${overlay}`,
      flags: overlay === "count-all-objects" ? ["--count-objects", "all"] : ["--overlay", overlay],
    })),
  ])("prints what kustomize makes of $folder", async ({ folder, flags }) => {
    const rendered = readObjects((await done("render", ...flags)).stdout);

    expect(byName(rendered)).toEqual(byName(await kustomized(folder)));
    // What must be there first comes first.
    expect(rendered.map(({ kind }) => kind).slice(0, 2)).toEqual(["Namespace", "CustomResourceDefinition"]);
    expect(rendered.at(-1)?.kind).toBe("Deployment");
  });

  it("prints the same as JSON", async () => {
    const list = JSON.parse((await done("render", "-o", "json")).stdout) as { readonly items: readonly PrintedObject[] };

    expect(list).toMatchObject({ apiVersion: "v1", kind: "List" });
    expect(byName(list.items)).toEqual(byName(await kustomized("manifests/server")));
  });

  it("leaves no trace of the usual namespace and image where others are chosen", async () => {
    const { stdout } = await done(
      "render",
      "--namespace=guards",
      "--image=registry.example:5000/mirrors/crdguard:1.2.3",
      "--overlay=cert-manager",
      "--count-objects=all",
    );
    const objects = readObjects(stdout);

    expect(stdout).not.toMatch(/namespace: crdguard\b|crdguard\.crdguard|crdguard\/crdguard|ghcr\.io/);
    expect(objects.find(({ kind }) => kind === "Namespace")?.metadata.name).toBe("guards");
    expect(stdout).toMatch(/- guards\/crdguard\n/);
    expect(stdout).toMatch(/image: "?registry\.example:5000\/mirrors\/crdguard:1\.2\.3"?\n/);
    expect(stdout).toMatch(/- crdguard\.guards\.svc\n/);
  });

  it("prints webhook configurations for those who want files, which the API server takes", async () => {
    const { stdout } = await done("render", "--webhook-configurations", "--warn-workloads");

    expect(readObjects(stdout).map(nameOf)).toEqual([
      "MutatingWebhookConfiguration crdguard-explainer",
      "ValidatingWebhookConfiguration crdguard-workloads",
      "ValidatingWebhookConfiguration crdguard",
    ]);
    expect(stdout).not.toContain("caBundle");
    await applied(stdout, "--dry-run=server");
  });
});

describe("kustomize", () => {
  it.each(["manifests/server", ...OVERLAYS.map((overlay) => `manifests/overlays/${overlay}`)])(
    "%s is taken without a warning, twice, in any order",
    async (folder) => {
      const objects = await kustomized(folder);
      await kubectl("create", "namespace", "crdguard");

      for (const turn of [objects, objects.toReversed(), objects]) {
        await applied(turn.map((object) => JSON.stringify(object)).join("\n"));
      }

      await applied(objects.map((object) => JSON.stringify(object)).join("\n"), "--dry-run=server");
      await swept(objects);
    },
  );
});

describe.each([3, 4] as const)("Helm %i", (major) => {
  const helm = (...args: readonly string[]): Promise<CommandOutcome> =>
    runCommand(helms.get(major) ?? "", args, { env: helmEnvironment(), timeoutMs: 120_000 });
  const helmDone = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await helm(...args);
    expect(stderr + (exitCode === 0 ? "" : stdout), args.join(" ")).not.toMatch(/warn|error/i);
    expect(exitCode).toBe(0);
    return stdout;
  };

  it.each([
    { values: null, folder: "manifests/server" },
    ...OVERLAYS.map((overlay) => ({ values: `${overlay}-values.yaml`, folder: `manifests/overlays/${overlay}` })),
  ])("renders the same objects as $folder", async ({ values, folder }) => {
    const chosen = values === null ? [] : ["--values", join(CHART, "ci", values)];
    const rendered = await helmDone("template", "crdguard", CHART, "--namespace", "crdguard", ...chosen);

    const own = readObjects(rendered).filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"] === undefined);
    const theirs = (await kustomized(folder)).filter(({ kind }) => kind !== "Namespace");
    expect(byName(own.map(withoutHelmsMarks))).toEqual(byName(theirs.map(sorted)));
  });

  it("holds the chart for sound, with every set of values", async () => {
    expect(await helmDone("lint", CHART, "--strict")).toContain("1 chart(s) linted, 0 chart(s) failed");
    for (const values of await readdir(join(CHART, "ci")))
      await helmDone("lint", CHART, "--strict", "--values", join(CHART, "ci", values));
  });

  it("refuses a value that there is not", async () => {
    const { exitCode, stderr } = await helm("template", "crdguard", CHART, "--set", "webhook.failurePolicy=Fail");

    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/failurePolicy/);
  });

  it("grants no wildcard by default, and to the hooks none at all", async () => {
    const roles = readObjects(await helmDone("template", "crdguard", CHART)).filter(({ kind }) => kind.endsWith("Role"));

    expect(roles.map(nameOf)).toContain("ClusterRole crdguard-uninstall");
    for (const role of roles) expect(JSON.stringify(role["rules"] ?? []), nameOf(role)).not.toContain("*");
  });

  it.each(["default", ...chartValues()])("installs, upgrades and uninstalls with values: %s", async (values) => {
    const namespace = `helm-${String(major)}-${values.replace("-values.yaml", "")}`;
    const chosen = ["--namespace", namespace, ...(values === "default" ? [] : ["--values", join(CHART, "ci", values)])];
    if (values !== "default" && !(await usesDefinitions(values))) await applied(await ownDefinitions());

    const tried = await helmDone("install", "crdguard", CHART, ...chosen, "--create-namespace", "--dry-run=server");
    expect(tried).toContain("kubectl delete validatingwebhookconfiguration crdguard");
    await helmDone("install", "crdguard", CHART, ...chosen, "--create-namespace", "--no-hooks");
    await helmDone("upgrade", "crdguard", CHART, ...chosen, "--set", "logLevel=warn", "--no-hooks");
    await helmDone("uninstall", "crdguard", "--namespace", namespace, "--no-hooks");

    await sweptDefinitions();
    expect(await oursEverywhere()).toEqual([]);
  });

  it("leaves nothing once its hook has run, as the account that the hook has", async () => {
    await helmDone("install", "crdguard", CHART, "--namespace", "crdguard", "--create-namespace", "--no-hooks");
    await applied(
      JSON.stringify({
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: "crdguard", namespace: "crdguard" },
      }),
    );
    const hooks = readObjects(await helmDone("template", "crdguard", CHART, "--namespace", "crdguard")).filter(
      ({ metadata }) => metadata.annotations?.["helm.sh/hook"] === "pre-delete",
    );
    const job = hooks.find(({ kind }) => kind === "Job");
    // What Helm makes of the hook before its Job.
    await applied(
      hooks
        .filter((hook) => hook !== job)
        .map((hook) => JSON.stringify(hook))
        .join("\n"),
    );

    const ran = await crdguardAs(HOOK, ...argsOf(job));

    expect(ran.stderr).not.toMatch(/forbidden|error/);
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toMatch(/^CustomResourceDefinition apirequirements\.crdguard\.dev deleted$/m);
    await kubectl(
      "delete",
      "--ignore-not-found",
      ...hooks.filter((hook) => hook !== job).map((hook) => `${hook.kind.toLowerCase()}/${hook.metadata.name}`),
      "--namespace",
      "crdguard",
    );
    await helmDone("uninstall", "crdguard", "--namespace", "crdguard", "--no-hooks");
    // Helm makes a namespace, and leaves it.
    expect(await oursEverywhere()).toEqual(["Namespace crdguard"]);
    await finalized("crdguard");
  });

  it("keeps what people have made by the definitions, and says so", async () => {
    await helmDone("install", "crdguard", CHART, "--namespace", "crdguard", "--create-namespace", "--no-hooks");
    await kubectl("wait", "--for=condition=Established", "crd/apirequirements.crdguard.dev", "--timeout=20s");
    await kubectlWith(requirement(), "apply", "-f", "-");

    const ran = await crdguard("uninstall", "--kept-only", "--yes");
    await helmDone("uninstall", "crdguard", "--namespace", "crdguard", "--no-hooks");

    expect(ran.stderr).toMatch(
      /^CustomResourceDefinition apirequirements\.crdguard\.dev stays: 1 of its objects would go with it \(APIRequirement default\/mill\)/m,
    );
    expect((await kubectl("get", "apirequirements", "--all-namespaces", "-o", "name")).stdout).toBe(
      "apirequirement.crdguard.dev/mill\n",
    );
    await sweptDefinitions();
    await finalized("crdguard");
  });
});

describe("crdguard install", () => {
  it("tells what it would do, and does nothing", async () => {
    const { stdout } = await done("install", "--dry-run");

    expect(stdout).toMatch(/^Namespace crdguard created \(dry run\)$/m);
    expect(stdout).toMatch(/^Deployment crdguard\/crdguard created \(dry run\)$/m);
    expect(await oursEverywhere()).toEqual([]);
  });

  it("refuses as a whole what somebody else has made by a name of ours", async () => {
    await kubectl("create", "clusterrole", "crdguard-report", "--verb=get", "--resource=pods");

    const { exitCode, stderr, stdout } = await crdguard("install");

    expect(stderr).toMatch(
      /^crdguard: error \(foreign-object\): ClusterRole crdguard-report is there already, and does not say to be crdguard's/,
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect((await kubectl("get", "namespaces", "-o", "name")).stdout).not.toContain("namespace/crdguard\n");
    await kubectl("delete", "clusterrole", "crdguard-report");
  });

  it("names every right that is missing, and changes nothing", async () => {
    const { exitCode, stderr } = await crdguardAs("nobody", "install", "--count-objects", "none");

    expect(stderr).toMatch(/^crdguard: error \(install-forbidden\): Namespace crdguard: .*forbidden.*nothing was changed$/m);
    expect(exitCode).toBe(3);
  });

  it("says that cert-manager is not there, where its certificates are asked for", async () => {
    await kubectl("delete", "crd", "certificates.cert-manager.io", "issuers.cert-manager.io");

    const { exitCode, stderr } = await crdguard("install", "--overlay", "cert-manager");

    expect(stderr).toMatch(
      /^crdguard: error \(kind-unknown\): Issuer crdguard\/.* does not know cert-manager\.io\/v1: install cert-manager first$/m,
    );
    expect(exitCode).toBe(1);
    await plantForeignDefinitions();
  });

  it.each([
    {
      title: "an overlay that there is not",
      args: ["install", "--overlay", "huge"],
      words: /--overlay.*'huge' is invalid.*ha, cert-manager, fail-open/,
    },
    {
      title: "a namespace that cannot be",
      args: ["render", "--namespace", "No_Such"],
      words: /namespace.*lower-case letters, digits and hyphens/,
    },
    { title: "an image that cannot be", args: ["render", "--image", "a b"], words: /--image.*REGISTRY\/NAME:TAG/ },
    {
      title: "--warn-workloads by itself",
      args: ["render", "--warn-workloads"],
      words: /\(flags-incomplete\).*--webhook-configurations/,
    },
    {
      title: "an uninstallation that nobody can be asked about",
      args: ["uninstall", "--delete-objects", "--keep-definitions"],
      words: /\(flags-conflict\)/,
    },
  ])("tells of wrong usage: $title", async ({ args, words }) => {
    const { exitCode, stderr, stdout } = await crdguard(...args);

    expect(stderr).toMatch(words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });

  it.each(["install", "uninstall"])("%s tells of a cluster that cannot be reached", async (command) => {
    const { exitCode, stderr } = await crdguard(command, "--server", "https://127.0.0.1:1", "--request-timeout", "2s");

    expect(stderr).toMatch(/^crdguard: error \(cluster-unreachable\): .*ECONNREFUSED/);
    expect(exitCode).toBe(3);
  });
});

describe("an empty cluster", () => {
  let guard: BackgroundProcess;
  let logPath: string;

  it("has everything after crdguard install, which waits for pods that nobody runs, and says for what", async () => {
    const { exitCode, stdout, stderr } = await crdguard("install", "--timeout", "2");

    expect(stdout).toMatch(/^Deployment crdguard\/crdguard created$/m);
    expect(stderr).toMatch(/^0 of 2 pods ready$/m);
    expect(stderr).toMatch(
      /^crdguard: error \(install-timeout\): everything is installed, and after 2 s: 0 of 2 pods ready; see kubectl --namespace crdguard describe pods$/m,
    );
    expect(exitCode).toBe(3);
    expect(await oursEverywhere()).toEqual((await renderedNames("--count-objects", "existing")).toSorted());
  });

  it("is changed by no second run", async () => {
    const { stdout } = await done("install", "--no-wait");

    expect(
      stdout
        .split("\n\n")[0]
        ?.split("\n")
        .filter((line) => !line.endsWith(" unchanged")),
    ).toEqual([]);
  });

  it.each(["install", "uninstall"])(
    "%s into another namespace is refused, which would take the running server's rights",
    async (command) => {
      const { exitCode, stdout, stderr } = await crdguard(command, "--namespace", "crdgaurd", "--dry-run");

      expect(stderr).toMatch(
        /^crdguard: error \(installed-elsewhere\): crdguard is in the namespace crdguard, not in crdgaurd, .*: nothing was changed; --namespace crdguard /,
      );
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    },
  );

  it("keeps what somebody has set since, or tells of it", async () => {
    await kubectl("--namespace", "crdguard", "scale", "deployment/crdguard", "--replicas=5");

    const refused = await crdguard("install", "--no-wait");
    expect(refused.stderr).toMatch(
      /\(apply-conflict\): Deployment crdguard\/crdguard: .*\.spec\.replicas.*--force-conflicts takes these fields over/,
    );
    expect(refused.exitCode).toBe(1);

    const forced = await done("install", "--no-wait", "--force-conflicts");
    expect(forced.stdout).toMatch(/^Deployment crdguard\/crdguard changed$/m);
  });

  it("takes away what is no longer chosen", async () => {
    const all = await done("install", "--no-wait", "--count-objects", "all");
    expect(all.stdout).toMatch(/^ClusterRole crdguard-count-all-objects created$/m);
    expect(all.stdout).toMatch(/^ClusterRole crdguard-count-existing-objects deleted: no longer chosen$/m);

    const existing = await done("install", "--no-wait");
    expect(existing.stdout).toMatch(/^ClusterRole crdguard-count-all-objects deleted: no longer chosen$/m);
    const role = JSON.parse(
      (await kubectl("get", "clusterrole", "crdguard-count-existing-objects", "-o", "json")).stdout,
    ) as PrintedObject;
    expect(role["rules"]).toContainEqual({
      apiGroups: ["cert-manager.io"],
      resources: ["certificates", "issuers"],
      verbs: ["list"],
    });
    expect(JSON.stringify(role["rules"])).not.toContain("*");
  });

  it("is guarded once a process with the Deployment's own arguments runs, under the rights that were installed", async () => {
    const deployment = JSON.parse(
      (await kubectl("--namespace", "crdguard", "get", "deployment/crdguard", "-o", "json")).stdout,
    ) as PrintedObject;
    const [port = 0, healthPort = 0] = await freePorts(2);
    logPath = join(api.workDir, "installed-guard.log");
    guard = startInBackground(process.execPath, {
      args: [
        join(ROOT, "src/cli/main.ts"),
        ...argsOf(deployment),
        `--kubeconfig=${await api.kubeconfigFor(SERVER)}`,
        `--listen=127.0.0.1:${String(port)}`,
        `--health-listen=127.0.0.1:${String(healthPort)}`,
        `--webhook-url=https://127.0.0.1:${String(port)}`,
        "--drain-seconds=1",
      ],
      logPath,
      env: { POD_NAME: "crdguard-0" },
    });
    // Nobody else tells how many pods there are.
    await api.request("PATCH", "/apis/apps/v1/namespaces/crdguard/deployments/crdguard/status", {
      contentType: "application/merge-patch+json",
      body: { status: { observedGeneration: 1_000, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 } },
    });

    const { exitCode, stdout, stderr } = await crdguard("install", "--timeout", "60");

    expect(stderr, await readFile(logPath, "utf8")).toMatch(/^the API server asks crdguard about every change of a CRD$/m);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("crdguard doctor");
    expect(await readFile(logPath, "utf8")).not.toMatch(/forbidden/);
  });

  it("has the deletion of a CRD denied whose objects may not be counted, with the command that allows it", async () => {
    await kubectlWith(
      crdManifest({ plural: "gears", kind: "Gear", versions: [{ name: "v1" }], storage: "v1" }),
      "apply",
      "-f",
      "-",
    );
    await eventually("the guard knows the CRD", async () => {
      const { stderr } = await api.kubectl(["delete", "crd", "gears.own.dev", "--dry-run=server"]);
      expect(stderr).toContain("objects-deleted");
    });

    const denied = await api.kubectl(["delete", "crd", "gears.own.dev"]);
    expect(denied.stderr).toContain("its objects could not be counted (crdguard may not list gears.own.dev)");
    expect(denied.stderr).toContain(
      "kubectl create clusterrole crdguard-count-gears.own.dev --verb=list --resource=gears.own.dev",
    );
    await kubectl("create", "clusterrole", "crdguard-count-gears.own.dev", "--verb=list", "--resource=gears.own.dev");
    await kubectl("label", "clusterrole", "crdguard-count-gears.own.dev", "crdguard.dev/count-objects=true");
    // What Kubernetes' controller manager does, of which there is none here, by the selector that the role has.
    await aggregate("crdguard-count-objects");

    await eventually("the deletion is allowed", async () => {
      const allowed = await api.kubectl(["delete", "crd", "gears.own.dev"]);
      expect(allowed.stderr).toBe("");
    });
  });

  it("tells what an uninstallation would delete, and does not without being told to", async () => {
    const { stdout } = await done("uninstall", "--dry-run");
    expect(stdout).toMatch(/^ValidatingWebhookConfiguration crdguard would be deleted$/m);
    expect(stdout).toMatch(/^Namespace crdguard would be deleted$/m);

    const { exitCode, stderr } = await crdguard("uninstall");
    expect(stderr).toMatch(
      /^crdguard: error \(confirmation-missing\): \d+ objects would be deleted from .*--dry-run, and say --yes$/m,
    );
    expect(exitCode).toBe(2);
    expect((await kubectl("get", "validatingwebhookconfiguration", "crdguard", "-o", "name")).exitCode).toBe(0);
  });

  it("keeps its namespace for what somebody has put into it", async () => {
    await kubectl("--namespace", "crdguard", "create", "configmap", "crdguard-catalog");

    const { stderr } = await done("uninstall", "--dry-run");

    expect(stderr).toMatch(/^Namespace crdguard stays: it holds ConfigMap crdguard\/crdguard-catalog$/m);
    await kubectl("--namespace", "crdguard", "delete", "configmap", "crdguard-catalog");
  });

  it("holds nothing of crdguard after crdguard uninstall, though the server runs meanwhile", async () => {
    // The kubelet ends pods when the Deployment has none any more; here somebody has to.
    const ended = eventually("the Deployment is scaled down", async () => {
      const { stdout } = await api.kubectl([
        "--namespace",
        "crdguard",
        "get",
        "deployment/crdguard",
        "-o",
        "jsonpath={.spec.replicas}",
      ]);
      expect(stdout).toBe("0");
    }).then(() => guard.stop(10_000));

    const { exitCode, stdout, stderr } = await crdguard("uninstall", "--yes");
    await ended;

    expect(stderr).not.toContain("error");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ValidatingWebhookConfiguration crdguard deleted$/m);
    expect(await oursEverywhere()).toEqual([]);
    expect((await kubectl("get", "leases,secrets", "--namespace", "crdguard", "-o", "name")).stdout).toBe("");
    await finalized("crdguard");

    const again = await done("uninstall", "--yes");
    expect(again.stderr).toMatch(/^there is nothing of crdguard to be removed from /);
  });
});

function crdguard(...args: readonly string[]): Promise<CommandOutcome> {
  return crdguardBy(api.kubeconfigPath, args);
}

async function crdguardAs(user: string, ...args: readonly string[]): Promise<CommandOutcome> {
  return crdguardBy(await api.kubeconfigFor(user), args);
}

function crdguardBy(kubeconfig: string, args: readonly string[]): Promise<CommandOutcome> {
  return runCommand(process.execPath, [join(ROOT, "src/cli/main.ts"), ...args], {
    env: { KUBECONFIG: kubeconfig },
    timeoutMs: 110_000,
  });
}

async function done(...args: readonly string[]): Promise<CommandOutcome> {
  const outcome = await crdguard(...args);
  expect(outcome.exitCode, outcome.stderr).toBe(0);
  return outcome;
}

async function kubectl(...args: readonly string[]): Promise<CommandOutcome> {
  return kubectlWith("", ...args);
}

async function kubectlWith(stdin: string, ...args: readonly string[]): Promise<CommandOutcome> {
  const outcome = await api.kubectl(args, { stdin });
  expect(outcome.exitCode, `${args.join(" ")}: ${outcome.stderr}`).toBe(0);
  return outcome;
}

/** Without a warning. */
async function applied(manifests: string, ...flags: readonly string[]): Promise<void> {
  const { stderr } = await kubectlWith(manifests, "apply", "--server-side", "--warnings-as-errors", "-f", "-", ...flags);
  expect(stderr).toBe("");
}

async function kustomized(folder: string): Promise<readonly PrintedObject[]> {
  return readObjects((await kubectl("kustomize", join(ROOT, folder))).stdout);
}

async function renderedNames(...flags: readonly string[]): Promise<readonly string[]> {
  return readObjects((await done("render", ...flags)).stdout).map(nameOf);
}

function chartValues(): readonly string[] {
  return ["cert-manager", "count-all-objects", "everything", "fail-open", "ha", "health-reports", "minimal"].map(
    (name) => `${name}-values.yaml`,
  );
}

async function usesDefinitions(values: string): Promise<boolean> {
  return !(await readFile(join(CHART, "ci", values), "utf8")).includes("crds:\n  enabled: false");
}

/** Helm's own folders, away from the developer's. */
function helmEnvironment(): Readonly<Record<string, string>> {
  const folder = join(api.workDir, "helm");
  return { KUBECONFIG: api.kubeconfigPath, HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder };
}

/** Marks that Helm's objects have and kustomize's have not, and members in an order that does not count. */
function withoutHelmsMarks(object: PrintedObject): PrintedObject {
  const text = JSON.stringify(object, (key, value: unknown) => {
    if (key === "app.kubernetes.io/managed-by" || key === "helm.sh/chart" || key === "helm.sh/resource-policy") return undefined;
    return value;
  });
  const bare = JSON.parse(text) as PrintedObject;
  const { annotations, ...metadata } = bare.metadata;
  const isBare = annotations === undefined || Object.keys(annotations).length === 0;
  return sorted({ ...bare, metadata: isBare ? metadata : { ...metadata, annotations } });
}

function sorted(object: PrintedObject): PrintedObject {
  return JSON.parse(JSON.stringify(object)) as PrintedObject;
}

function argsOf(object: PrintedObject | undefined): readonly string[] {
  const { spec } = object as unknown as {
    readonly spec: {
      readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } };
    };
  };
  return spec.template.spec.containers[0]?.args ?? [];
}

/** Kinds of other projects that some choices bring objects of: any content is taken, as what counts here is ours. */
async function plantForeignDefinitions(): Promise<void> {
  const definitions = [
    { plural: "certificates", kind: "Certificate", group: "cert-manager.io" },
    { plural: "issuers", kind: "Issuer", group: "cert-manager.io" },
    { plural: "servicemonitors", kind: "ServiceMonitor", group: "monitoring.coreos.com" },
    { plural: "prometheusrules", kind: "PrometheusRule", group: "monitoring.coreos.com" },
  ];
  const manifests = definitions.map((each) => crdManifest({ ...each, versions: [{ name: "v1" }], storage: "v1" }));
  await kubectlWith(manifests.join("\n"), "apply", "-f", "-");
  await kubectl(
    "wait",
    "--for=condition=Established",
    "--timeout=20s",
    ...definitions.map(({ plural, group }) => `crd/${plural}.${group}`),
  );
}

async function readObjectsOfFolder(folder: string): Promise<readonly string[]> {
  const files = (await readdir(join(ROOT, folder))).filter((file) => file !== "kustomization.yaml");
  return Promise.all(files.map((file) => readFile(join(ROOT, folder, file), "utf8")));
}

async function ownDefinitions(): Promise<string> {
  return (await OWN_CRDS).join("\n---\n");
}

async function sweptDefinitions(): Promise<void> {
  const names = readObjects(await ownDefinitions()).map(({ metadata }) => `crd/${metadata.name}`);
  await kubectl("delete", "--ignore-not-found", "--wait=false", ...names);
  await definitionsGone(names);
}

/**
 * The API server may find the storage of a definition that was made anew a moment ago "(re)initializing" when it looks for objects to delete, and
 * then waits ever longer before it looks again (kube-apiserver 1.35); a write has it look at once.
 */
async function definitionsGone(names: readonly string[]): Promise<void> {
  await eventually(
    "definitions are gone",
    async () => {
      const { stdout } = await kubectl("get", "--ignore-not-found", "-o", "name", ...names);
      const left = stdout.split("\n").filter((name) => name !== "");
      if (left.length === 0) return;
      await api.kubectl(["annotate", "--overwrite", ...left, `looked-at=${String(Date.now())}`]);
      throw new Error(`${left.join(", ")} are left`);
    },
    { timeoutMs: 50_000, intervalMs: 500 },
  );
}

async function swept(objects: readonly PrintedObject[]): Promise<void> {
  const others = objects.filter(({ kind }) => kind !== "Namespace");
  await kubectlWith(others.map((object) => JSON.stringify(object)).join("\n"), "delete", "--wait=false", "-f", "-");
  const definitions = others.filter(({ kind }) => kind === "CustomResourceDefinition");
  await definitionsGone(definitions.map(({ metadata }) => `crd/${metadata.name}`));
  await kubectl("delete", "namespace", "crdguard", "--wait=false");
  await finalized("crdguard");
}

/** There is no controller that would let a namespace go. */
async function finalized(namespace: string): Promise<void> {
  await api.kubectl(["delete", "namespace", namespace, "--wait=false", "--ignore-not-found"]);
  const path = `/api/v1/namespaces/${namespace}`;
  await eventually(`${namespace} is gone`, async () => {
    const { status, body } = await api.request("GET", path);
    if (status === 404) return;
    await api.request("PUT", `${path}/finalize`, { body: { ...(body as object), spec: { finalizers: [] } } });
    throw new Error("it is there");
  });
}

/** Every object of any kind, that has a label or a name of ours. */
async function oursEverywhere(): Promise<readonly string[]> {
  // A kind whose definition is going is told of for a moment longer than it can be listed.
  const found = await eventually(
    "every kind can be listed",
    async () => {
      const listed = await kubectl("api-resources", "--verbs=list", "-o", "name");
      const resources = listed.stdout
        .split("\n")
        .filter((name) => name !== "" && !/^(?:events|componentstatuses|apiservices)/.test(name));
      return kubectl("get", resources.join(), "--all-namespaces", "--ignore-not-found", "-o", "json");
    },
    { timeoutMs: 30_000, intervalMs: 500 },
  );
  const { items } = JSON.parse(found.stdout === "" ? '{"items":[]}' : found.stdout) as {
    readonly items: readonly PrintedObject[];
  };
  const names = items
    .filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/part-of"] === "crdguard" || metadata.name.includes("crdguard"))
    // A namespace that is going goes by a controller that there is none of here.
    .filter(({ metadata }) => !("deletionTimestamp" in metadata))
    .map(nameOf);
  return [...new Set(names)].toSorted();
}

function requirement(): string {
  return JSON.stringify({
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "APIRequirement",
    metadata: { name: "mill", namespace: "default" },
    spec: {
      workload: { kind: "Deployment", name: "mill" },
      requirements: [{ group: "own.dev", resource: "gears", versions: ["v1"] }],
    },
  });
}

async function aggregate(name: string): Promise<void> {
  const role = JSON.parse((await kubectl("get", "clusterrole", name, "-o", "json")).stdout) as {
    readonly aggregationRule: {
      readonly clusterRoleSelectors: readonly { readonly matchLabels: Readonly<Record<string, string>> }[];
    };
  };
  const selector = Object.entries(role.aggregationRule.clusterRoleSelectors[0]?.matchLabels ?? {}).map(
    ([key, value]) => `${key}=${value}`,
  );
  const found = JSON.parse((await kubectl("get", "clusterroles", "-l", selector.join(), "-o", "json")).stdout) as {
    readonly items: readonly PrintedObject[];
  };
  const rules = found.items.flatMap((item) => item["rules"] as readonly unknown[]);
  expect(rules.length).toBeGreaterThan(0);
  await kubectl("patch", "clusterrole", name, "--type=merge", "-p", JSON.stringify({ rules }));
}

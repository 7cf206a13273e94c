import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issueAuthority } from "../../src/certificates/issue.ts";
import type { HealthReport, ReportedFinding } from "../../src/explain/health-report.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { type CommandOutcome, runCommand } from "./support/child-processes.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, deploymentManifest, objectManifest } from "./support/manifests.ts";
import { paste } from "./support/remedies.ts";

const ROOT = join(import.meta.dirname, "../..");
const DOCTOR = "system:serviceaccount:crdguard:crdguard-doctor";

let api: ApiServer;

beforeAll(async () => {
  api = await startApiServer({ users: [{ name: DOCTOR }] });
});

afterAll(async () => {
  await api.stop();
});

describe("a healthy cluster", () => {
  it("is told so in one line, beside a note that nothing guards it, with exit status 0", async () => {
    const outcome = await crdguardDoctor();

    expect(outcome).toEqual({
      exitCode: 0,
      stdout:
        "note: crdguard is not registered in this cluster: changes of definitions are not guarded at admission.\n\n" +
        "Healthy: 0 definitions and 0 workloads examined, nothing found.\n",
      stderr: "",
    });
  });
});

describe("a cluster in which everything ails", () => {
  let report: HealthReport;

  beforeAll(async () => {
    await done(["create", "namespace", "mill"]);
    await plantStuckOnes();
    await plantVersions();
    await plantNeeds();
    await plantLeftovers();
    await plantConversions();
    await plantOwners();
    await plantPolicies();
    report = await reported();
  });

  it("finds each illness that was planted, and no other", () => {
    const found = report.findings.map(({ check, severity, subject }) => `${severity} ${check} ${subject.name}`);

    expect(found).toEqual([
      "error conversion-certificate-expired lathes.own.dev",
      "error conversion-webhook-unreachable lathes.own.dev",
      "error crd-names-refused cogs.names.dev",
      "error requirement-unmet mill/turner",
      "warning bundle-mixed Gateway API",
      "warning conversion-webhook-unreachable empties.own.dev",
      "warning crd-owner-gone orphans.own.dev",
      "warning crd-owner-gone traefik.containo.us",
      "warning crd-owners-two shared.own.dev",
      "warning declaration-malformed mill/smith",
      "warning migration-due movers.own.dev",
      "warning stored-in-alpha alphas.own.dev",
      "note crd-owner-gone shared2.own.dev",
      "note crd-terminating stuck.own.dev",
      // Nothing of Argo CD and Flux is in this cluster, which two definitions name as their owners.
      "note facts-unread crdguard doctor",
      "note facts-unread crdguard doctor",
      "note rollback-refused safe-upgrades.gateway.networking.k8s.io",
      "note stored-in-alpha traefik.containo.us",
      "note stored-in-alpha traefik.io",
    ]);
    expect(report).toMatchObject({ verdict: "ailing", summary: { error: 4, warning: 8, note: 7 } });
  });

  it("tells of Traefik's old definitions who runs, how many objects are left, and how to be rid of them", () => {
    expect(findingOf("crd-owner-gone", "traefik.containo.us")).toEqual({
      check: "crd-owner-gone",
      severity: "warning",
      subject: { kind: "APIGroup", name: "traefik.containo.us" },
      field: "spec.group",
      message:
        "traefik, with which they came, runs in a release that does not need them any more; 1 of 2 definitions still has objects",
      evidence: [
        "Deployment mill/traefik (image docker.io/library/traefik:v3.1.2)",
        "ingressroutes.traefik.containo.us: 1 object, mill/old-route",
        "middlewares.traefik.containo.us: 0 objects",
      ],
      remedies: [
        {
          title: "ask whether anything speaks against their deletion",
          command:
            "crdguard check --delete ingressroutes.traefik.containo.us --delete middlewares.traefik.containo.us --against live",
        },
        {
          title:
            "if nobody needs them, back the objects up, move what is still wanted to where it is read, and delete the rest and the definitions",
          command:
            'for crd in middlewares.traefik.containo.us; do objects=$(kubectl get "$crd" --all-namespaces -o name) && test -z "$objects" && kubectl delete customresourcedefinition "$crd"; done\n' +
            "crdguard backup ingressroutes.traefik.containo.us -o ingressroutes.traefik.containo.us.backup &&\n" +
            'for crd in ingressroutes.traefik.containo.us; do kubectl delete "$crd" --all --all-namespaces && kubectl delete customresourcedefinition "$crd"; done',
        },
      ],
    });
  });

  it("tells of a Helm release that is gone, and says nothing of one that is there", () => {
    expect(findingOf("crd-owner-gone", "orphans.own.dev").message).toBe(
      'it says that it belongs to Helm release "departed" in namespace "mill", which is not there; no workload is known to need it; no object of it exists',
    );
    expect(report.findings.filter(({ subject }) => subject.name === "kept.own.dev")).toEqual([]);
  });

  it("gives the API server's own words of a conversion that fails", () => {
    const { message, evidence } = findingOf("conversion-webhook-unreachable", "lathes.own.dev");

    expect(message).toBe('objects cannot be read in "v2": its conversion webhook at service mill/nowhere:443 fails');
    expect(evidence[0]).toMatch(
      /^the API server says: conversion webhook for own\.dev\/v1, Kind=Lathe failed: Post .* service "nowhere" not found$/,
    );
    expect(evidence[1]).toBe("its service does not exist");
  });

  it("tells of a workload that it would crash at its next restart", () => {
    expect(findingOf("requirement-unmet", "mill/turner")).toMatchObject({
      message: "1 API that it needs is not served to it: it would crash at its next restart",
      evidence: [
        '"v1" of missing.own.dev, whose definition does not exist (annotation crdguard.dev/requires): crashes at its next restart',
      ],
    });
  });

  it("gives exit status 1, or 0 where nothing is to fail, or where what fails is off", async () => {
    const errors = ["conversion-certificate-expired", "conversion-webhook-unreachable", "crd-names-refused", "requirement-unmet"];
    const off = errors.flatMap((id) => ["--check", `${id}=off`]);

    expect((await crdguardDoctor()).exitCode).toBe(1);
    expect((await crdguardDoctor(["--fail-on", "none"])).exitCode).toBe(0);
    expect((await crdguardDoctor(off)).exitCode).toBe(0);
    expect((await crdguardDoctor([...off, "--fail-on", "warn"])).exitCode).toBe(1);
  });

  it("heals by the remedy that rewrites objects and forgets the old version", async () => {
    const [migration] = findingOf("migration-due", "movers.own.dev").remedies;

    // The storage version has been in force for as long as the test needs it to be, and for less than a person would wait.
    const healed = paste(api, `${migration?.command ?? "false"} --settle-seconds 0`);

    expect(await healed.exited, healed.printed()).toBe(0);
    expect((await reported()).findings.filter(({ check }) => check === "migration-due")).toEqual([]);
  });

  it("clears what Traefik's old release has left behind by the remedy for it, which backs the objects up", async () => {
    const [, deletion] = findingOf("crd-owner-gone", "traefik.containo.us").remedies;

    const cleared = paste(api, deletion?.command ?? "false");

    expect(await cleared.exited, cleared.printed()).toBe(0);
    const saved = "ingressroutes.traefik.containo.us.backup/ingressroutes.traefik.containo.us/objects/mill/old-route.yaml";
    expect(await readFile(join(api.workDir, saved), "utf8")).toContain("kind: IngressRoute");
    expect((await reported()).findings.filter(({ subject }) => subject.name === "traefik.containo.us")).toEqual([]);
  });

  describe("for an account that may not read everything", () => {
    it("says what it could not look at, finds the rest, and fails for want of definitions alone", async () => {
      await applied(await readFile(join(ROOT, "manifests/server/namespace.yaml"), "utf8"));
      await applied(await readFile(join(ROOT, "manifests/doctor/rbac.yaml"), "utf8"));
      await done(["delete", "clusterrolebinding", "crdguard-doctor-objects"]);
      const kubeconfig = await api.kubeconfigFor(DOCTOR);

      const narrow = await reported(["--kubeconfig", kubeconfig]);

      const unread = narrow.findings.filter(({ check }) => check === "facts-unread");
      expect(unread.map(({ field }) => field)).toEqual(["conversions", "finalizers", "owners", "owners", "owners"]);
      expect(unread[2]?.message).toBe(
        "whether 3 owners of definitions are there is not known, nor what they may have left behind: secrets is forbidden: " +
          'User "system:serviceaccount:crdguard:crdguard-doctor" cannot list resource "secrets" in API group "" in the namespace "mill"',
      );
      expect(unread[2]?.remedies[0]?.title).toContain("manifests/doctor/rbac.yaml");
      expect(narrow.findings.map(({ check }) => check)).toContain("crd-names-refused");

      const alice = await crdguardDoctor(["--kubeconfig", await api.kubeconfigFor("alice")]);
      expect(alice.exitCode).toBe(3);
      expect(alice.stderr).toMatch(/^crdguard: error \(cluster-forbidden\): \w+ cannot be read from /);
    });

    it("reads everything with both roles of the manifest", async () => {
      await applied(await readFile(join(ROOT, "manifests/doctor/rbac.yaml"), "utf8"));

      const wide = await eventually("RBAC has caught up", async () => {
        const told = await reported(["--kubeconfig", await api.kubeconfigFor(DOCTOR)]);
        return told.findings.some(isForbidden) ? false : told;
      });

      expect(wide.findings.map(({ check }) => check)).toContain("conversion-webhook-unreachable");
    });
  });

  it("tells, when a deletion takes too long, who keeps it from ending", { timeout: 120_000 }, async () => {
    const finding = await eventually(
      "the deletion is old enough",
      async () =>
        (await reported()).findings.find(({ check, severity }) => check === "crd-terminating" && severity === "error") ?? false,
      { timeoutMs: 90_000, intervalMs: 3_000 },
    );

    expect(finding.message).toMatch(
      /^it is being deleted since 20\S+Z and does not go: 1 object of it exists, kept by finalizers$/,
    );
    expect(finding.evidence).toEqual(expect.arrayContaining(["finalizer own.dev/keep on 1 object", "mill/held"]));
    const drop = finding.remedies.find(({ title }) => title.startsWith("only if that controller is gone"));
    const dropped = await runCommand("sh", ["-ec", drop?.command ?? "false"], { env: { KUBECONFIG: api.kubeconfigPath } });
    expect(dropped).toMatchObject({ exitCode: 0 });
    await eventually("the definition is gone", async () => (await api.kubectl(["get", "crd", "stuck.own.dev"])).exitCode === 1);
  });

  function findingOf(check: string, name: string): ReportedFinding {
    const found = report.findings.find((finding) => finding.check === check && finding.subject.name === name);
    if (found === undefined) throw new Error(`no ${check} of ${name}`);
    return found;
  }
});

describe("crdguard's own registration", () => {
  let guard: GuardProcess;

  beforeAll(async () => {
    guard = await startGuardProcess(api);
  });

  afterAll(async () => {
    await guard.process.kill9();
    await api.kubectl(["delete", "validatingwebhookconfiguration", "crdguard-dev"]);
    await api.kubectl(["delete", "mutatingwebhookconfiguration", "crdguard-explainer-dev"]);
  });

  it("is well as it was made", async () => {
    expect(await ownFindings()).toEqual([]);
  });

  it("is told to have been changed, field by field", async () => {
    await patch("validatingwebhookconfiguration", "crdguard-dev", [
      { op: "replace", path: "/webhooks/0/matchPolicy", value: "Exact" },
      // A user's own business.
      { op: "replace", path: "/webhooks/0/timeoutSeconds", value: 29 },
      { op: "remove", path: "/webhooks/1" },
    ]);

    const [finding] = await ownFindings();

    expect(finding).toMatchObject({
      check: "guard-registration-drifted",
      severity: "warning",
      subject: { kind: "ValidatingWebhookConfiguration", name: "crdguard-dev" },
      evidence: [
        'webhooks[changes.crdguard.dev].matchPolicy: "Exact" in place of "Equivalent"',
        'webhooks[creates.crdguard.dev]: nothing in place of "creates.crdguard.dev"',
      ],
    });
  });

  it("is told to trust another authority than the one that vouches for the server", async () => {
    const { cert } = await issueAuthority("another", { days: 30, now: new Date() });
    const value = Buffer.from(cert).toString("base64");
    await patch("mutatingwebhookconfiguration", "crdguard-explainer-dev", [
      { op: "replace", path: "/webhooks/0/clientConfig/caBundle", value },
    ]);

    const finding = (await ownFindings()).find(({ check }) => check === "guard-ca-mismatch");

    expect(finding?.subject.name).toBe("crdguard-explainer-dev");
    expect(finding?.message).toMatch(
      /^the API server does not trust https:\/\/127\.0\.0\.1:\d+ \(.+\): nothing is guarded by it$/,
    );
  });

  it("is told to be half there", async () => {
    await done(["delete", "mutatingwebhookconfiguration", "crdguard-explainer-dev"]);

    expect((await ownFindings()).find(({ check }) => check === "guard-not-registered")).toMatchObject({
      severity: "warning",
      message: "its explainer is not registered: what the API server refuses by itself is refused without explanation",
    });
  });

  it("is told to point to where nobody answers", async () => {
    await guard.process.kill9();

    const finding = (await ownFindings()).find(({ check }) => check === "guard-unreachable");

    expect(finding?.message).toMatch(
      /^nobody answers at https:\/\/127\.0\.0\.1:\d+, tried from here \(.*ECONNREFUSED.*\): every update and deletion of a definition is refused$/,
    );
  });

  async function ownFindings(): Promise<readonly ReportedFinding[]> {
    return (await reported()).findings.filter(({ check }) => check.startsWith("guard-"));
  }
});

async function plantStuckOnes(): Promise<void> {
  await applied(crdManifest({ plural: "stuck", kind: "Stuck", versions: [{ name: "v1" }], storage: "v1" }));
  const held = JSON.parse(objectManifest("own.dev/v1", "Stuck", "held", "mill")) as { metadata: object };
  await appliedSoon(JSON.stringify({ ...held, metadata: { ...held.metadata, finalizers: ["own.dev/keep"] } }));
  await done(["delete", "crd", "stuck.own.dev", "--wait=false"]);
  for (const plural of ["wheels", "cogs"]) {
    await applied(crdManifest({ group: "names.dev", plural, kind: "Wheel", versions: [{ name: "v1" }], storage: "v1" }));
    await done(["wait", "--for=jsonpath={.status.conditions[0].type}", `crd/${plural}.names.dev`]);
  }
}

async function plantVersions(): Promise<void> {
  const movers = { plural: "movers", kind: "Mover", versions: [{ name: "v1" }, { name: "v1beta1" }] };
  await applied(crdManifest({ ...movers, storage: "v1beta1" }));
  await appliedSoon(objectManifest("own.dev/v1beta1", "Mover", "m1", "mill"));
  await applied(crdManifest({ ...movers, storage: "v1" }));
  await applied(
    crdManifest({ plural: "alphas", kind: "Alpha", versions: [{ name: "v1alpha1" }, { name: "v1" }], storage: "v1alpha1" }),
  );
  for (const [plural, version] of [
    ["firsts", "v1.2.0"],
    ["seconds", "v1.3.0"],
  ] as const) {
    await applied(
      marked(crdManifest({ group: "bundle.dev", plural, kind: plural, versions: [{ name: "v1" }], storage: "v1" }), {
        annotations: { "gateway.networking.k8s.io/bundle-version": version, "gateway.networking.k8s.io/channel": "standard" },
      }),
    );
  }
}

async function plantNeeds(): Promise<void> {
  const requiring = { "crdguard.dev/requires": "missing.own.dev/v1" };
  await applied(deploymentManifest({ name: "turner", namespace: "mill", annotations: requiring }));
  await applied(deploymentManifest({ name: "smith", namespace: "mill", annotations: { "crdguard.dev/requires": "gears" } }));
}

async function plantLeftovers(): Promise<void> {
  const args = ["--providers.kubernetescrd"];
  await applied(deploymentManifest({ name: "traefik", namespace: "mill", image: "docker.io/library/traefik:v3.1.2", args }));
  const kinds = ["IngressRoute", "IngressRouteTCP", "IngressRouteUDP", "Middleware", "MiddlewareTCP", "ServersTransport"];
  for (const kind of [...kinds, "ServersTransportTCP", "TLSOption", "TLSStore", "TraefikService"]) {
    const plural = `${kind.toLowerCase()}s`;
    await applied(crdManifest({ group: "traefik.io", plural, kind, versions: [{ name: "v1alpha1" }], storage: "v1alpha1" }));
  }
  for (const kind of ["IngressRoute", "Middleware"]) {
    const shape = { plural: `${kind.toLowerCase()}s`, kind, versions: [{ name: "v1alpha1" }], storage: "v1alpha1" };
    await applied(crdManifest({ group: "traefik.containo.us", ...shape }));
  }
  await appliedSoon(objectManifest("traefik.containo.us/v1alpha1", "IngressRoute", "old-route", "mill"));
}

async function plantConversions(): Promise<void> {
  const past = new Date(Date.now() - 40 * 24 * 60 * 60 * 1_000);
  const { cert } = await issueAuthority("expired", { days: 30, now: past });
  for (const [plural, kind, caBundle] of [
    ["lathes", "Lathe", Buffer.from(cert).toString("base64")],
    ["empties", "Empty", undefined],
  ] as const) {
    const shape = { plural, kind, versions: [{ name: "v1" }, { name: "v2" }], storage: "v1" };
    await applied(crdManifest(shape));
    if (plural === "lathes") await appliedSoon(objectManifest("own.dev/v1", kind, "l1", "mill"));
    const service = { namespace: "mill", name: "nowhere", path: "/convert" };
    const clientConfig = { service, ...(caBundle === undefined ? {} : { caBundle }) };
    const webhook = { conversionReviewVersions: ["v1"], clientConfig };
    await patch("crd", `${plural}.own.dev`, [
      { op: "replace", path: "/spec/conversion", value: { strategy: "Webhook", webhook } },
    ]);
  }
}

async function plantOwners(): Promise<void> {
  const ofRelease = (name: string): Record<string, string> => ({
    "meta.helm.sh/release-name": name,
    "meta.helm.sh/release-namespace": "mill",
  });
  const kept = JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "mill", name: "sh.helm.release.v1.present.v1", labels: { owner: "helm", name: "present" } },
  });
  await applied(kept);
  const definition = (plural: string): string => crdManifest({ plural, kind: plural, versions: [{ name: "v1" }], storage: "v1" });
  await applied(marked(definition("orphans"), { annotations: ofRelease("departed") }));
  await applied(marked(definition("kept"), { annotations: ofRelease("present") }));
  await applied(
    marked(definition("shared"), {
      annotations: ofRelease("present"),
      labels: { "kustomize.toolkit.fluxcd.io/name": "platform", "kustomize.toolkit.fluxcd.io/namespace": "flux-system" },
    }),
  );
  await applied(
    marked(definition("shared2"), {
      annotations: {
        ...ofRelease("other"),
        "argocd.argoproj.io/tracking-id": "platform:apiextensions.k8s.io/CustomResourceDefinition:/x",
      },
    }),
  );
}

async function plantPolicies(): Promise<void> {
  const name = "safe-upgrades.gateway.networking.k8s.io";
  const resourceRules = [
    {
      apiGroups: ["apiextensions.k8s.io"],
      apiVersions: ["v1"],
      operations: ["CREATE", "UPDATE"],
      resources: ["customresourcedefinitions"],
    },
  ];
  const spec = { failurePolicy: "Fail", matchConstraints: { resourceRules }, validations: [{ expression: "true" }] };
  const apiVersion = "admissionregistration.k8s.io/v1";
  await applied(JSON.stringify({ apiVersion, kind: "ValidatingAdmissionPolicy", metadata: { name }, spec }));
  const binding = { policyName: name, validationActions: ["Deny"] };
  await applied(JSON.stringify({ apiVersion, kind: "ValidatingAdmissionPolicyBinding", metadata: { name }, spec: binding }));
}

/** What a role would help against. */
function isForbidden({ check, remedies }: ReportedFinding): boolean {
  return check === "facts-unread" && remedies.length > 0;
}

interface Marks {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

function marked(manifest: string, marks: Marks): string {
  const object = JSON.parse(manifest) as { metadata: object };
  return JSON.stringify({ ...object, metadata: { ...object.metadata, ...marks } });
}

async function reported(args: readonly string[] = []): Promise<HealthReport> {
  const { stdout, stderr } = await crdguardDoctor([...args, "-o", "json"]);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as HealthReport;
}

function crdguardDoctor(args: readonly string[] = []): Promise<CommandOutcome> {
  const connection = args.includes("--kubeconfig") ? [] : ["--kubeconfig", api.kubeconfigPath];
  return runCommand(process.execPath, [join(ROOT, "src/cli/main.ts"), "doctor", ...connection, ...args]);
}

async function patch(resource: string, name: string, operations: readonly unknown[]): Promise<void> {
  await done(["patch", resource, name, "--type=json", "-p", JSON.stringify(operations)]);
}

async function applied(manifest: string): Promise<void> {
  await done(["apply", "--server-side", "--force-conflicts", "-f", "-"], manifest);
}

/** A new CRD is served a moment after it was created. */
async function appliedSoon(manifest: string): Promise<void> {
  await eventually("it can be applied", async () => {
    await applied(manifest);
    return true;
  });
}

async function done(args: readonly string[], stdin = ""): Promise<void> {
  const { exitCode, stderr } = await api.kubectl(args, { stdin });
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
}

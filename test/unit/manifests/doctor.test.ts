import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLiveProbe } from "../../../src/cluster/live/health/live-probe.ts";
import { examineGuard } from "../../../src/operator/guard-evidence.ts";
import { wantedKeys } from "../../../src/requirements/catalog.ts";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import { crd } from "../../support/builders.ts";
import { type SeenRequest, type StandIn, startStandIn, status } from "../cluster/live/stand-in-api-server.ts";
import { readManifests } from "./read-manifests.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface RbacObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: unknown;
}

let server: StandIn;

beforeAll(async () => {
  server = await startStandIn();
});

afterAll(async () => {
  await server.close();
});

describe("manifests/doctor/rbac.yaml", () => {
  it("reads, and does nothing else", async () => {
    const verbs = (await rules()).flatMap((rule) => rule.verbs);

    expect(new Set(verbs)).toEqual(new Set(["get", "list", "watch"]));
  });

  it("covers each request that doctor makes beside those of a picture", async () => {
    await everyQuestion();
    const asked = [...new Set(server.requests.map(permissionOf))].toSorted();
    const granted = await rules();

    expect(asked).toEqual([
      "get helmreleases.helm.toolkit.fluxcd.io",
      "get kustomizations.kustomize.toolkit.fluxcd.io",
      "get services.",
      "list applications.argoproj.io",
      "list configmaps.",
      "list endpointslices.discovery.k8s.io",
      "list gears.own.dev",
      "list mutatingwebhookconfigurations.admissionregistration.k8s.io",
      "list secrets.",
      "list storageversionmigrations.storagemigration.k8s.io",
      "list validatingadmissionpolicies.admissionregistration.k8s.io",
      "list validatingadmissionpolicybindings.admissionregistration.k8s.io",
      "list validatingwebhookconfigurations.admissionregistration.k8s.io",
    ]);
    expect(asked.filter((permission) => !isGranted(permission, granted))).toEqual([]);
  });

  it("covers the picture: definitions, workloads, declarations, and every ConfigMap that the catalog asks for", async () => {
    const catalog = await readCatalog();
    if (!catalog.ok) throw new Error(catalog.error.message);
    const granted = await rules();

    for (const resource of [
      "customresourcedefinitions.apiextensions.k8s.io",
      "deployments.apps",
      "statefulsets.apps",
      "daemonsets.apps",
    ]) {
      expect(isGranted(`list ${resource}`, granted) && isGranted(`watch ${resource}`, granted)).toBe(true);
    }
    const named = granted.filter(({ resources }) => resources.includes("configmaps")).flatMap((rule) => rule.resourceNames ?? []);
    expect(named.toSorted()).toEqual([...new Set(wantedKeys(catalog.value).map(({ name }) => name))].toSorted());
  });

  it("grants any group and any resource to the one verb that counting takes, in a role that can be left out", async () => {
    const objects = await readObjects();
    const wide = objects.filter(({ rules: own = [] }) =>
      own.some((rule) => [...rule.apiGroups, ...rule.resources].includes("*")),
    );

    expect(wide.map(({ metadata, rules: own }) => [metadata.name, own])).toEqual([
      ["crdguard-doctor-objects", [{ apiGroups: ["*"], resources: ["*"], verbs: ["list"] }]],
    ]);
  });

  it("binds each role to doctor's own account, and to nobody else", async () => {
    const objects = await readObjects();
    const bindings = objects.filter(({ kind }) => kind === "ClusterRoleBinding");

    expect(bindings.map(({ roleRef }) => roleRef?.name)).toEqual(
      objects.filter(({ kind }) => kind === "ClusterRole").map(({ metadata }) => metadata.name),
    );
    for (const { subjects } of bindings) {
      expect(subjects).toEqual([{ kind: "ServiceAccount", name: "crdguard-doctor", namespace: "crdguard" }]);
    }
  });
});

/** Each question once, so that every path that doctor has is walked. */
async function everyQuestion(): Promise<void> {
  const probe = createLiveProbe(server.client, false);
  const signal = new AbortController().signal;
  const gears = crd({ served: ["v2", "v1"], storage: "v1" });
  const crds = new Map(
    [
      crd({ name: "applications.argoproj.io", served: ["v1alpha1"] }),
      crd({ name: "kustomizations.kustomize.toolkit.fluxcd.io", served: ["v1"] }),
      crd({ name: "helmreleases.helm.toolkit.fluxcd.io", served: ["v2"] }),
    ].map((each) => [each.name, each]),
  );
  const policy = { metadata: { name: "p" }, spec: { matchConstraints: { resourceRules: [RULE] } } };
  server.collection("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies").put(policy);
  server.collection("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations");
  server.collection("/api/v1/namespaces/mill/secrets");
  server.answer(({ path }) => path.endsWith("/services/converter"), { status: 200, body: { metadata: { name: "converter" } } });
  server.answer(({ path }) => path.startsWith("/apis/storagemigration"), { status: 404, body: status(404, "not found") });

  await probe.countObjects(gears, signal);
  await probe.sampleFinalizers(gears, signal);
  await probe.findMigration(gears, signal);
  await probe.tryConversion(gears, signal);
  await probe.readPolicies(signal);
  const target = { kind: "service", namespace: "mill", name: "converter", port: 443 } as const;
  await probe.examineEndpoint({ target, caBundle: null }, signal);
  for (const owner of [
    { kind: "helm-release", namespace: "mill", name: "gears", isKept: false },
    { kind: "argo-application", namespace: null, name: "platform" },
    { kind: "flux-kustomization", namespace: "flux-system", name: "platform" },
    { kind: "flux-helm-release", namespace: "mill", name: "gears" },
  ] as const) {
    await probe.findOwner(owner, crds, signal);
  }
  await examineGuard({ client: server.client, probe, servers: [], signal });
}

const RULE = { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"] };

/** `<verb> <resource>.<group>`, as RBAC has it. */
function permissionOf({ path }: SeenRequest): string {
  const [, root, ...parts] = path.split("/");
  const group = root === "api" ? "" : (parts.shift() ?? "");
  parts.shift();
  if (parts[0] === "namespaces") parts.splice(0, 2);
  const [resource = "", name] = parts;
  return `${name === undefined ? "list" : "get"} ${resource}.${group}`;
}

function isGranted(permission: string, granted: readonly Rule[]): boolean {
  const [verb = "", target = ""] = permission.split(" ");
  const dot = target.indexOf(".");
  const [resource, group] = [target.slice(0, dot), target.slice(dot + 1)];
  const covers = (words: readonly string[], word: string): boolean => words.includes(word) || words.includes("*");
  return granted.some(
    (rule) =>
      rule.resourceNames === undefined &&
      covers(rule.verbs, verb) &&
      covers(rule.resources, resource) &&
      covers(rule.apiGroups, group),
  );
}

async function rules(): Promise<readonly Rule[]> {
  return (await readObjects()).flatMap(({ rules: own = [] }) => own);
}

async function readObjects(): Promise<readonly RbacObject[]> {
  return (await readManifests("doctor/rbac.yaml")) as readonly RbacObject[];
}

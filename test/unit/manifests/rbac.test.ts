import { describe, expect, it } from "vitest";
import { wantedKeys } from "../../../src/requirements/catalog.ts";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import { readManifests } from "./read-manifests.ts";

/** Every permission of crdguard, and what it would not be able to do without. One that is not here does not belong in the manifest. */
const REASONS: Readonly<Record<string, string>> = {
  "ClusterRole crdguard: get,list,watch customresourcedefinitions.apiextensions.k8s.io":
    "to know which CRDs there are, with which versions served and stored",
  "ClusterRole crdguard: get,list,watch deployments,statefulsets,daemonsets.apps":
    "to know which controllers run, and what they need",
  "ClusterRole crdguard: get,list,watch configmaps/argo-rollouts-config,cert-manager,contour,envoy-gateway-config.":
    "to know settings on which needs of the catalog hang, in whichever namespace the controller runs",
  "ClusterRole crdguard: list storageversionmigrations.storagemigration.k8s.io":
    "to accept a finished migration as proof that no object is stored in a version",
  "ClusterRole crdguard: create subjectaccessreviews.authorization.k8s.io":
    "to name namespaces in a denial only to those who may list them, and to let those override it who may",
  "ClusterRole crdguard: list,watch apirequirements.crdguard.dev": "to know what people declare of workloads",
  "ClusterRole crdguard: list,watch clusterserviceversions.operators.coreos.com":
    "to know what OLM declares of the operators that it installs",
  "ClusterRole crdguard-report: patch apirequirements/status.crdguard.dev":
    "to tell whether an APIRequirement counts, and whether it is met",
  "ClusterRole crdguard: get,list,watch guardpolicies.crdguard.dev": "to know what is enforced, and what is excepted",
  "ClusterRole crdguard-report: patch guardpolicies/status.crdguard.dev":
    "to tell whether all of a GuardPolicy counts, and whether its exceptions still hold",
  "ClusterRole crdguard-default-policy: create guardpolicies.crdguard.dev": "to make the GuardPolicy default where there is none",
  "ClusterRole crdguard-default-policy: patch guardpolicies/default.crdguard.dev":
    "to put back the labels and the description of the GuardPolicy default",
  "ClusterRole crdguard-report: create,patch events.events.k8s.io":
    "to tell that an annotation cannot be read, and what was denied and overridden, repeated ones as a series",
  "ClusterRole crdguard-count-objects: list *.*": "to count the objects of a CRD of any group, before it is deleted",
  "Role kube-system/crdguard: get,list,watch configmaps/cilium-config.": "to know whether Cilium's Gateway API support is on",
  "Role crdguard/crdguard: get,list,watch configmaps/crdguard-catalog.": "to know catalog entries that a user has added",
};

describe("manifests/server/rbac.yaml", () => {
  it("grants nothing without a reason, and every reason is granted", async () => {
    expect((await permissions()).toSorted()).toEqual(Object.keys(REASONS).toSorted());
  });

  it("lets crdguard change nothing but what it has to say and its own policy, which are roles that can be left out", async () => {
    const writes = (await rules()).flatMap(({ role, resources, verbs }) =>
      verbs.filter((verb) => !/^(?:get|list|watch)$/.test(verb)).map((verb) => `${role}: ${verb} ${resources.join()}`),
    );

    expect(writes).toEqual([
      // A SubjectAccessReview is a question that is put by creating it; nothing is stored.
      "ClusterRole crdguard: create subjectaccessreviews",
      "ClusterRole crdguard-report: patch apirequirements/status",
      "ClusterRole crdguard-report: patch guardpolicies/status",
      "ClusterRole crdguard-report: create events",
      "ClusterRole crdguard-report: patch events",
      "ClusterRole crdguard-default-policy: create guardpolicies",
      "ClusterRole crdguard-default-policy: patch guardpolicies",
    ]);
  });

  it("grants any group and any resource to the one verb that counting takes, in a role that can be left out", async () => {
    const wide = (await rules()).filter((rule) => [...rule.apiGroups, ...rule.resources, ...rule.verbs].includes("*"));

    expect(wide).toEqual([
      { role: "ClusterRole crdguard-count-objects", apiGroups: ["*"], resources: ["*"], resourceNames: [], verbs: ["list"] },
    ]);
  });

  it("covers every ConfigMap that the catalog asks for and that of the flags, and no other", async () => {
    const catalog = await readCatalog();
    if (!catalog.ok) throw new Error(catalog.error.message);
    const granted = (await rules())
      .filter(({ resources }) => resources.includes("configmaps"))
      .flatMap(({ role, resourceNames }) => resourceNames.map((name) => `${role} ${name}`));
    const wanted = new Set(
      wantedKeys(catalog.value).map(({ namespace, name }) =>
        namespace === null ? `ClusterRole crdguard ${name}` : `Role ${namespace}/crdguard ${name}`,
      ),
    );

    expect(granted.toSorted()).toEqual([...wanted, await catalogConfigMapRole()].toSorted());
  });

  it("binds each role to crdguard's own account, and to nobody else", async () => {
    const objects = await readObjects();
    const bindings = objects.filter(({ kind }) => kind.endsWith("RoleBinding"));

    expect(bindings.map(({ metadata, roleRef }) => [metadata.namespace, roleRef?.kind, roleRef?.name])).toEqual(
      objects.filter(({ kind }) => kind.endsWith("Role")).map(({ kind, metadata }) => [metadata.namespace, kind, metadata.name]),
    );
    for (const { subjects } of bindings) {
      expect(subjects).toEqual([{ kind: "ServiceAccount", name: "crdguard", namespace: "crdguard" }]);
    }
  });
});

/** Of the ConfigMap that the server is started with. */
async function catalogConfigMapRole(): Promise<string> {
  const [deployment] = (await readManifests("server/deployment.yaml")) as readonly {
    readonly spec: {
      readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } };
    };
  }[];
  const args = deployment?.spec.template.spec.containers[0]?.args ?? [];
  const [namespace, name] = (args[args.indexOf("--catalog-config-map") + 1] ?? "").split("/");
  return `Role ${namespace ?? ""}/crdguard ${name ?? ""}`;
}

interface Rule {
  readonly role: string;
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly verbs: readonly string[];
}

async function permissions(): Promise<readonly string[]> {
  return (await rules()).flatMap(({ role, apiGroups, resources, resourceNames, verbs }) =>
    apiGroups.map((group) => {
      const names = resourceNames.length === 0 ? "" : `/${resourceNames.join()}`;
      return `${role}: ${verbs.join()} ${resources.join()}${names}.${group}`;
    }),
  );
}

async function rules(): Promise<readonly Rule[]> {
  return (await readObjects()).flatMap(({ kind, metadata, rules: own = [] }) => {
    const role = `${kind} ${metadata.namespace === undefined ? "" : `${metadata.namespace}/`}${metadata.name}`;
    return own.map((rule) => ({ role, resourceNames: [], ...rule }));
  });
}

interface RbacObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly (Omit<Rule, "role" | "resourceNames"> & { readonly resourceNames?: readonly string[] })[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: unknown;
}

async function readObjects(): Promise<readonly RbacObject[]> {
  return (await readManifests("server/rbac.yaml")) as readonly RbacObject[];
}

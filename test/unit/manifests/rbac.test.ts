import { describe, expect, it } from "vitest";
import { wantedKeys } from "../../../src/requirements/catalog.ts";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import { explainRemedy } from "../../../src/explain/remedies.ts";
import { crd } from "../../support/builders.ts";
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
  "ClusterRole crdguard: list storageversionrecords.crdguard.dev":
    "to know since when objects are stored in the storage version of their CRD",
  "ClusterRole crdguard: get services.": "to know whether the service of a conversion webhook exists, before a change needs it",
  "ClusterRole crdguard: list endpointslices.discovery.k8s.io": "to know whether a pod of that service is ready",
  "ClusterRole crdguard: create subjectaccessreviews.authorization.k8s.io":
    "to name namespaces in a denial only to those who may list them, and to let those override it who may",
  "ClusterRole crdguard: list,watch apirequirements.crdguard.dev": "to know what people declare of workloads",
  "ClusterRole crdguard: list,watch clusterserviceversions.operators.coreos.com":
    "to know what OLM declares of the operators that it installs",
  "ClusterRole crdguard: get,list,watch guardpolicies.crdguard.dev": "to know which rules people enforce, and their exceptions",
  "ClusterRole crdguard-keep: get,list,watch,create,patch validatingwebhookconfigurations/crdguard,crdguard-workloads.admissionregistration.k8s.io":
    "to register the server, and to put its registration right",
  "ClusterRole crdguard-keep: get,list,watch,create,patch mutatingwebhookconfigurations/crdguard-explainer.admissionregistration.k8s.io":
    "to register the explainer, and to put its registration right",
  "ClusterRole crdguard-keep: create,patch guardpolicies/default.crdguard.dev": "to make the default policy",
  "ClusterRole crdguard-keep: create,patch,delete storageversionrecords.crdguard.dev":
    "to record since when objects are stored in the storage version of their CRD, while that is to be proven",
  "ClusterRole crdguard-keep: patch customresourcedefinitions/apirequirements.crdguard.dev,guardpolicies.crdguard.dev.apiextensions.k8s.io":
    "to see by a dry run that the API server reaches the server, before it fails closed",
  "ClusterRole crdguard-report: patch apirequirements/status,guardpolicies/status.crdguard.dev":
    "to tell whether an APIRequirement counts and is met, and what of a GuardPolicy counts",
  "ClusterRole crdguard-report: create,patch events.events.k8s.io":
    "to tell that an annotation cannot be read, and what was denied and overridden, repeated ones as a series",
  "Role kube-system/crdguard: get,list,watch configmaps/cilium-config.": "to know whether Cilium's Gateway API support is on",
  "Role crdguard/crdguard: get,list,watch configmaps/crdguard-catalog.": "to know catalog entries that a user has added",
  "Role crdguard/crdguard-keep: get,list,watch,create,patch,delete secrets/crdguard-authority.":
    "to sign certificates by the authority of all replicas, and to replace it in time",
  "Role crdguard/crdguard-keep: get,list,create,update,patch,delete leases.coordination.k8s.io":
    "to choose the replica that leads, and to tell by which authority each serves",
};

describe("manifests/server/rbac.yaml", () => {
  it("grants nothing without a reason, and every reason is granted", async () => {
    expect((await permissions()).toSorted()).toEqual(Object.keys(REASONS).toSorted());
  });

  it("lets nobody look at custom objects, but for crdguard's own and those of OLM", async () => {
    const own = /\.crdguard\.dev$|^clusterserviceversions\.operators\.coreos\.com$|\.k8s\.io$|\.apps$|^[a-z]+\.$/;
    const granted = (await permissions()).map((permission) => (permission.split(" ").at(-1) ?? "").replace(/\/[^.]*(?=\.)/, ""));

    expect(granted.some((resources) => resources.includes("*"))).toBe(false);
    expect(granted.filter((resources) => !own.test(resources))).toEqual([]);
  });

  it("lets crdguard change what it says and what it keeps, each by its name where RBAC can tell it", async () => {
    const writes = (await rules()).flatMap(({ role, resources, resourceNames, verbs }) => {
      const own = verbs.filter((verb) => !/^(?:get|list|watch)$/.test(verb));
      return own.length === 0 ? [] : [`${role}: ${own.join()} ${resources.join()} ${resourceNames.join() || "(any)"}`];
    });

    expect(writes).toEqual([
      // A SubjectAccessReview is a question that is put by creating it; nothing is stored.
      "ClusterRole crdguard: create subjectaccessreviews (any)",
      "ClusterRole crdguard-report: patch apirequirements/status,guardpolicies/status (any)",
      "ClusterRole crdguard-report: create,patch events (any)",
      "ClusterRole crdguard-keep: create,patch validatingwebhookconfigurations crdguard,crdguard-workloads",
      "ClusterRole crdguard-keep: create,patch mutatingwebhookconfigurations crdguard-explainer",
      "ClusterRole crdguard-keep: create,patch guardpolicies default",
      "ClusterRole crdguard-keep: create,patch,delete storageversionrecords (any)",
      "ClusterRole crdguard-keep: patch customresourcedefinitions apirequirements.crdguard.dev,guardpolicies.crdguard.dev",
      "Role crdguard/crdguard-keep: create,patch,delete secrets crdguard-authority",
      "Role crdguard/crdguard-keep: create,update,patch,delete leases (any)",
    ]);
  });

  it("grants no wildcard", async () => {
    const wide = (await rules()).filter((rule) =>
      [...rule.apiGroups, ...rule.resources, ...rule.verbs, ...rule.resourceNames].some((each) => each.includes("*")),
    );

    expect(wide).toEqual([]);
    // Nothing but the component that a person chooses by its name.
    expect((await readManifests("components/count-all-objects/rbac.yaml"))[0]).toMatchObject({
      metadata: { name: "crdguard-count-all-objects" },
      rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["list"] }],
    });
  });

  it("counts objects by what other roles add, and by nothing of its own", async () => {
    const counting = (await readObjects()).find(
      ({ kind, metadata }) => kind === "ClusterRole" && metadata.name === "crdguard-count-objects",
    );

    expect(counting).not.toHaveProperty("rules");
    expect(counting).toMatchObject({
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { "crdguard.dev/count-objects": "true" } }] },
    });
  });

  it("takes in the roles that a denial asks for", () => {
    const { command } = explainRemedy({ kind: "allow-counting", crd: crd({ served: ["v1"] }) });

    expect(command).toMatch(/^kubectl create clusterrole crdguard-count-\S+ --verb=list --resource=gears\.own\.dev &&$/m);
    expect(command).toMatch(/^kubectl label clusterrole crdguard-count-\S+ crdguard\.dev\/count-objects=true$/m);
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

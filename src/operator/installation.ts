/** @file All objects of an installation: manifests/server, what is added to it on demand, and where it is to go. */
import { fileURLToPath } from "node:url";
import { isRecord } from "../crd/is-record.ts";
import { asKubernetesObject, inOrderOfNeed, type KubernetesObject } from "./kubernetes-object.ts";
import { buildKustomization } from "./kustomization.ts";

export interface InstallationChoice {
  readonly overlays: readonly Overlay[];
  readonly counting: Counting;
  readonly namespace: string;
  /** Null: the one that this release was made with. */
  readonly image: string | null;
}

/** Each is a folder of manifests/overlays, and of manifests/components. */
export const OVERLAYS = ["ha", "cert-manager", "fail-open", "health-reports"] as const;
export type Overlay = (typeof OVERLAYS)[number];

/** Of which CRDs the guard may count the objects: none but by roles that others add, these, or all that ever will be. */
export type Counting =
  { readonly kind: "none" } | { readonly kind: "crds"; readonly crds: readonly CountedCrd[] } | { readonly kind: "all" };

export interface CountedCrd {
  readonly group: string;
  readonly plural: string;
}

/** Of our manifests, where nobody chooses another. */
const NAMESPACE = "crdguard";
/** Of the Deployment, the Service, the ServiceAccount, and more. */
export const NAME = "crdguard";
/** The ClusterRole, and its binding, by which the guard counts objects of the CRDs that were there at its installation. */
const EXISTING_ROLE = "crdguard-count-existing-objects";

/** In the order in which each finds what it needs. @throws Error where the package is damaged. */
export async function renderInstallation(choice: InstallationChoice): Promise<readonly KubernetesObject[]> {
  const components = [...new Set(choice.overlays), ...(choice.counting.kind === "all" ? ["count-all-objects"] : [])];
  const built = await buildKustomization(
    `${MANIFESTS}server`,
    components.map((component) => `${MANIFESTS}components/${component}`),
  );
  const labels = built.find(({ kind }) => kind === "Deployment")?.metadata.labels ?? {};
  const counting = choice.counting.kind === "crds" ? countingRole(choice.counting.crds, ownLabels(labels)) : [];
  return inOrderOfNeed([...built, ...counting].map((object) => placed(object, choice)));
}

/** Whatever any choice brings, to be looked for by name. @throws Error where the package is damaged. */
export async function renderEverything(namespace: string): Promise<readonly KubernetesObject[]> {
  const choice: InstallationChoice = { overlays: OVERLAYS, counting: { kind: "all" }, namespace, image: null };
  const existing = countingRole([], {}).map((object) => placed(object, choice));
  return inOrderOfNeed([...(await renderInstallation(choice)), ...existing]);
}

/** Two below the root, as the bundled sources are. */
const MANIFESTS = fileURLToPath(new URL("../../manifests/", import.meta.url));

const OWN_GROUP = "crdguard.dev";

/** Names its resources one by one: no wildcard, and nothing that is no custom resource. */
function countingRole(crds: readonly CountedCrd[], labels: Readonly<Record<string, string>>): readonly KubernetesObject[] {
  const metadata = { name: EXISTING_ROLE, labels };
  // Of its own, the server reads whole objects by another role.
  const others = crds.filter(({ group }) => group !== OWN_GROUP);
  const groups = [...Map.groupBy(others, ({ group }) => group)].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata,
      rules: groups.map(([group, own]) => ({
        apiGroups: [group],
        resources: own.map(({ plural }) => plural).toSorted(),
        verbs: ["list"],
      })),
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: EXISTING_ROLE },
      subjects: [{ kind: "ServiceAccount", name: NAME, namespace: NAMESPACE }],
    },
  ];
}

function ownLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => key !== "app.kubernetes.io/component"));
}

function placed(object: KubernetesObject, { namespace, image }: InstallationChoice): KubernetesObject {
  const moved = namespace === NAMESPACE ? object : inNamespace(object, namespace);
  return image === null || moved.kind !== "Deployment" ? moved : asserted(withImage(moved, image));
}

/** Definitions speak of no namespace. */
function inNamespace(object: KubernetesObject, namespace: string): KubernetesObject {
  if (object.kind === "CustomResourceDefinition") return object;
  const moved = asserted(renamed(object, namespace));
  return moved.kind === "Namespace" ? { ...moved, metadata: { ...moved.metadata, name: namespace } } : moved;
}

/** Members called `namespace`, `crdguard/<name>` of flags, and host names of the Service. */
function renamed(node: unknown, namespace: string): unknown {
  if (typeof node === "string") {
    return node
      .replace(/^crdguard\/(?=crdguard(?:-catalog)?$)/, `${namespace}/`)
      .replace(/^crdguard\.crdguard\.svc(?=$|\.)/, `crdguard.${namespace}.svc`);
  }
  if (Array.isArray(node)) return node.map((each) => renamed(each, namespace));
  if (!isRecord(node)) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === "namespace" && value === NAMESPACE ? namespace : renamed(value, namespace),
    ]),
  );
}

function withImage(node: unknown, image: string): unknown {
  if (Array.isArray(node)) return node.map((each) => withImage(each, image));
  if (!isRecord(node)) return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, key === "image" ? image : withImage(value, image)]));
}

function asserted(input: unknown): KubernetesObject {
  const object = asKubernetesObject(input);
  if (object === null) throw new Error("an object has lost its kind or its name");
  return object;
}

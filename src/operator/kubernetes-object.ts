/** @file An object of Kubernetes as a manifest has it, and where the API server keeps it. */
import { isRecord } from "../crd/is-record.ts";

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMetadata;
  readonly [member: string]: unknown;
}

interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly [member: string]: unknown;
}

/** Null for what is no object with a kind and a name. */
export function asKubernetesObject(input: unknown): KubernetesObject | null {
  if (!isRecord(input)) return null;
  const { apiVersion, kind, metadata } = input;
  if (typeof apiVersion !== "string" || typeof kind !== "string" || !isRecord(metadata)) return null;

  const { name, namespace, labels, ...others } = metadata;
  if (typeof name !== "string") return null;
  return {
    ...input,
    apiVersion,
    kind,
    metadata: {
      name,
      ...(typeof namespace === "string" ? { namespace } : {}),
      ...(isRecord(labels) ? { labels: textsOf(labels) } : {}),
      ...others,
    },
  };
}

/** `Deployment crdguard/crdguard`, `ClusterRole crdguard`. */
export function titleOf({ kind, metadata: { name, namespace } }: KubernetesObject): string {
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

/** @throws Error for a kind that no manifest of ours has. */
function collectionPathOf({ apiVersion, kind, metadata: { namespace } }: KubernetesObject): string {
  const resource = RESOURCES.get(kind);
  if (resource === undefined) throw new Error(`no resource is known for ${kind}`);
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${resource}`;
}

export function pathOf(object: KubernetesObject): string {
  return `${collectionPathOf(object)}/${object.metadata.name}`;
}

/** What must be there first comes first: namespace, definitions, rights, what pods refer to, pods. */
export function inOrderOfNeed(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
  const ranks = [...RESOURCES.keys()];
  return objects.toSorted((one, other) => ranks.indexOf(one.kind) - ranks.indexOf(other.kind));
}

/** Of all kinds in manifests/, in the order of need. */
const RESOURCES: ReadonlyMap<string, string> = new Map([
  ["Namespace", "namespaces"],
  ["CustomResourceDefinition", "customresourcedefinitions"],
  ["ServiceAccount", "serviceaccounts"],
  ["ClusterRole", "clusterroles"],
  ["ClusterRoleBinding", "clusterrolebindings"],
  ["Role", "roles"],
  ["RoleBinding", "rolebindings"],
  ["Service", "services"],
  ["NetworkPolicy", "networkpolicies"],
  ["PodDisruptionBudget", "poddisruptionbudgets"],
  ["Issuer", "issuers"],
  ["Certificate", "certificates"],
  ["Deployment", "deployments"],
]);

function textsOf(input: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(input).flatMap(([key, value]) => (typeof value === "string" ? [[key, value] as const] : [])),
  );
}

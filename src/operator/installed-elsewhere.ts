/** @file Whether crdguard runs in another namespace than the one that was named: there is one installation in a cluster. */
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { listAt, textAt } from "../cluster/live/json.ts";

/**
 * What has no namespace is shared by name: an installation, or a removal, that was given another namespace would take the
 * rights of the server that runs. By whom they are bound, and whether there is a Deployment that may use them.
 * `namespace`: the other one, or null. Never rejects.
 */
export async function installedElsewhere(
  client: Pick<ApiClient, "request">,
  namespace: string,
): Promise<
  | { readonly ok: true; readonly namespace: string | null }
  | { readonly ok: false; readonly what: string; readonly error: ApiError }
> {
  const binding = await client.request({ method: "GET", path: `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${NAME}` });
  if (!binding.ok) {
    // Who may not read it cannot take it away, as the account of the Helm chart's hook, which leaves it to Helm.
    if (binding.error.code === "not-found" || binding.error.code === "forbidden") return { ok: true, namespace: null };
    return { ok: false, what: `ClusterRoleBinding ${NAME}`, error: binding.error };
  }
  const bound = listAt(binding.body, "subjects").flatMap((subject) => textAt(subject, "namespace") ?? []);
  if (bound.includes(namespace)) return { ok: true, namespace: null };
  for (const other of bound) {
    const path = `/apis/apps/v1/namespaces/${encodeURIComponent(other)}/deployments/${NAME}`;
    const deployment = await client.request({ method: "GET", path });
    if (deployment.ok) return { ok: true, namespace: other };
    if (deployment.error.code !== "not-found") {
      return { ok: false, what: `Deployment ${other}/${NAME}`, error: deployment.error };
    }
  }
  return { ok: true, namespace: null };
}

/** Of the binding and the Deployment in every installation. */
const NAME = "crdguard";

/** @file Names and labels of what the replicas of one installation share in its namespace. */

/** Of what a server makes there by itself; `app.kubernetes.io/part-of` would be taken for the installation's by Helm. */
export const KEPT_LABELS = { "app.kubernetes.io/name": "crdguard", "app.kubernetes.io/managed-by": "crdguard" } as const;

/** Secret of the authority. */
export const AUTHORITY_SECRET = "crdguard-authority";
/** On that Secret, RFC 3339: an authority that was made before then is to be replaced. */
export const REPLACE_BEFORE_ANNOTATION = "crdguard.dev/replace-before";
/** Who holds this Lease leads. */
export const LEADER_LEASE = "crdguard";
/** On that Lease: nobody leads while it is `"true"`, so that nothing is put back that is being removed. */
export const UNINSTALLING_ANNOTATION = "crdguard.dev/uninstalling";
/** What the name of a replica's own Lease begins with. */
export const REPLICA_LEASE_PREFIX = "crdguard-replica-";

export function leasesPath(namespace: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
}

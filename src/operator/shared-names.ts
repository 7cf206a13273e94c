/** @file Names of what the replicas of one installation share in its namespace. */

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

/** @file Events: what crdguard tells in the cluster, on the object that it is about. */

/** `events.k8s.io/v1` reasons, each with what it means in docs/log-and-metrics.md. */
export type EventReason =
  /** A CRD change was denied. On the CRD. */
  | "UpgradeDenied"
  /** What was denied would have dropped a version that objects are stored in. On the CRD. */
  | "StoredVersionAtRisk"
  /** A denial was lifted by an override. On the CRD. */
  | "UpgradeOverridden"
  /** From now on it can be proven that objects are stored in the storage version. On the CRD. */
  | "StorageVersionRecorded"
  /** An authority or its follower was made, or came into use. On the Secret. */
  | "CertificateRotated"
  /** The authority's Secret was lost, unreadable, expired or somebody else's, and was made anew. On the Secret. */
  | "AuthorityRepaired"
  /** On the webhook configuration. */
  | "RegistrationCreated"
  | "RegistrationRepaired"
  /** Its failurePolicy went from Ignore to Fail. */
  | "RegistrationEnforcing"
  /** The API server was not seen to reach the server by it, so that it goes on failing open. */
  | "RegistrationUnproven"
  /** On the GuardPolicy. */
  | "PolicyRestored"
  | "PolicyMalformed"
  | "ExceptionLapsed"
  /** On the Lease. */
  | "LeaderElected";

export interface ClusterEvent {
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    /** Absent for what has none; the Event then goes to `default`. */
    readonly namespace?: string;
    /** Without it `kubectl describe` does not find the Event. */
    readonly uid?: string;
  };
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  /** What was done, in CamelCase: `DenyUpdate`, `RotateAuthority`. */
  readonly action: string;
  /** For people; made in explain/. Cut to what an Event may hold. */
  readonly note: string;
}

export interface EventRecorder {
  /** Returns at once: written later, rate-limited, repeated ones as one series; never throws. */
  record(event: ClusterEvent): void;
}

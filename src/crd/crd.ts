/** @file What a CustomResourceDefinition is to crdguard: only what the rules read, frozen by type. */

export interface CrdVersion {
  readonly name: string;
  /** Clients can read and write objects in this version. */
  readonly isServed: boolean;
  /** Objects are persisted in this version when they are next written; exactly one version of a valid CRD has it. */
  readonly isStorage: boolean;
}

/** Versions still named in the status, and where that is known from. */
export interface StoredVersions {
  readonly names: readonly string[];
  /**
   * `status`: as the API server reports it. `assumed`: the manifest carries no status, so the storage version is taken
   * for the stored one; older stored versions are then unknown.
   */
  readonly source: "status" | "assumed";
}

/** A release bundle the CRD says it belongs to, from annotations; informative, never the ground of a decision. */
export interface Bundle {
  readonly version: string;
  readonly channel: string | null;
}

export interface Crd {
  /** `<plural>.<group>`, for example `grpcroutes.gateway.networking.k8s.io`. */
  readonly name: string;
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  readonly scope: "Namespaced" | "Cluster";
  /** In the order of the manifest. */
  readonly versions: readonly CrdVersion[];
  readonly stored: StoredVersions;
  readonly bundle: Bundle | null;
  /** Newest `managedFields` time of a write to the main resource (not `/status`), or null where none is recorded. */
  readonly lastWrittenAt: string | null;
  /** The API server's storage version migrator finished for exactly this generation (condition on the CRD). */
  readonly isMigratedInTree: boolean;
  readonly isTerminating: boolean;
}

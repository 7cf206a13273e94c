/** @file What a snapshot holds: the facts of a cluster at one moment, slimmed to what decisions rest on. */
import type { FieldsInUse } from "../../objects/fields-in-use.ts";
import type { MigrationEvidence, ObjectEvidence, WriterEvidence } from "../../rules/facts.ts";

export type JsonRecord = Readonly<Record<string, unknown>>;

export interface Snapshot {
  /** Version of the crdguard that took it. */
  readonly crdguard: string;
  /** RFC 3339. */
  readonly takenAt: string;
  readonly cluster: SnapshotOrigin;
  /**
   * Names are pseudonyms, and of arguments and settings no more is told than answers these questions of the catalog that it
   * was taken with (`questionsDigest`); null: nothing is redacted.
   */
  readonly redactedFor: string | null;
  /**
   * CRDs, workloads, APIRequirements, GuardPolicies and ClusterServiceVersions: Kubernetes objects with some members left out, so that a
   * later crdguard may read more of them.
   */
  readonly objects: readonly JsonRecord[];
  /** ConfigMaps that the catalog's conditions ask for, and what was found of them; another was not looked at. */
  readonly settings: readonly SettingsLook[];
  /** Catalog entries of the cluster's own, which count more than all others. */
  readonly ownCatalog: OwnCatalogEntries | null;
  /** Collections that could not be read, and are done without. */
  readonly unread: readonly UnreadCollection[];
  /** By name of the CRD. */
  readonly evidence: ReadonlyMap<string, CrdEvidence>;
  /** What `crdguard doctor` has found out besides, of any shape; undefined: nothing. */
  readonly health: unknown;
}

export interface SnapshotOrigin {
  /** `v1.35.4`, or null where it is not known. */
  readonly kubernetesVersion: string | null;
  /** URL without credentials, or the folder's path; null in a redacted snapshot. */
  readonly server: string | null;
}

export type SettingsLook = { readonly namespace: string; readonly name: string } & (
  | { readonly state: "read"; /** Null: the ConfigMap has no such key. */ readonly values: ReadonlyMap<string, string | null> }
  | { readonly state: "absent" }
  | { readonly state: "unreadable"; readonly reason: string }
);

export interface OwnCatalogEntries {
  readonly namespace: string;
  readonly name: string;
  /** One file of the catalog each, by key. */
  readonly files: ReadonlyMap<string, string>;
}

export interface UnreadCollection {
  /** Plural. */
  readonly resource: string;
  readonly reason: string;
}

/** What is known of the objects of one CRD; `not-counted` and `not-sampled` where nobody asked. */
export interface CrdEvidence {
  readonly objects: ObjectEvidence;
  readonly migration: MigrationEvidence;
  readonly writers: WriterEvidence;
  /** Which fields they set; missing where nobody asked. */
  readonly fields?: readonly FieldStatistics[];
}

/** Of the objects of a CRD, as they are read in one version. */
export type FieldStatistics = { readonly version: string } & (
  | ({
      readonly state: "read";
      /** Objects looked at. */
      readonly objectCount: number;
      /** All there are, as the API server estimates them; null where it does not say. */
      readonly totalCount: number | null;
      /** False when time cut it short. */
      readonly isComplete: boolean;
      readonly seconds: number;
    } & FieldsInUse)
  | { readonly state: "unreadable"; readonly reason: string }
);

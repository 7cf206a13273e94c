/** @file An immutable picture of what is known of the cluster, as far as it bears on one change. */
import type { Crd } from "../crd/crd.ts";
import type { Bundle } from "./bundle.ts";
import type { Requirement } from "./requirement.ts";

export interface WorkloadRef {
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet";
  readonly namespace: string;
  readonly name: string;
}

/** Tells workloads apart; in the order of keys, those of a namespace stand together within their kind. */
export function workloadKey({ kind, namespace, name }: WorkloadRef): string {
  return `${kind}/${namespace}/${name}`;
}

/** Where a need is known from. */
export type NeedSource =
  | { readonly kind: "annotation"; readonly key: string }
  /** An APIRequirement object in the workload's namespace. */
  | { readonly kind: "api-requirement"; readonly name: string; readonly reason: string | null }
  /** OLM's ClusterServiceVersion in the workload's namespace, which installed the workload. */
  | { readonly kind: "cluster-service-version"; readonly name: string }
  | {
      readonly kind: "catalog";
      /** Catalog id, for example `envoy-gateway`. */
      readonly controller: string;
      /** Versions the entry speaks of, in semver range syntax. */
      readonly versionRange: string;
      readonly image: string;
      readonly container: string;
      /** What becomes of it when a need it cannot do without is not met; null where the outcome says it all. */
      readonly effect: string | null;
      /** API groups whose definitions come with the controller itself. */
      readonly owns: readonly string[];
    };

/**
 * How sure the need is. Only the first two are sure enough to deny by.
 * - `assumed`: it hangs on a ConfigMap that could not be read, and is taken to hold.
 * - `conditional`: it hangs on a setting that nothing tells crdguard.
 * - `unconfirmed`: the catalog itself is not sure of it.
 * - `unknown-version`: the image is that of a known controller, but its tag names no version that the catalog knows; some
 *   version of it has this need.
 * - `replaced`: the workload is about to be replaced by one without this need.
 */
export type Certainty =
  | { readonly kind: "known" }
  | { readonly kind: "assumed"; readonly condition: string }
  | { readonly kind: "conditional"; readonly condition: string }
  | { readonly kind: "unconfirmed" }
  | { readonly kind: "unknown-version" }
  | { readonly kind: "replaced" };

/**
 * A later release of the same controller, and all that it needs under the settings of today, definitions that it brings
 * along among them.
 */
export interface LaterRelease {
  /** First version of the range, for example `1.1.0`. */
  readonly minimumVersion: string;
  readonly requirements: readonly Requirement[];
}

/** One running workload that needs one API. */
export interface Need {
  readonly workload: WorkloadRef;
  readonly requirement: Requirement;
  readonly source: NeedSource;
  readonly certainty: Certainty;
  /** Oldest first; empty for needs that do not come from the catalog. */
  readonly laterReleases: readonly LaterRelease[];
}

/** Needs of one workload, and what it declares that cannot be read. */
export interface WorkloadNeeds {
  readonly needs: readonly Need[];
  readonly unreadable: readonly UnreadableDeclaration[];
}

/** A declaration on a running workload that could not be read, so nobody knows what it asks for. */
export interface UnreadableDeclaration {
  readonly workload: WorkloadRef;
  readonly key: string;
  readonly value: string;
  readonly problem: string;
}

/** What is known of the live objects of the changed CRD. Counts are of objects, not of bytes or versions. */
export type ObjectEvidence =
  /** No rule asked. */
  | { readonly kind: "not-counted" }
  | {
      readonly kind: "counted";
      readonly total: number;
      /** False when the deadline cut the count short: `total` is then a lower bound. */
      readonly isComplete: boolean;
      /** Key: namespace, or the empty string for cluster-scoped objects. */
      readonly byNamespace: ReadonlyMap<string, number>;
      /** `namespace/name` or `name` of the first few, for a reader who may see them. */
      readonly examples: readonly ObjectRef[];
      readonly source: EvidenceSource;
    }
  /** `isForbidden`: for want of the right to list them, which the server's role can be given. */
  | { readonly kind: "uncountable"; readonly reason: string; readonly isForbidden?: boolean };

export interface ObjectRef {
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
}

export type EvidenceSource =
  | { readonly kind: "cluster" }
  | { readonly kind: "folder"; readonly path: string }
  /** A file that holds the facts of a cluster. `takenAt`: RFC 3339. */
  | { readonly kind: "snapshot"; readonly takenAt: string };

/**
 * Whether every object is known to have been rewritten into the storage version of the CRD's current generation.
 * `unproven`: it is recorded since when objects are stored in it, and some were last written before.
 */
export type MigrationEvidence =
  | { readonly kind: "none" }
  | { readonly kind: "succeeded"; readonly by: string }
  | {
      readonly kind: "unproven";
      readonly by: string;
      /** Objects that were not written since, and all that were looked at. */
      readonly unprovenCount: number;
      readonly objectCount: number;
      /** False when the deadline cut the look short: both are then lower bounds. */
      readonly isComplete: boolean;
      /** The first few that were not written since, for a reader who may see them. */
      readonly examples: readonly ObjectRef[];
    }
  | { readonly kind: "outdated"; readonly by: string; readonly reason: string };

/** Who wrote the objects of a CRD, and in which version of it. */
export type WriterEvidence =
  /** No rule asked. */
  | { readonly kind: "not-sampled" }
  | {
      readonly kind: "sampled";
      /** Objects looked at. */
      readonly objectCount: number;
      /** False when there are more objects than were looked at. */
      readonly isComplete: boolean;
      /** Most objects first. */
      readonly writers: readonly Writer[];
    }
  /** `isForbidden`: for want of the right to list them, which the server's role can be given. */
  | { readonly kind: "unreadable"; readonly reason: string; readonly isForbidden?: boolean };

/** Whoever wrote objects in one version. Nobody counts for a version that they have turned away from since. */
export interface Writer {
  /**
   * `field-manager`: as the API server records it in `managedFields`, for example `argocd-controller`. `file`: a manifest
   * in a folder, which is written in the version that it names.
   */
  readonly kind: "field-manager" | "file";
  /** The field manager's name, or the file's path. */
  readonly name: string;
  readonly version: string;
  readonly objectCount: number;
  /** Nothing but a subresource, such as the status, which controllers write and manifests do not. */
  readonly isSubresourceOnly: boolean;
  /** RFC 3339, or null where no time is recorded. */
  readonly lastWrittenAt: string | null;
}

/**
 * What live objects make of the new schemas: which of them would be refused, and what they hold that would be lost. Only what the
 * change makes worse.
 */
export type FitEvidence =
  /** No rule asked. */
  | { readonly kind: "not-looked" }
  | FitLook
  /** `isForbidden`: for want of the right to list them, which the server's role can be given. */
  | { readonly kind: "unreadable"; readonly reason: string; readonly isForbidden?: boolean };

export interface FitLook {
  readonly kind: "looked";
  /** Objects looked at. */
  readonly objectCount: number;
  /** All there are, as the API server estimates them; null where it does not say. */
  readonly totalCount: number | null;
  /** False when time or a limit cut the look short: counts are then lower bounds. */
  readonly isComplete: boolean;
  readonly seconds: number;
  /** Objects that some version would refuse, for whatever cause. */
  readonly rejectedCount: number;
  /** Objects that would lose at least one field. */
  readonly losingCount: number;
  /** Most objects first; at most as many as an explanation can hold, by `MAX_CAUSES` of `objects/`. */
  readonly rejections: readonly Rejection[];
  readonly losses: readonly Loss[];
  /** Objects that fail a rule of `x-kubernetes-validations`, as far as such rules can be evaluated here: advice alone. */
  readonly failedRules: readonly FailedCelRule[];
  readonly unevaluatedRules: readonly UnevaluatedCelRule[];
  /**
   * No object was at hand, only which fields they set: fields of several objects may be those of as many others.
   * `isInDoubt`: what the change makes of values, or of keys of maps, cannot be told by that.
   */
  readonly outline?: { readonly isInDoubt: boolean };
  readonly source: EvidenceSource;
}

/** One cause for which objects would be refused. */
export interface Rejection {
  /** Version of the CRD in which they would be. */
  readonly version: string;
  /** `status.supportedFeatures[]`: brackets stand for whatever index or key. */
  readonly path: string;
  /** As the API server words it, without path and value: `must be of type object`. */
  readonly message: string;
  readonly objectCount: number;
  /** The first few, for a reader who may see them. */
  readonly examples: readonly FitExample[];
}

/** A field that objects set and that would be lost. */
export interface Loss {
  /** Version of the CRD whose new schema does not know it. */
  readonly version: string;
  /** `stored`: objects are stored in that version, so that every write loses it. `served`: a write in that version does. */
  readonly role: "stored" | "served";
  readonly path: string;
  readonly objectCount: number;
  readonly examples: readonly FitExample[];
}

export interface FitExample {
  readonly object: ObjectRef;
  /** With indexes: `status.supportedFeatures[0]`. */
  readonly path: string;
  /** JSON, shortened; null where it may be a secret, or is not known. */
  readonly value: string | null;
}

export interface FailedCelRule {
  readonly version: string;
  /** Of the schema that has the rule; empty: of the whole object. */
  readonly path: string;
  readonly rule: string;
  readonly message: string;
  readonly objectCount: number;
  readonly examples: readonly FitExample[];
}

export interface UnevaluatedCelRule {
  readonly version: string;
  readonly path: string;
  readonly rule: string;
  /** As a clause: `it reads oldSelf`. */
  readonly reason: string;
}

/** What is wrong with the webhook that converts objects, as far as can be told from where crdguard runs. */
export type WebhookProblem =
  | { readonly kind: "service-missing" }
  /** The service is there, and no pod of it is ready. */
  | { readonly kind: "no-endpoints" }
  /** Tried from here, which need not be where the API server calls from. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "ca-malformed"; readonly reason: string }
  /** It shows a certificate that the caBundle does not vouch for. */
  | { readonly kind: "distrusted"; readonly reason: string };

export type WebhookLook =
  | { readonly kind: "answers" }
  | { readonly kind: "broken"; readonly problem: WebhookProblem }
  | { readonly kind: "unknown"; readonly reason: string };

/** The conversion webhook of the CRD, before the change and after; null where there is none, and where no rule asked. */
export interface WebhookLooks {
  readonly before: WebhookLook | null;
  readonly after: WebhookLook | null;
}

export interface Facts {
  /** All CRDs of the cluster, by name, as they are before the change. */
  readonly crds: ReadonlyMap<string, Crd>;
  /** CRDs that are applied along with the change, by name. */
  readonly applied: ReadonlyMap<string, Crd>;
  /** Released sets of CRDs that could be installed. */
  readonly bundles: readonly Bundle[];
  /** Needs of running workloads for the changed CRD's resource; empty for a workload, which brings its own. */
  readonly needs: readonly Need[];
  /** All unreadable declarations in the cluster: any of them may speak of the changed CRD. */
  readonly unreadableDeclarations: readonly UnreadableDeclaration[];
  readonly objects: ObjectEvidence;
  readonly migration: MigrationEvidence;
  readonly writers: WriterEvidence;
  readonly fit: FitEvidence;
  readonly webhooks: WebhookLooks;
}

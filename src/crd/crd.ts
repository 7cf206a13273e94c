/** @file What a CustomResourceDefinition is to crdguard: only what the rules read, frozen by type. */
import type { Labels } from "./label-selector.ts";

export interface CrdVersion {
  readonly name: string;
  /** Clients can read and write objects in this version. */
  readonly isServed: boolean;
  /** Objects are persisted in this version when they are next written; exactly one version of a valid CRD has it. */
  readonly isStorage: boolean;
  /** What its objects look like; missing where it is not kept, as in the picture of a live cluster, which would be too large. */
  readonly form?: VersionForm;
}

/** What objects of a version look like, and how clients see them. */
export interface VersionForm {
  readonly schema: WrittenSchema;
  readonly hasStatus: boolean;
  /** As text that tells two apart; null where there is no scale subresource. */
  readonly scale: string | null;
  /** JSON paths that field selectors may name. */
  readonly selectableFields: readonly string[];
  readonly printerColumns: readonly PrinterColumn[];
  readonly isDeprecated: boolean;
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
}

/**
 * A schema as it is written, unread: reading one takes milliseconds, and hardly any review asks. `json`: exact JSON text;
 * `value`: parsed JSON or YAML, where integers that a double cannot hold may be `bigint`. `schema/read-schema.ts` reads it.
 */
export type WrittenSchema =
  { readonly kind: "json"; readonly text: string } | { readonly kind: "value"; readonly value: unknown };

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

/** A condition of the status, of those types that tell of an illness: NamesAccepted, NonStructuralSchema, Terminating. */
export interface CrdCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** Where a webhook is called. A service's port is 443 unless told. */
export type WebhookTarget =
  | { readonly kind: "service"; readonly namespace: string; readonly name: string; readonly port: number }
  | { readonly kind: "url"; readonly url: string };

/**
 * How objects get from one version into another. `caBundle`: PEM in base64, or null where none is set. `isUntold`: a manifest says
 * nothing of it, so that whoever applies it may well leave in place what somebody else has set.
 */
export type CrdConversion =
  | { readonly kind: "none"; readonly isUntold?: true }
  | { readonly kind: "webhook"; readonly target: WebhookTarget; readonly caBundle: string | null };

export type ConversionWebhook = Extract<CrdConversion, { readonly kind: "webhook" }>;

/** Who says of itself, on the CRD, that it keeps it. */
export type CrdOwner =
  /** `isKept`: Helm leaves it behind when the release is uninstalled (`helm.sh/resource-policy: keep`). */
  | { readonly kind: "helm-release"; readonly namespace: string; readonly name: string; readonly isKept: boolean }
  /** `namespace` null: that of Argo CD itself. */
  | { readonly kind: "argo-application"; readonly namespace: string | null; readonly name: string }
  | { readonly kind: "flux-kustomization"; readonly namespace: string; readonly name: string }
  | { readonly kind: "flux-helm-release"; readonly namespace: string; readonly name: string }
  /** Of the cluster's provider; it puts back what it finds changed. */
  | { readonly kind: "addon-manager" }
  /** Operator Lifecycle Manager. */
  | { readonly kind: "olm" };

/** A field manager that `spec.versions` are of: there is one, unless several apply the same server-side. */
export interface CrdDefiner {
  readonly manager: string;
  /** By server-side apply; else by an update, as client-side tools do it. */
  readonly isApplied: boolean;
}

/** An override, as annotations ask for it: raw text, which `policy/override.ts` reads. */
export interface OverrideRequest {
  /** `crdguard.dev/override`: ids of rules, separated by commas. */
  readonly rules: string;
  /** `crdguard.dev/override-reason`; null where there is none. */
  readonly reason: string | null;
  /** `crdguard.dev/override-until`, RFC 3339; null where there is none. */
  readonly until: string | null;
}

export interface Crd {
  /** `<plural>.<group>`, for example `grpcroutes.gateway.networking.k8s.io`. */
  readonly name: string;
  /** `metadata.uid`; null where no cluster has taken it yet. */
  readonly uid: string | null;
  /** `metadata.generation`, which grows by one with each change of the spec; null where no cluster has taken it yet. */
  readonly generation: number | null;
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  /** By which clients may name its objects, beside plural and kind. */
  readonly otherNames: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly labels: Labels;
  /** In the order of the manifest. */
  readonly versions: readonly CrdVersion[];
  readonly stored: StoredVersions;
  readonly bundle: Bundle | null;
  /** Null where the annotation that names rules is missing. Who may ask for one is not said by it. */
  readonly override: OverrideRequest | null;
  /** Newest `managedFields` time of a write to the main resource (not `/status`), or null where none is recorded. */
  readonly lastWrittenAt: string | null;
  /** The API server's storage version migrator finished for exactly this generation (condition on the CRD). */
  readonly isMigratedInTree: boolean;
  readonly isTerminating: boolean;
  /** RFC 3339; null unless it is being deleted. */
  readonly terminatingSince: string | null;
  readonly finalizers: readonly string[];
  readonly conditions: readonly CrdCondition[];
  readonly conversion: CrdConversion;
  /** `spec.preserveUnknownFields`, of CRDs as old as `apiextensions.k8s.io/v1beta1`: nothing of their objects is pruned. */
  readonly preservesUnknownFields?: true;
  readonly owners: readonly CrdOwner[];
  /** Field managers that apply its main resource server-side. */
  readonly appliers: readonly string[];
  /** None where the object does not tell, as manifests and snapshots do not. */
  readonly definers: readonly CrdDefiner[];
  /** Somebody is asked by an annotation to write the caBundle of the conversion webhook. */
  readonly isCaBundleInjected: boolean;
}

/** What a CRD has that no cluster has taken yet, and that nobody says to own. */
export const UNRECORDED = {
  uid: null,
  generation: null,
  otherNames: [],
  override: null,
  labels: {},
  lastWrittenAt: null,
  isMigratedInTree: false,
  isTerminating: false,
  terminatingSince: null,
  finalizers: [],
  conditions: [],
  conversion: { kind: "none" },
  owners: [],
  appliers: [],
  definers: [],
  isCaBundleInjected: false,
} as const satisfies Partial<Crd>;

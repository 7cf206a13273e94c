/** @file An immutable picture of what ails a cluster, as far as crdguard looks: all that the checks of `doctor` go by. */
import type { CrdOwner, WebhookTarget } from "../crd/crd.ts";
import type { Bundle } from "../rules/bundle.ts";
import type { EvidenceSource, MigrationEvidence, ObjectEvidence, WorkloadRef } from "../rules/facts.ts";
import type { KnownNeeds } from "../rules/standing.ts";

export interface HealthFacts extends KnownNeeds {
  readonly source: EvidenceSource;
  /** Milliseconds since 1970. */
  readonly nowMilliseconds: number;
  /** Released sets of CRDs that could be installed. */
  readonly bundles: readonly Bundle[];
  /** Controllers of the catalog that bring CRDs along, of groups that are there. */
  readonly controllers: readonly ControllerPresence[];
  /** By name of the CRD; of those alone that a check asks for. */
  readonly objects: ReadonlyMap<string, ObjectEvidence>;
  /** By name of the CRD: finalizers that keep objects of a CRD that is being deleted. */
  readonly finalizers: ReadonlyMap<string, readonly HeldObjects[]>;
  /** By name of the CRD. */
  readonly migrations: ReadonlyMap<string, MigrationEvidence>;
  /** By `ownerKey`. */
  readonly owners: ReadonlyMap<string, OwnerEvidence>;
  /** By name of the CRD. */
  readonly conversions: ReadonlyMap<string, ConversionEvidence>;
  /** Admission policies that speak of CRDs. */
  readonly policies: readonly AdmissionPolicy[];
  readonly guard: GuardEvidence;
  /** In the order of their names. */
  readonly guardPolicies: readonly GuardPolicyLook[];
  /** What could not be looked at, and thus is not known to be well. */
  readonly unread: readonly Unread[];
}

export interface GuardPolicyLook {
  readonly name: string;
  /** False: nothing of it counts. */
  readonly counts: boolean;
  /** One sentence each, without a full stop; none where all of it counts. */
  readonly problems: readonly string[];
  readonly lapsed: readonly LookedException[];
  /** Within a fortnight. */
  readonly lapsing: readonly LookedException[];
}

export interface LookedException {
  readonly rule: string;
  readonly crd: string;
  readonly reason: string;
  readonly owner: string;
  /** RFC 3339. */
  readonly expires: string;
}

/** A controller of the catalog, and where it stands. */
export interface ControllerPresence {
  /** Catalog id. */
  readonly id: string;
  /** API groups whose definitions come with it. */
  readonly owns: readonly string[];
  /** Names of the CRDs that any release of it needs, under whatever setting. */
  readonly everWanted: ReadonlySet<string>;
  /** Workloads of it, running or scaled to zero. */
  readonly installed: readonly InstalledController[];
}

export interface InstalledController {
  readonly workload: WorkloadRef;
  readonly image: string;
  /** Names of the CRDs that this release needs, under whatever setting; null where its version is not known. */
  readonly wanted: ReadonlySet<string> | null;
}

/** Objects that are being deleted, and wait for whoever has set this finalizer. */
export interface HeldObjects {
  readonly finalizer: string;
  /** Of those that were looked at. */
  readonly count: number;
}

/** Owners of which something in the cluster can tell whether they are there. */
export type TraceableOwner = Exclude<CrdOwner, { readonly kind: "addon-manager" | "olm" }>;

export type OwnerEvidence =
  | { readonly kind: "exists" }
  | { readonly kind: "gone" }
  /** It cannot be looked up, or lives in another cluster. */
  | { readonly kind: "unknown"; readonly reason: string };

export function ownerKey(owner: TraceableOwner): string {
  return `${owner.kind}/${owner.namespace ?? ""}/${owner.name}`;
}

export function isTraceable(owner: CrdOwner): owner is TraceableOwner {
  return owner.kind !== "addon-manager" && owner.kind !== "olm";
}

/** A certificate, as far as time goes. RFC 3339. */
export interface CertificateSpan {
  readonly subject: string;
  readonly notBefore: string;
  readonly notAfter: string;
}

/** Whether somebody listens at a webhook's address, as far as can be told from here. */
export type Reach =
  | { readonly kind: "listening" }
  | { readonly kind: "service-missing" }
  /** The service is there, and no pod of it is ready. */
  | { readonly kind: "no-endpoints" }
  /** Tried from here, which need not be where the API server calls from. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };

/** The authorities of a webhook's caBundle. */
export type Authorities =
  /** The API server goes by the authorities that its host trusts. */
  | { readonly kind: "none" }
  | { readonly kind: "malformed"; readonly reason: string }
  | { readonly kind: "read"; readonly certificates: readonly CertificateSpan[] };

/** What a webhook's server shows when it is connected to. */
export type Served =
  | {
      readonly kind: "seen";
      readonly certificate: CertificateSpan;
      /** Why its caBundle does not vouch for it, or null. */ readonly distrust: string | null;
    }
  | { readonly kind: "not-seen"; readonly reason: string };

export interface EndpointEvidence {
  readonly target: WebhookTarget;
  readonly reach: Reach;
  readonly authorities: Authorities;
  readonly served: Served;
}

/** What came of reading an object in a version that it is not stored in. */
export type ConversionTrial =
  /** `isSure`: nothing but a conversion can have given this answer. */
  | { readonly kind: "works"; readonly version: string; readonly isSure: boolean }
  | { readonly kind: "failed"; readonly version: string; readonly reason: string }
  /** There is no object, or no second version to read it in. */
  | { readonly kind: "nothing-to-convert" }
  | { readonly kind: "unknown"; readonly reason: string };

export interface ConversionEvidence {
  readonly endpoint: EndpointEvidence;
  readonly trial: ConversionTrial;
}

/** A ValidatingAdmissionPolicy that names customresourcedefinitions. */
export interface AdmissionPolicy {
  readonly name: string;
  /** Bindings of it that deny; one that only warns or audits refuses nothing. */
  readonly denyingBindings: readonly string[];
}

/** Our own registrations, and who answers them. */
export type GuardEvidence =
  /** A folder tells nothing of it. */
  | { readonly kind: "not-examined" }
  | {
      readonly kind: "examined";
      /** Deployments of crdguard, running or not. */
      readonly servers: readonly WorkloadRef[];
      readonly registrations: readonly Registration[];
    };

export interface Registration {
  readonly kind: "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration";
  readonly name: string;
  readonly role: "validating" | "explainer" | "workloads";
  /** What was changed by hand, or belongs to another version of crdguard. */
  readonly differences: readonly Difference[];
  /** One for each address that it names. */
  readonly endpoints: readonly EndpointEvidence[];
  /** A webhook of it fails closed. */
  readonly isBlocking: boolean;
  /** A server that was started with `--keep-installed` has made it, and puts it right itself. */
  readonly isKept: boolean;
}

export interface Difference {
  /** `webhooks[changes.crdguard.dev].matchConditions` */
  readonly field: string;
  /** JSON, or null where there should be nothing. */
  readonly expected: string | null;
  /** JSON, or null where there is nothing. */
  readonly found: string | null;
}

export interface Unread {
  readonly what: UnreadThing;
  readonly reason: string;
  /** RBAC is in the way, so that a role would help. */
  readonly isForbidden: boolean;
}

export type UnreadThing =
  /** Whether these are there; all of one kind. */
  | { readonly kind: "owners"; readonly owners: readonly [TraceableOwner, ...TraceableOwner[]] }
  /** Names of CRDs whose conversion could not be tried. */
  | { readonly kind: "conversions"; readonly crds: readonly [string, ...string[]] }
  /** Services of webhooks. */
  | { readonly kind: "endpoints"; readonly targets: readonly [WebhookTarget, ...WebhookTarget[]] }
  /** Certificates that are served there. */
  | { readonly kind: "served"; readonly targets: readonly [WebhookTarget, ...WebhookTarget[]] }
  /** Finalizers of the objects of this CRD. */
  | { readonly kind: "finalizers"; readonly crd: string }
  | { readonly kind: "policies" }
  /** Webhook configurations. */
  | { readonly kind: "registrations" }
  /** More than a single run asks about. */
  | {
      readonly kind: "surplus";
      readonly of: "objects" | "owners" | "conversions" | "migrations" | "finalizers";
      readonly count: number;
    };

/** @file What a check finds: facts and ways out as data. Words for people are made of them in `explain/`. */
import type { Crd, CrdOwner } from "../crd/crd.ts";
import type { Bundle } from "../rules/bundle.ts";
import type { MigrationEvidence, Need, ObjectEvidence, UnreadableDeclaration, WorkloadRef } from "../rules/facts.ts";
import type { Doubt, HurtWorkload } from "../rules/finding.ts";
import type { Requirement } from "../rules/requirement.ts";
import type {
  AdmissionPolicy,
  CertificateSpan,
  Difference,
  EndpointEvidence,
  GuardPolicyLook,
  HeldObjects,
  InstalledController,
  Reach,
  Registration,
  TraceableOwner,
  Unread,
} from "./facts.ts";
import type { Severity } from "./severity.ts";

/** What ails. */
export type HealthSubject =
  | { readonly kind: "crd"; readonly name: string }
  /** Who left several CRDs behind. */
  | { readonly kind: "owner"; readonly owner: TraceableOwner }
  /** Several CRDs of one group. */
  | { readonly kind: "api-group"; readonly group: string }
  | { readonly kind: "workload"; readonly workload: WorkloadRef }
  | { readonly kind: "bundle"; readonly title: string }
  | { readonly kind: "admission-policy"; readonly name: string }
  | { readonly kind: "guard-policy"; readonly name: string }
  | { readonly kind: "registration"; readonly registration: Pick<Registration, "kind" | "name"> }
  | { readonly kind: "guard" }
  /** crdguard's own view of the cluster. */
  | { readonly kind: "view" };

/** CRDs of a bundle that carry the same release and channel. */
export interface BundlePart {
  readonly version: string;
  readonly channel: string | null;
  /** Names of CRDs, sorted. */
  readonly crds: readonly string[];
}

/** A CRD that was left behind, and what is left in it. */
export interface LeftCrd {
  readonly crd: Crd;
  readonly objects: ObjectEvidence;
}

type LeftCrds = readonly [LeftCrd, ...LeftCrd[]];

/** Why a conversion cannot be counted on. */
export type ConversionProblem =
  /** Seen: an object could not be read. */
  | { readonly kind: "conversion-failed"; readonly version: string; readonly reason: string }
  | { readonly kind: "unreachable"; readonly reach: Exclude<Reach, { readonly kind: "listening" | "unknown" }> }
  | { readonly kind: "ca-malformed"; readonly reason: string }
  | { readonly kind: "distrusted"; readonly reason: string };

/** Whose certificate: that of the server, or all of those in the caBundle. */
export interface CheckedCertificate {
  readonly of: "server" | "authority";
  readonly certificate: CertificateSpan;
  /** Whole days until it ends; negative when it has ended. */
  readonly daysLeft: number;
}

export type HealthFact =
  | { readonly kind: "stored-version-unlisted"; readonly versions: readonly string[]; readonly objects: ObjectEvidence }
  | {
      readonly kind: "crd-terminating";
      /** Null where it is not recorded. */
      readonly since: string | null;
      readonly isFresh: boolean;
      readonly objects: ObjectEvidence;
      /** Of the definition itself. */
      readonly finalizers: readonly string[];
      /** Of its objects. */
      readonly held: readonly HeldObjects[];
      /** The API server's own words. */
      readonly condition: string | null;
    }
  | { readonly kind: "crd-not-structural"; readonly reason: string }
  | {
      readonly kind: "crd-names-refused";
      readonly reason: string;
      /** The CRD that has the names. */ readonly holder: string | null;
    }
  | {
      readonly kind: "recorded-owner-gone";
      readonly owner: TraceableOwner;
      /** `needed`: by a running workload. `kept`: another owner is named on it, and not known to be gone. */
      readonly use: "needed" | "kept" | "none";
      readonly crds: LeftCrds;
    }
  | {
      readonly kind: "crd-outgrown";
      readonly controller: string;
      readonly installed: readonly [InstalledController, ...InstalledController[]];
      readonly crds: LeftCrds;
    }
  | { readonly kind: "controller-absent"; readonly controllers: readonly [string, ...string[]]; readonly crds: LeftCrds }
  | {
      readonly kind: "migration-due";
      /** Stored besides the storage version. */
      readonly old: readonly [string, ...string[]];
      readonly storage: string;
      readonly objects: ObjectEvidence;
      readonly migration: MigrationEvidence;
    }
  | { readonly kind: "stored-in-alpha"; readonly storage: string; readonly better: string }
  | { readonly kind: "alpha-only"; readonly crds: readonly string[] }
  | { readonly kind: "requirement-unmet"; readonly unmet: readonly [HurtWorkload, ...HurtWorkload[]] }
  | { readonly kind: "requirement-unsure"; readonly doubt: Doubt; readonly hurt: readonly [HurtWorkload, ...HurtWorkload[]] }
  | { readonly kind: "declaration-malformed"; readonly declaration: UnreadableDeclaration }
  | {
      readonly kind: "conversion-webhook-unreachable";
      readonly endpoint: EndpointEvidence;
      readonly problem: ConversionProblem;
      readonly objects: ObjectEvidence;
      /** Versions that clients can ask for. */
      readonly servedCount: number;
    }
  | { readonly kind: "conversion-certificate"; readonly endpoint: EndpointEvidence; readonly checked: CheckedCertificate }
  | { readonly kind: "bundle-mixed"; readonly parts: readonly BundlePart[]; readonly isOfOneRelease: boolean }
  | { readonly kind: "rollback-refused"; readonly policy: AdmissionPolicy; readonly isSafeUpgrades: boolean }
  | { readonly kind: "crd-owners-two"; readonly owners: readonly CrdOwner[]; readonly appliers: readonly string[] }
  | {
      readonly kind: "guard-not-registered";
      readonly missing: readonly Registration["role"][];
      readonly servers: readonly WorkloadRef[];
    }
  | {
      readonly kind: "guard-unreachable";
      readonly endpoint: EndpointEvidence;
      readonly reach: Exclude<Reach, { readonly kind: "listening" | "unknown" }>;
      readonly isBlocking: boolean;
    }
  | {
      readonly kind: "guard-ca-mismatch";
      readonly endpoint: EndpointEvidence;
      readonly reason: string;
      readonly isBlocking: boolean;
    }
  | { readonly kind: "guard-certificate"; readonly endpoint: EndpointEvidence; readonly checked: CheckedCertificate }
  | { readonly kind: "guard-registration-drifted"; readonly differences: readonly [Difference, ...Difference[]] }
  | { readonly kind: "policy-malformed"; readonly policy: GuardPolicyLook }
  | { readonly kind: "exception-lapsed"; readonly policy: GuardPolicyLook }
  | { readonly kind: "facts-unread"; readonly unread: Unread };

/** A way out. Each becomes a title and, where one exists, a command that can be pasted. */
export type HealthRemedy =
  | { readonly kind: "forget-stored-versions"; readonly crd: Crd; readonly isEmpty: boolean }
  /** Rewrite every object into the storage version, and forget all others. */
  | { readonly kind: "migrate"; readonly crd: Crd }
  | { readonly kind: "relist-versions"; readonly versions: readonly string[] }
  | { readonly kind: "look-at-held-objects"; readonly crd: Crd; readonly version: string }
  | { readonly kind: "drop-object-finalizers"; readonly crd: Crd; readonly version: string }
  | { readonly kind: "drop-crd-finalizers"; readonly crd: Crd }
  | { readonly kind: "serve-a-version"; readonly crd: Crd }
  | { readonly kind: "choose-by-name"; readonly crd: Crd; readonly holder: string | null }
  | { readonly kind: "make-structural"; readonly crd: Crd }
  | { readonly kind: "delete-leftovers"; readonly crds: LeftCrds }
  | { readonly kind: "ask-before-deletion"; readonly crds: LeftCrds }
  | { readonly kind: "disown"; readonly crds: LeftCrds; readonly owner: TraceableOwner }
  | { readonly kind: "store-in"; readonly crd: Crd; readonly to: string }
  | { readonly kind: "install-bundle"; readonly bundle: Bundle }
  | { readonly kind: "serve-required"; readonly requirements: readonly [Requirement, ...Requirement[]] }
  | { readonly kind: "upgrade-workload"; readonly need: Need; readonly minimumVersion: string }
  | { readonly kind: "scale-down"; readonly need: Need }
  | { readonly kind: "declare-requirement"; readonly need: Need }
  | { readonly kind: "correct-declaration"; readonly declaration: UnreadableDeclaration }
  | { readonly kind: "look-at-endpoint"; readonly endpoint: EndpointEvidence }
  | { readonly kind: "renew-certificate"; readonly endpoint: EndpointEvidence }
  | { readonly kind: "find-release" }
  | { readonly kind: "install-whole-bundle"; readonly bundle: Bundle }
  | { readonly kind: "lift-policy"; readonly policy: AdmissionPolicy }
  | { readonly kind: "look-at-policy"; readonly policy: AdmissionPolicy }
  | { readonly kind: "settle-on-one-owner"; readonly crd: Crd }
  | { readonly kind: "register-guard"; readonly missing: readonly Registration["role"][] }
  | { readonly kind: "restore-registration"; readonly registration: Pick<Registration, "kind" | "name" | "role" | "isKept"> }
  | { readonly kind: "set-ca-bundle"; readonly registration: Pick<Registration, "kind" | "name" | "isKept"> }
  | { readonly kind: "unblock"; readonly registration: Pick<Registration, "kind" | "name" | "isKept"> }
  /** By the name of the GuardPolicy. */
  | { readonly kind: "correct-policy"; readonly name: string }
  | { readonly kind: "renew-exceptions"; readonly name: string }
  | { readonly kind: "grant-reading" };

/** What a check returns; `examine` adds the check's id. */
export interface CheckFinding {
  readonly subject: HealthSubject;
  /** Of the subject, as a path; versions are named, not numbered. */
  readonly field: string;
  readonly fact: HealthFact;
  readonly remedies: readonly HealthRemedy[];
  /** The check's default unless told. */
  readonly severity?: Severity;
}

export interface HealthFinding extends CheckFinding {
  readonly check: string;
  readonly severity: Severity;
}

/** @file What a rule finds: facts and ways out as data. Words for people are made of them in `explain/`. */
import type { Crd } from "../crd/crd.ts";
import type { Bundle } from "./bundle.ts";
import type {
  Certainty,
  FailedCelRule,
  FitExample,
  FitLook,
  Loss,
  MigrationEvidence,
  Need,
  ObjectEvidence,
  UnevaluatedCelRule,
  UnreadableDeclaration,
  Writer,
} from "./facts.ts";
import type { ApiState, Outcome, Requirement } from "./requirement.ts";

export type Enforcement = "deny" | "warn" | "audit";

/** How the removal of a stored version stands; each has its own way out. */
export type StoredVersionCase =
  /** No object exists: dropping the entry from the status loses nothing. */
  | "no-objects"
  /** Today's storage version survives: rewriting the objects is enough. */
  | "migrate"
  /** The storage version itself goes in one jump, but another version survives: flip the storage version first. */
  | "storage-version-dropped"
  /** Nothing survives: objects cannot be carried over in place. */
  | "no-common-version";

/** Why a need is too unsure to deny anything by. */
export type Doubt = Exclude<Certainty["kind"], "known" | "assumed">;

/** A workload that a change would hurt. */
export interface HurtWorkload {
  readonly need: Need;
  readonly before: Outcome;
  readonly after: Outcome;
  readonly stateAfter: ApiState;
}

export type Fact =
  | LiveObjectsFact
  | {
      readonly kind: "stored-version-removed";
      readonly version: string;
      readonly case: StoredVersionCase;
      readonly objects: ObjectEvidence;
      /** True when the old CRD's status was not given, so that its storage version was taken for stored. */
      readonly isAssumedStored: boolean;
    }
  | {
      readonly kind: "stored-version-forgotten";
      readonly version: string;
      readonly isStorageVersion: boolean;
      readonly objects: ObjectEvidence;
      readonly migration: MigrationEvidence;
    }
  | {
      readonly kind: "required-version-unserved";
      readonly versions: readonly [string, ...string[]];
      readonly stateAfter: Exclude<ApiState, "served" | "absent">;
      readonly isCreate: boolean;
      readonly hurt: readonly [HurtWorkload, ...HurtWorkload[]];
    }
  | { readonly kind: "required-resource-deleted"; readonly hurt: readonly [HurtWorkload, ...HurtWorkload[]] }
  | {
      readonly kind: "workload-requirement-unmet";
      readonly unmet: readonly [HurtWorkload, ...HurtWorkload[]];
      /** `same-today`: it runs already, and is no better off. `own-definitions`: they come with it, and none is there yet. */
      readonly case: "worse" | "same-today" | "own-definitions";
    }
  | {
      readonly kind: "requirement-unsure";
      readonly doubt: Doubt;
      readonly hurt: readonly [HurtWorkload, ...HurtWorkload[]];
      /** True of a workload that is applied; else it is a CRD that changes under running ones. */
      readonly isOfWorkload: boolean;
    }
  | {
      readonly kind: "declaration-unreadable";
      /** True of a workload that is applied; else it is a CRD that changes under running ones. */
      readonly isOfWorkload: boolean;
      readonly declarations: readonly [UnreadableDeclaration, ...UnreadableDeclaration[]];
    }
  | { readonly kind: "objects-deleted"; readonly objects: ObjectEvidence }
  | {
      readonly kind: "version-in-use-unserved";
      readonly version: string;
      /** False: it is dropped from the list. */
      readonly isListed: boolean;
      /** Most objects first. */
      readonly writers: readonly [Writer, ...Writer[]];
      /** Objects looked at, written in this version or not. */
      readonly objectCount: number;
      /** False when there are more objects than were looked at. */
      readonly isComplete: boolean;
    }
  /** Who writes in versions that go away is not known. */
  | { readonly kind: "writers-unknown"; readonly versions: readonly [string, ...string[]]; readonly reason: string };

/** How much was seen of the live objects: where not all, other counts are lower bounds. */
export type LookSize = Pick<FitLook, "objectCount" | "totalCount" | "isComplete" | "seconds" | "source">;

/** One cause for which live objects would be refused, in whichever versions. */
export interface RejectionCause {
  readonly versions: readonly [string, ...string[]];
  /** `status.supportedFeatures[]`: brackets stand for whatever index or key. */
  readonly path: string;
  readonly message: string;
  readonly objectCount: number;
  readonly examples: readonly FitExample[];
}

/** A field of live objects that would be lost, in whichever versions. */
export interface FieldLoss {
  readonly versions: readonly [string, ...string[]];
  readonly path: string;
  readonly objectCount: number;
  readonly examples: readonly FitExample[];
}

/** What live objects make of the new schemas. */
export type LiveObjectsFact =
  | {
      readonly kind: "object-rejected";
      /** For whatever cause; a lower bound where several versions were looked at by themselves. */
      readonly objectCount: number;
      /** Most objects first. */
      readonly causes: readonly [RejectionCause, ...RejectionCause[]];
      /** Whether an update passes that leaves alone what does not fit, as it does by validation ratcheting. */
      readonly isRatcheted: boolean;
      /** Causes that are not among them. */
      readonly otherCauseCount: number;
      readonly look: LookSize;
    }
  | {
      readonly kind: "object-pruned";
      /** Objects are stored in one of these versions, so that every write loses it; else a write in one of them does. */
      readonly role: Loss["role"];
      /** That set any of the fields; a lower bound where several versions were looked at by themselves. */
      readonly objectCount: number;
      /** Most objects first. */
      readonly fields: readonly [FieldLoss, ...FieldLoss[]];
      readonly otherFieldCount: number;
      readonly look: LookSize;
    }
  /** Nothing was found, but not all objects were looked at. */
  | { readonly kind: "objects-not-all-checked"; readonly look: LookSize }
  /** None could be looked at. `reason`: a clause. */
  | { readonly kind: "objects-unchecked"; readonly reason: string }
  | {
      readonly kind: "object-rules-failed";
      readonly rules: readonly [FailedCelRule, ...FailedCelRule[]];
      readonly otherRuleCount: number;
      readonly look: LookSize;
    }
  | {
      readonly kind: "object-rules-unevaluated";
      readonly rules: readonly [UnevaluatedCelRule, ...UnevaluatedCelRule[]];
      readonly otherRuleCount: number;
    };

/** A way out. Each becomes a title and, where one exists, a command that can be pasted. */
export type Remedy =
  /** `remaining`: what `status.storedVersions` is to hold afterwards. */
  | { readonly kind: "forget-stored-version"; readonly crd: Crd; readonly remaining: readonly string[] }
  | { readonly kind: "recreate-empty-crd"; readonly crd: Crd }
  /** Rewrite every object into the storage version, and forget all others. */
  | { readonly kind: "migrate"; readonly crd: Crd }
  /** The same, once objects are stored in `to`. */
  | { readonly kind: "flip-storage-version"; readonly crd: Crd; readonly to: string }
  | { readonly kind: "keep-version-listed"; readonly version: string }
  | { readonly kind: "keep-stored-version"; readonly version: string }
  /** `readIn`: a served version to back up in, if there is one; `newVersion`: the one to restore in. */
  | { readonly kind: "replace-by-backup"; readonly crd: Crd; readonly readIn: string | null; readonly newVersion: string | null }
  /** `isPossibleBefore`: that version runs on the CRDs as they are, so that it can come first. */
  | {
      readonly kind: "upgrade-workload";
      readonly need: Need;
      readonly minimumVersion: string;
      readonly isPossibleBefore: boolean;
    }
  | { readonly kind: "keep-workload"; readonly need: Need }
  | { readonly kind: "apply-own-definitions"; readonly need: Need }
  | { readonly kind: "install-bundle"; readonly bundle: Bundle }
  /** What is needed and not served. */
  | { readonly kind: "serve-required"; readonly requirements: readonly [Requirement, ...Requirement[]] }
  | { readonly kind: "scale-down"; readonly need: Need }
  /** `isListed`: the new manifest still lists them, so that `served` alone is to be set. */
  | { readonly kind: "keep-version-served"; readonly versions: readonly string[]; readonly isListed: boolean }
  /**
   * Write the objects of `crd` in another version than `from`. `isPossibleBefore`: `to` is served today too, so that writers
   * can turn to it first. `areRecorded`: the cluster tells which objects they are.
   */
  | {
      readonly kind: "write-in-version";
      readonly crd: Crd;
      readonly from: string;
      readonly to: string;
      readonly isPossibleBefore: boolean;
      readonly areRecorded: boolean;
    }
  | { readonly kind: "list-writers"; readonly crd: Crd; readonly versions: readonly string[] }
  | { readonly kind: "stay-on-bundle"; readonly version: string; readonly channel: string | null }
  | { readonly kind: "delete-objects"; readonly crd: Crd; readonly readIn: string }
  | { readonly kind: "serve-to-count"; readonly crd: Crd }
  /** Of live objects. `path`: of the first cause or field. */
  | { readonly kind: "correct-objects"; readonly crd: Crd; readonly readIn: string; readonly path: string }
  | { readonly kind: "take-out-fields"; readonly crd: Crd; readonly readIn: string; readonly path: string }
  | { readonly kind: "keep-accepting"; readonly versions: readonly string[]; readonly path: string }
  | { readonly kind: "keep-field"; readonly versions: readonly string[]; readonly path: string }
  | { readonly kind: "back-up-first"; readonly crd: Crd }
  /** The server may not list its objects. */
  | { readonly kind: "allow-counting"; readonly crd: Crd }
  | { readonly kind: "declare-requirement"; readonly need: Need }
  | { readonly kind: "correct-declaration"; readonly declaration: UnreadableDeclaration };

/** What a rule returns; `evaluate` adds the rule's id and its default. */
export interface RuleFinding {
  /** Field of the CRD the finding is about; versions are named, not numbered: `spec.versions[v1alpha2].served`. */
  readonly field: string;
  readonly fact: Fact;
  readonly remedies: readonly Remedy[];
  /** The finding warns at most, whatever its rule is set to. */
  readonly isAdvisory?: true;
}

export interface Finding extends RuleFinding {
  readonly rule: string;
  /** Before policy. */
  readonly defaultEnforcement: Enforcement;
}

/** @file What a rule finds: facts and ways out as data. Words for people are made of them in `explain/`. */
import type { Crd, CrdOwner, WebhookTarget } from "../crd/crd.ts";
import type { FormChange } from "../crd/schema/schema-change.ts";
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
  WebhookLook,
  WebhookProblem,
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

/** A release that a CRD says it is of. */
export interface ReleaseMark {
  readonly version: string;
  readonly channel: string | null;
}

/** What the versions that stay no longer take. */
export interface BundleNarrowing {
  /** Paths of fields that are gone, in the order of the alphabet. */
  readonly fields: readonly string[];
  /** Other changes by which something is refused, or dropped. */
  readonly otherCount: number;
}

/** Who keeps a CRD: as its labels and annotations say, or the API server's record of who has written its versions. */
export type Keeper = CrdOwner | { readonly kind: "field-manager"; readonly name: string };

export type Fact =
  | {
      readonly kind: "stored-version-removed";
      readonly version: string;
      readonly case: StoredVersionCase;
      readonly objects: ObjectEvidence;
      /** True when the old CRD's status was not given, so that its storage version was taken for stored. */
      readonly isAssumedStored: boolean;
      /** The version that has the very same schema from now on; absent where none has, or the schemas are not known. */
      readonly renamedTo?: string;
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
  | { readonly kind: "writers-unknown"; readonly versions: readonly [string, ...string[]]; readonly reason: string }
  | SchemaFact
  | KeepingFact
  | LiveObjectsFact;

/** Of `schema-narrowed`. */
export type SchemaFact =
  /** Each of the versions changes in all of these. More than one where there are too many for a finding each. */
  | {
      readonly kind: "schema-narrowed";
      readonly versions: readonly [string, ...string[]];
      readonly causes: readonly [FormChange, ...FormChange[]];
    }
  /** No webhook converts, and what is written in one is lost or refused in the other, which it was not before. */
  | {
      readonly kind: "versions-apart";
      readonly writtenIn: string;
      readonly readIn: string;
      readonly causes: readonly [FormChange, ...FormChange[]];
    }
  /** `from` is gone, and `to` is new and has the very same schema. */
  | { readonly kind: "version-renamed"; readonly from: string; readonly to: string }
  /** Singular, short names and categories by which clients name its objects. */
  | { readonly kind: "names-gone"; readonly names: readonly [string, ...string[]] }
  /** Of versions that are served before and after, what they look like before is not known. */
  | { readonly kind: "schemas-unknown"; readonly versions: readonly [string, ...string[]] };

/** Of `conversion-lost`, and of the rules that find what goes back or changes hands. */
export type KeepingFact =
  | {
      readonly kind: "conversion-removed";
      /** The webhook that goes. */
      readonly target: WebhookTarget;
      /** What it has come to today; null: nobody looked. */
      readonly look: WebhookLook | null;
      /** The manifest says nothing of conversion: whether it goes hangs on who has set it, and how this is applied. */
      readonly isUntold: boolean;
      /** Versions that objects are stored in or asked for in afterwards, most stable first: two at least. */
      readonly versions: readonly [string, ...string[]];
      readonly objects: ObjectEvidence;
    }
  | {
      readonly kind: "conversion-unreachable";
      readonly target: WebhookTarget;
      readonly problem: WebhookProblem;
      /** Another one was called before, and that did not answer either. */
      readonly wasBroken: boolean;
      readonly versions: readonly [string, ...string[]];
      readonly objects: ObjectEvidence;
    }
  | {
      readonly kind: "conversion-unknown";
      readonly target: WebhookTarget;
      readonly reason: string;
      readonly versions: readonly [string, ...string[]];
    }
  | {
      readonly kind: "bundle-downgraded";
      readonly before: ReleaseMark;
      readonly after: ReleaseMark;
      /** An older release; else the same or a newer one, of the standard channel. */
      readonly isOlder: boolean;
      /** Most stable first, as are those below. */
      readonly dropped: readonly string[];
      /** Listed still. */
      readonly unserved: readonly string[];
      /** Null where it is not known what the schemas of today take. */
      readonly narrowing: BundleNarrowing | null;
    }
  | {
      readonly kind: "storage-version-downgraded";
      readonly before: string;
      readonly after: string;
      /** A webhook may keep fields that one version does not know. */
      readonly isConverted: boolean;
    }
  | {
      readonly kind: "owner-changed";
      readonly before: readonly [Keeper, ...Keeper[]];
      /** Those that have come. */
      readonly after: readonly [Keeper, ...Keeper[]];
      /** Labels and annotations of those before are there afterwards too. */
      readonly isMarkKept: boolean;
    };

/** How much was seen of the live objects: where not all, other counts are lower bounds. */
export type LookSize = Pick<FitLook, "objectCount" | "totalCount" | "isComplete" | "seconds" | "outline" | "source">;

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
  /** Only which fields objects set was known, and the change asks more of values, or of keys of maps. */
  | { readonly kind: "objects-known-in-outline" }
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
  | {
      readonly kind: "replace-by-backup";
      readonly crd: Crd;
      readonly readIn: string | null;
      readonly newVersion: string | null;
      /** No field has moved: the new version has the schema of the one that is gone. */
      readonly isRenamed?: true;
    }
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
  | { readonly kind: "correct-declaration"; readonly declaration: UnreadableDeclaration }
  | SchemaRemedy
  | KeepingRemedy;

/** Of `schema-narrowed`. */
export type SchemaRemedy =
  /** In these versions, and be strict in a new one. */
  | { readonly kind: "keep-schema"; readonly versions: readonly [string, ...string[]] }
  /** `path`: of a field that is required from now on, and has no default. */
  | { readonly kind: "leave-optional"; readonly path: string }
  | { readonly kind: "align-versions"; readonly versions: readonly [string, string] }
  | { readonly kind: "keep-names"; readonly names: readonly [string, ...string[]] }
  | { readonly kind: "compare-with-schemas" };

/** Of `conversion-lost`, and of the rules that find what goes back or changes hands. */
export type KeepingRemedy =
  | { readonly kind: "keep-webhook"; readonly target: WebhookTarget }
  /** Serve and store one version alone, so that nothing is left to convert. */
  | { readonly kind: "settle-on-version"; readonly crd: Crd; readonly version: string }
  | { readonly kind: "start-webhook"; readonly target: WebhookTarget; readonly problem: WebhookProblem }
  | { readonly kind: "look-at-webhook"; readonly target: WebhookTarget }
  /** In place of what is applied. */
  | { readonly kind: "install-other-channel"; readonly bundle: Bundle }
  /** `isListed`: the new manifest has it, so that `storage` alone is to be set. */
  | { readonly kind: "keep-storage-version"; readonly version: string; readonly isListed: boolean }
  | { readonly kind: "change-by-owner"; readonly owner: Keeper }
  | { readonly kind: "release-ownership"; readonly crd: Crd; readonly owner: Keeper };

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

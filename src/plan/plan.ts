/** @file What a plan is: the ordered steps from the cluster as it is to the one that is wanted. Words are made in `explain/`. */
import type { Crd } from "../crd/crd.ts";
import type { JudgedFinding } from "../policy/policy.ts";
import type { Bundle } from "../rules/bundle.ts";
import type { ObjectEvidence, WorkloadRef } from "../rules/facts.ts";

export type Planned =
  /** No steps: the cluster is as wanted. */
  | { readonly kind: "plan"; readonly steps: readonly Step[]; readonly cautions: readonly Caution[] }
  /** No safe order exists, for each of these reasons. */
  | { readonly kind: "impossible"; readonly obstacles: readonly [Obstacle, ...Obstacle[]] }
  /** There may be one, but the search has looked at as many states as it may. */
  | { readonly kind: "undecided"; readonly statesSeen: number };

export interface Step {
  /** The same whenever the same step is planned anew, so that a walk can be resumed: `migrate/grpcroutes.gateway.networking.k8s.io`. */
  readonly id: string;
  readonly action: Action;
  /** What the rules have to say of it in the state that it is taken in; none of them denies. */
  readonly findings: readonly JudgedFinding[];
  /** Definitions that it changes, before and after; null: there is none. By name. */
  readonly changes: readonly CrdStepChange[];
  /** Why it comes where it does; null where it is simply what was asked for. */
  readonly because: Because | null;
}

export interface CrdStepChange {
  readonly name: string;
  readonly before: Crd | null;
  readonly after: Crd | null;
}

/** Where a set of definitions comes from. */
export type Definitions =
  /** What the plan was asked for. */
  | { readonly kind: "wanted" }
  /** A released set: in between, or one that stays (`stays`), as no later step changes any of it. */
  | { readonly kind: "bundle"; readonly bundle: Bundle; readonly stays?: true };

export interface PlannedWorkload {
  readonly ref: WorkloadRef;
  /** Catalog id, or null for one that the catalog does not know. */
  readonly controller: string | null;
  readonly image: string | null;
  readonly container: string | null;
  readonly helmRelease: HelmRelease | null;
}

export interface HelmRelease {
  readonly namespace: string;
  readonly name: string;
  /** Its manifests say so, and no release of it is in the cluster yet. */
  readonly isNew?: true;
}

export type Action =
  /** `kubectl apply` of all of a set (`isWhole`), or of these of it alone. */
  | {
      readonly kind: "apply-definitions";
      readonly definitions: Definitions;
      readonly crds: readonly [string, ...string[]];
      readonly isWhole: boolean;
    }
  /** `byManifest`: it is among what was given, in place of a version to look for. */
  | {
      readonly kind: "upgrade-workload";
      readonly workload: PlannedWorkload;
      readonly from: string | null;
      readonly to: string;
      readonly byManifest: boolean;
    }
  | { readonly kind: "stop-workload"; readonly workload: PlannedWorkload }
  | { readonly kind: "start-workload"; readonly workload: PlannedWorkload }
  /** Definitions of another kind of thing, and all that is neither CRD nor workload, come with the rest. */
  | { readonly kind: "apply-workloads"; readonly workloads: readonly [PlannedWorkload, ...PlannedWorkload[]] }
  | { readonly kind: "flip-storage"; readonly crd: Crd; readonly to: string }
  /** Rewrites objects, and prunes `status.storedVersions` to `remaining`. */
  | { readonly kind: "migrate"; readonly crd: Crd; readonly objects: ObjectEvidence; readonly remaining: readonly string[] }
  | { readonly kind: "back-up"; readonly crd: Crd; readonly readIn: string; readonly objects: ObjectEvidence }
  | { readonly kind: "delete-objects"; readonly crd: Crd; readonly readIn: string; readonly objects: ObjectEvidence }
  /** `isLeftover`: nobody needs it any more, and nothing takes its place. */
  | { readonly kind: "delete-definition"; readonly crd: Crd; readonly isLeftover: boolean }
  /** `mustBeEdited`: the versions differ and nothing converts between them, so that a person has to. */
  | {
      readonly kind: "restore";
      readonly crd: Crd;
      readonly writtenIn: string;
      readonly restoredIn: string;
      readonly mustBeEdited: boolean;
      readonly objects: ObjectEvidence;
    };

/** Why a step is needed, or comes before another. */
export type Because =
  /** These run only once it is done. */
  | { readonly kind: "needed-by"; readonly workloads: readonly [WorkloadRef, ...WorkloadRef[]] }
  /** The wanted definitions are refused until it is done, by this rule. */
  | { readonly kind: "refused-before"; readonly rule: string; readonly crds: readonly [string, ...string[]] }
  /** Between what there is and what is wanted, it serves what both need. */
  | { readonly kind: "overlap"; readonly versions: readonly { readonly crd: string; readonly version: string }[] };

/** What a person should know before the first step. */
export type Caution =
  /** It stays up, but is not planned for: what it needs is not known. */
  | { readonly kind: "unknown-needs"; readonly workload: WorkloadRef; readonly image: string }
  /** Objects go away for a while, or must be edited by hand; or, where no step restores them, for good. */
  | { readonly kind: "objects-replaced" | "objects-deleted"; readonly crd: string; readonly objects: ObjectEvidence }
  | { readonly kind: "workload-stopped"; readonly workload: WorkloadRef }
  /** From a step on it goes on without objects that it looked after before: for good, or until a later step. */
  | {
      readonly kind: "feature-lost";
      readonly workload: WorkloadRef;
      readonly crd: string;
      /** Any of these would do. */
      readonly versions: readonly string[];
      readonly objects: ObjectEvidence;
      readonly isForGood: boolean;
    }
  /** It fares badly with the definitions of today already, which the plan does not mend. */
  | { readonly kind: "unmet-today"; readonly workload: WorkloadRef; readonly crd: string; readonly versions: readonly string[] }
  /** How many objects there are could not be told, so that some steps may turn out to be needless. */
  | { readonly kind: "objects-uncounted"; readonly crd: string; readonly reason: string };

/** Why there is no way. */
export type Obstacle =
  /** No version of it that is known, at most the one asked for, does with what is wanted. */
  | {
      readonly kind: "workload-unsatisfied";
      readonly workload: PlannedWorkload;
      readonly to: string | null;
      /** What it would need, and what of it there would be. */
      readonly requirements: readonly [UnmetRequirement, ...UnmetRequirement[]];
    }
  /** A rule refuses it whatever comes before. */
  | { readonly kind: "change-refused"; readonly crd: string; readonly findings: readonly [JudgedFinding, ...JudgedFinding[]] }
  | { readonly kind: "version-unknown"; readonly workload: PlannedWorkload; readonly wanted: string };

export interface UnmetRequirement {
  readonly crd: string;
  readonly versions: readonly string[];
  /** A released set that would serve it, if one is known. */
  readonly servedBy: Bundle | null;
}

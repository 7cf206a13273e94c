/** @file What a plan is asked for: the cluster as it is, and what is wanted of it. Plain values, gathered by whoever asks. */
import type { ClusterPicture } from "../cluster/picture.ts";
import type { Crd } from "../crd/crd.ts";
import type { PolicyFlags } from "../policy/combine.ts";
import type {
  MigrationEvidence,
  Need,
  ObjectEvidence,
  UnreadableDeclaration,
  WebhookLook,
  WriterEvidence,
} from "../rules/facts.ts";
import type { PlannedWorkload } from "./plan.ts";

export interface PlanQuestion {
  /** As it is, not a preview. `bundles` are the stops in between that may be made. */
  readonly picture: ClusterPicture;
  readonly wanted: Wanted;
  /** Every workload that needs something, and every one that is to be changed; `planWorkloads` makes them. */
  readonly workloads: readonly PlanWorkload[];
  /** By name of the CRD; of one that is missing nothing is known. See `touchedNames`. */
  readonly evidence: ReadonlyMap<string, CrdEvidence>;
  readonly flags: PolicyFlags;
  /** Exceptions that have ended by then do not count. */
  readonly nowMilliseconds: number;
  /** How many states each round of the search may look at; `STATES` unless told. */
  readonly stateLimit?: number;
}

export interface Wanted {
  /** In the order in which they are applied. */
  readonly crds: readonly Crd[];
  /** Names of those of `crds` that differ from the cluster's in what a `Crd` does not tell: in schemas, for example. */
  readonly differing?: ReadonlySet<string>;
  readonly deletions: readonly Deletion[];
}

export interface Deletion {
  readonly crd: string;
  /** Nobody needs it any more, and nothing takes its place. */
  readonly isLeftover: boolean;
}

export interface CrdEvidence {
  readonly objects: ObjectEvidence;
  readonly migration: MigrationEvidence;
  readonly writers: WriterEvidence;
  /** The conversion webhook that it names today; nothing where it names none. */
  readonly webhook?: WebhookLook;
}

export interface PlanWorkload {
  readonly workload: PlannedWorkload;
  readonly isRunning: boolean;
  /** As it is now; of one that does not run, without needs. */
  readonly today: WorkloadRelease;
  /** Later ones that the catalog knows, oldest first; none where the version of today is not known. */
  readonly later: readonly WorkloadRelease[];
  /** Null: it may stay as it is. */
  readonly target: WorkloadTarget | null;
}

export interface WorkloadRelease {
  /** `1.1.0`; null where nothing tells. */
  readonly version: string | null;
  /** Of the container that `PlannedWorkload` names, where it is known. */
  readonly image?: string;
  readonly needs: readonly Need[];
}

export type WorkloadTarget =
  /** It may be the one of today, which is to work in the end. */
  | { readonly kind: "version"; readonly release: WorkloadRelease }
  /** `unreadable`: what it declares that cannot be read. */
  | { readonly kind: "manifest"; readonly release: WorkloadRelease; readonly unreadable: readonly UnreadableDeclaration[] }
  /** The catalog knows no such release. */
  | { readonly kind: "unknown"; readonly wanted: string };

/** So many states take some seconds; real upgrades take a few hundred (npm run bench). */
export const STATES = 20_000;

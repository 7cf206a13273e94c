/** @file The port through which reviews know the cluster; `live/` and `snapshot/` are its two sources. */
import type { ConversionWebhook, Crd } from "../crd/crd.ts";
import type {
  EvidenceSource,
  FitEvidence,
  MigrationEvidence,
  ObjectEvidence,
  WebhookLook,
  WriterEvidence,
} from "../rules/facts.ts";
import type { ClusterPicture } from "./picture.ts";
import type { Applied, Preview } from "./preview.ts";

/** Who asks, as the API server's `userInfo` tells it. */
export interface Requester {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What a requester would have to be allowed to list. */
export interface ListTarget {
  readonly group: string;
  readonly resource: string;
  /** Empty: in all namespaces, or a cluster-scoped resource. */
  readonly namespace: string;
}

/** `unverified`: it could not be asked. */
export type OverrideRight = "allowed" | "not-allowed" | "unverified";

export interface Cluster {
  readonly source: EvidenceSource;
  /** The newest picture, by reference and without I/O. Null until the first complete one exists. */
  picture(): ClusterPicture | null;
  /**
   * Counts live objects, in a version that `crd` serves. Never rejects: what goes wrong is `uncountable`, and a count cut
   * short by `signal` is a lower bound.
   */
  countObjects(crd: Crd, signal: AbortSignal): Promise<ObjectEvidence>;
  /** Looks for proof that all objects of `crd` are stored in its storage version. Never rejects. */
  findMigration(crd: Crd, signal: AbortSignal): Promise<MigrationEvidence>;
  /**
   * Tells who wrote the objects of `crd`, and in which version; of a large number it looks at some. Never rejects: what goes
   * wrong is `unreadable`, and what was seen until `signal` is used.
   */
  sampleWriters(crd: Crd, signal: AbortSignal): Promise<WriterEvidence>;
  /** The CRD with the forms of its versions, as it is now; null where they are not known. Never rejects. */
  readForms(crd: Crd, signal: AbortSignal): Promise<Crd | null>;
  /**
   * Holds live objects against the schemas of `next`. Never rejects: what goes wrong is `unreadable`, and what was seen until
   * `signal` is used.
   * @param previous with its forms.
   */
  lookAtObjects(previous: Crd, next: Crd, signal: AbortSignal): Promise<FitEvidence>;
  /** Whether the API server can have objects converted there. Never rejects: what cannot be told is `unknown`. */
  lookAtWebhook(webhook: ConversionWebhook, signal: AbortSignal): Promise<WebhookLook>;
  /** What will be once these are applied. Never rejects; null until the first complete picture exists. */
  preview(applied: Applied, signal: AbortSignal): Promise<Preview | null>;
  /** Whether the requester may list the target. Never rejects: what cannot be asked is not allowed. */
  mayList(requester: Requester, target: ListTarget, signal: AbortSignal): Promise<boolean>;
  /**
   * Whether the requester may override a rule. Never rejects.
   * @param requester null: whoever runs the command.
   */
  mayOverride(requester: Requester | null, ruleId: string, signal: AbortSignal): Promise<OverrideRight>;
}

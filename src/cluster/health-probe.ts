/** @file The port through which health facts are asked for that no picture holds; `live/health/` is its source. */
import type { Crd, CrdConversion } from "../crd/crd.ts";
import type {
  AdmissionPolicy,
  ConversionTrial,
  EndpointEvidence,
  HeldObjects,
  OwnerEvidence,
  TraceableOwner,
} from "../health/facts.ts";
import type { MigrationEvidence, ObjectEvidence } from "../rules/facts.ts";

/** An answer, or why there is none. */
export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string; readonly isForbidden: boolean };

/** None of these ever rejects. */
export interface HealthProbe {
  /** How many objects there are, without listing them all. */
  countObjects(crd: Crd, signal: AbortSignal): Promise<ObjectEvidence>;
  /** Finalizers of objects that are being deleted; of some hundred of them at most. */
  sampleFinalizers(crd: Crd, signal: AbortSignal): Promise<Answer<readonly HeldObjects[]>>;
  findMigration(crd: Crd, signal: AbortSignal): Promise<MigrationEvidence>;
  /** @param crds all of the cluster, which tell in which version owners are served. */
  findOwner(owner: TraceableOwner, crds: ReadonlyMap<string, Crd>, signal: AbortSignal): Promise<Answer<OwnerEvidence>>;
  examineEndpoint(
    webhook: Omit<Extract<CrdConversion, { readonly kind: "webhook" }>, "kind">,
    signal: AbortSignal,
  ): Promise<EndpointEvidence>;
  /** Reads an object in a version that it is not stored in. */
  tryConversion(crd: Crd, signal: AbortSignal): Promise<ConversionTrial>;
  readPolicies(signal: AbortSignal): Promise<Answer<readonly AdmissionPolicy[]>>;
}

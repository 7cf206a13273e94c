/** @file What is about to happen: the subject of every review. */
import type { Crd } from "../crd/crd.ts";
import type { Facts, Need, UnreadableDeclaration, WorkloadRef } from "./facts.ts";
import type { Outcome } from "./requirement.ts";

export type Change = CrdChange | WorkloadChange;

/** `status-update` is a write to `customresourcedefinitions/status`; it changes `status.storedVersions` alone. */
export type CrdChange =
  | { readonly kind: "create"; readonly next: Crd }
  | { readonly kind: "update"; readonly previous: Crd; readonly next: Crd }
  | { readonly kind: "status-update"; readonly previous: Crd; readonly next: Crd }
  | { readonly kind: "delete"; readonly previous: Crd };

/** A workload is created, or replaced by another version of it. */
export interface WorkloadChange {
  readonly kind: "apply-workload";
  readonly workload: WorkloadRef;
  /** At its new version. */
  readonly needs: readonly Need[];
  readonly unreadable: readonly UnreadableDeclaration[];
  /** Null: it does not run today. */
  readonly today: WorkloadToday | null;
}

export interface WorkloadToday {
  /** The worst outcome today, by name of the CRD; what it does not need is not in it. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/** The CRD as it is before the change, or null when the change creates it. */
export function previousCrd(change: CrdChange): Crd | null {
  return change.kind === "create" ? null : change.previous;
}

/** The CRD as it is after the change, or null when the change deletes it. */
export function nextCrd(change: CrdChange): Crd | null {
  return change.kind === "delete" ? null : change.next;
}

export function changedCrdName(change: CrdChange): string {
  return change.kind === "create" ? change.next.name : change.previous.name;
}

/** The CRDs as they are once the change is made, and what is applied along with it. */
export function crdsAfter(change: Change, { crds, applied }: Pick<Facts, "crds" | "applied">): ReadonlyMap<string, Crd> {
  switch (change.kind) {
    case "create":
    case "update":
      return new Map([...crds, ...applied, [change.next.name, change.next]]);
    case "delete":
      return new Map([...crds, ...applied].filter(([name]) => name !== change.previous.name));
    case "status-update":
    case "apply-workload":
      return applied.size === 0 ? crds : new Map([...crds, ...applied]);
  }
}

/** @file What is about to happen to one CRD: the subject of every review. */
import type { Crd } from "../crd/crd.ts";

/** `status-update` is a write to `customresourcedefinitions/status`; it changes `status.storedVersions` alone. */
export type Change =
  | { readonly kind: "create"; readonly next: Crd }
  | { readonly kind: "update"; readonly previous: Crd; readonly next: Crd }
  | { readonly kind: "status-update"; readonly previous: Crd; readonly next: Crd }
  | { readonly kind: "delete"; readonly previous: Crd };

/** The CRD as it is before the change, or null when the change creates it. */
export function previousCrd(change: Change): Crd | null {
  return change.kind === "create" ? null : change.previous;
}

/** The CRD as it is after the change, or null when the change deletes it. */
export function nextCrd(change: Change): Crd | null {
  return change.kind === "delete" ? null : change.next;
}

export function changedCrdName(change: Change): string {
  return change.kind === "create" ? change.next.name : change.previous.name;
}

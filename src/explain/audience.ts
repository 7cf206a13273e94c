/** @file Who reads the explanation, and which names that person may see. */
import type { JudgedFinding } from "../policy/policy.ts";
import type { HurtWorkload } from "../rules/finding.ts";
import type { MigrationEvidence, ObjectEvidence, WorkloadRef } from "../rules/facts.ts";
import { examplesIn } from "../rules/live-objects.ts";

/** Something whose names an explanation would show. `resource` is plural; `namespace` empty for cluster scope. */
export interface NamedThings {
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
}

export interface Audience {
  /** Whether the reader may see the names of such things; else they appear as counts. */
  mayName(things: NamedThings): boolean;
}

/** For the command line, where the reader's own rights gathered the facts. */
export const EVERYTHING: Audience = { mayName: () => true };

/** @param allowed as `targetsOf` listed them; namespace empty stands for all namespaces. */
export function audienceOf(allowed: readonly NamedThings[]): Audience {
  const keys = new Set(allowed.map(keyOf));
  return { mayName: (things) => keys.has(keyOf(things)) || keys.has(keyOf({ ...things, namespace: "" })) };
}

/** What must be asked before these findings may be told by name; each kind of thing in all namespaces, then one by one. */
export function targetsOf(
  findings: readonly JudgedFinding[],
  crd: { readonly group: string; readonly plural: string },
): readonly NamedThings[] {
  const targets = new Map<string, NamedThings>();
  for (const { fact } of findings) {
    for (const things of thingsOf(fact, crd)) {
      const everywhere = { ...things, namespace: "" };
      targets.set(keyOf(everywhere), everywhere);
      targets.set(keyOf(things), things);
    }
  }
  return [...targets.values()].toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}

export function workloadThings(ref: WorkloadRef): NamedThings {
  return { group: "apps", resource: `${ref.kind.toLowerCase()}s`, namespace: ref.namespace };
}

/** Who writes the objects of a CRD is told without saying in which namespace. */
export function objectsEverywhere(crd: { readonly group: string; readonly plural: string }): NamedThings {
  return { group: crd.group, resource: crd.plural, namespace: "" };
}

function thingsOf(fact: JudgedFinding["fact"], crd: { readonly group: string; readonly plural: string }): readonly NamedThings[] {
  switch (fact.kind) {
    case "object-rejected":
    case "object-pruned":
    case "objects-not-all-checked":
    case "objects-unchecked":
    case "objects-known-in-outline":
    case "object-rules-failed":
    case "object-rules-unevaluated":
      return examplesIn(fact).map(({ object: { namespace } }) => ({ group: crd.group, resource: crd.plural, namespace }));
    case "required-version-unserved":
    case "required-resource-deleted":
    case "requirement-unsure":
      return fact.hurt.map(({ need }: HurtWorkload) => workloadThings(need.workload));
    case "declaration-unreadable":
      return fact.declarations.map((declaration) => workloadThings(declaration.workload));
    // What it tells is read out of the objects.
    case "version-in-use-unserved":
      return [objectsEverywhere(crd)];
    // The first speaks of the workload that is applied by the reader, the others name nothing but what the CRD says.
    case "workload-requirement-unmet":
    case "writers-unknown":
    case "schema-narrowed":
    case "versions-apart":
    case "version-renamed":
    case "names-gone":
    case "schemas-unknown":
    // What these name is in the CRD itself.
    case "conversion-unknown":
    case "bundle-downgraded":
    case "storage-version-downgraded":
    case "owner-changed":
      return [];
    case "stored-version-removed":
    case "objects-deleted":
    case "conversion-removed":
    case "conversion-unreachable":
      return objectThings(fact.objects, crd);
    case "stored-version-forgotten":
      return [...objectThings(fact.objects, crd), ...unprovenThings(fact.migration, crd)];
  }
}

function objectThings(objects: ObjectEvidence, crd: { readonly group: string; readonly plural: string }): readonly NamedThings[] {
  if (objects.kind !== "counted") return [];
  return [...objects.byNamespace.keys()].map((namespace) => ({ group: crd.group, resource: crd.plural, namespace }));
}

function unprovenThings(
  migration: MigrationEvidence,
  crd: { readonly group: string; readonly plural: string },
): readonly NamedThings[] {
  if (migration.kind !== "unproven") return [];
  return migration.examples.map(({ namespace }) => ({ group: crd.group, resource: crd.plural, namespace }));
}

function keyOf({ group, resource, namespace }: NamedThings): string {
  return JSON.stringify([group, resource, namespace]);
}

/** @file What an explanation is about, as its reader names it. */
import { type Change, nextCrd, previousCrd } from "../rules/change.ts";
import type { WorkloadRef } from "../rules/facts.ts";

export interface Subject {
  /** `grpcroutes.gateway.networking.k8s.io`, or `Deployment <namespace>/<name>`. */
  readonly name: string;
  /** Of the objects that evidence speaks of: a CRD's own group and plural, or those of the workload. */
  readonly group: string;
  readonly plural: string;
}

export function subjectOf(change: Change): Subject {
  if (change.kind === "apply-workload") {
    return { name: workloadName(change.workload), group: "apps", plural: `${change.workload.kind.toLowerCase()}s` };
  }
  const crd = previousCrd(change) ?? nextCrd(change);
  if (crd === null) throw new Error("a change has a CRD before it, after it, or both");
  return crd;
}

export function workloadName({ kind, namespace, name }: Readonly<Record<keyof WorkloadRef, string>>): string {
  return `${kind} ${namespace}/${name}`;
}

/** @file How doctor names what it speaks of: what ails, and owners. */
import type { TraceableOwner } from "../health/facts.ts";
import type { HealthSubject } from "../health/finding.ts";
import { ownerName } from "./owner-name.ts";
import { workloadName } from "./subject.ts";
import { shown } from "./text.ts";

/** Kind and name, as kubectl would give them, of what ails. */
export function subjectName(subject: HealthSubject): { readonly kind: string; readonly name: string } {
  switch (subject.kind) {
    case "crd":
      return { kind: "CustomResourceDefinition", name: shown(subject.name) };
    case "owner": {
      const { kind, namespace, name } = subject.owner;
      return { kind: OWNER_KINDS[kind], name: shown(namespace === null ? name : `${namespace}/${name}`) };
    }
    case "api-group":
      return { kind: "APIGroup", name: shown(subject.group) };
    case "workload":
      return { kind: subject.workload.kind, name: shown(`${subject.workload.namespace}/${subject.workload.name}`) };
    case "bundle":
      return { kind: "Bundle", name: shown(subject.title) };
    case "admission-policy":
      return { kind: "ValidatingAdmissionPolicy", name: shown(subject.name) };
    case "guard-policy":
      return { kind: "GuardPolicy", name: shown(subject.name) };
    case "registration":
      return { kind: subject.registration.kind, name: shown(subject.registration.name) };
    case "guard":
      return { kind: "Guard", name: "crdguard" };
    case "view":
      return { kind: "View", name: "crdguard doctor" };
  }
}

const OWNER_KINDS = {
  "helm-release": "HelmRelease",
  "argo-application": "Application",
  "flux-kustomization": "Kustomization",
  "flux-helm-release": "HelmRelease",
} as const satisfies Record<TraceableOwner["kind"], string>;

/** In a line for people: a CRD and a group by their names alone. */
export function subjectTitle(subject: HealthSubject): string {
  switch (subject.kind) {
    case "workload":
      return shown(workloadName(subject.workload));
    case "owner":
      return ownerName(subject.owner);
    case "admission-policy":
    case "guard-policy":
    case "registration": {
      const { kind, name } = subjectName(subject);
      return `${kind} ${name}`;
    }
    case "view":
      return "what could not be looked at";
    case "crd":
    case "api-group":
    case "bundle":
    case "guard":
      return subjectName(subject).name;
  }
}

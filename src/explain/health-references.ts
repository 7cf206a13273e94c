/** @file What a finding is about, as references that programs can follow; where it speaks of several CRDs, these. */
import type { HealthFact, HealthFinding, HealthSubject } from "../health/finding.ts";

/** As `core/v1` has it. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** None of what is no object, such as crdguard's own view of the cluster. */
export function referencesOf({ subject, fact }: Pick<HealthFinding, "subject" | "fact">): readonly ObjectReference[] {
  const crds = severalCrds(fact);
  return crds.length === 0 ? subjectReferences(subject) : crds.map(crdReference);
}

function severalCrds(fact: HealthFact): readonly string[] {
  switch (fact.kind) {
    case "recorded-owner-gone":
    case "crd-outgrown":
    case "controller-absent":
      return fact.crds.map(({ crd }) => crd.name);
    case "alpha-only":
      return fact.crds;
    case "bundle-mixed":
      return fact.parts.flatMap(({ crds }) => crds);
    default:
      return [];
  }
}

function subjectReferences(subject: HealthSubject): readonly ObjectReference[] {
  switch (subject.kind) {
    case "crd":
      return [crdReference(subject.name)];
    case "workload": {
      const { kind, namespace, name } = subject.workload;
      return [{ apiVersion: "apps/v1", kind, namespace, name }];
    }
    case "admission-policy":
      return [{ apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingAdmissionPolicy", name: subject.name }];
    case "registration": {
      const { kind, name } = subject.registration;
      return [{ apiVersion: "admissionregistration.k8s.io/v1", kind, name }];
    }
    case "guard-policy":
      return [{ apiVersion: "crdguard.dev/v1alpha1", kind: "GuardPolicy", name: subject.name }];
    case "owner":
    case "api-group":
    case "bundle":
    case "guard":
    case "view":
      return [];
  }
}

function crdReference(name: string): ObjectReference {
  return { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name };
}

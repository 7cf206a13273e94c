/** @file Finds a CRD whose schema the API server does not call structural. */
import { defineHealthCheck } from "../check.ts";

/**
 * Left over from `apiextensions.k8s.io/v1beta1`: unknown fields are not pruned, no default is filled in, kubectl explain knows
 * nothing, and several versions with schemas of their own are refused.
 * Source: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions", section "Specifying a structural schema".
 */
export const crdNotStructural = defineHealthCheck({
  id: "crd-not-structural",
  defaultSeverity: "warning",
  find: ({ crds }) =>
    [...crds.values()].flatMap((crd) => {
      const condition = crd.conditions.find(({ type, status }) => type === "NonStructuralSchema" && status === "True");
      if (condition === undefined) return [];
      return [
        {
          subject: { kind: "crd", name: crd.name },
          field: "spec.versions.schema.openAPIV3Schema",
          fact: { kind: "crd-not-structural", reason: condition.message },
          remedies: [{ kind: "make-structural", crd }],
        },
      ];
    }),
});

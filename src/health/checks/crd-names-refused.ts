/** @file Finds a CRD that is not served since another one has its names. */
import { compareText } from "../../crd/compare-text.ts";
import { defineHealthCheck } from "../check.ts";

/**
 * Kind, plural, singular and short names must be unique in a group. The later CRD is taken, but never established: none of its
 * versions is served, whatever its spec says.
 * Source: k8s.io/apiextensions-apiserver/pkg/controller/status/naming_controller.go.
 */
export const crdNamesRefused = defineHealthCheck({
  id: "crd-names-refused",
  defaultSeverity: "error",
  find: ({ crds }) =>
    [...crds.values()].flatMap((crd) => {
      const condition = crd.conditions.find(({ type, status }) => type === "NamesAccepted" && status === "False");
      if (condition === undefined) return [];
      const holder =
        [...crds.values()]
          .filter(({ name, group, kind }) => name !== crd.name && group === crd.group && kind === crd.kind)
          .map(({ name }) => name)
          .toSorted(compareText)[0] ?? null;
      return [
        {
          subject: { kind: "crd", name: crd.name },
          field: "spec.names",
          fact: { kind: "crd-names-refused", reason: condition.message, holder },
          remedies: [{ kind: "choose-by-name", crd, holder }],
        },
      ];
    }),
});

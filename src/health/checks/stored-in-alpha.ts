/** @file Finds CRDs whose objects are stored in an alpha version. */
import { compareText } from "../../crd/compare-text.ts";
import type { Crd } from "../../crd/crd.ts";
import { compareVersions, servedVersions, storageVersion } from "../../crd/versions.ts";
import { defineHealthCheck } from "../check.ts";

/**
 * An alpha version may be dropped by any later release. Where a more stable one is served, objects should be stored in that;
 * where there is none, that is the author's choice, and told once for the group.
 * Source: Kubernetes, "API Overview", section "API versioning"; Gateway API, "Versioning", on TLSRoute and GRPCRoute v1alpha2.
 */
export const storedInAlpha = defineHealthCheck({
  id: "stored-in-alpha",
  defaultSeverity: "warning",
  find({ crds }) {
    const stored = [...crds.values()].filter((crd) => !crd.isTerminating && isAlpha(storageVersion(crd)));
    const unavoidable = Map.groupBy(
      stored.filter((crd) => betterVersion(crd) === null),
      ({ group }) => group,
    );
    return [
      ...stored.flatMap((crd) => {
        const [storage, better] = [storageVersion(crd), betterVersion(crd)];
        if (storage === null || better === null) return [];
        return [
          {
            subject: { kind: "crd", name: crd.name } as const,
            field: `spec.versions[${storage}].storage`,
            fact: { kind: "stored-in-alpha", storage, better } as const,
            remedies: [{ kind: "store-in", crd, to: better } as const],
          },
        ];
      }),
      ...[...unavoidable].map(([group, own]) => ({
        subject: { kind: "api-group", group } as const,
        field: "spec.versions",
        fact: { kind: "alpha-only", crds: own.map(({ name }) => name).toSorted(compareText) } as const,
        remedies: [],
        severity: "note" as const,
      })),
    ];
  },
});

function isAlpha(version: string | null): boolean {
  return version !== null && /^v[0-9]+alpha[0-9]+$/.test(version);
}

/** The most stable served version, where it is beta or better. */
function betterVersion(crd: Crd): string | null {
  const [best] = servedVersions(crd);
  if (best === undefined || isAlpha(best)) return null;
  return compareVersions(best, storageVersion(crd) ?? best) > 0 ? best : null;
}

/** @file Whether two states of a CRD differ in nothing but metadata and status. */
import type { Crd } from "./crd.ts";
import { compareForms } from "./schema/compare-crds.ts";
import { findVersion } from "./versions.ts";

/**
 * The API server counts changes of the spec; a manifest has no such count, and is compared in all that a `Crd` tells of its spec,
 * forms of versions as far as both are known, and in the release that it says it is of.
 * Source: Kubernetes, "API conventions", metadata.generation.
 */
export function isSameSpec(previous: Crd, next: Crd): boolean {
  if (previous.generation !== null && next.generation !== null) return previous.generation === next.generation;
  const isConversionTold = [previous, next].every(
    ({ conversion }) => conversion.kind === "webhook" || conversion.isUntold !== true,
  );
  return (
    JSON.stringify(told(previous)) === JSON.stringify(told(next)) &&
    haveSameForms(previous, next) &&
    (!isConversionTold || JSON.stringify(previous.conversion) === JSON.stringify(next.conversion))
  );
}

function told({ kind, scope, versions, bundle }: Crd): unknown {
  const sorted = versions.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  return [kind, scope, sorted.map(({ name, isServed, isStorage }) => [name, isServed, isStorage]), bundle];
}

function haveSameForms(previous: Crd, next: Crd): boolean {
  return next.versions.every(({ name, form: after }) => {
    const before = findVersion(previous, name)?.form;
    return before === undefined || after === undefined || compareForms(before, after).length === 0;
  });
}

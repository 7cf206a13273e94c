/** @file The states of its CRDs that a controller is run in: those that the catalog has an opinion on, and whole bundles. */
import type { Need } from "../../../src/rules/facts.ts";
import { crdNameOf, type Requirement } from "../../../src/rules/requirement.ts";
import { type CrdFile, type CrdFolder, type CrdSet, readCrds, withNewerVersion, withoutVersions, withUnserved } from "./crds.ts";

/** Further sets of CRDs: releases of Gateway API, mostly. */
export interface Bundle {
  /** What a reader calls it. */
  readonly title: string;
  readonly folders: readonly CrdFolder[];
}

export interface State {
  readonly title: string;
  readonly crds: () => Promise<CrdSet>;
}

/** @param baseline CRDs over which everything works: each single CRD's states are made of these. */
export function statesOf(needs: readonly Need[], baseline: readonly CrdFolder[], bundles: readonly Bundle[]): readonly State[] {
  return [
    { title: "all there", crds: () => readCrds(baseline) },
    ...bundles.map(({ title, folders }) => ({ title, crds: () => readCrds(folders) })),
    ...needs.flatMap(({ requirement }) => variantsOf(requirement, baseline)),
  ];
}

function variantsOf(requirement: Requirement, baseline: readonly CrdFolder[]): readonly State[] {
  const name = crdNameOf(requirement);
  const state = (title: string, variant: (file: CrdFile) => CrdFile | null): State => ({
    title: `${requirement.resource} ${requirement.versions.join(" or ")} ${title}`,
    async crds() {
      const crds = new Map(await readCrds(baseline));
      const file = crds.get(name);
      if (file === undefined) throw new Error(`the baseline has no ${name}, which the catalog speaks of`);
      const changed = variant(file);
      if (changed === null) crds.delete(name);
      else crds.set(name, changed);
      return crds;
    },
  });
  return [
    state("absent", () => null),
    state("not listed", (file) => withoutVersions(file, requirement.versions)),
    state("not served", (file) => withUnserved(file, requirement.versions)),
    ...(requirement.presence === "discovery-preferred" ? [state("not preferred", withNewerVersion)] : []),
  ];
}

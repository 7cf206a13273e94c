/** @file The forms that definitions can take: as wanted, and as released bundles between here and there have them. */
import { compareText } from "../crd/compare-text.ts";
import type { Crd } from "../crd/crd.ts";
import { type Bundle, compareBundles, compareReleases } from "../rules/bundle.ts";
import { crdNameOf } from "../rules/requirement.ts";
import { versionsKey } from "./definition.ts";
import type { PlanQuestion } from "./question.ts";

/** One definition as it can be applied. */
export interface Form {
  readonly name: string;
  readonly crd: Crd;
  readonly isWanted: boolean;
  /** Bundles that have it in this form, oldest first; none of what is wanted. */
  readonly bundles: readonly Bundle[];
  /** Tells forms of one name apart. */
  readonly key: string;
}

export interface BundleForms {
  readonly bundle: Bundle;
  readonly forms: readonly Form[];
  /** How many of its definitions are neither there nor wanted. */
  readonly strayCount: number;
}

export interface Forms {
  /** In the order in which they are applied. */
  readonly wanted: readonly Form[];
  readonly bundles: readonly BundleForms[];
  /** Of all bundles, by name of the CRD, each form once. */
  readonly between: ReadonlyMap<string, readonly Form[]>;
}

export function formsOf(question: Omit<PlanQuestion, "evidence">): Forms {
  const { picture, wanted } = question;
  const wantedForms = wanted.crds.map((crd): Form => ({ name: crd.name, crd, isWanted: true, bundles: [], key: "wanted" }));
  const candidates = candidateBundles(question);
  const between = new Map<string, readonly Form[]>();
  for (const name of new Set(candidates.flatMap(({ crds }) => [...crds.keys()])).values()) {
    const bySignature = Map.groupBy(
      candidates.filter(({ crds }) => crds.has(name)),
      ({ crds }) => versionsKey(crds.get(name) ?? { versions: [] }),
    );
    const forms = [...bySignature].flatMap(([key, bundles]): readonly Form[] => {
      const crd = bundles[0]?.crds.get(name);
      return crd === undefined ? [] : [{ name, crd: { ...crd, bundle: IN_BETWEEN }, isWanted: false, bundles, key }];
    });
    between.set(name, forms);
  }
  const wantedNames = new Set(wanted.crds.map(({ name }) => name));
  return {
    wanted: wantedForms,
    between,
    bundles: candidates.map((bundle) => ({
      bundle,
      forms: [...bundle.crds.keys()]
        .toSorted(compareText)
        .flatMap((name) => between.get(name)?.find(({ bundles }) => bundles.includes(bundle)) ?? []),
      strayCount: [...bundle.crds.keys()].filter((name) => !picture.crds.has(name) && !wantedNames.has(name)).length,
    })),
  };
}

/** Names of CRDs that a plan may change, sorted: of those that the cluster has, evidence is worth gathering. */
export function touchedNames({ wanted }: Pick<PlanQuestion, "wanted">, { between }: Pick<Forms, "between">): readonly string[] {
  return [
    ...new Set([...wanted.crds.map(({ name }) => name), ...wanted.deletions.map(({ crd }) => crd), ...between.keys()]),
  ].toSorted(compareText);
}

/** Which of several bundles it is taken from is chosen once the way is known; until then it is like none that is wanted. */
const IN_BETWEEN: Crd["bundle"] = { version: "", channel: null };

/**
 * Of the families that what is wanted is of, or that releases of workloads need, all between what is installed and what is wanted,
 * other channels among them. Where none of a family is wanted, there is no upper end: a workload may need a newer one.
 */
function candidateBundles({ picture, wanted, workloads }: Omit<PlanQuestion, "evidence">): readonly Bundle[] {
  const concerned = new Set([
    ...wanted.crds.map(({ name }) => name),
    ...workloads
      .flatMap(({ today, later, target }) => [
        today,
        ...later,
        ...(target === null || target.kind === "unknown" ? [] : [target.release]),
      ])
      .flatMap(({ needs }) => needs.map(({ requirement }) => crdNameOf(requirement))),
  ]);
  return [...Map.groupBy(picture.bundles, ({ name }) => name).values()]
    .filter((family) => family.some(({ crds }) => [...crds.keys()].some((name) => concerned.has(name))))
    .flatMap((family) => {
      const names = new Set(family.flatMap(({ crds }) => [...crds.keys()]));
      const lowest = releasesOf([...picture.crds.values()], names)[0];
      const highest = releasesOf(wanted.crds, names).at(-1);
      const isOwnOrder = lowest === undefined || highest === undefined || compareReleases(lowest, highest) <= 0;
      const [from, to] = isOwnOrder ? [lowest, highest] : [highest, lowest];
      return family.filter(
        ({ version }) =>
          (from === undefined || compareReleases(version, from) >= 0) && (to === undefined || compareReleases(version, to) <= 0),
      );
    })
    .toSorted(compareBundles);
}

/** Ascending. */
function releasesOf(crds: readonly Crd[], names: ReadonlySet<string>): readonly string[] {
  return crds
    .filter(({ name }) => names.has(name))
    .flatMap(({ bundle }) => bundle?.version ?? [])
    .toSorted(compareReleases);
}

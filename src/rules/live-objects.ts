/** @file What rules about live objects have in common: when they must be looked at, and what is found where that did not go well. */
import type { Crd } from "../crd/crd.ts";
import { isUnformed, looksFor } from "../crd/schema/looks.ts";
import { allowCounting } from "./allow-counting.ts";
import type { Change } from "./change.ts";
import type { FitEvidence, FitExample, FitLook } from "./facts.ts";
import type { LiveObjectsFact, LookSize, Remedy, RuleFinding } from "./finding.ts";
import type { EvidenceKind } from "./rule.ts";

/** Most causes, fields or rules that one finding tells; the rest is counted. An explanation has room for ten lines of evidence. */
export const MAX_TOLD = 9;

/** Of an update whose schemas are not known yet, those are asked for first. */
export function fitNeeded(change: Change): readonly EvidenceKind[] {
  if (change.kind !== "update") return [];
  const { previous, next } = change;
  if (isUnformed(previous) && !isUnformed(next)) return ["forms", "fit"];
  return looksFor(previous, next).length > 0 ? ["fit"] : [];
}

/**
 * Whether rules about live objects say so where not all of them were seen: each of them does, and what is told is one of these,
 * since one of the rules may be off.
 */
export function doubtAboutObjects(crd: Crd, fit: FitEvidence): readonly RuleFinding[] {
  switch (fit.kind) {
    case "not-looked":
      return [];
    case "unreadable":
      return [
        {
          field: "spec.versions",
          fact: { kind: "objects-unchecked", reason: fit.reason },
          remedies: allowCounting(crd, fit),
          isAdvisory: true,
        },
      ];
    case "looked": {
      if (fit.outline?.isInDoubt === true)
        return [{ field: "spec.versions", fact: { kind: "objects-known-in-outline" }, remedies: [], isAdvisory: true }];
      const isFound = fit.rejections.length > 0 || fit.losses.length > 0;
      if (fit.isComplete || isFound) return [];
      return [
        {
          field: "spec.versions",
          fact: { kind: "objects-not-all-checked", look: sizeOf(fit) },
          remedies: [],
          isAdvisory: true,
        },
      ];
    }
  }
}

export function sizeOf({ objectCount, totalCount, isComplete, seconds, source, outline }: FitLook): LookSize {
  return { objectCount, totalCount, isComplete, seconds, source, ...(outline === undefined ? {} : { outline }) };
}

/** Objects that a fact names, with what they hold. */
export function examplesIn(fact: LiveObjectsFact): readonly FitExample[] {
  switch (fact.kind) {
    case "object-rejected":
      return fact.causes.flatMap(({ examples }) => examples);
    case "object-pruned":
      return fact.fields.flatMap(({ examples }) => examples);
    case "object-rules-failed":
      return fact.rules.flatMap(({ examples }) => examples);
    case "objects-not-all-checked":
    case "objects-unchecked":
    case "objects-known-in-outline":
    case "object-rules-unevaluated":
      return [];
  }
}

interface Found {
  readonly version: string;
  readonly objectCount: number;
  readonly examples: readonly FitExample[];
}

export interface FoundInVersions<T> {
  readonly first: T;
  readonly versions: readonly [string, ...string[]];
  /** The most of any version: the same objects are seen in each. */
  readonly objectCount: number;
  readonly examples: readonly FitExample[];
}

/** What is found in several versions is told once. Most objects first. */
export function acrossVersions<T extends Found>(found: readonly T[], keyOf: (one: T) => string): readonly FoundInVersions<T>[] {
  return [...Map.groupBy(found, keyOf).values()]
    .flatMap((same): readonly FoundInVersions<T>[] => {
      const [first, ...others] = same.toSorted((left, right) => right.objectCount - left.objectCount);
      if (first === undefined) return [];
      const versions = [...new Set(others.map(({ version }) => version))].filter((version) => version !== first.version);
      return [{ first, versions: [first.version, ...versions], objectCount: first.objectCount, examples: first.examples }];
    })
    .toSorted((left, right) => right.objectCount - left.objectCount);
}

export function stayOnBundle(previous: Crd, next: Crd): readonly Remedy[] {
  const [before, after] = [previous.bundle, next.bundle];
  if (before === null || (before.version === after?.version && before.channel === after.channel)) return [];
  return [{ kind: "stay-on-bundle", version: before.version, channel: before.channel }];
}

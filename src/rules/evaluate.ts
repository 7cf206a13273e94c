/** @file Runs all rules over one change. */
import { compareText } from "../crd/compare-text.ts";
import { rules as allRules } from "./checks/index.ts";
import { type Change, previousCrd } from "./change.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import type { EvidenceKind, Rule } from "./rule.ts";

/**
 * All rules run, none cuts another short, so that one answer names every problem. Findings come in the order of rule ids,
 * then fields, whatever the order of versions or workloads.
 */
export function evaluate(change: Change, facts: Facts, rules: readonly Rule[] = allRules): readonly Finding[] {
  if (isPastSaving(change)) return [];
  return rules
    .flatMap((rule) =>
      rule.find({ change, facts }).map((finding) => ({
        ...finding,
        rule: rule.id,
        defaultEnforcement: finding.isAdvisory ? "warn" : rule.defaultEnforcement,
      })),
    )
    .toSorted((left, right) => compareText(left.rule, right.rule) || compareText(left.field, right.field));
}

/** What the rules need to know of the cluster for this change, beyond the picture that is at hand. */
export function evidenceNeeded(change: Change, rules: readonly Rule[] = allRules): ReadonlySet<EvidenceKind> {
  if (isPastSaving(change)) return new Set();
  return new Set(rules.flatMap((rule) => rule.evidence?.(change) ?? []));
}

/** A CRD that is being deleted must be let through, or it hangs in Terminating for ever. */
function isPastSaving(change: Change): boolean {
  return change.kind !== "apply-workload" && (previousCrd(change)?.isTerminating ?? false);
}

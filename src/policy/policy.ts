/** @file Turns findings into consequences. */
import type { Enforcement, Finding } from "../rules/finding.ts";
import { parseSettings } from "./settings.ts";

/** `off`: the rule's findings are dropped. */
export type RuleSetting = Enforcement | "off";

export interface Policy {
  /** By rule id; a rule without an entry keeps its default. */
  readonly enforcement: ReadonlyMap<string, RuleSetting>;
  /** What a question that cannot be decided in time, or for want of facts, ends in. */
  readonly onUndecided: "deny" | "allow";
}

export const DEFAULT_POLICY: Policy = { enforcement: new Map(), onUndecided: "deny" };

/** A finding with its consequence. `audit` is recorded, not told to the person who asks. */
export interface JudgedFinding extends Finding {
  readonly enforcement: Enforcement;
  /** Why this is no denial, though the rule's enforcement says so. */
  readonly relief?: Relief;
  /** What was meant to be a relief, and is none. */
  readonly unmet?: readonly UnmetRelief[];
}

/** Makes a warning of a denial. */
export type Relief =
  /** `policy`: name of the GuardPolicy; `expires`: RFC 3339. */
  | {
      readonly kind: "exception";
      readonly policy: string;
      readonly reason: string;
      readonly owner: string;
      readonly expires: string;
    }
  /** `by`: who asked for the change, and may override the rule; null: whoever runs the command. `until`: RFC 3339. */
  | { readonly kind: "override"; readonly by: string | null; readonly reason: string; readonly until: string | null };

export type UnmetRelief =
  | { readonly kind: "exception-lapsed"; readonly policy: string; readonly owner: string; readonly expires: string }
  /** `unverified`: whether it is allowed could not be asked. `until`, RFC 3339, of one that has expired. */
  | { readonly kind: "override-refused"; readonly why: "not-allowed" | "no-reason" | "unverified"; readonly by: string | null }
  | { readonly kind: "override-refused"; readonly why: "expired"; readonly until: string }
  | { readonly kind: "override-refused"; readonly why: "malformed"; readonly problem: string }
  /** The API server refuses the same by itself. */
  | { readonly kind: "override-refused"; readonly why: "no-use" };

const SEVERITY = { deny: 2, warn: 1, audit: 0 } as const satisfies Record<Enforcement, number>;

/** Denials first, then warnings, then what is only recorded; within each in the order given. */
export function judge(findings: readonly Finding[], policy: Policy): readonly JudgedFinding[] {
  return findings
    .flatMap((finding): readonly JudgedFinding[] => {
      const enforcement = enforcementOf(finding, policy);
      return enforcement === "off" ? [] : [{ ...finding, enforcement }];
    })
    .toSorted(bySeverity);
}

/** Denials first; what is alike stays in its order. */
export function bySeverity(left: JudgedFinding, right: JudgedFinding): number {
  return SEVERITY[right.enforcement] - SEVERITY[left.enforcement];
}

/** An advisory finding is a guess or a lesser harm: no setting turns it into a denial, but one may quieten it. */
function enforcementOf(finding: Finding, policy: Policy): RuleSetting {
  const configured = policy.enforcement.get(finding.rule) ?? finding.defaultEnforcement;
  return finding.isAdvisory && configured === "deny" ? "warn" : configured;
}

export type RuleSettingResult =
  | { readonly ok: true; readonly value: ReadonlyMap<string, RuleSetting> }
  | { readonly ok: false; readonly error: { readonly code: "rule-setting-invalid"; readonly message: string } };

/** Reads settings of the form `<rule-id>=deny|warn|audit|off`, as given on the command line. */
export function parseRuleSettings(settings: readonly string[], knownRules: readonly string[]): RuleSettingResult {
  const parsed = parseSettings(settings, { noun: "rule", placeholder: "<rule-id>", levels: LEVELS, knownIds: knownRules });
  return parsed.ok ? parsed : { ok: false, error: { code: "rule-setting-invalid", message: parsed.message } };
}

const LEVELS = ["deny", "warn", "audit", "off"] as const satisfies readonly RuleSetting[];

/** @file Turns findings into consequences. */
import type { Enforcement, Fact, Finding } from "../rules/finding.ts";
import { parseSettings } from "./settings.ts";

/** `off`: the rule's findings are dropped. */
export type RuleSetting = Enforcement | "off";

export interface Policy {
  /** By rule id; a rule without an entry keeps its default. */
  readonly enforcement: ReadonlyMap<string, RuleSetting>;
  /** What a question that cannot be decided in time, or for want of facts, ends in. */
  readonly onUndecided: "deny" | "allow";
  readonly objects: ObjectsPolicy;
  /** For the CRD that is judged. The first of those that hold is the one that is told. */
  readonly exceptions: readonly EffectiveException[];
}

/** How live objects are held against new schemas at admission. */
export interface ObjectsPolicy {
  /** What it ends in where not all of them could be looked at, and nothing was found of those that were. */
  readonly onIncomplete: OnIncomplete;
  /** Of the time that the API server gives for the whole answer. */
  readonly budgetPercent: number;
}

export const ON_INCOMPLETE = ["allow-with-warning", "deny"] as const;
export type OnIncomplete = (typeof ON_INCOMPLETE)[number];

/** Evidence ends at 70 %, so that the answer is in time: `admission/deadline.ts`. */
export const MAX_BUDGET_PERCENT = 70;

/** An exception of a GuardPolicy, for one CRD at one moment. */
export interface EffectiveException {
  /** Name of the GuardPolicy. */
  readonly policy: string;
  readonly rule: string;
  /** Empty: whatever version the finding is about. */
  readonly versions: readonly string[];
  readonly reason: string;
  readonly owner: string;
  /** RFC 3339. */
  readonly expires: string;
  /** It is over, and counts no more. */
  readonly isLapsed: boolean;
}

export const DEFAULT_POLICY: Policy = {
  enforcement: new Map(),
  onUndecided: "deny",
  objects: { onIncomplete: "allow-with-warning", budgetPercent: 60 },
  exceptions: [],
};

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

const SEVERITY = { deny: 3, warn: 2, audit: 1, off: 0 } as const satisfies Record<RuleSetting, number>;

/** Above 0 where the left one is stricter. */
export function compareStrictness(left: RuleSetting, right: RuleSetting): number {
  return SEVERITY[left] - SEVERITY[right];
}

/** Denials first, then warnings, then what is only recorded; within each in the order given. */
export function judge(findings: readonly Finding[], policy: Policy): readonly JudgedFinding[] {
  return toldOnce(consequences(findings, policy).toSorted(worstFirst));
}

/** That objects could not be seen is found by every rule that needs to see them, some of which may be off. */
function toldOnce(findings: readonly JudgedFinding[]): readonly JudgedFinding[] {
  const first = findings.find(isAboutUnseenObjects);
  return first === undefined ? findings : findings.filter((finding) => finding === first || !isAboutUnseenObjects(finding));
}

function consequences(findings: readonly Finding[], policy: Policy): readonly JudgedFinding[] {
  return findings.flatMap((finding): readonly JudgedFinding[] => {
    const enforcement = enforcementOf(finding, policy);
    if (enforcement === "off") return [];
    return [enforcement === "deny" ? relieved(finding, policy) : { ...finding, enforcement }];
  });
}

/** For `toSorted`: denials first, then warnings. */
export function worstFirst(left: Pick<JudgedFinding, "enforcement">, right: Pick<JudgedFinding, "enforcement">): number {
  return compareStrictness(right.enforcement, left.enforcement);
}

/** A denial, or the warning that an exception makes of it. */
function relieved(finding: Finding, { exceptions }: Policy): JudgedFinding {
  const own = exceptions.filter((exception) => isAbout(exception, finding));
  const held = own.find(({ isLapsed }) => !isLapsed);
  if (held !== undefined) {
    const { policy, reason, owner, expires } = held;
    return { ...finding, enforcement: "warn", relief: { kind: "exception", policy, reason, owner, expires } };
  }
  const unmet = own.map(({ policy, owner, expires }): UnmetRelief => ({ kind: "exception-lapsed", policy, owner, expires }));
  return { ...finding, enforcement: "deny", ...(unmet.length === 0 ? {} : { unmet }) };
}

/** One that names versions covers no more than these. */
function isAbout({ rule, versions }: EffectiveException, finding: Finding): boolean {
  if (rule !== finding.rule) return false;
  if (versions.length === 0) return true;
  const concerned = versionsOf(finding.fact);
  return concerned.length > 0 && concerned.every((version) => versions.includes(version));
}

/** Versions of the CRD that a fact is about; none of one that is about all of it. */
function versionsOf(fact: Fact): readonly string[] {
  switch (fact.kind) {
    case "object-rejected":
      return fact.causes.flatMap(({ versions }) => versions);
    case "object-pruned":
      return fact.fields.flatMap(({ versions }) => versions);
    case "object-rules-failed":
    case "object-rules-unevaluated":
      return fact.rules.map(({ version }) => version);
    case "stored-version-removed":
    case "stored-version-forgotten":
    case "version-in-use-unserved":
      return [fact.version];
    case "required-version-unserved":
    case "writers-unknown":
    case "schema-narrowed":
    case "schemas-unknown":
      return fact.versions;
    case "versions-apart":
      return [fact.writtenIn, fact.readIn];
    case "version-renamed":
      return [fact.from];
    case "conversion-removed":
    case "conversion-unreachable":
    case "conversion-unknown":
      return fact.versions;
    case "storage-version-downgraded":
      return [fact.after];
    case "workload-requirement-unmet":
      return fact.unmet.flatMap(({ need }) => need.requirement.versions);
    case "requirement-unsure":
      return fact.hurt.flatMap(({ need }) => need.requirement.versions);
    case "required-resource-deleted":
    case "objects-deleted":
    case "declaration-unreadable":
    case "bundle-downgraded":
    case "owner-changed":
    case "names-gone":
    case "objects-not-all-checked":
    case "objects-unchecked":
    case "objects-known-in-outline":
      return [];
  }
}

/**
 * An advisory finding is a guess or a lesser harm: no setting turns it into a denial, but one may quieten it. That objects could not
 * all be looked at is a doubt too, and policy has a word of its own on it.
 */
function enforcementOf(finding: Finding, policy: Policy): RuleSetting {
  if (isAboutUnseenObjects(finding) && policy.objects.onIncomplete === "deny") {
    return policy.enforcement.get(finding.rule) ?? "deny";
  }
  const configured = policy.enforcement.get(finding.rule) ?? finding.defaultEnforcement;
  return finding.isAdvisory && configured === "deny" ? "warn" : configured;
}

function isAboutUnseenObjects({ fact }: Finding): boolean {
  return fact.kind === "objects-not-all-checked" || fact.kind === "objects-unchecked" || fact.kind === "objects-known-in-outline";
}

export type RuleSettingResult =
  | { readonly ok: true; readonly value: ReadonlyMap<string, RuleSetting> }
  | { readonly ok: false; readonly error: { readonly code: "rule-setting-invalid"; readonly message: string } };

/** Reads settings of the form `<rule-id>=deny|warn|audit|off`, as given on the command line. */
export function parseRuleSettings(settings: readonly string[], knownRules: readonly string[]): RuleSettingResult {
  const parsed = parseSettings(settings, {
    noun: "rule",
    placeholder: "<rule-id>",
    levels: RULE_SETTINGS,
    knownIds: knownRules,
  });
  return parsed.ok ? parsed : { ok: false, error: { code: "rule-setting-invalid", message: parsed.message } };
}

export const RULE_SETTINGS = ["deny", "warn", "audit", "off"] as const satisfies readonly RuleSetting[];

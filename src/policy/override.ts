/** @file What the annotations of a CRD ask to override, and what becomes of denials. Who may override is for RBAC to say. */
import type { Crd, OverrideRequest } from "../crd/crd.ts";
import { OVERRIDE_UNTIL } from "../crd/parse.ts";
import { nearestWord } from "../crd/nearest-word.ts";
import type { CrdChange } from "../rules/change.ts";
import { rules } from "../rules/checks/index.ts";
import { readTime } from "./guard-policy.ts";
import { type JudgedFinding, type Relief, type UnmetRelief, worstFirst } from "./policy.ts";

/** What is asked for of one rule that denies. */
export type OverrideClaim =
  /** It counts if the requester may override the rule. */
  | { readonly kind: "permission-needed"; readonly reason: string; readonly until: string | null }
  | { readonly kind: "refused"; readonly unmet: UnmetRelief };

/** By id of the rule, for rules that deny alone. */
export type OverrideClaims = ReadonlyMap<string, OverrideClaim>;

export interface OverrideCircumstances {
  readonly now: Date;
  /** Who asks for the change; null: whoever runs the command. */
  readonly by: string | null;
}

/** What RBAC says of a rule that was asked about. */
export type OverrideAnswer = "allowed" | "not-allowed" | "unverified";

/**
 * The new object counts: what is applied carries its override, or keeps the one that was there. A deletion and a status update
 * bring no annotations of their own, so that the CRD as it is must have them.
 */
export function overrideRequestOf(change: CrdChange): OverrideRequest | null {
  switch (change.kind) {
    case "create":
    case "update":
      return change.next.override;
    case "status-update":
    case "delete":
      return change.previous.override;
  }
}

/** A manifest as `kubectl apply` would have it stored: what it does not say of an override stays as it was. */
export function keepingOverride(previous: Crd, next: Crd): Crd {
  const [before, after] = [previous.override, next.override];
  if (before === null) return next;
  if (after === null) return { ...next, override: before };
  const { rules: named, reason, until } = after;
  return { ...next, override: { rules: named, reason: reason ?? before.reason, until: until ?? before.until } };
}

/** Of each rule that denies, what is asked for. A rule that is not named, and is meant by no slip of the hand, is in no claim. */
export function overrideClaims(
  findings: readonly JudgedFinding[],
  request: OverrideRequest | null,
  { now, by }: OverrideCircumstances,
): OverrideClaims {
  if (request === null) return new Map();
  const denying = [...new Set(findings.filter(isDenial).map(({ rule }) => rule))];
  const named = request.rules.split(/[\s,]+/, MAX_NAMED).filter((word) => word !== "");
  const isNamed = new Set(named);
  const problems = problemsOf(
    named,
    denying.filter((rule) => !isNamed.has(rule)),
  );
  return new Map(
    denying.flatMap((rule): readonly (readonly [string, OverrideClaim])[] => {
      if (isNamed.has(rule)) return [[rule, claimOf(rule, request, { now, by })]];
      const problem = problems.get(rule);
      return problem === undefined ? [] : [[rule, refused({ why: "malformed", problem })]];
    }),
  );
}

/**
 * Lifts a denial where what RBAC says allows it, and tells on each other one why it stays; nothing else is touched.
 * @param by who asks for the change; null: whoever runs the command.
 */
export function withOverrides(
  findings: readonly JudgedFinding[],
  claims: OverrideClaims,
  answers: ReadonlyMap<string, OverrideAnswer>,
  by: string | null,
): readonly JudgedFinding[] {
  if (claims.size === 0) return findings;
  return findings
    .map((finding) => {
      const claim = isDenial(finding) ? claims.get(finding.rule) : undefined;
      return claim === undefined ? finding : settled(finding, claim, answers.get(finding.rule) ?? "unverified", by);
    })
    .toSorted(worstFirst);
}

/** Rules that an override may name. */
export function isOverridable(ruleId: string): boolean {
  return rules.some(({ id, noOverride }) => id === ruleId && noOverride === undefined);
}

/**
 * Rules that deny, if overriding them all lets the change through; else none.
 * @param findings of one change.
 */
export function rulesToOverride(findings: readonly JudgedFinding[]): readonly string[] {
  // What the API server refuses anyway, it refuses whether our rule denies or warns.
  if (findings.some(({ rule }) => isRefusedAnyway(rule))) return [];
  const denying = [...new Set(findings.filter(isDenial).map(({ rule }) => rule))];
  return denying.every(isOverridable) ? denying : [];
}

/** A reason that says nothing is none: it is there for whoever reads the audit log. */
export function isReason(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

/** More are no list that anybody wrote; an annotation may have a quarter of a megabyte. */
const MAX_NAMED = 64;

function settled(finding: JudgedFinding, claim: OverrideClaim, answer: OverrideAnswer, by: string | null): JudgedFinding {
  if (claim.kind === "refused") return unmet(finding, claim.unmet);
  if (answer !== "allowed") return unmet(finding, { kind: "override-refused", why: answer, by });
  const relief: Relief = { kind: "override", by, reason: claim.reason, until: claim.until };
  return { ...finding, enforcement: "warn", relief };
}

function unmet(finding: JudgedFinding, refusal: UnmetRelief): JudgedFinding {
  return { ...finding, unmet: [...(finding.unmet ?? []), refusal] };
}

function claimOf(rule: string, { reason, until }: OverrideRequest, { now, by }: OverrideCircumstances): OverrideClaim {
  if (isRefusedAnyway(rule)) return refused({ why: "no-use" });
  if (reason === null || !isReason(reason)) return refused({ why: "no-reason", by });
  if (until !== null) {
    const end = readTime(until);
    if (end === null) {
      const problem = `${OVERRIDE_UNTIL} "${until}" is no time of the form 2026-05-06T07:08:09Z`;
      return refused({ why: "malformed", problem });
    }
    if (end <= now.getTime()) return refused({ why: "expired", until });
  }
  return { kind: "permission-needed", reason: reason.trim(), until };
}

type Refusal = UnmetRelief extends infer U ? (U extends { kind: "override-refused" } ? Omit<U, "kind"> : never) : never;

function refused(refusal: Refusal): OverrideClaim {
  return { kind: "refused", unmet: { kind: "override-refused", ...refusal } };
}

/** A word that is no rule is told where the rule that was meant denies; where none is near, on each rule that is not named. */
function problemsOf(named: readonly string[], unnamed: readonly string[]): ReadonlyMap<string, string> {
  const ids = rules.map(({ id }) => id);
  const unknown = named.filter((word) => !ids.includes(word));
  const problems = new Map<string, string>();
  for (const word of named.length === 0 ? [""] : unknown) {
    const meant = nearestWord(word, ids);
    const problem = word === "" ? "it names no rule" : `"${word}" is no rule${meant === null ? "" : `; "${meant}" may be meant`}`;
    for (const rule of unnamed) if (meant === null || meant === rule) problems.set(rule, problems.get(rule) ?? problem);
  }
  return problems;
}

function isDenial({ enforcement }: JudgedFinding): boolean {
  return enforcement === "deny";
}

function isRefusedAnyway(ruleId: string): boolean {
  return rules.some(({ id, noOverride }) => id === ruleId && noOverride === "api-server-refuses");
}

/** @file Overrides in words: the way to one, one that counts, and one that does not. */
import { OVERRIDE_REASON } from "../crd/parse.ts";
import { rulesToOverride } from "../policy/override.ts";
import type { JudgedFinding, Relief, UnmetRelief } from "../policy/policy.ts";
import { dayOf, shellWord, shortName, shown } from "./text.ts";

type Override = Extract<Relief, { kind: "override" }>;
type Refusal = Extract<UnmetRelief, { kind: "override-refused" }>;

/** The way to an override, of one that would let the change through. */
export interface OverrideOffer {
  /** Prints what to type, and who may. */
  readonly command: string;
}

/**
 * @param findings of one change, all of whose denials are overridden together.
 * @returns null where no override helps.
 */
export function overrideOffer(findings: readonly JudgedFinding[], crdName: string): OverrideOffer | null {
  const rules = rulesToOverride(findings);
  if (rules.length === 0) return null;
  return { command: `kubectl crdguard override ${shellWord(crdName)} --rule ${rules.map(shellWord).join(",")} --reason "…"` };
}

/** Of whom it was refused for want of a right, it is not offered again: the refusal says what is missing. */
export function isOffered({ enforcement, unmet = [] }: Pick<JudgedFinding, "enforcement" | "unmet">): boolean {
  return enforcement === "deny" && !unmet.some((each) => each.kind === "override-refused" && each.why === "not-allowed");
}

/** A line of its own, and the last of a denial. */
export function offerLine({ command }: OverrideOffer): string {
  return `To override: ${command}`;
}

/** `overridden by alice until 2026-05-06T09:00:00Z: incident 4711` */
export function overrideClause({ by, reason, until }: Override): string {
  return `overridden${by === null ? "" : ` by ${shown(by)}`}${until === null ? "" : ` until ${dayOf(until)}`}: ${shown(reason)}`;
}

/** For a warning, of which 120 characters are kept. */
export function overrideInShort({ by, reason }: Override): string {
  const told = shown(reason);
  const short = told.length <= MAX_REASON_LENGTH ? told : `${told.slice(0, MAX_REASON_LENGTH - 1)}…`;
  return `overridden${by === null ? "" : ` by ${shortName(by)}`}: ${short}`;
}

/** With the longest rule id and a short name, the reason still has a neighbour: what was denied. */
const MAX_REASON_LENGTH = 40;

export function overrideRefused(refusal: Refusal): string {
  switch (refusal.why) {
    case "not-allowed":
      return `its override does not count: ${whoever(refusal.by)} may not: RBAC grants no verb override on guardpolicies.crdguard.dev of this rule's name (docs/override.md)`;
    case "no-reason":
      return `its override does not count: the annotation ${OVERRIDE_REASON} is missing or says nothing`;
    case "unverified":
      return `its override does not count: whether ${whoever(refusal.by)} may override this rule could not be asked`;
    case "expired":
      return `its override ended at ${shown(refusal.until)}`;
    case "malformed":
      return `its override does not count: ${shown(refusal.problem)}`;
    case "no-use":
      return "its override is of no use: the API server refuses this change by itself, whoever asks";
  }
}

/** For logs and metrics: what became of an override of this finding's rule; null where none was asked for. */
export function overrideResult({ relief, unmet = [] }: Pick<JudgedFinding, "relief" | "unmet">): string | null {
  if (relief?.kind === "override") return "allowed";
  for (const each of unmet) if (each.kind === "override-refused") return each.why;
  return null;
}

/** What stands in the API server's audit log, beside the verdict. */
export function overrideAnnotations(findings: readonly JudgedFinding[]): Readonly<Record<string, string>> {
  const overridden = new Set<string>();
  const refused = new Set<string>();
  let told: string | null = null;
  for (const finding of findings) {
    const { rule, relief } = finding;
    const result = overrideResult(finding);
    if (relief?.kind === "override") {
      overridden.add(rule);
      told = relief.reason;
    } else if (result !== null) {
      refused.add(`${rule}=${result}`);
    }
  }
  return {
    ...(overridden.size > 0 ? { overridden: [...overridden].join(",") } : {}),
    ...(told === null ? {} : { "override-reason": shown(told) }),
    ...(refused.size > 0 ? { "override-refused": [...refused].join(",") } : {}),
  };
}

function whoever(by: string | null): string {
  return by === null ? "you" : shown(by);
}

/** @file What became of a change of a CRD → Events in words: for whoever looks at the CRD, now or an hour later. */
import type { JudgedFinding } from "../policy/policy.ts";
import type { Verdict } from "../review/verdict.ts";
import { messageOf } from "./messages.ts";
import { countOf, shown } from "./text.ts";

/** As operator/cluster-event.ts has it, without the object that it is about. */
export interface ToldEvent {
  readonly type: "Warning";
  readonly reason: "UpgradeDenied" | "StoredVersionAtRisk" | "UpgradeOverridden";
  readonly action: string;
  readonly note: string;
}

export interface ToldChange {
  readonly crdName: string;
  readonly operation: string;
  readonly username: string;
  readonly verdict: Exclude<Verdict, { kind: "undecided" }>;
}

/**
 * Whoever may read Events may read these: no names of objects and workloads, which a denial tells only to those who may list
 * them. The same is told in the same words, so that a repetition is known for one.
 */
export function changeEvents(change: ToldChange): readonly ToldEvent[] {
  const { operation, verdict } = change;
  const denials = verdict.kind === "deny" ? verdict.findings.filter(({ enforcement }) => enforcement === "deny") : [];
  const atRisk = denials.filter(({ rule }) => STORED_VERSION_RULES.has(rule));
  // Of a change that is denied all the same, nothing was overridden.
  const overridden = verdict.kind === "allow" ? verdict.findings.filter(({ relief }) => relief?.kind === "override") : [];
  const word = operation.charAt(0) + operation.slice(1).toLowerCase();
  return [
    ...toldEvent(
      "UpgradeDenied",
      `Deny${word}`,
      denials,
      change,
      `${operation} by ${shown(change.username)} denied: `,
      sentences,
    ),
    ...toldEvent("StoredVersionAtRisk", `Deny${word}`, atRisk, change, "Objects could no longer be read: ", sentences),
    ...toldEvent(
      "UpgradeOverridden",
      `Override${word}`,
      overridden,
      change,
      `${operation} by ${shown(change.username)} let through: `,
      reasons,
    ),
  ];
}

const STORED_VERSION_RULES: ReadonlySet<string> = new Set(["stored-version-removed", "stored-version-forgotten"]);

function toldEvent(
  reason: ToldEvent["reason"],
  action: string,
  findings: readonly JudgedFinding[],
  { crdName }: ToldChange,
  start: string,
  tell: (findings: readonly JudgedFinding[], crdName: string) => string,
): readonly ToldEvent[] {
  if (findings.length === 0) return [];
  return [{ type: "Warning", reason, action, note: `${start}${tell(findings, crdName)}` }];
}

function sentences(findings: readonly JudgedFinding[], crdName: string): string {
  const told = findings.slice(0, MAX_TOLD).map(({ rule, fact }) => `${rule}: ${messageOf(fact, crdName)}`);
  const left = findings.length - told.length;
  return [...told, ...(left === 0 ? [] : [countOf(left, "more finding")])].join(". ");
}

/** The reason is the same for all that one override lifts. */
function reasons(findings: readonly JudgedFinding[], crdName: string): string {
  const [first] = findings;
  const why = first?.relief?.kind === "override" ? shown(first.relief.reason) : "";
  const rules = [...new Set(findings.map(({ rule }) => rule))].join(", ");
  return `${rules} overridden (${why}). ${sentences(findings, crdName)}`;
}

/** A note has 1,024 bytes, and a sentence some 200. */
const MAX_TOLD = 4;

/** @file What is said of a GuardPolicy: what is wrong with it, which exceptions are over, in its status, its Events and in doctor. */
import type { GuardPolicyResult, PolicyException, PolicyProblem } from "../policy/guard-policy.ts";
import type { ExceptionsAtOnce } from "../policy/lapse.ts";
import { dayOf, countOf, escaped, listOf, quoted, shown } from "./text.ts";

/** `spec.rules[0].id: "object-deleted" is no rule; "objects-deleted" may be meant` */
export function policyProblem(problem: PolicyProblem): string {
  const path = shown(problem.path);
  switch (problem.kind) {
    case "rule-unknown":
      return `${path}: ${quoted(problem.id)} is no rule${meant(problem.nearest)}`;
    case "member-unknown":
      return `${path}: unknown member${meant(problem.nearest)}`;
    case "malformed":
      return `${path}: expected ${problem.expected}`;
    case "repeated":
      return `${path}: ${quoted(problem.id)} stands here a second time`;
    case "versions-useless":
      return `${path}: ${problem.rule} is about a CRD as a whole: leave out versions`;
  }
}

/** Of the condition Accepted. */
export function acceptanceMessage(parsed: GuardPolicyResult): string {
  if (!parsed.ok) return `Nothing of this policy counts: ${problemList(parsed.error.problems)}.`;
  if (parsed.problems.length === 0) return "All of this policy counts.";
  const count = parsed.problems.length;
  return `${count === 1 ? "1 entry of this policy does" : `${String(count)} entries of this policy do`} not count, the rest does: ${problemList(parsed.problems)}.`;
}

/** Of the condition ExceptionsCurrent. */
export function exceptionsMessage({ held, lapsing, lapsed }: ExceptionsAtOnce): string {
  const sentences = [
    ...(lapsed.length === 0
      ? []
      : [
          `${countOf(lapsed.length, "exception")} no longer ${lapsed.length === 1 ? "counts" : "count"}: ${exceptionList(lapsed, "lapsed on")}.`,
          "Renew or remove what is over.",
        ]),
    ...(lapsing.length === 0
      ? []
      : [`${countOf(lapsing.length, "exception")} will lapse soon: ${exceptionList(lapsing, "until")}.`]),
  ];
  if (sentences.length > 0) return sentences.join(" ");
  return held.length === 0 ? "There are no exceptions." : `All exceptions hold: ${exceptionList(held, "until")}.`;
}

/** `objects-deleted for gears.own.dev (owner: millers; lapsed on 2026-11-01)` */
export function exceptionName(
  { rule, crd, owner, expires }: Omit<PolicyException, "versions" | "reason">,
  word: "lapsed on" | "until",
): string {
  return `${shown(rule)} for ${shown(crd)} (owner: ${shown(owner)}; ${word} ${dayOf(expires)})`;
}

/** As above, with the reason. */
export function exceptionLine(exception: Omit<PolicyException, "versions">, word: "lapsed on" | "until"): string {
  return `${exceptionName(exception, word)}: ${shown(exception.reason)}`;
}

/** Of an Event. */
export function lapsedNote(lapsed: readonly PolicyException[]): string {
  return `What was excepted is denied again: ${exceptionList(lapsed, "lapsed on")}. Renew or remove it.`;
}

/** Most named in one sentence; a policy may hold 64 of each. */
const MAX_NAMED = 8;

function problemList(problems: readonly PolicyProblem[]): string {
  const told = problems.slice(0, MAX_NAMED).map(policyProblem);
  return escaped(
    [...told, ...(problems.length > MAX_NAMED ? [`and ${String(problems.length - MAX_NAMED)} more`] : [])].join("; "),
  );
}

function exceptionList(exceptions: readonly PolicyException[], word: "lapsed on" | "until"): string {
  const told = exceptions.slice(0, MAX_NAMED).map((exception) => exceptionName(exception, word));
  return listOf(exceptions.length > MAX_NAMED ? [...told, `${String(exceptions.length - MAX_NAMED)} more`] : told);
}

function meant(nearest: string | null): string {
  return nearest === null ? "" : `; ${quoted(nearest)} may be meant`;
}

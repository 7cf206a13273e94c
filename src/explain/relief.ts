/**
 * @file Why a denial became a warning, and what was meant to make one of it and does not: in the words of every place that
 * tells it.
 */
import type { JudgedFinding, Relief, UnmetRelief } from "../policy/policy.ts";
import { overrideClause, overrideInShort, overrideRefused } from "./override.ts";
import { dayOf, shortName, shown } from "./text.ts";

/** Clauses that follow the message of a finding, each after a semicolon. */
export function reliefClauses({ relief, unmet = [] }: Pick<JudgedFinding, "relief" | "unmet">): readonly string[] {
  return [...(relief === undefined ? [] : [reliefClause(relief)]), ...unmet.map(unmetClause)];
}

/** `excepted until 2027-01-01 by GuardPolicy team-a (needed by the billing team; owner: platform)` */
export function reliefClause(relief: Relief): string {
  switch (relief.kind) {
    case "exception":
      return `${reliefInShort(relief)} (${shown(relief.reason)}; owner: ${shown(relief.owner)})`;
    case "override":
      return overrideClause(relief);
  }
}

/** For a warning, of which 120 characters are kept: no more than who, and until when. */
export function reliefInShort(relief: Relief): string {
  switch (relief.kind) {
    case "exception":
      return `excepted until ${dayOf(relief.expires)} by GuardPolicy ${shortName(relief.policy)}`;
    case "override":
      return overrideInShort(relief);
  }
}

export function unmetClause(unmet: UnmetRelief): string {
  switch (unmet.kind) {
    case "exception-lapsed":
      return `the exception by GuardPolicy ${shown(unmet.policy)} lapsed on ${dayOf(unmet.expires)} (owner: ${shown(unmet.owner)})`;
    case "override-refused":
      return overrideRefused(unmet);
  }
}

/** For audit annotations and logs: `<policy>/<rule-id>` of an exception that counted; null: none did. */
export function exceptionLabel({ rule, relief }: Pick<JudgedFinding, "rule" | "relief">): string | null {
  if (relief === undefined) return null;
  switch (relief.kind) {
    case "exception":
      return `${relief.policy}/${rule}`;
    case "override":
      return null;
  }
}

/**
 * @file Why a denial became a warning, and what was meant to make one of it and does not: in the words of every place that
 * tells it.
 */
import type { JudgedFinding, Relief, UnmetRelief } from "../policy/policy.ts";
import { shown } from "./text.ts";

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
      return `${reliefInShort(relief)} (${shown(relief.reason)})`;
  }
}

/** For a warning, of which 120 characters are kept: no more than who, and until when. */
export function reliefInShort(relief: Relief): string {
  switch (relief.kind) {
    case "exception":
      return `excepted until ${dayOf(relief.expires)} by GuardPolicy ${shortName(relief.policy)}`;
    case "override": {
      const until = relief.until === null ? "" : ` until ${dayOf(relief.until)}`;
      return `overridden${until}${relief.by === null ? "" : ` by ${shortName(relief.by)}`}`;
    }
  }
}

export function unmetClause(unmet: UnmetRelief): string {
  switch (unmet.kind) {
    case "exception-lapsed":
      return `the exception by GuardPolicy ${shown(unmet.policy)} lapsed on ${dayOf(unmet.expires)} (owner: ${shown(unmet.owner)})`;
    case "override-refused":
      return refusedClause(unmet);
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

function refusedClause(refused: Extract<UnmetRelief, { kind: "override-refused" }>): string {
  const by = "by" in refused && refused.by !== null ? shown(refused.by) : "whoever asks";
  switch (refused.why) {
    case "not-allowed":
      return `its override does not count: ${by} may not override this rule`;
    case "no-reason":
      return "its override does not count: it gives no reason";
    case "unverified":
      return `its override does not count: whether ${by} may override this rule could not be asked`;
    case "expired":
      return `its override expired on ${dayOf(refused.until)}`;
    case "malformed":
      return `its override does not count: ${shown(refused.problem)}`;
  }
}

/** A time of the day is told where it is not that at which the day begins. */
function dayOf(time: string): string {
  return shown(time.replace(/T00:00(?::00(?:\.0+)?)?Z$/, ""));
}

/** Names have up to 253 characters; what they are told beside must stay in a warning of 120. */
const MAX_NAME_LENGTH = 32;

function shortName(name: string): string {
  const told = shown(name);
  return told.length <= MAX_NAME_LENGTH ? told : `${told.slice(0, MAX_NAME_LENGTH - 1)}…`;
}

/** @file What a health check is. */
import type { HealthFacts } from "./facts.ts";
import type { CheckFinding } from "./finding.ts";
import type { Severity } from "./severity.ts";

export interface HealthCheck {
  /** The fact found, in kebab case; also the name of its file, its test and its page in `docs/doctor/`. */
  readonly id: string;
  readonly defaultSeverity: Severity;
  /** Pure; never mutates its input. */
  readonly find: (facts: HealthFacts) => readonly CheckFinding[];
}

/** Gives a check's literal its type. */
export function defineHealthCheck(check: HealthCheck): HealthCheck {
  return check;
}

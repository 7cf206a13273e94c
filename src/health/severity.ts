/** @file How bad a finding is, how settings change that, and what fails. */

/**
 * Linters' words: SARIF, GitHub and editors know these three. Of `doctor`, `error`: broken, or breaks at the next restart;
 * `warning`: bites at the next change; `note`: worth knowing. Of `check`: deny, warn, audit.
 */
export type Severity = "error" | "warning" | "note";

export const SEVERITIES = ["error", "warning", "note"] as const satisfies readonly Severity[];

/** What a check's findings are told as; `off`: not at all. */
export type CheckSetting = Severity | "off";

const RANK = { error: 2, warning: 1, note: 0 } as const satisfies Record<Severity, number>;

/** Positive when `left` is the worse one. */
export function compareSeverity(left: Severity, right: Severity): number {
  return RANK[left] - RANK[right];
}

/** @param failLevel findings of this severity, and of worse ones, fail; null: none does. */
export function isFailing(severity: Severity, failLevel: Severity | null): boolean {
  return failLevel !== null && compareSeverity(severity, failLevel) >= 0;
}

/**
 * A finding that is milder than its check's default stays so: a setting raises what the check is about, not its doubts.
 * @param setting of the check; null where nobody has set one.
 */
export function gradedSeverity(own: Severity, byDefault: Severity, setting: Severity | null): Severity {
  if (setting === null) return own;
  return compareSeverity(own, byDefault) < 0 && compareSeverity(own, setting) < 0 ? own : setting;
}

/** @file Reads `--check` and `--fail-on` of doctor. */
import { type CheckSetting, SEVERITIES, type Severity } from "../health/severity.ts";
import { parseSettings } from "../policy/settings.ts";

export type CheckSettingsResult =
  | { readonly ok: true; readonly value: ReadonlyMap<string, CheckSetting> }
  | { readonly ok: false; readonly error: { readonly code: "check-setting-invalid"; readonly message: string } };

const LEVELS = [...SEVERITIES, "off"] as const;

/** @param settings of the form `<check>=error|warning|note|off`; the last one of a check counts. */
export function parseCheckSettings(settings: readonly string[], knownChecks: readonly string[]): CheckSettingsResult {
  const parsed = parseSettings(settings, { noun: "check", placeholder: "<check>", levels: LEVELS, knownIds: knownChecks });
  return parsed.ok ? parsed : { ok: false, error: { code: "check-setting-invalid", message: parsed.message } };
}

/** Words of doctor, and those of check, which a pipeline may give to both. */
const FAIL_ON: ReadonlyMap<string, Severity | null> = new Map([
  ["error", "error"],
  ["warning", "warning"],
  ["none", null],
  ["deny", "error"],
  ["warn", "warning"],
]);

export const FAIL_ON_WORDS: readonly string[] = [...FAIL_ON.keys()];

/** @param word one of `FAIL_ON_WORDS`. */
export function parseFailOn(word: string): Severity | null {
  return FAIL_ON.get(word) ?? null;
}

/** @file Reads `--check` and `--fail-on` of doctor. */
import { type CheckSetting, SEVERITIES, type Severity } from "../health/severity.ts";

export type CheckSettingsResult =
  | { readonly ok: true; readonly value: ReadonlyMap<string, CheckSetting> }
  | { readonly ok: false; readonly error: { readonly code: "check-setting-invalid"; readonly message: string } };

const LEVELS = [...SEVERITIES, "off"] as const;

/** @param settings of the form `<check>=error|warning|note|off`; the last one of a check counts. */
export function parseCheckSettings(settings: readonly string[], knownChecks: readonly string[]): CheckSettingsResult {
  const values = new Map<string, CheckSetting>();
  for (const setting of settings) {
    const [id = "", word, ...rest] = setting.split("=");
    const level = LEVELS.find((known) => known === word);
    if (rest.length > 0 || level === undefined) return invalid(`"${setting}" is not of the form <check>=${LEVELS.join("|")}`);
    if (!knownChecks.includes(id)) return invalid(`"${id}" is no check; the checks are ${knownChecks.join(", ")}`);
    values.set(id, level);
  }
  return { ok: true, value: values };
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

function invalid(message: string): CheckSettingsResult {
  return { ok: false, error: { code: "check-setting-invalid", message } };
}

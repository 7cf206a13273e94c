/** @file The form of a warning: what the API server passes on, and kubectl prints. */

/**
 * Above 4,096 characters in all, the API server cuts each warning to 256 and drops the rest; one with a line break is
 * dropped in silence. Ten of 120 stay well below.
 * Source: k8s.io/apiserver/pkg/endpoints/filters/warning.go.
 */
export const MAX_WARNINGS = 10;
export const MAX_WARNING_LENGTH = 120;

export function cutWarning(text: string): string {
  return text.length <= MAX_WARNING_LENGTH ? text : `${text.slice(0, MAX_WARNING_LENGTH - 1).toWellFormed()}…`;
}

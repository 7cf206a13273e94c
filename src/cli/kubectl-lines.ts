/** @file What kubectl prints of an admission response. */
import type { AdmissionAnswer } from "../explain/admission.ts";

export type ReviewResponse = Pick<AdmissionAnswer, "allowed" | "status" | "warnings">;

/**
 * @param done what kubectl says when the change went through.
 * Source: k8s.io/kubectl/pkg/cmd/util/helpers.go, checkErr and MultilineError: one cause stands on the line itself, several
 * get a line and an asterisk each.
 */
export function kubectlLines(response: ReviewResponse, done: string): readonly string[] {
  const warnings = (response.warnings ?? []).map((warning) => `Warning: ${warning}`);
  const { status } = response;
  if (response.allowed || status === undefined) return [...warnings, done];

  const causes = status.details?.causes ?? [];
  if (causes.length === 0 || status.details === undefined) {
    return [...warnings, `Error from server (${status.reason}): admission webhook denied the request: ${status.message}`];
  }
  const subject = `The ${status.details.kind} "${status.details.name}" is invalid: `;
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const lines = texts.length === 1 ? [`${subject}${texts[0] ?? ""}`] : [subject, ...texts.map((text) => `* ${text}`)];
  return [...warnings, ...lines.flatMap((line) => line.split("\n"))];
}

/** @file Why the API server gave no answer, for people. */
import type { Answer } from "../../health-probe.ts";
import type { ApiError } from "../api-error.ts";

export function unanswered(error: ApiError): Extract<Answer<never>, { readonly ok: false }> {
  return { ok: false, reason: error.message, isForbidden: error.code === "forbidden" || error.code === "unauthorized" };
}

/** @file The way out where the guard itself lacks a right: RBAC knows no "all custom resources" but a wildcard. */
import type { Crd } from "../crd/crd.ts";
import type { Remedy } from "./finding.ts";

/** @param evidence of objects or their writers, that may not have been had for want of the right to list them. */
export function allowCounting(crd: Crd, evidence: { readonly kind: string; readonly isForbidden?: boolean }): readonly Remedy[] {
  return evidence.isForbidden === true ? [{ kind: "allow-counting", crd }] : [];
}

/** @file The forms in which `check` and `doctor` print what they found. */
import type { ReportForm } from "../explain/cluster-report.ts";

export const REPORT_FORMATS = ["text", "json", "yaml", "sarif", "junit", "github", "markdown"] as const;

export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** Objects of the cluster, which a running server writes too. */
export const REPORT_FORMS = ["openreports", "policyreport"] as const satisfies readonly ReportForm[];

/** Of `doctor`, which speaks of a cluster as it is. */
export const HEALTH_FORMATS = [...REPORT_FORMATS, ...REPORT_FORMS] as const;

export type HealthFormat = (typeof HEALTH_FORMATS)[number];

export function isReportForm(format: HealthFormat): format is ReportForm {
  return REPORT_FORMS.some((form) => form === format);
}

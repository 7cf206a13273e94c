/** @file The forms in which `check` and `doctor` print what they found. */

export const REPORT_FORMATS = ["text", "json", "yaml", "sarif", "junit", "github", "markdown"] as const;

export type ReportFormat = (typeof REPORT_FORMATS)[number];

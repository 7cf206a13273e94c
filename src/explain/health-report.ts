/** @file What doctor found → one report: the JSON contract, and the common form from which other outputs are made. */
import { isFailing, type Severity, SEVERITIES } from "../health/severity.ts";
import type { HealthFacts } from "../health/facts.ts";
import type { HealthFinding } from "../health/finding.ts";
import { subjectKey } from "../health/examine.ts";
import { healthEvidence } from "./health-evidence.ts";
import { healthMessage } from "./health-messages.ts";
import { subjectName, subjectTitle } from "./health-names.ts";
import { healthRemedy } from "./health-remedies.ts";
import type { ExplainedRemedy } from "./remedies.ts";
import type { Telling, ToldFinding } from "./telling.ts";
import { countOf, listOf, shown } from "./text.ts";

/** The contract of `crdguard doctor -o json`. Members are added, never changed, within a version. */
export interface HealthReport {
  readonly apiVersion: "crdguard.dev/v1alpha1";
  readonly kind: "HealthReport";
  /** `ailing`: there is an error or a warning. */
  readonly verdict: "healthy" | "ailing";
  readonly examined: { readonly crds: number; readonly workloads: number };
  readonly summary: Readonly<Record<Severity, number>>;
  /** Worst first. */
  readonly findings: readonly ReportedFinding[];
  /** On what was not looked at, and why. */
  readonly notes: readonly string[];
}

export interface ReportedFinding {
  readonly check: string;
  readonly severity: Severity;
  readonly subject: { readonly kind: string; /** `<namespace>/<name>` of what is in a namespace. */ readonly name: string };
  readonly field: string;
  readonly message: string;
  readonly evidence: readonly string[];
  readonly remedies: readonly ExplainedRemedy[];
}

export interface Examined {
  readonly facts: HealthFacts;
  readonly findings: readonly HealthFinding[];
  readonly workloadCount: number;
}

export function healthReport({ facts, findings, workloadCount }: Examined): HealthReport {
  return {
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "HealthReport",
    verdict: isAiling(findings) ? "ailing" : "healthy",
    examined: { crds: facts.crds.size, workloads: workloadCount },
    summary: {
      error: countBy(findings, "error"),
      warning: countBy(findings, "warning"),
      note: countBy(findings, "note"),
    },
    findings: findings.map((finding) => ({
      check: finding.check,
      severity: finding.severity,
      subject: subjectName(finding.subject),
      field: shown(finding.field),
      message: healthMessage(finding.fact),
      evidence: healthEvidence(finding.fact),
      remedies: finding.remedies.map(healthRemedy),
    })),
    notes: notesOf(facts),
  };
}

/**
 * By what ails, in the order of the worst that ails it.
 * @param failOn the mildest severity that counts as failed; null: none does.
 */
export function healthTelling({ facts, findings, workloadCount }: Examined, failOn: Severity | null): Telling {
  const groups = [...Map.groupBy(findings, ({ subject }) => `${subject.kind} ${subjectKey(subject)}`).values()];
  return {
    command: "doctor",
    subjects: groups.flatMap((own) => {
      const [first] = own;
      if (first === undefined) return [];
      const hasFailed = own.some(({ severity }) => isFailing(severity, failOn));
      return [
        {
          name: subjectTitle(first.subject),
          operation: null,
          outcome: hasFailed ? ("failed" as const) : isAiling(own) ? ("warned" as const) : ("passed" as const),
          outcomeWord: isAiling(own) ? "ailing" : "healthy",
          reason: null,
          place: null,
          findings: own.map(tellFinding),
        },
      ];
    }),
    notes: notesOf(facts),
    summary: summaryOf({ facts, findings, workloadCount }),
  };
}

function tellFinding(finding: HealthFinding): ToldFinding {
  return {
    rule: finding.check,
    severity: finding.severity,
    severityWord: finding.severity,
    field: shown(finding.field),
    message: healthMessage(finding.fact),
    evidence: healthEvidence(finding.fact),
    remedies: finding.remedies.map(healthRemedy),
    page: `docs/doctor/${finding.check}.md`,
    override: null,
    place: null,
  };
}

function isAiling(findings: readonly HealthFinding[]): boolean {
  return findings.some(({ severity }) => severity !== "note");
}

function countBy(findings: readonly HealthFinding[], severity: Severity): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

function notesOf({ source, guard }: HealthFacts): readonly string[] {
  if (source.kind !== "cluster") {
    return [
      `${source.kind === "folder" ? "Manifests tell" : "A snapshot tells"} nothing of Helm releases, Argo CD applications, conversion webhooks, certificates, admission policies and ` +
        "crdguard's own registration: --against live looks at them.",
    ];
  }
  const isAbsent = guard.kind === "examined" && guard.servers.length === 0 && guard.registrations.length === 0;
  return isAbsent ? ["crdguard is not registered in this cluster: changes of definitions are not guarded at admission."] : [];
}

function summaryOf({ facts, findings, workloadCount }: Examined): string {
  const examined = `${countOf(facts.crds.size, "definition")} and ${countOf(workloadCount, "workload")} examined`;
  const counts = SEVERITIES.flatMap((severity) => {
    const count = countBy(findings, severity);
    return count === 0 ? [] : [countOf(count, severity)];
  });
  if (counts.length === 0) return `Healthy: ${examined}, nothing found.`;
  return `${isAiling(findings) ? "Ailing" : "Healthy"}: ${examined}, ${listOf(counts)}.`;
}

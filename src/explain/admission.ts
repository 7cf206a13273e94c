/** @file Verdict → what the API server passes on: a Status with causes, warnings, audit annotations. */
import type { JudgedFinding } from "../policy/policy.ts";
import type { UndecidedReason, Verdict } from "../review/verdict.ts";
import type { WorkloadRef } from "../rules/facts.ts";
import type { Audience } from "./audience.ts";
import { type ExplainedFinding, explainFinding, findingLine, findingLines } from "./finding.ts";
import { exceptionLabel } from "./relief.ts";
import type { Subject } from "./subject.ts";
import { quoted, shown } from "./text.ts";
import { cutWarning, MAX_WARNINGS } from "./warning.ts";
import { workloadWarnings } from "./workload-warnings.ts";

/** As in k8s.io/apimachinery/pkg/apis/meta/v1, Status. */
export interface DenialStatus {
  readonly status: "Failure";
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: {
    readonly group: string;
    readonly kind: string;
    readonly name: string;
    readonly causes: readonly { readonly reason: string; readonly field: string; readonly message: string }[];
  };
}

export interface AdmissionAnswer {
  readonly allowed: boolean;
  readonly status?: DenialStatus;
  readonly warnings?: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

export function explainVerdict(
  verdict: Exclude<Verdict, { kind: "undecided" }>,
  subject: Subject,
  audience: Audience,
): AdmissionAnswer {
  const explain = (finding: JudgedFinding): ExplainedFinding => explainFinding(finding, subject, audience);
  const denials = verdict.findings.filter(({ enforcement }) => enforcement === "deny").map(explain);
  const warnings = verdict.findings
    .filter(({ enforcement }) => enforcement === "warn")
    .slice(0, MAX_WARNINGS)
    .map((finding) => cutWarning(findingLine(finding, subject, audience)));
  return {
    allowed: verdict.kind === "allow",
    ...(verdict.kind === "deny" ? { status: denialStatus(subject, denials) } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
    auditAnnotations: annotationsOf(verdict),
  };
}

/** Of a workload that is applied, which is never denied. */
export function explainWorkload(verdict: Extract<Verdict, { kind: "allow" }>, workload: WorkloadRef): AdmissionAnswer {
  const warnings = workloadWarnings(verdict.findings, workload);
  return { allowed: true, ...(warnings.length > 0 ? { warnings } : {}), auditAnnotations: annotationsOf(verdict) };
}

function annotationsOf({ kind, findings }: Exclude<Verdict, { kind: "undecided" }>): AdmissionAnswer["auditAnnotations"] {
  const rules = new Set(findings.map(({ rule, enforcement }) => `${rule}=${enforcement}`));
  const exceptions = new Set(findings.map(exceptionLabel).filter((label) => label !== null));
  return {
    verdict: kind,
    ...(rules.size > 0 ? { rules: [...rules].join(",") } : {}),
    ...(exceptions.size > 0 ? { exceptions: [...exceptions].join(",") } : {}),
  };
}

/** The guard itself could not answer; the words say so, so that nobody looks for the fault in the change. */
export function explainUndecided(reason: UndecidedReason, onUndecided: "deny" | "allow"): AdmissionAnswer {
  const sentence = undecidedSentence(reason);
  const auditAnnotations = { verdict: "undecided", reason };
  if (onUndecided === "allow")
    return { allowed: true, warnings: [cutWarning(`crdguard: not judged: ${sentence}`)], auditAnnotations };
  return {
    allowed: false,
    status: {
      status: "Failure",
      code: 503,
      reason: "ServiceUnavailable",
      message: `crdguard could not judge this change, so it is not let through: ${sentence}; try again in a moment`,
    },
    auditAnnotations,
  };
}

/** What crdguard has no opinion on; the reason names foreign things. */
export function explainNotJudged(reason: string): AdmissionAnswer {
  return { allowed: true, warnings: [cutWarning(shown(reason))], auditAnnotations: {} };
}

/** A request that does not hold together; no API server sends it. */
export function explainUnreadable(code: string, message: string): AdmissionAnswer {
  return {
    allowed: false,
    status: {
      status: "Failure",
      code: 400,
      reason: "BadRequest",
      message: `crdguard cannot read this request (${code}): ${shown(message)}`,
    },
    auditAnnotations: { verdict: "unreadable" },
  };
}

export function undecidedSentence(reason: UndecidedReason): string {
  switch (reason) {
    case "facts-not-synced":
      return "it has not read the whole cluster yet";
    case "deadline-exceeded":
      return "the time that the API server gives ran out";
    case "internal-error":
      return "it met an internal error, which its log tells";
  }
}

/**
 * 422 Invalid, since kubectl then prints the causes alone, where it would print the whole patch for 403 Forbidden. The
 * message repeats them for clients that print nothing else (Helm, Flux, Argo CD, client-go).
 */
function denialStatus({ name }: Subject, denials: readonly ExplainedFinding[]): DenialStatus {
  const causes = denials.map((finding) => ({
    reason: finding.rule,
    field: finding.field,
    message: findingLines(finding).join("\n"),
  }));
  return {
    status: "Failure",
    code: 422,
    reason: "Invalid",
    message: [
      `CustomResourceDefinition ${quoted(name)} would break the cluster:`,
      ...causes.map(({ field, message }) => `* ${field}: ${message}`),
    ].join("\n"),
    details: { group: "apiextensions.k8s.io", kind: "CustomResourceDefinition", name: shown(name), causes },
  };
}

/** @file Runs all checks over one cluster. */
import { compareText } from "../crd/compare-text.ts";
import { workloadKey } from "../rules/facts.ts";
import type { HealthCheck } from "./check.ts";
import { checks as allChecks } from "./checks/index.ts";
import { type HealthFacts, ownerKey } from "./facts.ts";
import type { HealthFinding, HealthSubject } from "./finding.ts";
import { type CheckSetting, compareSeverity, gradedSeverity } from "./severity.ts";

/** Worst first; then by check, subject and field, whatever the order of CRDs or workloads. */
export function examine(
  facts: HealthFacts,
  settings: ReadonlyMap<string, CheckSetting> = new Map(),
  checks: readonly HealthCheck[] = allChecks,
): readonly HealthFinding[] {
  return checks
    .flatMap(({ id, defaultSeverity, find }) => {
      const setting = settings.get(id) ?? null;
      if (setting === "off") return [];
      return find(facts).map((finding): HealthFinding => ({
        ...finding,
        check: id,
        severity: gradedSeverity(finding.severity ?? defaultSeverity, defaultSeverity, setting),
      }));
    })
    .toSorted(
      (left, right) =>
        compareSeverity(right.severity, left.severity) ||
        compareText(left.check, right.check) ||
        compareText(subjectKey(left.subject), subjectKey(right.subject)) ||
        compareText(left.field, right.field),
    );
}

/** Tells subjects apart. */
export function subjectKey(subject: HealthSubject): string {
  switch (subject.kind) {
    case "crd":
      return subject.name;
    case "owner":
      return ownerKey(subject.owner);
    case "api-group":
      return subject.group;
    case "workload":
      return workloadKey(subject.workload);
    case "bundle":
      return subject.title;
    case "admission-policy":
      return `ValidatingAdmissionPolicy/${subject.name}`;
    case "guard-policy":
      return `GuardPolicy/${subject.name}`;
    case "registration":
      return `${subject.registration.kind}/${subject.registration.name}`;
    case "guard":
    case "view":
      return subject.kind;
  }
}

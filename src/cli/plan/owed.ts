/** @file Steps that must follow others, though the cluster no longer shows why: objects to restore, workloads to start. */
import type { ExplainedStep } from "../../explain/plan-report.ts";
import type { OwedStep } from "./journal.ts";
import type { CurrentPlan } from "./walk-ports.ts";

/** What becomes owed the moment that this step begins. */
export function owedAfter(
  step: ExplainedStep,
  { report, subjectOf }: CurrentPlan,
  backupNumber: (crd: string) => number,
): readonly OwedStep[] {
  const { steps } = report;
  const subject = subjectOf(step.id);
  const sequel = steps.find(({ id, action }) => {
    const other = subjectOf(id);
    return step.action === "stop-workload"
      ? action === "start-workload" && other.workload !== null && other.workload === subject.workload
      : step.action === "delete-objects" && action === "restore" && other.objectsOf === subject.objectsOf;
  });
  if (sequel === undefined) return [];
  const after = steps.slice(0, steps.indexOf(sequel)).map(({ id }) => id);
  // Of one definition several backups may be owed, where a walk was killed between backup and deletion.
  const backup = subject.objectsOf === null ? null : backupNumber(subject.objectsOf);
  const id = backup === null ? sequel.id : `${sequel.id}@${String(backup)}`;
  return [{ step: { ...sequel, id, findings: [] }, workload: subject.workload, objectsOf: subject.objectsOf, backup, after }];
}

/**
 * The plan's steps with those that are owed, each after all that stood before it in the plan that it comes from, and a
 * restoration after all that still changes its definition; numbered anew. A start that is planned again is not owed twice.
 * @param owed the oldest first. They are restored in this order: where two backups hold the same object, the newer one counts.
 */
export function withOwed({ report, subjectOf }: CurrentPlan, owed: readonly OwedStep[]): readonly ExplainedStep[] {
  const merged = [...report.steps];
  for (const { step, objectsOf: own, after } of owed.toReversed()) {
    if (merged.some(({ id }) => id === step.id)) continue;
    const isBefore = ({ id, action }: ExplainedStep): boolean => {
      // One that is owed has the number of its backup after the name that it had in its plan.
      if (after.includes(id) || after.includes(id.replace(/@\d+$/, ""))) return true;
      const { definitions, objectsOf } = subjectOf(id);
      return own !== null && (definitions.includes(own) || (objectsOf === own && action !== "restore"));
    };
    merged.splice(merged.findLastIndex(isBefore) + 1, 0, step);
  }
  return merged.map((step, index) => ({ ...step, number: index + 1 }));
}

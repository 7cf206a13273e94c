/**
 * @file Workloads that a walk has stopped: the cluster shows them as if nobody needed them, and a plan made anew must still end with
 * each of them running.
 */
import type { PlannedWorkload, Step } from "../../plan/plan.ts";
import type { PlanWorkload } from "../../plan/question.ts";
import { stepId } from "../../plan/step-id.ts";
import type { Workload } from "../../requirements/workload.ts";
import { compareReleases } from "../../rules/bundle.ts";
import { workloadKey } from "../../rules/facts.ts";

/** As they were before, to find out what they need. */
export function runningAgain(workloads: readonly Workload[], stopped: ReadonlySet<string>): readonly Workload[] {
  return workloads.map((workload) => (stopped.has(workloadKey(workload.ref)) ? { ...workload, isRunning: true } : workload));
}

/** @param asked of workloads as they were. */
export function heldBack(asked: readonly PlanWorkload[], stopped: ReadonlySet<string>): readonly PlanWorkload[] {
  return asked.map((own): PlanWorkload =>
    stopped.has(workloadKey(own.workload.ref))
      ? { ...own, isRunning: false, target: own.target ?? { kind: "manifest", release: own.today, unreadable: [] } }
      : own,
  );
}

/** The search takes them for new ones, that come by their manifests; they are upgraded, where that was asked for, and started. */
export function withStarts(
  steps: readonly Step[],
  asked: readonly PlanWorkload[],
  stopped: ReadonlySet<string>,
  given: readonly Workload[],
): readonly Step[] {
  const byManifest = new Set(given.map(({ ref }) => workloadKey(ref)));
  const isHeld = ({ ref }: PlannedWorkload): boolean => stopped.has(workloadKey(ref)) && !byManifest.has(workloadKey(ref));
  const byKey = new Map(asked.map((own) => [workloadKey(own.workload.ref), own] as const));
  return steps.flatMap((step): readonly Step[] => {
    const { action } = step;
    if (action.kind !== "apply-workloads" || !action.workloads.some(isHeld)) return [step];
    const [first, ...others] = action.workloads.filter((workload) => !isHeld(workload));
    const applied = first === undefined ? [] : [madeOf({ ...action, workloads: [first, ...others] }, step)];
    return [
      ...applied,
      ...action.workloads.filter(isHeld).flatMap((workload) => startOf(workload, byKey.get(workloadKey(workload.ref)), step)),
    ];
  });
}

function startOf(workload: PlannedWorkload, asked: PlanWorkload | undefined, step: Step): readonly Step[] {
  const from = asked?.today.version ?? null;
  const to = asked?.target?.kind === "version" ? asked.target.release.version : null;
  const isUpgraded = to !== null && (from === null || compareReleases(from, to) !== 0);
  return [
    ...(isUpgraded ? [madeOf({ kind: "upgrade-workload", workload, from, to, byManifest: false }, step)] : []),
    madeOf({ kind: "start-workload", workload }, step),
  ];
}

function madeOf(action: Step["action"], { findings }: Step): Step {
  return { id: stepId(action), action, findings, changes: [], because: null };
}

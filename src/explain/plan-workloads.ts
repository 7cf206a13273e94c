/** @file The words of what is done to workloads: upgrade, stop, start, apply. */
import type { Action, HelmRelease, PlannedWorkload, Step } from "../plan/plan.ts";
import * as command from "./plan-commands.ts";
import type { PlanContext } from "./plan-commands.ts";
import type { ActionWords, Proof } from "./plan-report.ts";
import { workloadName } from "./subject.ts";
import { listOf, quoted, shown } from "./text.ts";

type Of<Kind extends Action["kind"]> = Extract<Action, { readonly kind: Kind }>;

export function workloadWords(
  step: Step,
  action: Of<"upgrade-workload" | "stop-workload" | "start-workload" | "apply-workloads">,
  context: PlanContext,
): ActionWords {
  switch (action.kind) {
    case "upgrade-workload":
      return upgradeWords(step, action, context);
    case "stop-workload":
      return stopWords(action, context);
    case "start-workload":
      return startWords(action, context);
    case "apply-workloads":
      return applyWords(step, action, context);
  }
}

function upgradeWords(
  { id }: Step,
  { workload, from, to, byManifest }: Of<"upgrade-workload">,
  context: PlanContext,
): ActionWords {
  const name = nameOf(workload);
  const path = command.manifestPath(context, id);
  const setImage = command.setImage(context, workload, to);
  const byRelease = workload.helmRelease;
  const own = { title: `upgrade ${name}${from === null ? "" : ` from ${shown(from)}`} to ${shown(to)}` };
  const changes = [`${name}: ${from === null ? "another version" : shown(from)} → ${shown(to)}`];
  const rolledOut: Proof = { command: command.rolledOut(context, workload.ref), prints: null };
  if (byRelease !== null) {
    return {
      ...own,
      changes,
      byHand: helmSentence(byRelease, shown(to)),
      commands: [],
      isDestructive: false,
      proof: [{ command: command.showImages(context, workload.ref), prints: to, isPart: true }, rolledOut],
      wayBack: { sentence: "roll the release back to its revision before", commands: [command.helmRollback(byRelease)] },
    };
  }
  const shared = {
    ...own,
    changes,
    isDestructive: false,
    wayBack: { sentence: "undo the rollout", commands: [command.undoRollout(context, workload.ref)] },
  };
  if (byManifest) {
    const what = command.fileArgument(path);
    return {
      ...shared,
      byHand: null,
      commands: [command.apply(context, what)],
      proof: [{ command: command.diff(context, what), prints: "" }, rolledOut],
    };
  }
  const image: Proof = { command: command.showImages(context, workload.ref), prints: to, isPart: true };
  return setImage === null
    ? {
        ...shared,
        byHand: `bring ${shown(workload.ref.name)} to version ${quoted(to)} by its own chart or manifests`,
        commands: [],
        proof: [rolledOut],
      }
    : {
        ...shared,
        byHand: null,
        commands: [setImage],
        // Rights and flags of the new version come with its manifests, and only they tell.
        changes: [...changes, "its image alone: if the new version needs other flags or rights, use its own chart or manifests"],
        proof: [image, rolledOut],
      };
}

function stopWords({ workload }: Of<"stop-workload">, context: PlanContext): ActionWords {
  const name = nameOf(workload);
  return {
    title: `stop ${name} for a while`,
    byHand: null,
    commands: [command.stop(context, workload.ref)],
    changes: [`${name}: no replica runs until it is started again`],
    isDestructive: true,
    proof: [{ command: command.showStopped(context, workload.ref), prints: workload.ref.kind === "DaemonSet" ? "true" : "0" }],
    wayBack: { sentence: "start it again", commands: [command.start(context, workload.ref)] },
  };
}

function startWords({ workload }: Of<"start-workload">, context: PlanContext): ActionWords {
  const name = nameOf(workload);
  return {
    title: `start ${name} again, with as many replicas as it had`,
    byHand: null,
    commands: [command.start(context, workload.ref)],
    changes: [`${name}: runs again`],
    isDestructive: false,
    proof: [{ command: command.rolledOut(context, workload.ref), prints: null }],
    wayBack: { sentence: "stop it again", commands: [command.stop(context, workload.ref)] },
  };
}

/** What Helm has installed is left to Helm: applied beside it, the next upgrade would set it back. */
function applyWords({ id }: Step, { workloads }: Of<"apply-workloads">, context: PlanContext): ActionWords {
  const what = command.fileArgument(command.manifestPath(context, id));
  const plain = workloads.filter(({ helmRelease }) => helmRelease === null);
  const releases = [
    ...new Map(
      workloads.flatMap(({ helmRelease: own }) => (own === null ? [] : [[`${own.namespace}/${own.name}`, own] as const])),
    ).values(),
  ];
  const names = listOf(workloads.map(nameOf));
  return {
    title: `apply ${names}, and what comes with ${workloads.length === 1 ? "it" : "them"}`,
    byHand: releases.length === 0 ? null : releases.map((release) => helmSentence(release, null)).join("; "),
    commands: plain.length === 0 ? [] : [command.apply(context, what)],
    changes: workloads.map((workload) => `${nameOf(workload)}: as in what was given`),
    isDestructive: false,
    proof: [
      ...(plain.length === 0 ? [] : [{ command: command.diff(context, what), prints: "" }]),
      ...workloads.map(({ ref }) => ({ command: command.rolledOut(context, ref), prints: null })),
    ],
    wayBack: {
      sentence: "undo the rollout; what is new is deleted by name",
      commands: [
        ...plain.map(({ ref }) => command.undoRollout(context, ref)),
        ...releases.map((release) => command.helmRollback(release)),
      ],
    },
  };
}

/** Definitions come first and by themselves, so that a chart's own, perhaps older ones do not overwrite them. */
function helmSentence(release: HelmRelease, version: string | null): string {
  return (
    `${release.isNew === true ? "install" : "upgrade"} the Helm release ${shown(release.namespace)}/${shown(release.name)}: ${command.helmUpgrade(release)}, where CHART is the ` +
    `chart's name or path, and CHART_VERSION the one of its versions that ${version === null ? "is wanted" : `ships ${version}`}; ` +
    "--skip-crds, since the definitions have been applied before"
  );
}

function nameOf({ ref }: PlannedWorkload): string {
  return shown(workloadName(ref));
}

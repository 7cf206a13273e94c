/** @file A plan → its report: every step, caution and obstacle in words, once for all outputs. */
import type { Because, Caution, Obstacle, Planned, Step, UnmetRequirement } from "../plan/plan.ts";
import { EVERYTHING } from "./audience.ts";
import { explainFinding } from "./finding.ts";
import { actionWords, isOne, objectsWord } from "./plan-actions.ts";
import type { PlanContext } from "./plan-commands.ts";
import type { ExplainedObstacle, ExplainedStep, PlanReport } from "./plan-report.ts";
import type { Subject } from "./subject.ts";
import { workloadName } from "./subject.ts";
import { countOf, listOf, numberOf, quoted, shown } from "./text.ts";

/** @param notes on what was given, one sentence each. */
export function planReport(planned: Planned, context: PlanContext, notes: readonly string[] = []): PlanReport {
  const shared = { apiVersion: "crdguard.dev/v1alpha1", kind: "PlanReport", notes } as const;
  const nothing = { steps: [], cautions: [], obstacles: [] } as const;
  switch (planned.kind) {
    case "plan": {
      const steps = planned.steps.map((step, index) => explainStep(step, index + 1, context));
      const cautions = planned.cautions.map((caution) => ({ kind: caution.kind, message: cautionSentence(caution) }));
      return steps.length === 0
        ? { ...shared, ...nothing, cautions, outcome: "done", summary: "Nothing to do: the cluster is as wanted." }
        : { ...shared, ...nothing, steps, cautions, outcome: "planned", summary: plannedSummary(steps) };
    }
    case "impossible": {
      const obstacles = planned.obstacles.map(explainObstacle);
      const summary = `No safe order exists, for ${obstacles.length === 1 ? "this reason" : `${numberOf(obstacles.length)} reasons`}.`;
      return { ...shared, ...nothing, obstacles, outcome: "impossible", summary };
    }
    case "undecided":
      return {
        ...shared,
        ...nothing,
        outcome: "undecided",
        summary:
          `Undecided: among ${countOf(planned.statesSeen, "state")} of the cluster that were looked at there is no way, and there ` +
          "are more. Ask for less at once: fewer definitions (-f), or one release in between.",
      };
  }
}

function plannedSummary(steps: readonly ExplainedStep[]): string {
  const clauses = [
    clause(steps, ({ isDestructive }) => isDestructive, "deletes or stops something", "delete or stop something"),
    clause(steps, ({ byHand }) => byHand !== null, "needs a hand", "need a hand"),
  ].filter((told) => told !== null);
  return `${countOf(steps.length, "step")}${clauses.length === 0 ? "" : `, of which ${clauses.join(", and ")}`}.`;
}

function clause(
  steps: readonly ExplainedStep[],
  isMeant: (step: ExplainedStep) => boolean,
  singular: string,
  plural: string,
): string | null {
  const count = steps.filter(isMeant).length;
  return count === 0 ? null : `${numberOf(count)} ${count === 1 ? singular : plural}`;
}

function explainStep(step: Step, number: number, context: PlanContext): ExplainedStep {
  return {
    number,
    id: step.id,
    action: step.action.kind,
    because: step.because === null ? null : becauseSentence(step.because),
    ...actionWords(step, context),
    findings: step.findings.map((finding) => explainFinding(finding, subjectOfStep(step), EVERYTHING)),
  };
}

/** Findings of a step speak of the definition that it changes, or of the workload. */
function subjectOfStep({ action, changes }: Step): Subject {
  const crd = changes[0]?.after ?? changes[0]?.before ?? ("crd" in action ? action.crd : null);
  if (crd !== null) return crd;
  const workload = "workload" in action ? action.workload : action.kind === "apply-workloads" ? action.workloads[0] : null;
  if (workload === null) return { name: "", group: "", plural: "" };
  return { name: workloadName(workload.ref), group: "apps", plural: `${workload.ref.kind.toLowerCase()}s` };
}

function becauseSentence(because: Because): string {
  switch (because.kind) {
    case "needed-by": {
      const names = because.workloads.map((workload) => shown(workloadName(workload)));
      return `${listOf(names)} ${names.length === 1 ? "runs" : "run"} only once it is done`;
    }
    case "refused-before":
      return `until it is done, what is wanted of ${listOf(because.crds.map(shown))} is refused by the rule ${shown(because.rule)}`;
    case "overlap": {
      const served = because.versions.map(({ crd, version }) => `${quoted(version)} of ${shown(crd)}`);
      return `it serves ${listOf(served)}, which both what runs today and what is wanted can live with`;
    }
  }
}

function cautionSentence(caution: Caution): string {
  switch (caution.kind) {
    case "unknown-needs":
      return (
        `What ${shown(workloadName(caution.workload))} (image ${shown(caution.image)}) needs is not known, so that no step looks after ` +
        "it: declare it by the annotation crdguard.dev/requires, or try it beforehand"
      );
    case "objects-replaced":
      return (
        `${capital(objectsWord(caution.objects))} of ${shown(caution.crd)} ${isOne(caution.objects) ? "is" : "are"} deleted and created again: ` +
        `until then what ${isOne(caution.objects) ? "it stands" : "they stand"} for is gone, and owner references to ${isOne(caution.objects) ? "it" : "them"} no longer hold`
      );
    case "objects-deleted":
      return `${capital(objectsWord(caution.objects))} of ${shown(caution.crd)} ${isOne(caution.objects) ? "is" : "are"} deleted for good, but for the backup, and with ${isOne(caution.objects) ? "it" : "them"} what owner references hang on ${isOne(caution.objects) ? "it" : "them"}`;
    case "workload-stopped":
      return `${shown(workloadName(caution.workload))} is stopped for a while: what it does is not done meanwhile`;
    case "feature-lost":
      return (
        `${shown(workloadName(caution.workload))} needs ${unmetPhrase(caution)} to look after ${objectsWord(caution.objects)} of it, ` +
        (caution.isForGood
          ? "which is not served any more once all is done: it goes on without"
          : "which is not served between two of these steps: it goes on without until then")
      );
    case "unmet-today":
      return (
        `${shown(workloadName(caution.workload))} needs ${unmetPhrase(caution)}, which is not served today either: this plan ` +
        "does not mend that"
      );
    case "objects-uncounted":
      return (
        `How many objects ${shown(caution.crd)} has could not be told (${shown(caution.reason)}), so that some steps may turn out ` +
        "to be needless"
      );
  }
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function explainObstacle(obstacle: Obstacle): ExplainedObstacle {
  switch (obstacle.kind) {
    case "workload-unsatisfied": {
      const { workload, to, requirements } = obstacle;
      const name = shown(workloadName(workload.ref));
      const known = workload.controller === null ? "" : `, whose needs the catalog has as ${shown(workload.controller)},`;
      const versions = to === null ? "no version of it that is known does without" : `version ${quoted(to)} does not do without`;
      return {
        kind: obstacle.kind,
        message: `${name}${known} needs ${listOf(requirements.map(unmetPhrase))}, which what is wanted does not serve; ${versions}`,
        waysOut: [
          ...requirements.map(servingSentence).filter((sentence, index, all) => all.indexOf(sentence) === index),
          ...(workload.controller === null
            ? [`correct what it declares by the annotation crdguard.dev/requires, if it no longer needs that`]
            : [`allow another version of it: --with ${shown(workload.controller)}=VERSION`]),
          `stop it first, if nobody needs it`,
        ],
        findings: [],
      };
    }
    case "change-refused": {
      const crd = { name: obstacle.crd, group: "", plural: "" };
      const rules = [...new Set(obstacle.findings.map(({ rule }) => shown(rule)))];
      return {
        kind: obstacle.kind,
        message:
          `what is wanted of ${quoted(obstacle.crd)} is refused by the rule${rules.length === 1 ? "" : "s"} ${listOf(rules)}, ` +
          "whatever comes before",
        waysOut: [],
        findings: obstacle.findings.map((finding) => explainFinding(finding, crd, EVERYTHING)),
      };
    }
    case "version-unknown": {
      const { workload, wanted } = obstacle;
      const controller = workload.controller ?? "";
      return {
        kind: obstacle.kind,
        message: `what ${quoted(wanted)} of ${shown(workloadName(workload.ref))} needs is not known: the catalog has no such version of ${shown(controller)}`,
        waysOut: [
          `ask for a version that it has: crdguard catalog show ${shown(controller)}`,
          "describe it in an entry of your own: --catalog FILE",
        ],
        findings: [],
      };
    }
  }
}

function servingSentence({ servedBy }: UnmetRequirement): string {
  if (servedBy === null) return "ask for definitions that serve it (-f), which no released set does that crdguard knows";
  const { title, version, channel } = servedBy;
  return `ask for definitions that serve it: ${shown(title)} v${shown(version)}, ${shown(channel)} channel, for example`;
}

function unmetPhrase({ crd, versions }: Pick<UnmetRequirement, "crd" | "versions">): string {
  return `${listOf(versions.map(quoted), "or")} of ${shown(crd)}`;
}

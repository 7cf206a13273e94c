/** @file What becomes of an APIRequirement, for its status: whether it counts, and whether the cluster serves what it asks for. */
import type { Crd } from "../crd/crd.ts";
import type { WorkloadRef } from "../rules/facts.ts";
import { type ApiState, crdNameOf, fareOf, isHard, type Outcome, type Requirement } from "../rules/requirement.ts";
import { declaredKeys } from "./annotations.ts";
import { type ApiRequirement, speaksOf } from "./api-requirement.ts";
import type { Workload } from "./workload.ts";

/** As the CRD has it (manifests/crds/apirequirements.yaml), but for the times of conditions. */
export interface ApiRequirementFindings {
  /** Those that the object speaks for, running or not. */
  readonly workloads: number;
  readonly unmetCount: number;
  /** The first {@link MAX_UNMET}, sorted by workload. */
  readonly unmet: readonly UnmetRequirement[];
  readonly conditions: readonly Condition[];
}

export interface UnmetRequirement extends Pick<Requirement, "group" | "resource" | "versions"> {
  readonly workload: Pick<WorkloadRef, "kind" | "name">;
  readonly state: (typeof STATES)[keyof typeof STATES];
  readonly outcome: (typeof OUTCOMES)[keyof typeof OUTCOMES];
}

/** Source of the form: k8s.io/apimachinery/pkg/apis/meta/v1, Condition. */
export interface Condition {
  readonly type: "Accepted" | "Satisfied";
  readonly status: "True" | "False" | "Unknown";
  readonly observedGeneration: number;
  readonly reason: keyof typeof ACCEPTED | keyof typeof SATISFIED;
  readonly message: string;
}

/** Reasons of the condition Accepted, and the status that each means. */
export const ACCEPTED = {
  WorkloadFound: "True",
  WorkloadNotRunning: "True",
  WorkloadNotFound: "False",
  Overridden: "False",
  Malformed: "False",
} as const satisfies Record<string, Condition["status"]>;

/** The same of the condition Satisfied. */
export const SATISFIED = {
  AllMet: "True",
  NothingRuns: "True",
  HardRequirementUnmet: "False",
  SoftRequirementUnmet: "False",
  NotAccepted: "Unknown",
} as const satisfies Record<string, Condition["status"]>;

export interface StatusFacts {
  /** Of the object's namespace at least; others are passed over. */
  readonly workloads: readonly Workload[];
  readonly crds: ReadonlyMap<string, Crd>;
}

export function findStatus(own: ApiRequirement, { workloads, crds }: StatusFacts): ApiRequirementFindings {
  const selected = workloads.filter((workload) => speaksOf(own, workload)).toSorted(byName);
  const overridden = selected.filter(({ annotations }) => declaredKeys(annotations).length > 0);
  const spoken = selected.filter((workload) => !overridden.includes(workload));
  const running = spoken.filter(({ isRunning }) => isRunning);
  const unmet = running.flatMap(({ ref }) => unmetOf(ref, own, crds));
  const accepted = judgeAcceptance({ own, workloads, spoken, running, overridden });
  const isAccepted = ACCEPTED[accepted.reason] === "True";
  const satisfied = isAccepted ? judgeSatisfaction(running.length > 0, unmet) : NOT_ACCEPTED;
  return {
    workloads: spoken.length,
    unmetCount: unmet.length,
    unmet: unmet.slice(0, MAX_UNMET).map(({ told }) => told),
    conditions: conditionsOf(own.generation, accepted, satisfied),
  };
}

/** Of an object that an API server took but this program cannot read: its CRD is not the one that came with it. */
export function malformedStatus(generation: number, problem: string): ApiRequirementFindings {
  const accepted = { reason: "Malformed", message: `crdguard cannot read this object: ${problem}` } as const;
  return { workloads: 0, unmetCount: 0, unmet: [], conditions: conditionsOf(generation, accepted, NOT_ACCEPTED) };
}

/** Fifty entries are some 10 kB, and more than anybody reads. */
const MAX_UNMET = 50;

const STATES = {
  absent: "Absent",
  unlisted: "Unlisted",
  unserved: "Unserved",
  "not-preferred": "NotPreferred",
} as const satisfies Record<Exclude<ApiState, "served">, string>;

const OUTCOMES = {
  "loses-feature": "LosesFeature",
  "stops-working": "StopsWorking",
  crashes: "Crashes",
} as const satisfies Record<Exclude<Outcome, "works">, string>;

interface Unmet {
  readonly told: UnmetRequirement;
  readonly isHard: boolean;
  readonly sentence: string;
}

function unmetOf(ref: WorkloadRef, own: ApiRequirement, crds: ReadonlyMap<string, Crd>): readonly Unmet[] {
  return own.requirements.flatMap(({ requirement }) => {
    const { state, outcome } = fareOf(requirement, crds);
    if (state === "served" || outcome === "works") return [];
    const { group, resource, versions } = requirement;
    const workload = { kind: ref.kind, name: ref.name };
    return [
      {
        told: { workload, group, resource, versions, state: STATES[state], outcome: OUTCOMES[outcome] },
        isHard: isHard(outcome),
        sentence: `${statePhrase(requirement, state)}: ${nameOf(ref)} ${outcomePhrase(outcome)}`,
      },
    ];
  });
}

interface Judged<Reason> {
  readonly reason: Reason;
  readonly message: string;
}

type Acceptance = Judged<keyof typeof ACCEPTED>;
type Satisfaction = Judged<keyof typeof SATISFIED>;

const NOT_ACCEPTED: Satisfaction = {
  reason: "NotAccepted",
  message: "This object does not count; the condition Accepted says why.",
};

function conditionsOf(observedGeneration: number, accepted: Acceptance, satisfied: Satisfaction): readonly Condition[] {
  return [
    { type: "Accepted", status: ACCEPTED[accepted.reason], observedGeneration, ...accepted },
    { type: "Satisfied", status: SATISFIED[satisfied.reason], observedGeneration, ...satisfied },
  ];
}

function judgeAcceptance(found: {
  readonly own: ApiRequirement;
  readonly workloads: readonly Workload[];
  readonly spoken: readonly Workload[];
  readonly running: readonly Workload[];
  readonly overridden: readonly Workload[];
}): Acceptance {
  const { own, workloads, spoken, running, overridden } = found;
  if (spoken.length === 0 && overridden.length === 0) return { reason: "WorkloadNotFound", message: notFound(own, workloads) };
  if (spoken.length === 0) {
    return {
      reason: "Overridden",
      message: `${namesOf(overridden)} ${verb(overridden, "declares its", "declare their")} needs by the annotation ${annotationsOf(overridden)}, which comes first: remove the annotation or this object.`,
    };
  }
  const except =
    overridden.length === 0
      ? ""
      : ` Not for ${namesOf(overridden)}: what a workload declares itself, by annotation, comes first.`;
  if (running.length === 0) {
    return {
      reason: "WorkloadNotRunning",
      message: `${namesOf(spoken)} ${verb(spoken, "is", "are")} scaled to zero, and ${verb(spoken, "needs", "need")} nothing while that is so.${except}`,
    };
  }
  return { reason: "WorkloadFound", message: `Counts for ${namesOf(spoken)}.${except}` };
}

function notFound({ namespace, target }: ApiRequirement, workloads: readonly Workload[]): string {
  if (target.kind === "selector") {
    return `No Deployment, StatefulSet or DaemonSet in namespace "${namespace}" has the labels that spec.selector asks for, on itself rather than on its pods: nothing is protected by this object.`;
  }
  const { kind, name } = target.workload;
  const namesake = workloads.find(({ ref }) => ref.namespace === namespace && ref.name === name);
  const hint = namesake === undefined ? "" : ` There is a ${namesake.ref.kind} of that name: set spec.workload.kind.`;
  return `No ${kind} "${name}" in namespace "${namespace}": nothing is protected by this object.${hint}`;
}

function judgeSatisfaction(isRunning: boolean, unmet: readonly Unmet[]): Satisfaction {
  if (!isRunning) return { reason: "NothingRuns", message: "Nothing runs that needs anything." };
  const worst = unmet.find((each) => each.isHard) ?? unmet[0];
  if (worst === undefined) return { reason: "AllMet", message: "The cluster serves all that is required." };
  const others = unmet.length - 1;
  return {
    reason: worst.isHard ? "HardRequirementUnmet" : "SoftRequirementUnmet",
    message: `${worst.sentence}${others === 0 ? "." : `; status.unmet has ${String(others)} more.`}`,
  };
}

function statePhrase(requirement: Requirement, state: Exclude<ApiState, "served">): string {
  const crd = `CRD ${crdNameOf(requirement)}`;
  const versions = requirement.versions.map((version) => `"${version}"`).join(" or ");
  switch (state) {
    case "absent":
      return `There is no ${crd}`;
    case "unlisted":
      return `${crd} does not list ${versions}`;
    case "unserved":
      return `${crd} lists ${versions}, but does not serve it`;
    case "not-preferred":
      return `${crd} serves ${versions} beside a newer version, which alone is seen`;
  }
}

function outcomePhrase(outcome: Exclude<Outcome, "works">): string {
  switch (outcome) {
    case "loses-feature":
      return "loses a feature";
    case "stops-working":
      return "stops its main work at its next start";
    case "crashes":
      return "crashes at its next start";
  }
}

/** Names in a message. */
const MAX_NAMED = 3;

function namesOf(workloads: readonly Workload[]): string {
  const named = workloads.slice(0, MAX_NAMED).map(({ ref }) => nameOf(ref));
  const others = workloads.length - named.length;
  const last = others > 0 ? `${String(others)} more` : (named.pop() ?? "");
  return named.length === 0 ? last : `${named.join(", ")} and ${last}`;
}

function annotationsOf(workloads: readonly Workload[]): string {
  return [...new Set(workloads.flatMap(({ annotations }) => declaredKeys(annotations)))].join(" or ");
}

function verb(workloads: readonly unknown[], one: string, several: string): string {
  return workloads.length === 1 ? one : several;
}

function nameOf({ kind, name }: Pick<WorkloadRef, "kind" | "name">): string {
  return `${kind} "${name}"`;
}

function byName({ ref: left }: Workload, { ref: right }: Workload): number {
  const [a, b] = [`${left.kind}/${left.name}`, `${right.kind}/${right.name}`];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @file Finds a workload that is applied although an API that it needs will not be served to it. */
import type { Crd } from "../../crd/crd.ts";
import { crdsAfter, type WorkloadChange } from "../change.ts";
import { findBundle } from "../bundle.ts";
import type { Facts, Need } from "../facts.ts";
import type { Fact, HurtWorkload, Remedy, RuleFinding } from "../finding.ts";
import { gradeHurt, isNonEmpty, unjudgedFindings } from "../hurt.ts";
import { compareHarm, crdNameOf, fareOf } from "../requirement.ts";
import { defineRule } from "../rule.ts";

/**
 * The other direction of `required-version-unserved`: the CRDs stay, and the controller comes. Helm does not upgrade the
 * CRDs of a chart, so that a new controller over old CRDs is as common as the reverse.
 * Source: envoyproxy/gateway#3387 (1.1 needs the experimental channel), cilium/cilium#34835 (rolling back to 1.15).
 */
export const workloadRequirementUnmet = defineRule({
  id: "workload-requirement-unmet",
  defaultEnforcement: "deny",
  noOverride: "never-denied",
  find({ change, facts }) {
    if (change.kind !== "apply-workload") return [];

    const crds = crdsAfter(change, facts);
    const judged: Judged = { change, bundles: facts.bundles, crds };
    const unmet = change.needs.flatMap((need): readonly HurtWorkload[] => {
      const { state: stateAfter, outcome: after } = fareOf(need.requirement, crds);
      // What is not known is not known to be met either.
      return after === "works" && need.certainty.kind !== "unknown-version"
        ? []
        : [{ need, before: change.today?.outcomes.get(crdNameOf(need.requirement)) ?? "works", after, stateAfter }];
    });
    const { hard, soft, unsure } = gradeHurt(unmet);
    const groups = new Set([...crds.values()].map(({ group }) => group));
    const cases = Map.groupBy(hard, (one) => caseOf(one, groups));
    return [
      ...describe(judged, "worse", cases.get("worse") ?? [], true),
      ...describe(
        judged,
        "worse",
        soft.filter((one) => isWorse(one) && !isLeftOut(one)),
        false,
      ),
      ...describe(judged, "same-today", cases.get("same-today") ?? [], false),
      ...describe(judged, "own-definitions", cases.get("own-definitions") ?? [], false),
      ...unjudgedFindings("spec.template", unsure, change.unreadable, { isOfWorkload: true }),
    ];
  },
});

interface Judged extends Pick<Facts, "bundles"> {
  readonly change: WorkloadChange;
  /** As they will be. */
  readonly crds: ReadonlyMap<string, Crd>;
}

type Case = Extract<Fact, { kind: "workload-requirement-unmet" }>["case"];

/**
 * A chart brings its own definitions, and `helm template` leaves out those in `crds/`: where none of them is there,
 * they were not looked at rather than forgotten. Where some are there, what is missing tells of an older chart.
 */
function caseOf(one: HurtWorkload, groups: ReadonlySet<string>): Case {
  const { source } = one.need;
  if (!isWorse(one)) return "same-today";
  if (source.kind !== "catalog" || !isOwn(one.need)) return "worse";
  return source.owns.some((group) => groups.has(group)) ? "worse" : "own-definitions";
}

/** No bundle brings what comes with the controller. */
function isOwn({ source, requirement }: Need): boolean {
  return source.kind === "catalog" && source.owns.includes(requirement.group);
}

/** Who looks before it watches does well without an optional API that nobody installed: a choice, not a mistake. */
function isLeftOut({ stateAfter, need }: HurtWorkload): boolean {
  return stateAfter === "absent" && need.requirement.presence !== "unconditional";
}

function isWorse({ before, after }: HurtWorkload): boolean {
  return compareHarm(after, before) > 0;
}

function describe(judged: Judged, ofCase: Case, unmet: readonly HurtWorkload[], isHardLoss: boolean): readonly RuleFinding[] {
  if (!isNonEmpty(unmet)) return [];
  return [
    {
      field: fieldOf(unmet),
      fact: { kind: "workload-requirement-unmet", unmet, case: ofCase },
      remedies: remediesFor(judged, ofCase, unmet),
      ...(isHardLoss ? {} : { isAdvisory: true }),
    },
  ];
}

function remediesFor(
  { change, bundles, crds }: Judged,
  ofCase: Case,
  unmet: readonly [HurtWorkload, ...HurtWorkload[]],
): readonly Remedy[] {
  const [{ need }, ...others] = unmet;
  if (ofCase === "own-definitions") return [{ kind: "apply-own-definitions", need }];
  const foreign = unmet.filter((one) => !isOwn(one.need));
  const bundle = findBundle(
    foreign.map((one) => one.need.requirement),
    change.needs.map(({ requirement }) => requirement),
    bundles,
    crds,
  );
  const required = [need.requirement, ...others.map((other) => other.need.requirement)] as const;
  const worksToday = change.today !== null && unmet.every(({ before }) => before === "works");
  return [
    ...(bundle === null ? [] : [{ kind: "install-bundle", bundle } as const]),
    { kind: "serve-required", requirements: required },
    ...(worksToday ? [{ kind: "keep-workload", need } as const] : []),
  ];
}

/** Where the need comes from: the image, or the declaration. */
function fieldOf(unmet: readonly [HurtWorkload, ...HurtWorkload[]]): string {
  const fields = new Set(
    unmet.map(({ need: { source } }) => {
      switch (source.kind) {
        case "catalog":
          return `spec.template.spec.containers[${source.container}].image`;
        case "annotation":
          return `metadata.annotations[${source.key}]`;
        case "api-requirement":
        case "cluster-service-version":
          return "spec.template";
      }
    }),
  );
  const [field = "spec.template"] = fields;
  return fields.size === 1 ? field : "spec.template";
}

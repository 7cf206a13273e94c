/** @file Finds a workload that is applied although an API that it needs will not be served to it. */
import type { WorkloadChange } from "../change.ts";
import type { HurtWorkload, Remedy, RuleFinding } from "../finding.ts";
import { gradeHurt, isNonEmpty, unjudgedFindings } from "../hurt.ts";
import { apiState, compareHarm, crdNameOf, outcomeIn } from "../requirement.ts";
import { defineRule } from "../rule.ts";

/**
 * The other direction of `required-version-unserved`: the CRDs stay, and the controller comes. Helm does not upgrade the
 * CRDs of a chart, so that a new controller over old CRDs is as common as the reverse.
 * Source: envoyproxy/gateway#3387 (1.1 needs the experimental channel), cilium/cilium#34835 (rolling back to 1.15).
 */
export const workloadRequirementUnmet = defineRule({
  id: "workload-requirement-unmet",
  defaultEnforcement: "deny",
  find({ change, facts }) {
    if (change.kind !== "apply-workload") return [];

    const unmet = change.needs.flatMap((need): readonly HurtWorkload[] => {
      const stateAfter = apiState(need.requirement, facts.crds.get(crdNameOf(need.requirement)) ?? null);
      const after = outcomeIn(need.requirement, stateAfter);
      // What is not known is not known to be met either.
      return after === "works" && need.certainty.kind !== "unknown-version"
        ? []
        : [{ need, before: change.today?.outcomes.get(crdNameOf(need.requirement)) ?? "works", after, stateAfter }];
    });
    const { hard, soft, unsure } = gradeHurt(unmet);
    return [
      ...describe(change, hard.filter(isWorse), { isHardLoss: true, isSameToday: false }),
      ...describe(change, soft.filter(isWorse), { isHardLoss: false, isSameToday: false }),
      ...describe(
        change,
        hard.filter((one) => !isWorse(one)),
        { isHardLoss: false, isSameToday: true },
      ),
      ...unjudgedFindings("spec.template", unsure, change.unreadable, { isOfWorkload: true }),
    ];
  },
});

function isWorse({ before, after }: HurtWorkload): boolean {
  return compareHarm(after, before) > 0;
}

function describe(
  change: WorkloadChange,
  unmet: readonly HurtWorkload[],
  { isHardLoss, isSameToday }: { readonly isHardLoss: boolean; readonly isSameToday: boolean },
): readonly RuleFinding[] {
  if (!isNonEmpty(unmet)) return [];
  return [
    {
      field: fieldOf(unmet),
      fact: { kind: "workload-requirement-unmet", unmet, isSameToday },
      remedies: remediesFor(change, unmet),
      ...(isHardLoss ? {} : { isAdvisory: true }),
    },
  ];
}

function remediesFor(change: WorkloadChange, unmet: readonly [HurtWorkload, ...HurtWorkload[]]): readonly Remedy[] {
  const [{ need }, ...others] = unmet;
  const required = [need.requirement, ...others.map((other) => other.need.requirement)] as const;
  const worksToday = change.today !== null && unmet.every(({ before }) => before === "works");
  return [{ kind: "serve-required", requirements: required }, ...(worksToday ? [{ kind: "keep-workload", need } as const] : [])];
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

/** @file What a person should know before the first step of a plan. */
import { compareText } from "../crd/compare-text.ts";
import type { ObjectEvidence } from "../rules/facts.ts";
import { isSure } from "../rules/hurt.ts";
import { crdNameOf, fareOf, isHard } from "../rules/requirement.ts";
import type { Crew } from "./crew.ts";
import type { Caution, Step } from "./plan.ts";
import type { World } from "./search.ts";

export function cautionsOf(steps: readonly Step[], { crews, question }: World): readonly Caution[] {
  const { crds } = question.picture;
  const restored = new Set(steps.flatMap(({ action }) => (action.kind === "restore" ? [action.crd.name] : [])));
  return [
    ...steps.flatMap(({ action }): readonly Caution[] => {
      switch (action.kind) {
        case "delete-objects":
          return [
            {
              kind: restored.has(action.crd.name) ? "objects-replaced" : "objects-deleted",
              crd: action.crd.name,
              objects: action.objects,
            },
          ];
        case "stop-workload":
          return [{ kind: "workload-stopped", workload: action.workload.ref }];
        default:
          return [];
      }
    }),
    ...crews.flatMap(unknownNeeds),
    ...crews.flatMap(({ running, workload }): readonly Caution[] =>
      (running?.needs ?? [])
        .filter((need) => isSure(need) && isHard(fareOf(need.requirement, crds).outcome))
        .map(({ requirement }) => ({
          kind: "unmet-today",
          workload: workload.ref,
          crd: crdNameOf(requirement),
          versions: requirement.versions,
        })),
    ),
    ...uncounted(steps),
  ];
}

function unknownNeeds({ running, workload, releases }: Crew): readonly Caution[] {
  const unknown = running?.needs.find(({ certainty }) => certainty.kind === "unknown-version");
  // What comes by manifest is not what runs now.
  if (unknown === undefined || releases.some(({ isTarget }) => isTarget)) return [];
  const image = unknown.source.kind === "catalog" ? unknown.source.image : (workload.image ?? "");
  return [{ kind: "unknown-needs", workload: workload.ref, image }];
}

function uncounted(steps: readonly Step[]): readonly Caution[] {
  const reasons = new Map<string, string>();
  for (const { action } of steps) {
    if (!("objects" in action)) continue;
    const reason = reasonOf(action.objects);
    if (reason !== null) reasons.set(action.crd.name, reason);
  }
  return [...reasons]
    .toSorted(([left], [right]) => compareText(left, right))
    .map(([crd, reason]) => ({ kind: "objects-uncounted", crd, reason }));
}

function reasonOf(objects: ObjectEvidence): string | null {
  switch (objects.kind) {
    case "counted":
      return objects.isComplete ? null : "they were not counted to the end";
    case "uncountable":
      return objects.reason;
    case "not-counted":
      return "nobody counted them";
  }
}

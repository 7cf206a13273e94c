/** @file From the cluster as it is to the one that is wanted: the steps, or why there are none. */
import { isNonEmpty } from "../rules/hurt.ts";
import { cautionsOf } from "./cautions.ts";
import { obstaclesOf, unknownVersions } from "./obstacles.ts";
import type { Planned } from "./plan.ts";
import type { PlanQuestion } from "./question.ts";
import { createWorld, search } from "./search.ts";
import { stepsOf } from "./steps.ts";

/** The same question gives the same plan, whatever the order of what stands in maps, and of workloads. */
export function findPlan(question: PlanQuestion): Planned {
  const unknown = unknownVersions(question);
  if (isNonEmpty(unknown)) return { kind: "impossible", obstacles: unknown };
  const world = createWorld(question);
  const found = search(world);
  switch (found.kind) {
    case "way": {
      const steps = stepsOf(found.path, world);
      return { kind: "plan", steps, cautions: cautionsOf(steps, world) };
    }
    case "limit":
      return { kind: "undecided", statesSeen: found.statesSeen };
    case "none":
      return { kind: "impossible", obstacles: obstaclesOf(question, world) };
  }
}

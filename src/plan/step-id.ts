/** @file The name of a step: the same whenever the same step is planned anew. */
import { workloadKey } from "../rules/facts.ts";
import type { Action } from "./plan.ts";

export function stepId(action: Action): string {
  switch (action.kind) {
    case "apply-definitions": {
      const { definitions, isWhole, crds } = action;
      const set =
        definitions.kind === "wanted"
          ? "wanted"
          : `${definitions.bundle.name}-${definitions.bundle.version}-${definitions.bundle.channel}`;
      return isWhole ? `apply/${set}` : `apply/${set}/${crds.join("+")}`;
    }
    case "upgrade-workload":
      return `upgrade/${workloadKey(action.workload.ref)}@${action.to}`;
    case "stop-workload":
      return `stop/${workloadKey(action.workload.ref)}`;
    case "start-workload":
      return `start/${workloadKey(action.workload.ref)}`;
    case "apply-workloads":
      return `apply-workloads/${action.workloads.map(({ ref }) => workloadKey(ref)).join("+")}`;
    case "flip-storage":
      return `flip-storage/${action.crd.name}@${action.to}`;
    case "migrate":
    case "back-up":
    case "delete-objects":
    case "delete-definition":
    case "restore":
      return `${action.kind}/${action.crd.name}`;
  }
}

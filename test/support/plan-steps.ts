/** @file Steps written by hand: one of each action, of a mill whose gears turn. */
import type { Crd } from "../../src/crd/crd.ts";
import type { PlanContext } from "../../src/explain/plan-commands.ts";
import type { Action, Planned, PlannedWorkload, Step } from "../../src/plan/plan.ts";
import type { Bundle } from "../../src/rules/bundle.ts";
import { counted, crd } from "./builders.ts";

export const CONTEXT: PlanContext = {
  kubectl: "kubectl",
  crdguard: "crdguard",
  crdguardFlags: "",
  given: "-f bundle.yaml",
  stepsDirectory: "crdguard-plan",
  isWritten: true,
  families: new Map(),
  backup: (name) => ({ directory: `crdguard-backup/${name}`, isFirst: true }),
};

export const OLD: Crd = crd({ served: ["v1alpha2", "v1"], storage: "v1", stored: ["v1alpha2", "v1"] });
export const NEW: Crd = { ...crd({ served: ["v1"] }), stored: { names: ["v1"], source: "assumed" } };

export const TURNER: PlannedWorkload = {
  ref: { kind: "Deployment", namespace: "mill", name: "turner" },
  controller: "turner",
  image: "registry.own.dev/turner:v1.0.1",
  container: "main",
  helmRelease: null,
};

const HELMED: PlannedWorkload = { ...TURNER, helmRelease: { namespace: "mill", name: "turner-release" } };

export const BUNDLE: Bundle = {
  name: "own-api",
  title: "Own API",
  version: "1.0.0",
  channel: "standard",
  releasedOn: "2026-01-01",
  installUrl: "https://own.dev/v1.0.0/standard.yaml",
  crds: new Map([[NEW.name, NEW]]),
};

export function step(action: Action, more: Partial<Step> = {}): Step {
  return { id: idOf(action), action, findings: [], changes: [], because: null, ...more };
}

function idOf(action: Action): string {
  switch (action.kind) {
    case "apply-definitions":
      return `apply/${action.definitions.kind}`;
    case "apply-workloads":
      return "apply/workloads";
    case "upgrade-workload":
    case "stop-workload":
    case "start-workload":
      return `${action.kind}/${action.workload.ref.namespace}/${action.workload.ref.name}`;
    case "flip-storage":
    case "migrate":
    case "back-up":
    case "delete-objects":
    case "delete-definition":
    case "restore":
      return `${action.kind}/${action.crd.name}`;
  }
}

const APPLY_WANTED: Action = {
  kind: "apply-definitions",
  definitions: { kind: "wanted" },
  crds: [NEW.name],
  isWhole: true,
};

/** One of each action, with changes where it has some. */
export const STEPS: readonly Step[] = [
  step(
    { kind: "migrate", crd: OLD, objects: counted(3), remaining: ["v1"] },
    {
      changes: [{ name: OLD.name, before: OLD, after: { ...OLD, stored: { names: ["v1"], source: "status" } } }],
      because: { kind: "refused-before", rule: "stored-version-removed", crds: [OLD.name] },
    },
  ),
  step(APPLY_WANTED, { changes: [{ name: NEW.name, before: OLD, after: NEW }] }),
  step(
    { kind: "apply-definitions", definitions: { kind: "wanted" }, crds: [NEW.name], isWhole: false },
    { changes: [{ name: NEW.name, before: null, after: NEW }] },
  ),
  step(
    { kind: "apply-definitions", definitions: { kind: "bundle", bundle: BUNDLE }, crds: [NEW.name], isWhole: true },
    {
      changes: [{ name: NEW.name, before: OLD, after: NEW }],
      because: { kind: "overlap", versions: [{ crd: NEW.name, version: "v1" }] },
    },
  ),
  step(
    { kind: "upgrade-workload", workload: TURNER, from: "1.0.1", to: "1.1.0", byManifest: false },
    { because: { kind: "refused-before", rule: "required-version-unserved", crds: [OLD.name] } },
  ),
  step({ kind: "upgrade-workload", workload: TURNER, from: "1.0.1", to: "1.1.0", byManifest: true }),
  step({ kind: "upgrade-workload", workload: HELMED, from: null, to: "1.1.0", byManifest: false }),
  step({
    kind: "upgrade-workload",
    workload: { ...TURNER, image: null, container: null },
    from: null,
    to: "1.1.0",
    byManifest: false,
  }),
  step({ kind: "stop-workload", workload: TURNER }),
  step({ kind: "start-workload", workload: TURNER }),
  step({ kind: "stop-workload", workload: { ...TURNER, ref: { ...TURNER.ref, kind: "DaemonSet" } } }),
  step({ kind: "apply-workloads", workloads: [TURNER] }, { because: null }),
  step({ kind: "apply-workloads", workloads: [HELMED] }),
  step({ kind: "flip-storage", crd: OLD, to: "v1alpha2" }, { because: { kind: "needed-by", workloads: [TURNER.ref] } }),
  step({ kind: "back-up", crd: OLD, readIn: "v1", objects: counted(3) }),
  step({ kind: "delete-objects", crd: OLD, readIn: "v1", objects: counted(3, { isComplete: false }) }),
  step({ kind: "delete-definition", crd: OLD, isLeftover: true }, { changes: [{ name: OLD.name, before: OLD, after: null }] }),
  step({ kind: "delete-definition", crd: OLD, isLeftover: false }, { changes: [{ name: OLD.name, before: OLD, after: null }] }),
  step({ kind: "restore", crd: NEW, writtenIn: "v1", restoredIn: "v1", mustBeEdited: false, objects: counted(1) }),
  step({ kind: "restore", crd: NEW, writtenIn: "v1alpha2", restoredIn: "v1", mustBeEdited: true, objects: counted(3) }),
];

export function planOf(...steps: readonly Step[]): Planned {
  return { kind: "plan", steps, cautions: [] };
}

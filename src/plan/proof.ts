/** @file What of a live cluster shows that a step is done. */
import type { Crd } from "../crd/crd.ts";
import { storageVersion } from "../crd/versions.ts";
import type { Catalog } from "../requirements/catalog.ts";
import { parseImage, readTagVersion } from "../requirements/image.ts";
import type { Workload } from "../requirements/workload.ts";
import { compareReleases } from "../rules/bundle.ts";
import { type ObjectEvidence, workloadKey } from "../rules/facts.ts";
import { versionsKey } from "./definition.ts";
import type { PlannedWorkload, Step } from "./plan.ts";

export interface LiveSight {
  readonly crds: ReadonlyMap<string, Crd>;
  readonly workloads: Iterable<Workload>;
  /** For prefixes of tags; without, tags are read as they are. */
  readonly catalog?: Catalog;
  /** Of the CRD of the step, counted now; null where nobody counted them. */
  readonly objects: ObjectEvidence | null;
}

/** `unseen`: nothing in the cluster tells, so that whoever did it has to say. */
export type Proof = "done" | "not-done" | "unseen";

export function isDone({ action, changes }: Step, sight: LiveSight): Proof {
  switch (action.kind) {
    case "apply-definitions":
      return proofOf(changes.every(({ name, after }) => isInForce(sight.crds.get(name), after)));
    case "flip-storage": {
      const crd = sight.crds.get(action.crd.name);
      return proofOf(crd !== undefined && storageVersion(crd) === action.to);
    }
    case "migrate": {
      const stored = sight.crds.get(action.crd.name)?.stored;
      return proofOf(stored?.source === "status" && stored.names.every((name) => action.remaining.includes(name)));
    }
    case "delete-definition":
      return proofOf(!sight.crds.has(action.crd.name));
    case "upgrade-workload":
      return upgraded(action.workload, action.to, action.from, sight);
    case "stop-workload":
      return proofOf(found(action.workload, sight)?.isRunning !== true);
    case "start-workload":
      return proofOf(found(action.workload, sight)?.isRunning === true);
    case "apply-workloads":
      return proofOf(action.workloads.every((workload) => found(workload, sight)?.isRunning === true));
    case "back-up":
      return "unseen";
    case "delete-objects":
      return counted(sight.objects, (total, isComplete) => (total > 0 ? "not-done" : isComplete ? "done" : "unseen"));
    case "restore": {
      const { objects } = action;
      if (objects.kind !== "counted" || !objects.isComplete) return "unseen";
      return counted(sight.objects, (total, isComplete) =>
        total >= objects.total ? "done" : isComplete ? "not-done" : "unseen",
      );
    }
  }
}

/** Schemas are not looked at: where nothing else was to change, it is in force already. */
function isInForce(crd: Crd | undefined, after: Crd | null): boolean {
  if (crd === undefined || after === null) return crd === undefined && after === null;
  return (
    !crd.isTerminating &&
    versionsKey(crd) === versionsKey(after) &&
    crd.bundle?.version === after.bundle?.version &&
    crd.bundle?.channel === after.bundle?.channel
  );
}

/** A newer version than planned does too; where it was to go back, that very one. */
function upgraded(workload: PlannedWorkload, to: string, from: string | null, sight: LiveSight): Proof {
  const live = found(workload, sight);
  const image = live?.containers.find(({ name }) => name === workload.container)?.image;
  if (image === undefined) return "not-done";
  if (image === to) return "done";
  const prefixes = sight.catalog?.find(({ id }) => id === workload.controller)?.tagPrefixes ?? [];
  const [version, wanted] = [readTagVersion(parseImage(image).tag, prefixes), readTagVersion(to)];
  if (wanted.kind !== "exact") return "not-done";
  // A tag that names no version may be of any.
  if (version.kind === "unknown") return "unseen";
  const own = version.kind === "exact" ? version.version : version.range.replace(/x$/, "0");
  const isBack = from !== null && compareReleases(wanted.version, from) < 0;
  const difference = compareReleases(own, wanted.version);
  return proofOf(isBack ? difference === 0 : difference >= 0);
}

function found({ ref }: PlannedWorkload, { workloads }: LiveSight): Workload | undefined {
  const key = workloadKey(ref);
  return [...workloads].find((workload) => workloadKey(workload.ref) === key);
}

function counted(objects: ObjectEvidence | null, judge: (total: number, isComplete: boolean) => Proof): Proof {
  return objects?.kind === "counted" ? judge(objects.total, objects.isComplete) : "unseen";
}

function proofOf(isProven: boolean): Proof {
  return isProven ? "done" : "not-done";
}

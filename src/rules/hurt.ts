/** @file Who is hurt when an API goes from one state to another. */
import type { Crd } from "../crd/crd.ts";
import type { Need, UnreadableDeclaration } from "./facts.ts";
import type { HurtWorkload, Remedy, RuleFinding } from "./finding.ts";
import { apiState, compareHarm, isHard, outcomeIn } from "./requirement.ts";

/**
 * Needs whose outcome the change makes worse; a need that is unmet before and after is not this change's doing.
 * `previous` or `next` null: the CRD does not exist before or after.
 */
export function findHurt(needs: readonly Need[], previous: Crd | null, next: Crd | null): readonly HurtWorkload[] {
  return needs.flatMap((need) => {
    const before = outcomeIn(need.requirement, apiState(need.requirement, previous));
    const stateAfter = apiState(need.requirement, next);
    const after = outcomeIn(need.requirement, stateAfter);
    return compareHarm(after, before) > 0 ? [{ need, before, after, stateAfter }] : [];
  });
}

/** Splits by what the guard may do about it: deny for hard, warn for soft, and say so where it cannot know. */
export function gradeHurt(hurt: readonly HurtWorkload[]): {
  readonly hard: readonly HurtWorkload[];
  readonly soft: readonly HurtWorkload[];
  readonly unknown: readonly Need[];
} {
  const known = hurt.filter(({ need }) => need.certainty.kind !== "unknown-version");
  const unknown = hurt.filter(({ need }) => need.certainty.kind === "unknown-version").map(({ need }) => need);
  return {
    hard: known.filter(({ after }) => isHard(after)),
    soft: known.filter(({ after }) => !isHard(after)),
    unknown: onePerWorkload(unknown),
  };
}

/** For each workload the first later release that does well after the change, if there is one. */
export function upgradeRemedies(hurt: readonly HurtWorkload[], next: Crd | null): readonly Remedy[] {
  return onePerWorkload(hurt.map(({ need }) => need)).flatMap((need): readonly Remedy[] => {
    const release = need.laterReleases.find(
      ({ requirement }) => requirement === null || outcomeIn(requirement, apiState(requirement, next)) === "works",
    );
    return release === undefined ? [] : [{ kind: "upgrade-workload", need, minimumVersion: release.minimumVersion }];
  });
}

export function scaleDownRemedies(hurt: readonly HurtWorkload[]): readonly Remedy[] {
  return onePerWorkload(hurt.map(({ need }) => need))
    .filter((need) => need.workload.kind !== "DaemonSet")
    .map((need) => ({ kind: "scale-down", need }));
}

/** What could not be judged is said, never guessed: a warning each for unknown versions and for unreadable declarations. */
export function unjudgedFindings(
  field: string,
  unknown: readonly Need[],
  declarations: readonly UnreadableDeclaration[],
): readonly RuleFinding[] {
  const findings: RuleFinding[] = [];
  if (isNonEmpty(unknown)) {
    findings.push({
      field,
      fact: { kind: "requirement-unknown", needs: unknown },
      remedies: unknown.map((need) => ({ kind: "declare-requirement", need })),
      isAdvisory: true,
    });
  }
  if (isNonEmpty(declarations)) {
    findings.push({
      field,
      fact: { kind: "declaration-unreadable", declarations },
      remedies: declarations.map((declaration) => ({ kind: "correct-declaration", declaration })),
      isAdvisory: true,
    });
  }
  return findings;
}

/** True of lists that hold something, for types that say so. */
export function isNonEmpty<T>(list: readonly T[]): list is readonly [T, ...T[]] {
  return list.length > 0;
}

function onePerWorkload(needs: readonly Need[]): readonly Need[] {
  const seen = new Set<string>();
  return needs.filter(({ workload }) => {
    const key = `${workload.kind}/${workload.namespace}/${workload.name}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

/** @file Who is hurt when an API goes from one state to another. */
import type { Crd } from "../crd/crd.ts";
import { type CrdChange, crdsAfter } from "./change.ts";
import { type Facts, type LaterRelease, type Need, type UnreadableDeclaration, workloadKey } from "./facts.ts";
import type { Doubt, HurtWorkload, Remedy, RuleFinding } from "./finding.ts";
import { apiState, compareHarm, crdNameOf, fareOf, isHard, type Outcome, outcomeIn } from "./requirement.ts";

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

export interface GradedHurt {
  readonly hard: readonly HurtWorkload[];
  readonly soft: readonly HurtWorkload[];
  readonly unsure: readonly { readonly doubt: Doubt; readonly hurt: readonly [HurtWorkload, ...HurtWorkload[]] }[];
}

/** Splits by what the guard may do about it: deny for hard, warn for soft, and say so where it cannot know. */
export function gradeHurt(hurt: readonly HurtWorkload[]): GradedHurt {
  const sure = hurt.filter(({ need }) => isSure(need));
  return {
    hard: sure.filter(({ after }) => isHard(after)),
    soft: sure.filter(({ after }) => !isHard(after)),
    unsure: DOUBTS.flatMap((doubt) => {
      // A feature that is missing until the workload is replaced is not worth a word.
      const own = hurt.filter(({ need, after }) => doubtOf(need) === doubt && (doubt !== "replaced" || isHard(after)));
      const workloads = onePerWorkload(own);
      return isNonEmpty(workloads) ? [{ doubt, hurt: workloads }] : [];
    }),
  };
}

const DOUBTS = ["unknown-version", "conditional", "unconfirmed", "replaced"] as const satisfies readonly Doubt[];

/** Whether the workload has the need, as far as that can be told: what is taken for granted counts. */
export function isSure(need: Pick<Need, "certainty">): boolean {
  return doubtOf(need) === null;
}

function doubtOf({ certainty }: Pick<Need, "certainty">): Doubt | null {
  return certainty.kind === "known" || certainty.kind === "assumed" ? null : certainty.kind;
}

/**
 * For each workload the first later release that starts after the change: all that it needs counts, not the changed CRD
 * alone. One that runs on the CRDs of today too can come first, and is preferred; else the workload must be stopped for it,
 * which a DaemonSet cannot be.
 */
export function upgradeRemedies(
  hurt: readonly HurtWorkload[],
  change: CrdChange,
  facts: Pick<Facts, "crds" | "applied">,
): readonly Remedy[] {
  const after = crdsAfter(change, facts);
  return onePerWorkload(hurt).flatMap((one): readonly Remedy[] => {
    const { need } = one;
    const starting = need.laterReleases.filter((release) => starts(release, need, after) && isBetterOff(release, one, after));
    const early = starting.find((release) => starts(release, need, facts.crds));
    const release = early ?? (need.workload.kind === "DaemonSet" ? undefined : starting[0]);
    if (release === undefined) return [];
    const { minimumVersion } = release;
    return [{ kind: "upgrade-workload", need, minimumVersion, isPossibleBefore: release === early }];
  });
}

/** The first later release of each workload that starts on the CRDs as they are, and is better off on them. */
export function upgradesOn(hurt: readonly HurtWorkload[], crds: ReadonlyMap<string, Crd>): readonly Remedy[] {
  return onePerWorkload(hurt).flatMap((one): readonly Remedy[] => {
    const release = one.need.laterReleases.find((later) => starts(later, one.need, crds) && isBetterOff(later, one, crds));
    if (release === undefined) return [];
    return [{ kind: "upgrade-workload", need: one.need, minimumVersion: release.minimumVersion, isPossibleBefore: true }];
  });
}

/** A DaemonSet has no replicas to take away; who is told to stop for an upgrade need not be told twice. */
export function scaleDownRemedies(hurt: readonly HurtWorkload[], upgrades: readonly Remedy[]): readonly Remedy[] {
  const stopped = upgrades.filter((remedy) => remedy.kind === "upgrade-workload" && !remedy.isPossibleBefore);
  return onePerWorkload(hurt)
    .filter(
      ({ need }) => need.workload.kind !== "DaemonSet" && !stopped.some((remedy) => "need" in remedy && remedy.need === need),
    )
    .map(({ need }) => ({ kind: "scale-down", need }));
}

/** What could not be judged is said, never guessed: a warning for each kind of doubt, and for unreadable declarations. */
export function unjudgedFindings(
  field: string,
  unsure: GradedHurt["unsure"],
  declarations: readonly UnreadableDeclaration[],
  { isOfWorkload = false }: { readonly isOfWorkload?: boolean } = {},
): readonly RuleFinding[] {
  return [
    ...unsure.map(({ doubt, hurt }): RuleFinding => ({
      field,
      fact: { kind: "requirement-unsure", doubt, hurt, isOfWorkload },
      remedies: doubt === "replaced" ? [] : hurt.map(({ need }) => ({ kind: "declare-requirement", need })),
      isAdvisory: true,
    })),
    ...(isNonEmpty(declarations)
      ? [
          {
            field,
            fact: { kind: "declaration-unreadable", declarations, isOfWorkload },
            remedies: declarations.map((declaration) => ({ kind: "correct-declaration", declaration }) as const),
            isAdvisory: true,
          } as const,
        ]
      : []),
  ];
}

/** The worst outcome of each API's needs, by name of its CRD. */
export function outcomesOf(needs: readonly Need[], crds: ReadonlyMap<string, Crd>): ReadonlyMap<string, Outcome> {
  const outcomes = new Map<string, Outcome>();
  for (const { requirement } of needs) {
    const name = crdNameOf(requirement);
    const outcome = fareOf(requirement, crds).outcome;
    const worst = outcomes.get(name);
    if (worst === undefined || compareHarm(outcome, worst) > 0) outcomes.set(name, outcome);
  }
  return outcomes;
}

/** True of lists that hold something, for types that say so. */
export function isNonEmpty<T>(list: readonly T[]): list is readonly [T, ...T[]] {
  return list.length > 0;
}

/** What comes along with the release need not be there before. */
function starts({ requirements }: LaterRelease, { source }: Need, crds: ReadonlyMap<string, Crd>): boolean {
  const owned = source.kind === "catalog" ? source.owns : [];
  return requirements.every((requirement) => owned.includes(requirement.group) || !isHard(fareOf(requirement, crds).outcome));
}

/** No way out is a release that loses the same feature, or that needs what goes away and brings it along. */
function isBetterOff({ requirements }: LaterRelease, { need, after }: HurtWorkload, crds: ReadonlyMap<string, Crd>): boolean {
  return requirements
    .filter((requirement) => crdNameOf(requirement) === crdNameOf(need.requirement))
    .every((requirement) => compareHarm(fareOf(requirement, crds).outcome, after) < 0);
}

function onePerWorkload(hurt: readonly HurtWorkload[]): readonly HurtWorkload[] {
  const seen = new Set<string>();
  return hurt.filter(({ need: { workload } }) => {
    const key = workloadKey(workload);
    return seen.has(key) ? false : seen.add(key);
  });
}

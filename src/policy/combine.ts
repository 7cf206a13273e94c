/** @file What holds for one CRD at one moment, of all that is set: GuardPolicies, and flags above them. */
import { compareText } from "../crd/compare-text.ts";
import type { Labels } from "../crd/label-selector.ts";
import { type GuardPolicy, isChosen } from "./guard-policy.ts";
import { endOf } from "./lapse.ts";
import {
  compareStrictness,
  DEFAULT_POLICY,
  type EffectiveException,
  type OnIncomplete,
  type Policy,
  type RuleSetting,
} from "./policy.ts";

/** What the command line sets; it counts more than every GuardPolicy. */
export interface PolicyFlags {
  /** By rule id. */
  readonly enforcement: ReadonlyMap<string, RuleSetting>;
  /** Null: nothing was said of it. */
  readonly onUndecided: Policy["onUndecided"] | null;
  /** Null or absent: the same. */
  readonly onIncomplete?: OnIncomplete | null;
}

export const NO_FLAGS: PolicyFlags = { enforcement: new Map(), onUndecided: null };

/** The CRD that is judged, as it is before the change: a change cannot choose the policy that it is judged by. */
export interface ConcernedCrd {
  readonly name: string;
  readonly labels: Labels;
}

/**
 * Of the policies that are for this CRD the one of the highest priority counts, setting by setting; among those of the same
 * priority the strictest setting does. Exceptions count from whichever policy they come. The order of policies is of no
 * account.
 */
export function combinePolicies(
  policies: readonly GuardPolicy[],
  flags: PolicyFlags,
  crd: ConcernedCrd,
  nowMilliseconds: number,
): Policy {
  const chosen = policies.filter(({ selection }) => isChosen(selection, crd));
  const ids = new Set(chosen.flatMap(({ enforcement }) => [...enforcement.keys()]));
  const enforcement = new Map<string, RuleSetting>();
  for (const id of ids) {
    const setting = winning(chosen, (policy) => policy.enforcement.get(id) ?? null, compareStrictness);
    if (setting !== null) enforcement.set(id, setting);
  }
  for (const [id, setting] of flags.enforcement) enforcement.set(id, setting);
  return {
    enforcement,
    onUndecided:
      flags.onUndecided ?? winning(chosen, ({ onInternalError }) => onInternalError, denyFirst) ?? DEFAULT_POLICY.onUndecided,
    objects: {
      onIncomplete:
        flags.onIncomplete ??
        winning(chosen, ({ objects }) => objects.onIncomplete, denyFirst) ??
        DEFAULT_POLICY.objects.onIncomplete,
      // Whoever looks longer sees more.
      budgetPercent:
        winning(
          chosen,
          ({ objects }) => objects.budgetPercent,
          (left, right) => left - right,
        ) ?? DEFAULT_POLICY.objects.budgetPercent,
    },
    exceptions: policies.flatMap((policy) => exceptionsFor(policy, crd, nowMilliseconds)).toSorted(longestFirst),
  };
}

/** @param compare above 0 where the left one is stricter. */
function winning<Setting>(
  policies: readonly GuardPolicy[],
  settingOf: (policy: GuardPolicy) => Setting | null,
  compare: (left: Setting, right: Setting) => number,
): Setting | null {
  let best: { readonly priority: number; readonly setting: Setting } | null = null;
  for (const policy of policies) {
    const setting = settingOf(policy);
    if (setting === null) continue;
    const { priority } = policy;
    const isBetter =
      best === null || priority > best.priority || (priority === best.priority && compare(setting, best.setting) > 0);
    if (isBetter) best = { priority, setting };
  }
  return best?.setting ?? null;
}

function denyFirst(left: string, right: string): number {
  return Number(left === "deny") - Number(right === "deny");
}

function exceptionsFor(
  { name, exceptions }: GuardPolicy,
  crd: Pick<ConcernedCrd, "name">,
  nowMilliseconds: number,
): readonly EffectiveException[] {
  return exceptions
    .filter((exception) => exception.crd === crd.name)
    .map(({ rule, versions, reason, owner, expires }) => ({
      policy: name,
      rule,
      versions,
      reason,
      owner,
      expires,
      isLapsed: endOf({ expires }) <= nowMilliseconds,
    }));
}

/** So that of several the one is told that holds the longest; then by the name of the policy. */
function longestFirst(left: EffectiveException, right: EffectiveException): number {
  return endOf(right) - endOf(left) || compareText(left.policy, right.policy) || compareText(left.rule, right.rule);
}

/** @file What becomes of a GuardPolicy, for its status: whether all of it counts, and whether its exceptions still hold. */
import { acceptanceMessage, exceptionsMessage } from "../explain/guard-policy.ts";
import type { GuardPolicyResult } from "../policy/guard-policy.ts";
import { type ExceptionsAtOnce, exceptionsAt } from "../policy/lapse.ts";

/** As the CRD has it (manifests/crds/guardpolicies.yaml), but for the times of conditions. */
export interface GuardPolicyStatus {
  /** Those that hold. */
  readonly exceptionCount: number;
  readonly lapsedCount: number;
  readonly conditions: readonly GuardPolicyCondition[];
}

export interface GuardPolicyCondition {
  readonly type: "Accepted" | "ExceptionsCurrent";
  readonly status: "True" | "False" | "Unknown";
  readonly observedGeneration: number;
  readonly reason: "Accepted" | "EntriesIgnored" | "Malformed" | "NoExceptions" | "Current" | "LapsingSoon" | "Lapsed";
  readonly message: string;
}

export interface FoundStatus {
  readonly status: GuardPolicyStatus;
  readonly exceptions: ExceptionsAtOnce;
}

export function findPolicyStatus(parsed: GuardPolicyResult, generation: number, nowMilliseconds: number): FoundStatus {
  const exceptions = exceptionsAt(parsed.ok ? parsed.value.exceptions : [], nowMilliseconds);
  const { held, lapsing, lapsed } = exceptions;
  const isWhole = parsed.ok && parsed.problems.length === 0;
  return {
    status: {
      exceptionCount: held.length,
      lapsedCount: lapsed.length,
      conditions: [
        {
          type: "Accepted",
          status: isWhole ? "True" : "False",
          observedGeneration: generation,
          reason: isWhole ? "Accepted" : parsed.ok ? "EntriesIgnored" : "Malformed",
          message: acceptanceMessage(parsed),
        },
        {
          type: "ExceptionsCurrent",
          status: lapsed.length === 0 ? "True" : "False",
          observedGeneration: generation,
          reason:
            lapsed.length > 0 ? "Lapsed" : lapsing.length > 0 ? "LapsingSoon" : held.length > 0 ? "Current" : "NoExceptions",
          message: exceptionsMessage(exceptions),
        },
      ],
    },
    exceptions,
  };
}

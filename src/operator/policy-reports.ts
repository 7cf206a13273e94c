/** @file What is to be written of GuardPolicies: their status, and Events of what has gone wrong with them. */
import { isDeepStrictEqual } from "node:util";
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import type { StoredGuardPolicy } from "../cluster/live/declarations.ts";
import { isRecord } from "../crd/is-record.ts";
import { acceptanceMessage, lapsedNote } from "../explain/guard-policy.ts";
import { type GuardPolicyResult, parseGuardPolicy } from "../policy/guard-policy.ts";
import type { ClusterEvent, EventRecorder } from "./cluster-event.ts";
import { findPolicyStatus, type FoundStatus, type GuardPolicyStatus } from "./guard-policy-status.ts";
import { FIELD_MANAGER } from "./kept-object.ts";
import { withTransitionTimes } from "./transition-times.ts";

export interface PolicyReportsOptions {
  readonly client: Pick<ApiClient, "request">;
  readonly events: EventRecorder | null;
  readonly observer: PolicyObserver;
  readonly clock: () => Date;
}

export interface PolicyObserver {
  /** How many GuardPolicies count as a whole, and how many do not; told at each round. */
  policies(counts: { readonly accepted: number; readonly malformed: number }): void;
  /** Some of a policy, or all of it, does not count; told once for each content. */
  policyMalformed(name: string, problem: string): void;
  /** Told once for each exception that is over. */
  exceptionsLapsed(name: string, problem: string): void;
}

export interface PolicyReport {
  readonly key: string;
  readonly name: string;
  readonly content: string;
  /** Null: done. */
  readonly send: (signal: AbortSignal) => Promise<ApiError | null>;
}

export interface PolicyReports {
  /** What is to be written; what the API server holds already is left out. */
  readonly reports: readonly PolicyReport[];
  /** When something will be otherwise by itself, in milliseconds since 1970; null: never. */
  readonly changesAtMilliseconds: number | null;
}

/** Remembers what it has told. */
export function createPolicyReports(options: PolicyReportsOptions): (stored: readonly StoredGuardPolicy[]) => PolicyReports {
  const { observer, clock } = options;
  let told = new Set<string>();
  return (stored) => {
    const now = clock();
    const telling = new Set<string>();
    const tellOnce = (key: string, tell: () => void): void => {
      if (!told.has(key)) tell();
      telling.add(key);
    };
    const looked = stored.map((own) => {
      const parsed = parseGuardPolicy(own.content);
      return { own, parsed, found: findPolicyStatus(parsed, own.content.generation, now.getTime()) };
    });
    for (const { own, parsed, found } of looked) {
      const { name } = own;
      if (!isWhole(parsed)) {
        const problem = acceptanceMessage(parsed);
        tellOnce(JSON.stringify([name, problem]), () => {
          observer.policyMalformed(name, problem);
        });
      }
      const { lapsed } = found.exceptions;
      if (lapsed.length > 0) {
        tellOnce(JSON.stringify([name, lapsed]), () => {
          observer.exceptionsLapsed(name, lapsedNote(lapsed));
        });
      }
    }
    told = telling;
    const accepted = looked.filter(({ parsed }) => isWhole(parsed)).length;
    observer.policies({ accepted, malformed: looked.length - accepted });
    const changes = looked.flatMap(({ found }) => found.exceptions.changesAtMilliseconds ?? []);
    return {
      reports: looked.flatMap(({ own, parsed, found }) => reportOf(own, parsed, found, now, options)),
      changesAtMilliseconds: changes.length === 0 ? null : Math.min(...changes),
    };
  };
}

function isWhole(parsed: GuardPolicyResult): boolean {
  return parsed.ok && parsed.problems.length === 0;
}

function reportOf(
  own: StoredGuardPolicy,
  parsed: GuardPolicyResult,
  found: FoundStatus,
  now: Date,
  { client, events }: PolicyReportsOptions,
): readonly PolicyReport[] {
  const status = withTransitionTimes(found.status, own.status, now);
  if (isDeepStrictEqual(status, own.status)) return [];
  return [
    {
      key: `policy ${own.name}`,
      name: own.name,
      content: JSON.stringify(found.status),
      async send(signal) {
        const written = await client.request({
          method: "PATCH",
          path: `/apis/crdguard.dev/v1alpha1/guardpolicies/${encodeURIComponent(own.name)}/status`,
          query: { fieldManager: FIELD_MANAGER },
          contentType: "application/merge-patch+json",
          // Only over what was seen, so that of several replicas one writes, and tells.
          body: { metadata: { resourceVersion: own.resourceVersion }, status },
          signal,
        });
        if (!written.ok) return written.error;
        for (const event of eventsOf(own, parsed, found)) events?.record(event);
        return null;
      },
    },
  ];
}

/** Of what the status before did not tell yet. */
function eventsOf(
  own: StoredGuardPolicy,
  parsed: GuardPolicyResult,
  { status, exceptions }: FoundStatus,
): readonly ClusterEvent[] {
  const regarding = { apiVersion: "crdguard.dev/v1alpha1", kind: "GuardPolicy", name: own.name, uid: own.uid };
  const accepted = conditionOf(status, "Accepted");
  const before = conditionOf(own.status, "Accepted");
  const isNewlyMalformed =
    accepted?.["status"] === "False" && (before?.["status"] !== "False" || before["message"] !== accepted["message"]);
  const hasNewlyLapsed = status.lapsedCount > (countOf(own.status) ?? 0);
  return [
    ...(isNewlyMalformed
      ? [
          {
            regarding,
            type: "Warning",
            reason: "PolicyMalformed",
            action: "ReadPolicy",
            note: acceptanceMessage(parsed),
          } as const,
        ]
      : []),
    ...(hasNewlyLapsed
      ? [
          {
            regarding,
            type: "Warning",
            reason: "ExceptionLapsed",
            action: "LapseException",
            note: lapsedNote(exceptions.lapsed),
          } as const,
        ]
      : []),
  ];
}

function conditionOf(
  status: unknown,
  type: GuardPolicyStatus["conditions"][number]["type"],
): Readonly<Record<string, unknown>> | null {
  if (!isRecord(status) || !Array.isArray(status["conditions"])) return null;
  return status["conditions"].filter(isRecord).find((condition) => condition["type"] === type) ?? null;
}

function countOf(status: unknown): number | null {
  return isRecord(status) && typeof status["lapsedCount"] === "number" ? status["lapsedCount"] : null;
}

/** @file What a running server does in its cluster beside answering reviews. */
import { hostname } from "node:os";
import type { LogFields, Logger } from "../../observability/log.ts";
import type { Metrics } from "../../observability/metrics.ts";
import type { EventRecorder } from "../../operator/cluster-event.ts";
import { type ReportingObserver, startReporting } from "../../operator/reporting.ts";
import type { LiveFacts } from "./live-facts.ts";

export interface Upkeep {
  /** At once and for good. */
  stop(): void;
}

export interface UpkeepOptions {
  readonly facts: Pick<LiveFacts, "cluster" | "client">;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Takes what is told of GuardPolicies; without, nobody does. */
  readonly events?: EventRecorder;
}

export function startUpkeep({ facts: { cluster, client }, logger, metrics, events }: UpkeepOptions): Upkeep {
  const reporting = startReporting({
    client,
    source: cluster,
    observer: logReports(logger, metrics),
    instance: hostname(),
    events: events ?? null,
  });
  return {
    stop() {
      reporting.stop();
    },
  };
}

function logReports(logger: Logger, metrics: Metrics): ReportingObserver {
  return {
    policies({ accepted, malformed }) {
      metrics.policies.set({ state: "accepted" }, accepted);
      metrics.policies.set({ state: "malformed" }, malformed);
    },
    policyMalformed(name, problem) {
      logger.warn(
        { code: "guard-policy-malformed", names: [name], reason: problem } satisfies LogFields,
        "GuardPolicy does not count as a whole",
      );
    },
    exceptionsLapsed(name, problem) {
      logger.warn({ names: [name], reason: problem } satisfies LogFields, "exceptions have lapsed");
    },
    declarationUnreadable({ workload: { kind, namespace, name }, key, problem }) {
      logger.warn(
        {
          code: "declaration-malformed",
          names: [`${kind} ${namespace}/${name}`],
          reason: `${key}: ${problem}`,
        } satisfies LogFields,
        "annotation cannot be read",
      );
    },
    written(resource, name) {
      logger.debug({ resource, names: [name] } satisfies LogFields, "report written");
    },
    failed(resource, code, message, count) {
      logger.warn({ resource, code, reason: message, count } satisfies LogFields, "reports cannot be written, trying again");
    },
    broken(error) {
      logger.error({ err: error } satisfies LogFields, "internal error");
    },
  };
}

/** @file What a running server does in its cluster beside answering reviews. */
import { hostname } from "node:os";
import type { AnsweredChange } from "../../admission/server.ts";
import type { Publication } from "../../certificates/trust.ts";
import type { LogFields, Logger } from "../../observability/log.ts";
import type { Metrics } from "../../observability/metrics.ts";
import type { EventRecorder } from "../../operator/cluster-event.ts";
import { keptDefaultPolicy } from "../../operator/default-policy.ts";
import { createEventRecorder, type EventRecorderObserver } from "../../operator/event-recorder.ts";
import { type ReportingObserver, startReporting } from "../../operator/reporting.ts";
import { type KeepingOptions, startKeeping } from "./keeping.ts";
import type { LiveFacts } from "./live-facts.ts";
import { recordAnswered } from "./review-events.ts";
import { startStorageRecords, type StorageRecordsOptions } from "./storage-records.ts";

export interface Upkeep {
  /** To be told of each change that was answered. */
  onAnswered(change: AnsweredChange): void;
  /** Of this server: whatever it does, it tells by these. */
  readonly events: EventRecorder;
  /** What the API server is known to trust; null where nothing is kept installed. */
  readonly publication: Publication | null;
  /** For good; what is to be told yet is told within a bound. */
  stop(): Promise<void>;
}

export interface UpkeepOptions {
  readonly facts: Pick<LiveFacts, "cluster" | "client">;
  /** Null: nothing is kept installed. */
  readonly keeping:
    | (Pick<
        KeepingOptions,
        "address" | "leadership" | "needsClientCertificate" | "ownUser" | "profile" | "trust" | "warnWorkloads"
      > &
        Pick<StorageRecordsOptions, "replica" | "storageSettleSeconds">)
    | null;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export function startUpkeep({ facts, keeping, logger, metrics }: UpkeepOptions): Upkeep {
  const { cluster, client } = facts;
  const instance = hostname();
  const events = createEventRecorder({
    client,
    instance,
    observer: logAndCountEvents(logger, metrics),
    uidOf: ({ kind, name }) => (kind === CRD_KIND ? (cluster.picture()?.crds.get(name)?.uid ?? null) : null),
  });
  const reporting = startReporting({
    client,
    source: cluster,
    observer: logReports(logger, metrics),
    instance,
    events,
    clock: () => client.serverTime() ?? new Date(),
  });
  const defaultPolicy = keptDefaultPolicy({ crds: () => cluster.picture()?.crds ?? null });
  const kept = keeping === null ? null : startKeeping({ ...keeping, facts, others: [defaultPolicy], events, logger, metrics });
  const records = keeping === null ? null : startStorageRecords({ ...keeping, facts, events, logger, metrics });
  return {
    events,
    onAnswered(change) {
      recordAnswered(change, events);
    },
    publication: kept?.publication ?? null,
    async stop() {
      kept?.stop();
      records?.stop();
      reporting.stop();
      await events.stop();
    },
  };
}

const CRD_KIND = "CustomResourceDefinition";

function logAndCountEvents(logger: Logger, metrics: Metrics): EventRecorderObserver {
  return {
    counted(reason, result) {
      metrics.events.inc({ reason, result });
    },
    refused(code, message) {
      logger.warn({ resource: "events", code, reason: message } satisfies LogFields, "events cannot be written");
    },
    broken(error) {
      logger.error({ err: error } satisfies LogFields, "internal error");
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

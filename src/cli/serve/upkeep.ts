/** @file What a running server does in its cluster beside answering reviews. */
import { hostname } from "node:os";
import type { Publication } from "../../certificates/trust.ts";
import type { LogFields, Logger } from "../../observability/log.ts";
import type { Metrics } from "../../observability/metrics.ts";
import type { EventRecorder } from "../../operator/cluster-event.ts";
import { createEventRecorder, type EventRecorderObserver } from "../../operator/event-recorder.ts";
import { type ReportingObserver, startReporting } from "../../operator/reporting.ts";
import { type KeepingOptions, startKeeping } from "./keeping.ts";
import type { LiveFacts } from "./live-facts.ts";

export interface Upkeep {
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
  readonly keeping: Pick<
    KeepingOptions,
    "address" | "leadership" | "needsClientCertificate" | "ownUser" | "profile" | "trust" | "warnWorkloads"
  > | null;
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
  const reporting = startReporting({ client, source: cluster, observer: logReports(logger), instance });
  const kept = keeping === null ? null : startKeeping({ ...keeping, facts, others: [], events, logger, metrics });
  return {
    events,
    publication: kept?.publication ?? null,
    async stop() {
      kept?.stop();
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

function logReports(logger: Logger): ReportingObserver {
  return {
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
